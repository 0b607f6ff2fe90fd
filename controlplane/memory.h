// Memory that is always there. Every count is bounded by a named limit, so an allocation fails only
// on a machine without memory; then the process ends, which loses no media: the data plane goes on,
// and the next control plane takes up the rooms from the store.
#pragma once

#include <stddef.h>

// Zeroed; freed with free().
[[nodiscard]] void *memory_new(size_t count, size_t size);

// As realloc; new bytes are not zeroed.
[[nodiscard]] void *memory_grow(void *, size_t count, size_t size);

[[nodiscard]] char *memory_copy_string(const char *);

// Random bytes from the kernel, for ids, credentials and hash seeds.
void memory_random(void *, size_t);
