// Which encodings of a track its publisher is to send: all up to the highest that any viewer wishes
// for. Those in between stay on though nobody gets them just now: they are what is left to viewers
// when the publisher's own way no longer carries the highest. Plain rules, time passed in.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define DEMAND_ENCODINGS 4
#define DEMAND_ON_US     200000 // wished for so long: a new viewer's first look may take it back
#define DEMAND_OFF_US    10000000 // without a wish for so long
#define DEMAND_REST_US   5000000 // between two times that any comes on: it costs key frames of all
#define DEMAND_AGAIN     1 // times in advance: whose link opens climbs from one to the next

struct demand {
	uint8_t wished; // so many are, at the last look
	uint8_t active; // so many are to be sent
	int64_t since_us[DEMAND_ENCODINGS]; // each is wished for or not; 0: it was never looked at
	int64_t rested_us; // up to when those that came on have been rested for; 0: never any
};

// All `count` of them are sent.
void demand_init(struct demand *, uint8_t count);

// One look, ten a second or so: the lowest `wished` are wished for, 0: none. True if `active` has
// changed.
[[nodiscard]] bool demand_look(struct demand *, uint8_t wished, int64_t now_us);
