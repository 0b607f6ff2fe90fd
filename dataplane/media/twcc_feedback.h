// Reads a viewer's feedback about transport-wide numbers
// (draft-holmer-rmcat-transport-wide-cc-extensions-01, 3.1): the FCI, from the base number on.
// twcc_feedback_begin checks everything, so the rest cannot fail and nothing is used from a
// malformed message. Pure functions; twcc.h builds such messages for publishers.
//
//	struct twcc_feedback f;
//	struct twcc_status status;
//	if (twcc_feedback_begin(&f, fci, len) < 0)
//		return;
//	while (twcc_feedback_next(&f, &status))
//		…
#pragma once

#include "am_reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TWCC_FEEDBACK_TICK_US      250 // unit of a delta
#define TWCC_FEEDBACK_REFERENCE_US 64000 // unit of the reference time

struct twcc_feedback {
	struct am_reader chunks;
	struct am_reader deltas;
	int64_t ticks; // of the last arrival, after the reference time
	uint32_t reference; // 24 bits, in 64 ms
	uint16_t base; // number of the first status
	uint16_t count; // statuses
	uint16_t at; // statuses returned
	uint16_t chunk; // the current one
	uint16_t left; // its statuses not returned yet
	uint8_t counter; // of feedback messages: a jump says nothing about the packets in between
};

struct twcc_status {
	int64_t arrival_us; // after the message's reference time; may be negative
	uint16_t index; // from the base number on
	bool arrived;
};

// The reference time without its wraps after 12 days.
struct twcc_time {
	int64_t reference; // in 64 ms, the last one read
};

// The bytes stay the caller's. 0, or -EBADMSG: truncated, without a status, or with a reserved
// symbol.
[[nodiscard]] int twcc_feedback_begin(struct twcc_feedback *, const uint8_t *bytes, size_t len);

// The next status; false after the last.
[[nodiscard]] bool twcc_feedback_next(struct twcc_feedback *, struct twcc_status *);

// Skips n statuses; a whole run of lost ones costs as much as one.
void twcc_feedback_skip(struct twcc_feedback *, uint16_t n);

// The message's reference time in µs on the viewer's clock.
int64_t twcc_time_us(struct twcc_time *, uint32_t reference);
