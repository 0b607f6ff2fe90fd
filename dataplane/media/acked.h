// How much arrives at a viewer, by its own account: bytes in ACKED_BINS stretches of time, on the
// viewer's clock. Written by the viewer's worker only.
#pragma once

#include <stdint.h>

#define ACKED_BINS   20
#define ACKED_BIN_US 50000
// Behind a bottleneck that is full, arrivals are even: a short time tells the capacity. Pictures
// that pass freely come in bursts, and only a longer time tells their rate.
#define ACKED_SHORT 6
#define ACKED_BRIEF 3
#define ACKED_LONG  (ACKED_BINS - 1)

struct acked {
	int64_t bin; // number of the newest, arrival / ACKED_BIN_US; its end is still to come
	uint32_t bytes[ACKED_BINS];
	uint8_t full; // bins that are complete
	uint8_t started;
};

void acked_init(struct acked *);

// What is older than the bins counts no more.
void acked_add(struct acked *, int64_t arrival_us, uint32_t bytes);

// bit/s of the last n complete bins, 1 to ACKED_LONG, or of as many as there are from ACKED_SHORT
// on; 0 while there are fewer.
uint32_t acked_rate(const struct acked *, uint8_t n);
