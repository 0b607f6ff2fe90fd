#include "media/twcc.h"

#include "am_reader.h"
#include "wire/sequence.h"

#define TWCC_LOST        INT64_MIN
#define TWCC_HEADER_LEN  20 // up to and including the feedback packet count
#define TWCC_TYPE        205 // RTPFB
#define TWCC_FMT         15
#define VECTOR_ONE_COUNT 14 // symbols of one bit in a status vector chunk
#define VECTOR_TWO_COUNT 7 // symbols of two bits
#define RUN_LEN_MAX      8191
#define SMALL_DELTA_MAX  255

// The symbol of a packet is also the number of bytes of its delta.
enum symbol {
	SYMBOL_LOST = 0,
	SYMBOL_SMALL = 1,
	SYMBOL_LARGE = 2,
};

struct status {
	int16_t delta; // ticks
	uint8_t symbol;
};

static int64_t *tick_of(struct twcc *t, uint64_t seq)
{
	return &t->tick[seq % TWCC_WINDOW];
}

void twcc_init(struct twcc *t)
{
	*t = (struct twcc){0};
	for (int i = 0; i < TWCC_WINDOW; i++)
		t->tick[i] = TWCC_LOST;
}

static void advance(struct twcc *t, uint64_t seq)
{
	uint64_t lost = seq - t->top;
	if (lost > TWCC_WINDOW)
		lost = TWCC_WINDOW;
	for (uint64_t s = seq - lost + 1; s <= seq; s++)
		*tick_of(t, s) = TWCC_LOST;
	t->top = seq;
	if (t->top - t->next >= TWCC_WINDOW && t->next <= t->top)
		t->next = t->top - TWCC_WINDOW + 1;
}

void twcc_arrived(struct twcc *t, uint16_t seq, int64_t arrival_us)
{
	if (!t->started) {
		t->started = true;
		t->top = t->next = sequence_start(seq);
	}
	uint64_t ext = sequence_extend(t->top, seq);
	if (ext > t->top)
		advance(t, ext);
	else if (t->top - ext >= TWCC_WINDOW || *tick_of(t, ext) != TWCC_LOST)
		return;

	*tick_of(t, ext) = arrival_us / TWCC_TICK_US;
	if (ext < t->next)
		t->next = ext;
}

// How many numbers from t->next on fit into one packet, whatever their symbols: a chunk holds at
// least seven, a delta takes at most two bytes.
static uint16_t count_max(const struct twcc *t, size_t size)
{
	size_t fit = (size - TWCC_HEADER_LEN - 6) * 7 / 16;
	uint64_t waiting = t->top + 1 - t->next;
	return (uint16_t)(waiting < fit ? waiting : fit);
}

// Symbols and deltas from t->next on. Ends early before a delta that 16 bits cannot hold. Returns
// their number; *reference is in units of 64 ms.
static uint16_t
collect(struct twcc *t, uint16_t max, struct status status[static TWCC_WINDOW], int64_t *reference)
{
	uint64_t first = t->next; // the first that arrived; at least the newest did
	while (*tick_of(t, first) == TWCC_LOST)
		first++;
	*reference = *tick_of(t, first) / TWCC_REFERENCE_TICKS;
	int64_t last = *reference * TWCC_REFERENCE_TICKS;
	uint16_t n = 0;
	for (; n < max; n++) {
		int64_t tick = *tick_of(t, t->next + n);
		status[n] = (struct status){0};
		if (tick == TWCC_LOST)
			continue;
		int64_t delta = tick - last;
		if (delta < INT16_MIN || delta > INT16_MAX)
			break;
		bool small = delta >= 0 && delta <= SMALL_DELTA_MAX;
		status[n].symbol = small ? SYMBOL_SMALL : SYMBOL_LARGE;
		status[n].delta = (int16_t)delta;
		last = tick;
	}
	return n;
}

static uint16_t run_len(const struct status *status, uint16_t n)
{
	uint16_t run = 1;
	while (run < n && run < RUN_LEN_MAX && status[run].symbol == status[0].symbol)
		run++;
	return run;
}

static bool has_large(const struct status *status, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		if (status[i].symbol == SYMBOL_LARGE)
			return true;
	}
	return false;
}

// 3.1.3 and 3.1.4: the chunk that covers most of the next n symbols. *told: how many it covers.
static uint16_t make_chunk(const struct status *status, uint16_t n, uint16_t *told)
{
	uint16_t run = run_len(status, n);
	uint16_t one = n < VECTOR_ONE_COUNT ? n : VECTOR_ONE_COUNT;
	bool large = has_large(status, one);
	uint16_t vector = large && one > VECTOR_TWO_COUNT ? VECTOR_TWO_COUNT : one;
	if (run >= vector) {
		*told = run;
		return (uint16_t)(status[0].symbol << 13 | run);
	}

	uint16_t chunk = large ? 0xC000 : 0x8000;
	for (uint16_t i = 0; i < vector; i++) {
		int shift = large ? 2 * (VECTOR_TWO_COUNT - 1 - i) : VECTOR_ONE_COUNT - 1 - i;
		chunk |= (uint16_t)(status[i].symbol << shift);
	}
	*told = vector;
	return chunk;
}

static size_t put_deltas(uint8_t *buf, size_t len, const struct status *status, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		if (status[i].symbol == SYMBOL_SMALL)
			buf[len++] = (uint8_t)status[i].delta;
		if (status[i].symbol == SYMBOL_LARGE) {
			am_put_u16(buf + len, (uint16_t)status[i].delta);
			len += 2;
		}
	}
	return len;
}

size_t
twcc_build(struct twcc *t, uint8_t *buf, size_t size, uint32_t sender_ssrc, uint32_t media_ssrc)
{
	if (!t->started || t->next > t->top || size < TWCC_FEEDBACK_SIZE_MIN)
		return 0;

	struct status status[TWCC_WINDOW];
	int64_t reference = 0;
	uint16_t n = collect(t, count_max(t, size), status, &reference);
	am_put_u32(buf + 4, sender_ssrc);
	am_put_u32(buf + 8, media_ssrc);
	am_put_u16(buf + 12, (uint16_t)t->next);
	am_put_u16(buf + 14, n);
	am_put_u24(buf + 16, (uint32_t)reference & 0xFFFFFF);
	buf[19] = t->feedback_count++;

	size_t len = TWCC_HEADER_LEN;
	for (uint16_t at = 0, told; at < n; at += told, len += 2)
		am_put_u16(buf + len, make_chunk(status + at, (uint16_t)(n - at), &told));
	len = put_deltas(buf, len, status, n);

	// RFC 3550 6.4.1: padded to words, the last byte counts the padding.
	uint8_t padding = (uint8_t)(-len & 3);
	memset(buf + len, 0, padding);
	len += padding;
	if (padding > 0)
		buf[len - 1] = padding;
	buf[0] = (uint8_t)(0x80 | (padding > 0 ? 0x20 : 0) | TWCC_FMT);
	buf[1] = TWCC_TYPE;
	am_put_u16(buf + 2, (uint16_t)(len / 4 - 1));
	t->next += n;
	return len;
}
