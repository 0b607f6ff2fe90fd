// Allocation that does not fail. When the machine has no memory left, a reserve is used: work that
// has begun completes, and new work is refused until there is memory again. The process ends only
// if the reserve is used up, too. That loses no media: the data plane goes on, and the next control
// plane restores the rooms from the store.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define MEMORY_RESERVE (8u << 20) // bytes; the largest answer, one of statistics, has 2 MiB

// To be called once, at the start.
void memory_reserve(size_t bytes);

// True if the reserve is in use, so that no new work should begin. Refills the reserve if possible.
// For the loop's thread.
[[nodiscard]] bool memory_is_short(void);

// Like realloc, and may fail as well: for memory whose size depends on a request. Does not use the
// reserve.
[[nodiscard]] void *memory_try_grow(void *, size_t count, size_t size);

// Zeroed; freed with free().
[[nodiscard]] void *memory_new(size_t count, size_t size);

// Like realloc; new bytes are not zeroed.
[[nodiscard]] void *memory_grow(void *, size_t count, size_t size);

[[nodiscard]] char *memory_copy_string(const char *);

// Random bytes from the kernel, for ids, credentials and hash seeds.
void memory_random(void *, size_t);
