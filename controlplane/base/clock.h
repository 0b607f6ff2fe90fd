// The time of day; what only measures durations uses loop_now_ms.
#pragma once

#include <stdint.h>

// CLOCK_REALTIME in milliseconds.
int64_t clock_real_ms(void);

// CLOCK_MONOTONIC in nanoseconds.
uint64_t clock_monotonic_ns(void);
