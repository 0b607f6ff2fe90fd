// What one viewer has received of one track, counted packet by packet, so that loss is exact. Each
// has one cache line, so a packet touches no other, even with a hundred thousand streams.
#pragma once

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#define STREAM_WINDOW 64 // packets behind the highest whose arrival is remembered

struct stream {
	alignas(64) uint32_t ssrc;
	uint32_t rtx_ssrc; // 0: none
	uint32_t first; // sequence number of the first packet; the rollover counter above its 16
	                // bits
	uint32_t top; // highest one, likewise
	uint64_t seen; // bit n: top - n has arrived; 0 before the first packet
	uint32_t received; // each sequence number once
	uint32_t duplicates; // and packets too old to be distinguished from one
	uint32_t resent; // RTX packets
	uint32_t transit, jitter; // RFC 3550 A.8; jitter in 1/16
	uint32_t expected_before, received_before; // at the last report, for its fraction lost
	uint16_t seq_offset; // from the source's number to the copy's; if known
	uint16_t track; // index of the track
	bool known; // seq_offset is known
	bool asked; // a NACK for it is pending
	bool sampled; // each packet is being decrypted and checked
	bool moved; // its offset has changed: an error, reported once
};
static_assert(sizeof(struct stream) == 64);

// Sequence number nearest to top, with its rollovers.
static inline uint32_t stream_extend(uint32_t top, uint16_t seq)
{
	return top + (uint32_t)(int32_t)(int16_t)(uint16_t)(seq - (uint16_t)top);
}

// Counts one packet. True if it left a gap before it.
static inline bool stream_receive(struct stream *s, uint16_t seq)
{
	if (s->seen == 0) {
		s->first = s->top = seq;
		s->seen = 1;
		s->received = 1;
		return false;
	}
	uint32_t n = stream_extend(s->top, seq);
	int32_t ahead = (int32_t)(n - s->top);
	if (ahead > 0) {
		s->seen = ahead < STREAM_WINDOW ? s->seen << ahead | 1 : 1;
		s->top = n;
		s->received++;
		return ahead > 1;
	}
	// Earlier packets were sent before the viewer had joined.
	if (ahead <= -STREAM_WINDOW || (s->seen >> -ahead & 1) != 0 ||
	    (int32_t)(n - s->first) < 0) {
		s->duplicates++;
		return false;
	}
	s->seen |= UINT64_C(1) << -ahead;
	s->received++;
	return false;
}

// Packets between the first and the highest one.
static inline uint32_t stream_expected(const struct stream *s)
{
	return s->seen == 0 ? 0 : s->top - s->first + 1;
}

static inline uint32_t stream_lost(const struct stream *s)
{
	return stream_expected(s) - s->received;
}

// arrival: on the clock of the timestamp.
static inline void stream_jitter(struct stream *s, uint32_t timestamp, uint32_t arrival)
{
	uint32_t transit = arrival - timestamp;
	int32_t d = (int32_t)(transit - s->transit);

	if (s->received > 1)
		s->jitter += (uint32_t)(d < 0 ? -d : d) - ((s->jitter + 8) >> 4);
	s->transit = transit;
}
