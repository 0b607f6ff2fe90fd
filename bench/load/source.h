// What a speaker has sent of one track: the packets of the last seconds, in the clear, to compare
// copies with, and the times at which the first and the last copy of each arrived.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "histogram.h"

#define SOURCE_PACKETS     1024 // kept; a power of two
#define SOURCE_PAYLOAD_MAX 1200

// Times in TSC ticks.
struct source_packet {
	uint64_t sent;
	uint64_t first, last; // copy; 0: none yet
	uint32_t copies;
	uint32_t timestamp;
	uint16_t seq;
	uint16_t len;
	bool measured; // its latency counts
	bool here;
};

struct source {
	bool video;
	uint32_t top; // sequence number of the last packet, with rollovers
	uint64_t count; // packets sent
	struct source_packet packets[SOURCE_PACKETS]; // by sequence number
	uint8_t payloads[SOURCE_PACKETS][SOURCE_PAYLOAD_MAX];
};

// Latencies of the packets that have been replaced.
struct source_latency {
	struct histogram first, last;
	struct histogram sound; // latencies to the last copies of audio, which is not bursty
	uint64_t uncopied; // packets without any copy
};

// Keeps a packet; the one that it replaces is added to the latencies.
struct source_packet *source_add(
        struct source *, struct source_latency *, uint16_t seq, uint32_t timestamp,
        const uint8_t *payload, uint16_t len
);

// Adds all packets that are still kept to the latencies.
void source_finish(struct source *, struct source_latency *);

static inline struct source_packet *source_at(struct source *s, uint16_t seq)
{
	struct source_packet *p = &s->packets[seq % SOURCE_PACKETS];
	return p->here && p->seq == seq ? p : NULL;
}

static inline void source_arrived(struct source_packet *p, uint64_t now)
{
	if (p->copies++ == 0)
		p->first = now;
	p->last = now;
}

// True if a copy has this packet's payload, except for a viewer's own picture numbers.
[[nodiscard]] bool source_same(
        const struct source *, const struct source_packet *, const uint8_t *payload, size_t len
);

struct source_match {
	const struct source_packet *packet; // the latest match
	unsigned count;
};

// The packets sent since `since` that a payload may be a copy of.
struct source_match
source_find(struct source *, const uint8_t *payload, size_t len, uint64_t since);
