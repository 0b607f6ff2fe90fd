// Feedback for transport-wide congestion control towards one publisher transport
// (draft-holmer-rmcat-transport-wide-cc-extensions-01). Written by the transport's worker.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TWCC_WINDOW            1024 // sequence numbers remembered
#define TWCC_TICK_US           250 // unit of a delta
#define TWCC_REFERENCE_TICKS   256 // 64 ms: unit of the reference time
#define TWCC_FEEDBACK_SIZE_MIN 48 // bytes; a smaller buffer builds nothing

static_assert((TWCC_WINDOW & (TWCC_WINDOW - 1)) == 0);

struct twcc {
	uint64_t next; // first extended number of the next feedback
	uint64_t top; // highest that arrived
	uint8_t feedback_count;
	bool started;
	int64_t tick[TWCC_WINDOW]; // arrival in ticks, TWCC_LOST if none
};

void twcc_init(struct twcc *);

// A packet with this transport-wide number arrived. A late one is reported (again) next time.
void twcc_arrived(struct twcc *, uint16_t seq, int64_t arrival_us);

// Build one feedback packet about what arrived since the last. Returns its length, or 0 if there is
// nothing to report. Every 50 to 100 ms, call it until it returns 0.
size_t
twcc_build(struct twcc *, uint8_t *buf, size_t size, uint32_t sender_ssrc, uint32_t media_ssrc);
