// What a participant experiences, in stretches of time: all looks in a stretch have the same
// quality and cause. Plain state; time is passed in.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "terms/quality.h"

#define STRETCH_SETTLE    3 // differing looks in a row begin a stretch; a worse one does so at once
#define STRETCH_MS_MAX    300000 // a longer one is reported in parts: a crash loses no more
#define STRETCH_COUNT_MAX 256 // reported for one stay in a room

enum stretch_cause {
	STRETCH_UNKNOWN, // perhaps the participant's own device
	STRETCH_OWN_LINK,
	STRETCH_SPEAKER, // the link of somebody whom the participant sees or hears
	STRETCH_SERVER, // overloaded
	STRETCH_CAUSE_COUNT,
};

// One stretch; a look is a short one.
struct stretch {
	enum quality quality; // QUALITY_UNKNOWN: none
	enum stretch_cause cause; // if the quality is not good
	char *speaker; // peer id, for STRETCH_SPEAKER
	int64_t from_ms, to_ms; // CLOCK_REALTIME
	uint32_t frozen_ms; // video, in all
	uint16_t concealed; // ‰ of the audio, at most
	uint8_t lost; // /256, at most
	uint16_t rtt_ms; // at most; 0: unknown
	uint32_t estimate_kbps; // at least; 0: unknown
};

// All zero before the first look.
struct stretches {
	struct stretch now; // owns its string
	struct stretch next; // what differs from `now`, until the change is certain
	uint8_t differing; // looks in a row
	uint16_t count; // reported so far
};

// Called for each stretch that was not good, once it is over.
typedef void stretch_told(void *owner, const struct stretch *);

// Looks must come in chronological order. Their string is copied.
void stretches_look(struct stretches *, const struct stretch *look, stretch_told *, void *owner);

// The participant leaves: reports the current stretch and resets the state.
void stretches_end(struct stretches *, stretch_told *, void *owner);

const char *stretch_cause_name(enum stretch_cause);
