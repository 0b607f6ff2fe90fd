// The system's clocks.
#pragma once

#include <stdint.h>
#include <time.h>

// CLOCK_MONOTONIC in nanoseconds: for durations, and what processes of one machine compare.
static inline uint64_t am_clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// CLOCK_REALTIME in milliseconds: the time of day.
static inline int64_t am_clock_real_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
