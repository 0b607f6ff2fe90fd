// Memory that is always there. Where the machine has none left, a reserve takes its place: what has
// begun ends well, and what begins is refused until there is memory again. Only where the reserve
// is used up as well does the process end, which loses no media: the data plane goes on, and the
// next control plane takes up the rooms from the store.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define MEMORY_RESERVE (8u << 20) // bytes; the largest answer is one of statistics, of 2 MiB

// To be called once, at the start.
void memory_reserve(size_t bytes);

// True: the reserve is in use, so nothing new should begin. Takes it back where that is possible.
// For the loop's thread.
[[nodiscard]] bool memory_is_short(void);

// As realloc, also in that it may fail: for what somebody's request makes as large as it likes. The
// reserve is not for that.
[[nodiscard]] void *memory_try_grow(void *, size_t count, size_t size);

// Zeroed; freed with free().
[[nodiscard]] void *memory_new(size_t count, size_t size);

// As realloc; new bytes are not zeroed.
[[nodiscard]] void *memory_grow(void *, size_t count, size_t size);

[[nodiscard]] char *memory_copy_string(const char *);

// Random bytes from the kernel, for ids, credentials and hash seeds.
void memory_random(void *, size_t);
