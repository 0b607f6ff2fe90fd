// Numbers as people write them. Each function returns false, and leaves *value unchanged, if the
// text is not such a number.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rate_step;

bool unit_rate(const char *text, int64_t *bit_s); // 600k, 2.5m, 1g; unlimited; 0 stalls
bool unit_bytes(const char *text, uint64_t *bytes); // 6000, 6k, 1.5M, each with or without B
bool unit_time(const char *text, int64_t *us); // 500us, 200ms, 1.5s, an hour at most; 0
bool unit_share(const char *text, double *share); // 5%, 0.05
bool unit_number(const char *text, double min, double max, double *value);

// RATE@SECONDS[,…], the first at 0. NULL if the text is invalid; otherwise the caller frees it.
struct rate_step *unit_steps(const char *text, uint32_t *n);
