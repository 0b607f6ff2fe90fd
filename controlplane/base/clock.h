// The time of day. To measure durations, use loop_now_ms instead.
#pragma once

#include <stdint.h>

// CLOCK_REALTIME in milliseconds.
int64_t clock_real_ms(void);

// CLOCK_MONOTONIC in nanoseconds.
uint64_t clock_monotonic_ns(void);
