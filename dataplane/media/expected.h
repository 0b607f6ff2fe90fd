// How many packets each block of a viewer's reception reports is about: a block tells a share of
// what was expected since the one before it (RFC 3550 6.4.1), and not of how many. Of a stream that
// stands still the share is 0 and means nothing. Bounded: of very many streams some are forgotten
// again and again. Written by the viewer's worker.
#pragma once

#include <assert.h>
#include <stdint.h>

#define EXPECTED_SETS 32 // a power of two
#define EXPECTED_WAYS 2 // streams of a set, the last told first

// What was last told of one stream. All zero: none.
struct expected_stream {
	uint16_t ssrc; // high bits, and 1
	uint16_t highest; // number, low half
};

struct expected {
	struct expected_stream of[EXPECTED_SETS][EXPECTED_WAYS];
};
static_assert(sizeof(struct expected) == 256); // of each viewer

// Packets from the last report of this stream to this one; 0 if there was none, or it is older.
// highest: its extended highest number.
uint16_t expected_since(struct expected *, uint32_t ssrc, uint32_t highest);
