// Limits how often each of many callers may send requests: one token bucket per caller, by name.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LIMIT_CALLER_MAX 4096 // buckets; beyond that, the longest unused one is dropped
#define LIMIT_NAME_MAX   80

struct limit;

// Allows per_s requests a second in the long run, and `burst` of them at once.
struct limit *limit_create(uint32_t per_s, uint32_t burst);
void limit_destroy(struct limit *);

// Takes one request from the caller's bucket. False if none is left: *wait_s is then the number of
// seconds until there is one (for Retry-After, at least 1). Names longer than LIMIT_NAME_MAX are
// cut.
[[nodiscard]] bool limit_take(struct limit *, const char *name, uint64_t now_ms, uint32_t *wait_s);

// Like limit_take, but takes nothing: says whether limit_take would return true now.
[[nodiscard]] bool
limit_allows(const struct limit *l, const char *name, uint64_t now_ms, uint32_t *wait_s);
