// Reads bits, the highest of a byte first, as the headers of codecs and the dependency descriptor
// have them. Past the end they are 0, and bytes.failed is set.
#pragma once

#include "am_reader.h"

struct bits {
	struct am_reader bytes;
	uint8_t byte; // the last one read
	uint8_t left; // bits of it that are still to be read
};

static inline struct bits bits_init(const uint8_t *bytes, size_t len)
{
	return (struct bits){.bytes = am_reader_init(bytes, len)};
}

// The next n bits, at most 64.
static inline uint64_t bits_take(struct bits *b, unsigned n)
{
	uint64_t value = 0;

	while (n > 0) {
		if (b->left == 0) {
			b->byte = am_read_u8(&b->bytes);
			b->left = 8;
		}
		unsigned now = n < b->left ? n : b->left;
		b->left = (uint8_t)(b->left - now);
		value = value << now | (b->byte >> b->left & ((1u << now) - 1));
		n -= now;
	}
	return value;
}

static inline bool bits_flag(struct bits *b)
{
	return bits_take(b, 1) != 0;
}

static inline void bits_skip(struct bits *b, unsigned n)
{
	for (; n > 64; n -= 64)
		bits_take(b, 64);
	bits_take(b, n);
}
