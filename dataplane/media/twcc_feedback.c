#include "media/twcc_feedback.h"

#include <errno.h>

#define VECTOR_ONE_COUNT 14 // statuses of one bit in a status vector chunk, 3.1.4
#define VECTOR_TWO_COUNT 7 // statuses of two bits
#define RUN_LEN_MASK     0x1FFF // 3.1.3
#define LOW_BITS         0x1555 // of each two
#define HIGH_BITS        0x2AAA

// The symbol of a packet is also the number of bytes of its delta.
enum symbol {
	SYMBOL_LOST = 0,
	SYMBOL_SMALL = 1,
	SYMBOL_LARGE = 2,
	SYMBOL_RESERVED = 3,
};

static bool chunk_is_run(uint16_t chunk)
{
	return (chunk & 0x8000) == 0;
}

static bool chunk_has_two_bits(uint16_t chunk)
{
	return (chunk & 0x4000) != 0;
}

static uint16_t chunk_count(uint16_t chunk)
{
	if (chunk_is_run(chunk))
		return chunk & RUN_LEN_MASK;
	return chunk_has_two_bits(chunk) ? VECTOR_TWO_COUNT : VECTOR_ONE_COUNT;
}

// Bytes of the deltas of a chunk's first n statuses, or -EBADMSG.
static int chunk_delta_bytes(uint16_t chunk, uint16_t n)
{
	if (chunk_is_run(chunk)) {
		uint8_t symbol = chunk >> 13 & 3;
		return symbol == SYMBOL_RESERVED ? -EBADMSG : symbol * n;
	}
	if (!chunk_has_two_bits(chunk))
		return __builtin_popcount((chunk & 0x3FFFu) >> (VECTOR_ONE_COUNT - n));
	uint32_t bits = (chunk & 0x3FFFu) >> 2 * (VECTOR_TWO_COUNT - n);
	if ((bits & bits >> 1 & LOW_BITS) != 0)
		return -EBADMSG;
	return __builtin_popcount(bits & LOW_BITS) + 2 * __builtin_popcount(bits & HIGH_BITS);
}

int twcc_feedback_begin(struct twcc_feedback *f, const uint8_t *bytes, size_t len)
{
	*f = (struct twcc_feedback){.chunks = am_reader_init(bytes, len)};
	f->base = am_read_u16(&f->chunks);
	f->count = am_read_u16(&f->chunks);
	f->reference = am_read_u24(&f->chunks);
	f->counter = am_read_u8(&f->chunks);
	if (f->count == 0)
		return -EBADMSG;

	f->deltas = f->chunks;
	size_t delta_bytes = 0;
	for (uint32_t at = 0; at < f->count;) {
		uint16_t chunk = am_read_u16(&f->deltas);
		uint32_t n = chunk_count(chunk), left = f->count - at;
		int bytes_of_chunk = chunk_delta_bytes(chunk, (uint16_t)(n < left ? n : left));
		if (f->deltas.failed || n == 0 || bytes_of_chunk < 0)
			return -EBADMSG;
		delta_bytes += (size_t)bytes_of_chunk;
		at += n;
	}
	return am_reader_left(&f->deltas) < delta_bytes ? -EBADMSG : 0;
}

static void load_chunk(struct twcc_feedback *f)
{
	if (f->left == 0) {
		f->chunk = am_read_u16(&f->chunks);
		f->left = chunk_count(f->chunk);
	}
}

static uint8_t take_symbol(struct twcc_feedback *f)
{
	f->at++;
	f->left--;
	if (chunk_is_run(f->chunk))
		return f->chunk >> 13 & 3;
	if (chunk_has_two_bits(f->chunk))
		return f->chunk >> 2 * f->left & 3;
	return f->chunk >> f->left & 1;
}

bool twcc_feedback_next(struct twcc_feedback *f, struct twcc_status *status)
{
	if (f->at >= f->count)
		return false;
	load_chunk(f);
	status->index = f->at;
	uint8_t symbol = take_symbol(f);
	if (symbol == SYMBOL_SMALL)
		f->ticks += am_read_u8(&f->deltas);
	else if (symbol == SYMBOL_LARGE)
		f->ticks += (int16_t)am_read_u16(&f->deltas);
	status->arrived = symbol != SYMBOL_LOST;
	status->arrival_us = f->ticks * TWCC_FEEDBACK_TICK_US;
	return true;
}

void twcc_feedback_skip(struct twcc_feedback *f, uint16_t n)
{
	struct twcc_status status;
	while (n > 0 && f->at < f->count) {
		load_chunk(f);
		if (f->chunk >> 13 != SYMBOL_LOST) {
			n -= twcc_feedback_next(f, &status);
			continue;
		}
		uint16_t run = f->left < n ? f->left : n;
		f->left -= run;
		f->at += run;
		n -= run;
	}
}

int64_t twcc_time_us(struct twcc_time *t, uint32_t reference)
{
	int32_t ahead = (int32_t)((reference - (uint32_t)t->reference) << 8) >> 8;
	t->reference += ahead;
	return (int64_t)((uint64_t)t->reference * TWCC_FEEDBACK_REFERENCE_US); // a client may lie
}
