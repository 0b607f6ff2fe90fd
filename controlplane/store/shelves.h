// A shelf for each of many owners, whose things have names like "OWNER/…": one owner's many push
// out none of another's. Where all have too many together, whoever has most loses his oldest.
#pragma once

#include <stddef.h>

#define SHELVES_OWNER_MAX 23 // characters; longer ones are cut

struct shelves;

// forgotten: a value that went to make place for another, not by shelves_remove.
struct shelves *shelves_create(
        size_t owner_max, size_t count_max, size_t value_size,
        void (*forgotten)(void *arg, const char *name), void *arg
);
void shelves_destroy(struct shelves *);

// As those of a shelf.
void *shelves_find(const struct shelves *, const char *name);
void *shelves_put(struct shelves *, const char *name);
void shelves_remove(struct shelves *, const char *name);
