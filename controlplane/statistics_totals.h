// The arithmetic of the statistics (T01, T02): sessions cut to a range, published in steps, added
// up. Plain values, no I/O.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "statistics.h"

// A session as it is published: seconds since 1970, multiples of STATISTICS_STEP_S.
struct statistics_span {
	int64_t join_s, leave_s;
};

// Cuts [joined, left] to [from, to], then rounds joining down and leaving up.
struct statistics_span
statistics_span(int64_t joined_ms, int64_t left_ms, int64_t from_ms, int64_t to_ms);

// All zero: nothing yet.
struct statistics_totals {
	uint64_t sessions;
	int64_t start_s, end_s; // first joining, last leaving
	int64_t active_s; // in which somebody was there
	int64_t person_s; // the sessions' sum
	int64_t covered_s; // private: until when active_s has counted
	// Private: the persons' ids, by open addressing and at most half full.
	int64_t *persons;
	size_t size, count; // count: different persons
};

// Spans must come in the order of their join_s. person is not 0.
void statistics_totals_add(struct statistics_totals *, struct statistics_span, int64_t person);
void statistics_totals_fini(struct statistics_totals *);
