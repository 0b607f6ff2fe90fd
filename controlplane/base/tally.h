// How many things each of many names has at once, up to a limit: connections of an address, say.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TALLY_NAME_MAX 79 // longer ones are cut

struct tally;

struct tally *tally_create(void);
void tally_destroy(struct tally *);

uint32_t tally_count(const struct tally *, const char *name);

// One more, unless there are `most`. False: there are.
[[nodiscard]] bool tally_enter(struct tally *, const char *name, uint32_t most);

// For each tally_enter that was true.
void tally_leave(struct tally *, const char *name);
