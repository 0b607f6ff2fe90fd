// How much arrives at a viewer, according to its feedback: bytes in ACKED_BINS intervals of the
// viewer's clock. Written by the viewer's worker only.
#pragma once

#include <stdint.h>

#define ACKED_BINS   20
#define ACKED_BIN_US 50000
// Behind a full bottleneck, arrivals are even, so a short time shows the capacity. Video that
// passes freely comes in bursts, and only a longer time shows its rate.
#define ACKED_SHORT 6
#define ACKED_BRIEF 3
#define ACKED_LONG  (ACKED_BINS - 1)

struct acked {
	int64_t bin; // number of the newest, which is not complete: arrival / ACKED_BIN_US
	uint32_t bytes[ACKED_BINS];
	uint8_t full; // bins that are complete
	uint8_t started;
};

void acked_init(struct acked *);

// Bytes older than the bins are ignored.
void acked_add(struct acked *, int64_t arrival_us, uint32_t bytes);

// bit/s over the last n complete bins, 1 to ACKED_LONG. If there are fewer: over all of them, or 0
// if there are fewer than ACKED_SHORT, too.
uint32_t acked_rate(const struct acked *, uint8_t n);
