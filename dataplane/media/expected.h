// How many packets each block of a viewer's reception reports covers: a block gives the share lost
// since the previous one (RFC 3550 6.4.1), but not of how many packets. For a stream that has
// stopped, the share is 0 and means nothing. Bounded: with very many streams, some are forgotten
// repeatedly. Written by the viewer's worker.
#pragma once

#include <assert.h>
#include <stdint.h>

#define EXPECTED_SETS 32 // a power of two
#define EXPECTED_WAYS 2 // streams of a set, the last reported first

// What was last reported of one stream. All zero: nothing.
struct expected_stream {
	uint16_t ssrc; // high bits, and 1
	uint16_t highest; // number, low half
};

struct expected {
	struct expected_stream of[EXPECTED_SETS][EXPECTED_WAYS];
};
static_assert(sizeof(struct expected) == 256); // one for each viewer

// Packets between the last report of this stream and this one; 0 if there was none, or if this one
// is older. highest: its extended highest number.
uint16_t expected_since(struct expected *, uint32_t ssrc, uint32_t highest);
