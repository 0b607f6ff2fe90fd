// The part of a viewer's estimate that watches losses, after the idea of Chromium's LossBasedBweV2
// (138): it searches for the capacity that, together with an inherent loss that occurs at any rate,
// best explains the losses at each rate. So random loss does not lower the estimate, but a full
// queue without delay (a policer) does. It limits only while one of the last LOSS_OBSERVATIONS has
// any loss. Written by the viewer's worker.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define LOSS_OBSERVATIONS   15
#define LOSS_OBSERVATION_US 250000 // minimum length of one, by the time of sending
#define LOSS_UNIT           16 // bytes; so 16 bits hold an observation at 30 Mbit/s
#define LOSS_HOLD_US_MIN    300000
#define LOSS_HOLD_US_MAX    60000000

struct loss_observation {
	uint16_t rate; // kbit/s, as sent
	uint16_t units; // of LOSS_UNIT bytes, sent
	uint16_t lost_units;
};

struct loss {
	struct loss_observation observations[LOSS_OBSERVATIONS];
	int64_t begin_us; // when the current observation began, by the time of sending
	int64_t last_us; // of its newest packet
	int64_t hold_until_us;
	uint32_t hold_us; // length of the next hold
	uint32_t bytes; // in the current observation
	int32_t lost_bytes;
	float capacity; // kbit/s, 0 = no limit
	float inherent; // share that is lost at any rate
	float hold; // kbit/s, the maximum until hold_until_us; 0 = none
	uint8_t count; // observations so far, up to 255
	uint8_t newest;
	uint8_t lossy; // observations with loss
	bool begun;
};
static_assert(sizeof(struct loss) <= 152);

void loss_init(struct loss *);

// A packet is reported as arrived or lost; bytes: on the wire. was_lost: it was reported lost
// before; if it arrives after all, that loss is taken back.
void loss_packet(struct loss *, int64_t sent_us, uint32_t bytes, bool lost, bool was_lost);

// After all packets of a feedback message: if an observation ends, updates the limit. delay: the
// delay's estimate, an upper bound; acked: what arrives, a lower bound. bit/s.
void loss_update(struct loss *, int64_t now_us, uint32_t delay, uint32_t acked);

// bit/s, or UINT32_MAX if loss sets no limit.
uint32_t loss_limit(const struct loss *);

// A probe has shown that this rate passes.
void loss_set(struct loss *, uint32_t rate);

// The share lost over all observations, 0 to 1.
float loss_share(const struct loss *);
