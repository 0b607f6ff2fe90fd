// Durations in buckets of equal relative width: 32 to each doubling, so a percentile is right to 3
// %.
#pragma once

#include <stdint.h>

#define HISTOGRAM_SUB     5 // bits below the highest one that count
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_SUB + 1) << HISTOGRAM_SUB)

struct histogram {
	uint64_t count;
	uint64_t max;
	uint32_t buckets[HISTOGRAM_BUCKETS];
};

static inline uint32_t histogram_bucket(uint64_t value)
{
	if (value < 1u << HISTOGRAM_SUB)
		return (uint32_t)value;
	int shift = 63 - __builtin_clzll(value) - HISTOGRAM_SUB;
	return ((uint32_t)(shift + 1) << HISTOGRAM_SUB) +
	       (uint32_t)(value >> shift & ((1u << HISTOGRAM_SUB) - 1));
}

// The highest value of a bucket.
static inline uint64_t histogram_bucket_end(uint32_t bucket)
{
	uint32_t shift = bucket >> HISTOGRAM_SUB;
	uint64_t low = bucket & ((1u << HISTOGRAM_SUB) - 1);

	if (shift == 0)
		return low;
	return ((low | 1u << HISTOGRAM_SUB) + 1) * (UINT64_C(1) << (shift - 1)) - 1;
}

static inline void histogram_add(struct histogram *h, uint64_t value)
{
	h->buckets[histogram_bucket(value)]++;
	h->count++;
	if (value > h->max)
		h->max = value;
}

// The value that `share` (0 to 1) of all values do not exceed; 0 if there are none.
static inline uint64_t histogram_percentile(const struct histogram *h, double share)
{
	uint64_t wanted = (uint64_t)(share * (double)h->count + 0.999999), seen = 0;

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->buckets[i];
		if (seen >= wanted && seen > 0)
			return histogram_bucket_end(i) < h->max ? histogram_bucket_end(i) : h->max;
	}
	return 0;
}
