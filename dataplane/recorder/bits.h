// Bounded cursor over bits, highest first, as codecs' headers are written. A read past the end sets
// `failed` and returns zero, so a parser may check once at its end.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bits {
	const uint8_t *bytes;
	size_t len;
	size_t at; // bits read
	bool failed;
};

// n: 32 at most.
static inline uint32_t bits_read(struct bits *b, uint8_t n)
{
	uint32_t value = 0;

	if (b->failed || n > b->len * 8 - b->at) {
		b->failed = true;
		return 0;
	}
	for (uint8_t i = 0; i < n; i++, b->at++)
		value = value << 1 | (b->bytes[b->at / 8] >> (7 - b->at % 8) & 1);
	return value;
}

static inline bool bits_flag(struct bits *b)
{
	return bits_read(b, 1) != 0;
}

// ue(v) of H.264 9.1, uvlc() of AV1 4.10.3.
static inline uint32_t bits_golomb(struct bits *b)
{
	uint8_t zeros = 0;

	while (!bits_flag(b) && !b->failed && zeros < 32)
		zeros++;
	if (zeros >= 32) {
		b->failed = true;
		return 0;
	}
	return (uint32_t)((1ull << zeros) - 1) + bits_read(b, zeros);
}
