// The part of a viewer's estimate that watches losses, after the idea of Chromium's LossBasedBweV2
// (138): which pair of a capacity and a loss that is there at any rate explains best what was lost
// at which rate? So random loss slows nobody down, and a full queue without delay (a policer) does.
// Works only while one of the last LOSS_OBSERVATIONS has any loss. Written by the viewer's worker.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define LOSS_OBSERVATIONS   15
#define LOSS_OBSERVATION_US 250000 // one at least, by the time of sending
#define LOSS_UNIT           16 // bytes; so 16 bits hold what 30 Mbit/s are in an observation
#define LOSS_HOLD_US_MIN    300000
#define LOSS_HOLD_US_MAX    60000000

struct loss_observation {
	uint16_t rate; // kbit/s, as sent
	uint16_t units; // of LOSS_UNIT bytes, sent
	uint16_t lost_units;
};

struct loss {
	struct loss_observation observations[LOSS_OBSERVATIONS];
	int64_t begin_us; // of the observation that is being made, by the time of sending
	int64_t last_us; // its newest packet
	int64_t hold_until_us;
	uint32_t hold_us; // the next one's length
	uint32_t bytes; // of what is being observed
	int32_t lost_bytes;
	float capacity; // kbit/s, 0 = no limit
	float inherent; // share that is lost at any rate
	float hold; // kbit/s, no more until hold_until_us; 0 = none
	uint8_t count; // observations so far, up to 255
	uint8_t newest;
	uint8_t lossy; // observations with loss
	bool begun;
};
static_assert(sizeof(struct loss) <= 152);

void loss_init(struct loss *);

// A packet arrived, or is told lost; bytes on the wire. One that was told lost and arrives later
// counts for nothing.
void loss_packet(struct loss *, int64_t sent_us, uint32_t bytes, bool lost, bool was_lost);

// After all packets of a feedback message: does an observation end, then what is the limit? delay
// is the delay's estimate, which is never exceeded; acked what arrives: never below. bit/s.
void loss_update(struct loss *, int64_t now_us, uint32_t delay, uint32_t acked);

// bit/s, or UINT32_MAX where loss is no limit.
uint32_t loss_limit(const struct loss *);

// A probe has shown that this passes.
void loss_set(struct loss *, uint32_t rate);

// Of all observations, 0 to 1.
float loss_share(const struct loss *);
