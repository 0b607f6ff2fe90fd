// What a worker leaves out while it cannot keep up: one step more at a time, and later one step
// less. Audio, sender reports, shared screens and a viewer's most important video are never left
// out. Written by the worker.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "am_lifecycle.h"

#define SHED_WINDOW_US 500000 // a step more after this window, if mostly behind
#define SHED_CALM_US   5000000 // a step back after keeping up for this long
#define SHED_SHARE     255 // priority of shared screens, which keep all their temporal layers

enum shed_level {
	SHED_NOTHING = AM_SHED_NOTHING,
	SHED_PROBES = AM_SHED_probes,
	SHED_REPEATS = AM_SHED_retransmissions, // half of them
	SHED_SMALL = AM_SHED_small_pictures, // all but the lowest encoding of videos shown small
	SHED_THIRD = AM_SHED_third_temporal_layer, // and higher ones
	SHED_SECOND = AM_SHED_second_temporal_layer, // only the base layer is left
	SHED_LARGE = AM_SHED_highest_encoding, // of all videos
	SHED_MIDDLE = AM_SHED_middle_encodings, // all but the lowest
	SHED_REST = AM_SHED_other_pictures, // all but the most important one of each viewer
	SHED_LEVELS = AM_SHED_LEVELS,
};

struct shed {
	int64_t looked_us; // the last look
	int64_t window_us; // when the window under way began
	int64_t behind_us; // time spent behind in that window
	int64_t calm_us; // since when the worker keeps up, or when it last stepped back
	uint8_t level; // enum shed_level
};

// Updates the level; behind: pictures wait too long now. Call about 100 times a second. True if the
// level has changed.
[[nodiscard]] bool shed_look(struct shed *, int64_t now_us, bool behind);

// Limits the layers of a video that is requested up to *spatial, of `encodings`.
void shed_limit(
        enum shed_level, uint8_t priority, uint8_t encodings, uint8_t *spatial, uint8_t *temporal
);
