// How often each of many callers may ask: a token bucket for each, by name.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LIMIT_CALLER_MAX 4096 // buckets; beyond that, the longest silent caller's is dropped
#define LIMIT_NAME_MAX   80

struct limit;

// per_s requests a second in the long run, `burst` of them at once.
struct limit *limit_create(uint32_t per_s, uint32_t burst);
void limit_destroy(struct limit *);

// Takes one request from the caller's bucket. False if none is left: *wait_s then says in how many
// seconds there will be one (for Retry-After, at least 1). Longer names are cut.
[[nodiscard]] bool limit_take(struct limit *, const char *name, uint64_t now_ms, uint32_t *wait_s);

// The same, but takes nothing: says whether limit_take would be true now.
[[nodiscard]] bool
limit_allows(const struct limit *l, const char *name, uint64_t now_ms, uint32_t *wait_s);
