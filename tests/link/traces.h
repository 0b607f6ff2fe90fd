// Delivery traces in mahimahi's format, made from a seed or read from a file: each line is a
// millisecond at which RATE_MTU bytes may be delivered; the last is also the period. struct rate
// uses them.
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "rate.h"

#define TRACE_MS_MAX    3600000 // an hour
#define TRACE_LINES_MAX 40000000 // 133 Mbit/s for an hour

struct trace {
	uint32_t *ms; // owned
	uint32_t n;
};

// Each makes a trace of duration_ms (1 to TRACE_MS_MAX): 0, -EINVAL or -ENOMEM.

// Each step's rate, evenly spread. No step may be unlimited.
[[nodiscard]] int
trace_steps(struct trace *, const struct rate_step *, uint32_t steps_n, uint32_t duration_ms);

// A random walk around the mean, with fades of 0.3 to 2 s to a tenth or less, one per 8 s on
// average.
[[nodiscard]] int
trace_lte(struct trace *, int64_t mean_bit_s, uint32_t duration_ms, uint64_t seed);

// Bursts of what has accumulated over some milliseconds, and stalls of 50 to 400 ms, one per 3 s on
// average.
[[nodiscard]] int
trace_wifi(struct trace *, int64_t mean_bit_s, uint32_t duration_ms, uint64_t seed);

// 0, -EINVAL with the number of the line that is invalid or out of order (0: there are no lines),
// -ENOMEM, -EIO.
[[nodiscard]] int trace_read(struct trace *, FILE *, uint32_t *line);
[[nodiscard]] int trace_write(const struct trace *, FILE *); // 0 or -EIO

void trace_fini(struct trace *);
