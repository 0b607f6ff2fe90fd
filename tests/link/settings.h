// The settings of one direction, given as an option (--down-rate 600k) or as a line while the link
// runs (down rate 600k): one table for both, and for the help.
#pragma once

#include <stdio.h>

#include "model.h"
#include "traces.h"

// One direction's configuration, with the memory that it borrows.
struct direction {
	struct lane_config config;
	struct rate_step *steps; // owned
	struct trace trace;
};

struct setting {
	const char *name; // as in --NAME, --down-NAME and --up-NAME
	const char *value; // name of the value in the help
	const char *help;
	const char *accepted; // examples of accepted values
	// False if the text is invalid. Replaces pointers without freeing.
	bool (*set)(struct direction *, const char *text);
};

extern const struct setting settings[];
extern const size_t settings_n;

const struct setting *setting_find(const char *name); // NULL: there is none

// No limit, loss or delay; a queue of 200 ms once there is a rate.
void direction_init(struct direction *);

// Applies the text; if false, nothing has changed.
[[nodiscard]] bool direction_set(struct direction *, const struct setting *, const char *text);

// The same for a running lane, from now_us on.
[[nodiscard]] bool direction_change(
        struct direction *, struct lane *, int64_t now_us, const struct setting *, const char *text
);

void direction_fini(struct direction *);
