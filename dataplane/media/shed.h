// What a worker leaves out while it cannot keep up, step by step, and takes back one step at a
// time. Never sound, sender reports, or the last encoding of a picture. Written by the worker.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "am_lifecycle.h"

#define SHED_WINDOW_US 500000 // a step in so much of being behind
#define SHED_CALM_US   5000000 // a step back after so much of keeping up
#define SHED_SHARE     255 // priority of shared screens, which keep all their pictures

enum shed_level {
	SHED_NOTHING,
	SHED_PROBES,
	SHED_REPEATS, // half of the retransmissions
	SHED_SMALL, // all but the lowest encoding of pictures that are shown small
	SHED_THIRD, // the third temporal layer and above
	SHED_SECOND, // the second, too
	SHED_LARGE, // the highest encoding of all
	SHED_MIDDLE, // all but the lowest
	SHED_LEVELS,
};
static_assert(SHED_SMALL == AM_SHED_PICTURES);

struct shed {
	int64_t looked_us; // the last look
	int64_t window_us; // when the window under way began
	int64_t behind_us; // time in it of being behind
	int64_t calm_us; // since when the worker keeps up, or of the last step back
	uint8_t level; // enum shed_level
};

// A look at whether pictures wait too long now, some 100 a second. True if the level has changed.
[[nodiscard]] bool shed_look(struct shed *, int64_t now_us, bool behind);

// Limits the layers of a picture that is asked for up to *spatial of `encodings`.
void shed_limit(
        enum shed_level, uint8_t priority, uint8_t encodings, uint8_t *spatial, uint8_t *temporal
);
