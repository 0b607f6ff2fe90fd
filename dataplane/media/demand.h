// Which encodings of a track its publisher is to send: all up to the highest that any viewer wishes
// for. Lower ones stay on even if nobody gets them just now: viewers fall back on them when the
// publisher's uplink no longer carries the highest. Plain rules, time passed in.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define DEMAND_ENCODINGS 4
#define DEMAND_ON_US     200000 // how long a wish must last: a new viewer may take it back at once
#define DEMAND_OFF_US    10000000 // no wish for this long
#define DEMAND_REST_US   5000000 // after encodings come on: all of them then send key frames
#define DEMAND_AGAIN     1 // rests that may be skipped at first: a link may open step by step

struct demand {
	uint8_t wished; // number of encodings wished for at the last look
	uint8_t active; // number of encodings to send
	int64_t since_us[DEMAND_ENCODINGS]; // since when each is wished for, or not; 0: unknown
	int64_t rested_us; // end of the rests so far; 0: no encoding has come on yet
};

// At first all `count` encodings are sent.
void demand_init(struct demand *, uint8_t count);

// One look, about ten times a second: the lowest `wished` encodings are wished for. True if
// `active` has changed.
[[nodiscard]] bool demand_look(struct demand *, uint8_t wished, int64_t now_us);
