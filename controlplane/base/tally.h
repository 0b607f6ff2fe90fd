// Counts how many things each name has at the same time, up to a limit: for example, the
// connections of an address.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TALLY_NAME_MAX 79 // longer ones are cut

struct tally;

struct tally *tally_create(void);
void tally_destroy(struct tally *);

uint32_t tally_count(const struct tally *, const char *name);

// Counts one more. False if there are `most` already.
[[nodiscard]] bool tally_enter(struct tally *, const char *name, uint32_t most);

// To be called once for each tally_enter that returned true.
void tally_leave(struct tally *, const char *name);
