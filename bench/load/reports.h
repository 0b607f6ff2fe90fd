// RTCP as browsers send it: from each viewer, about once a second, a compound of receiver reports
// (RFC 3550 6.4.2) and REMB, and one NACK (RFC 4585 6.2.1) for each gap. Transport-wide feedback is
// in answers.h.
#pragma once

#include <stdint.h>

struct audience;
struct members;

#define REPORTS_VISITS_PER_S 2 // of each viewer, which reports at every other one, at random

struct reports {
	struct members *members;
	struct audience *audience;
	uint64_t start_ns; // of the first round of visits
	uint64_t visited; // visits since then
	uint64_t random;
	uint64_t sent, nacked; // compounds, sequence numbers
};

void reports_init(struct reports *, struct members *, struct audience *, uint64_t now_ns);

// Visits the viewers among 0 to viewers - 1 that are due; visits are spread evenly over time.
// Returns their number.
unsigned reports_tick(struct reports *, uint32_t viewers, uint64_t now_ns);

// Sends the NACKs of the streams that have new gaps.
void reports_ask(struct reports *);
