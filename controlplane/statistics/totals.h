// The arithmetic of the statistics: cuts sessions to a range, rounds them to steps and adds them
// up. Plain values, no I/O.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define STATISTICS_STEP_S 30

// A session as it is published: seconds since 1970, multiples of STATISTICS_STEP_S.
struct statistics_span {
	int64_t join_s, leave_s;
};

// Cuts [joined, left] to [from, to], rounds the duration up to whole steps, at least one, and the
// time of joining down to a step. If the end of the span would lie after now, the span begins one
// step earlier.
struct statistics_span
statistics_span(int64_t joined_ms, int64_t left_ms, int64_t from_ms, int64_t to_ms, int64_t now_ms);

// All zero before the first span.
struct statistics_totals {
	uint64_t sessions;
	int64_t start_s, end_s; // first joining, last leaving
	int64_t active_s; // time during which somebody was there
	int64_t person_s; // sum of all sessions
	// Private: the time up to which active_s is counted; the latest time of joining; and the
	// time up to which sessions that joined before that are counted.
	int64_t covered_s, latest_s, before_s;
	// Private: hash table of the persons' ids, with open addressing and at most half full.
	int64_t *persons;
	size_t size, count; // count: different persons
};

// Adds a span. Spans must come in the order of joining before rounding, so that their join_s is at
// most one step out of order. person must not be 0.
void statistics_totals_add(struct statistics_totals *, struct statistics_span, int64_t person);
void statistics_totals_fini(struct statistics_totals *);
