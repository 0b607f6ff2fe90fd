// Sequence numbers and timestamps that wrap (RFC 1982), and their extension to counters that do
// not.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// How far a is ahead of b; negative if it is behind.
static inline int16_t sequence_diff(uint16_t a, uint16_t b)
{
	return (int16_t)(uint16_t)(a - b);
}

static inline bool sequence_is_newer(uint16_t a, uint16_t b)
{
	return sequence_diff(a, b) > 0;
}

static inline bool timestamp_is_newer(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

// The extended number of a stream's first packet: one cycle up, so that older ones fit below.
static inline uint64_t sequence_start(uint16_t seq)
{
	return 0x10000 | (uint64_t)seq;
}

// The extended number nearest to `near` (the highest so far) that ends in seq.
static inline uint64_t sequence_extend(uint64_t near, uint16_t seq)
{
	return near + (uint64_t)(int64_t)sequence_diff(seq, (uint16_t)near);
}
