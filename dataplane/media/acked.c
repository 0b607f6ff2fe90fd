#include "media/acked.h"

#include <stdbool.h>

#define BITS_US 8000000 // bits of a byte in a second

void acked_init(struct acked *a)
{
	*a = (struct acked){0};
}

static uint32_t *bin_of(struct acked *a, int64_t bin)
{
	return &a->bytes[(uint64_t)bin % ACKED_BINS];
}

static void advance(struct acked *a, int64_t bin)
{
	int64_t gone = bin - a->bin;
	int64_t full = a->full + gone;
	a->full = (uint8_t)(full < ACKED_LONG ? full : ACKED_LONG);
	for (int64_t b = bin - (gone < ACKED_BINS ? gone : ACKED_BINS) + 1; b <= bin; b++)
		*bin_of(a, b) = 0;
	a->bin = bin;
}

void acked_add(struct acked *a, int64_t arrival_us, uint32_t bytes)
{
	int64_t bin = arrival_us / ACKED_BIN_US;
	if (!a->started) {
		a->started = true;
		a->bin = bin;
	}
	if (bin > a->bin)
		advance(a, bin);
	if (a->bin - bin < ACKED_BINS)
		*bin_of(a, bin) += bytes;
}

uint32_t acked_rate(const struct acked *a, uint8_t n)
{
	if (n > a->full && a->full >= ACKED_SHORT)
		n = a->full;
	if (n == 0 || n > a->full)
		return 0;
	uint64_t sum = 0;
	for (int64_t b = a->bin - n; b < a->bin; b++)
		sum += a->bytes[(uint64_t)b % ACKED_BINS];
	uint64_t rate = sum * BITS_US / ((uint64_t)n * ACKED_BIN_US);
	return rate < UINT32_MAX ? (uint32_t)rate : UINT32_MAX;
}
