// Marsaglia's xorshift with Vigna's multiplier (xorshift64*): repeatable from its seed. The names
// avoid libc's random().
#pragma once

#include <stdint.h>

struct xorshift {
	uint64_t state; // never 0
};

// For the same seed, each `stream` gives a different sequence. Those of neighbouring numbers are
// unrelated (the finalizer of splitmix64).
static inline void xorshift_seed(struct xorshift *x, uint64_t seed, uint64_t stream)
{
	uint64_t z = seed + (stream + 1) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	x->state = (z ^ z >> 31) | 1;
}

// Uniformly from [0, 1).
static inline double xorshift_share(struct xorshift *x)
{
	x->state ^= x->state >> 12;
	x->state ^= x->state << 25;
	x->state ^= x->state >> 27;
	return (double)(x->state * UINT64_C(0x2545f4914f6cdd1d) >> 11) * 0x1p-53;
}
