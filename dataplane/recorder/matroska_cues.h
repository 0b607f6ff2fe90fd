// When a file gets its next CuePoint, so that MATROSKA_SLOTS of them last: for 800 of them, 2 s
// after the one before; from then on, what is left of twelve hours is shared evenly among those
// that are left, which makes about 17 s. A file that gets older has four hours more each time.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct matroska_cues {
	uint16_t used; // slots
	int64_t last_ms;
};

// The first one is due at once.
[[nodiscard]] bool matroska_cues_due(const struct matroska_cues *, int64_t time_ms);

// key: it points at a key frame, or there are none; else the next one is due at once.
void matroska_cues_add(struct matroska_cues *, int64_t time_ms, bool key);
