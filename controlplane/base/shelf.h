// A bounded store of small values by name, which forgets the oldest one when there are too many.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct shelf;

// At most count_max values of value_size bytes.
struct shelf *shelf_create(size_t count_max, size_t value_size);
void shelf_destroy(struct shelf *);

// The value with this name, or NULL. The caller may change it; the next put may free it.
void *shelf_find(const struct shelf *, const char *name);

// Returns the value with this name and makes it the youngest; a new one is all zeros.
void *shelf_put(struct shelf *, const char *name);
void shelf_remove(struct shelf *, const char *name);

size_t shelf_count(const struct shelf *);

// The name of the oldest value, or NULL.
const char *shelf_oldest_name(const struct shelf *);
void shelf_remove_oldest(struct shelf *);
