// A shelf for each of many owners, whose values have names like "OWNER/…", so that an owner with
// many values does not push out those of others. If there are too many in all, the owner with the
// most loses its oldest value.
#pragma once

#include <stddef.h>

#define SHELVES_OWNER_MAX 23 // characters; longer ones are cut

struct shelves;

// forgotten is called for each value that makes room for another, but not by shelves_remove.
struct shelves *shelves_create(
        size_t owner_max, size_t count_max, size_t value_size,
        void (*forgotten)(void *arg, const char *name), void *arg
);
void shelves_destroy(struct shelves *);

// Like the functions of a shelf.
void *shelves_find(const struct shelves *, const char *name);
void *shelves_put(struct shelves *, const char *name);
void shelves_remove(struct shelves *, const char *name);
