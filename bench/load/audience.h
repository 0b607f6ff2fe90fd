// All viewers of a load: what each has received of each track, counted packet by packet. The frames
// of a burst are processed in steps; each step prefetches the data of the next.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "server.h"
#include "stream.h"

#define AUDIENCE_ASKED_MAX 4096 // streams that wait for their NACK
#define AUDIENCE_LEARN     2 // streams per burst whose numbers are searched for
#define AUDIENCE_PLACES    256 // per viewer; a power of two, several times SERVER_STREAM_MAX

struct source;

struct audience_options {
	uint32_t first; // member number of the first viewer
	uint32_t capacity; // viewers
	uint16_t stream_count; // of each viewer
};

// Sums over all streams.
struct audience_counts {
	uint64_t received, duplicates, resent;
	uint64_t expected; // from each stream's first packet to its highest
	uint64_t missing; // after the highest: sent, but not arrived yet
	uint64_t sound_lost; // audio packets lost between the first and the highest
	uint64_t unknown; // streams that have received packets not yet matched to their source
	uint64_t silent; // streams without a packet
	uint32_t silent_of[SERVER_STREAM_MAX]; // by their place in the layout
};

struct audience {
	struct audience_options options;
	struct server_stream layout[SERVER_STREAM_MAX]; // of every viewer; SSRCs of the first
	                                                // one, 0: not known yet
	uint64_t packets, bytes; // RTP, including what is not counted for a stream
	uint64_t strangers; // packets with SSRCs that were not signaled
	uint64_t moved; // streams that continued elsewhere in their source, see audience_moved
	uint64_t foreign; // examined copies that match no packet that was sent
	uint64_t rtcp;
	uint16_t overhead[SERVER_STREAM_MAX]; // bytes of a copy around the payload, by track; once
	                                      // known
	uint16_t asked_count;
	uint32_t asked[AUDIENCE_ASKED_MAX]; // indexes of streams with new gaps
	struct stream *streams; // stream_count of each viewer, in the order of the layout
	uint8_t *places; // AUDIENCE_PLACES of each viewer: the stream for an SSRC's last bits
};

[[nodiscard]] int audience_init(struct audience *, const struct audience_options *);
void audience_fini(struct audience *);

// Sets what a viewer will receive. 0, or -EPROTO if that differs from the other viewers.
[[nodiscard]] int
audience_expect(struct audience *, uint32_t viewer, const struct server_stream *, uint16_t count);

// The same for one stream, by its place in the layout.
[[nodiscard]] int
audience_expect_one(struct audience *, uint32_t viewer, uint16_t index, const struct server_stream *);

// Forgets what a viewer has received, because it leaves.
void audience_forget(struct audience *, uint32_t viewer);

// The numbers of a stream are learned again. The server adapts to the link of a viewer that sends
// feedback, and after a pause the stream continues with other numbers.
static inline void audience_moved(struct audience *a, struct stream *s)
{
	s->known = false;
	a->moved++;
}

static inline struct stream *audience_streams(const struct audience *a, uint32_t viewer)
{
	return &a->streams[(size_t)viewer * a->options.stream_count];
}

// The viewer's most likely stream with this SSRC.
static inline struct stream *
audience_guess(const struct audience *a, uint32_t viewer, uint32_t ssrc)
{
	const uint8_t *places = &a->places[(size_t)viewer * AUDIENCE_PLACES];
	return audience_streams(a, viewer) + places[ssrc % AUDIENCE_PLACES];
}

// … and the one that has it; NULL: a stranger's.
static inline struct stream *audience_find(const struct audience *a, uint32_t viewer, uint32_t ssrc)
{
	struct stream *streams = audience_streams(a, viewer);
	struct stream *guess = audience_guess(a, viewer, ssrc);

	if (guess->ssrc == ssrc)
		return guess;
	for (uint16_t i = 0; i < a->options.stream_count; i++) {
		if (streams[i].ssrc == ssrc || streams[i].rtx_ssrc == ssrc)
			return &streams[i];
	}
	return NULL;
}

// Remembers that a stream has gaps for which to send a NACK.
static inline void audience_ask(struct audience *a, struct stream *s)
{
	if (s->asked || a->asked_count == AUDIENCE_ASKED_MAX)
		return;
	s->asked = true;
	a->asked[a->asked_count++] = (uint32_t)(s - a->streams);
}

// Sums over the first `viewers`. sources: one for each track, LOAD_TRACKS for each speaker.
void audience_count(const struct audience *, uint32_t viewers, const struct source *sources, struct audience_counts *);
