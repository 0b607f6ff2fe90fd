// A recording's time line: the server's monotonic clock from its beginning on, without the pauses.
// Plain data, which lies in the file `state`; microseconds throughout.
//
//     clock   ──began────────────pause·······run───────▶
//     line      0 ────────────── t ───────── t ────────▶
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LINE_PAUSES_MAX 16 // that are listed; older ones are one sum
#define LINE_NONE       INT64_MIN

struct line_pause {
	int64_t from_us; // of the clock
	int64_t to_us; // 0: it goes on
};

struct line {
	int64_t began_us; // of the clock; 0: not yet
	int64_t cut_us; // sum of the pauses that are not listed any more
	int64_t known_us; // of the clock: the end of the last of those
	uint32_t count;
	uint32_t reserved;
	struct line_pause pauses[LINE_PAUSES_MAX]; // oldest first, apart
};

// Whether this is a line that the functions below can have made.
[[nodiscard]] bool line_is_good(const struct line *);

// The line goes on, or begins, at this time of the clock. Nothing if it runs.
void line_run(struct line *, int64_t since_us);

// The line stops at this time of the clock. Nothing if it stands, or has not begun.
void line_stop(struct line *, int64_t since_us);

bool line_runs(const struct line *);

// The line's time at this time of the clock; LINE_NONE if it did not run then, or if that is too
// many pauses ago.
int64_t line_time(const struct line *, int64_t clock_us);

// How far the line had come then: in a pause, it stands.
int64_t line_reached(const struct line *, int64_t clock_us);
