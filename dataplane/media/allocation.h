// Which layers of which pictures one viewer's link carries. Sound is not asked: it is subtracted
// before. Plain rules, time passed in.
//
// Down at once, up with patience: a step up that fails costs the viewer a frozen picture, so after
// one that was taken back within ALLOCATION_REGRET_US the next waits twice as long. That is for
// what failed: up to half of it a link that fell, as in a fade, is climbed sooner, and so is a link
// that carries far more than what failed.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ALLOCATION_STEPS          8 // of one picture
#define ALLOCATION_DOWN_US        300000 // the link carries too little for so long
#define ALLOCATION_DOWN_PERCENT   125 // of what it carries: then at once
#define ALLOCATION_UP_US          2000000 // it carries enough for more for so long
#define ALLOCATION_UP_PERCENT     108 // … and so much more than is needed
#define ALLOCATION_MARGIN_PERCENT 105 // the same where a probe has shown it
#define ALLOCATION_WAIT_US        5000000 // after the last step down, at first
#define ALLOCATION_WAIT_US_MAX    40000000
#define ALLOCATION_BLACK_US       1000000 // the same for a picture that is not there at all
#define ALLOCATION_LAST_PERCENT   200 // of the budget: the last picture stays, late, up to that
#define ALLOCATION_REGRET_US      10000000
#define ALLOCATION_LOW_US         2000000 // after a step down, up to …
#define ALLOCATION_LOW_PERCENT    50 // … of what failed
#define ALLOCATION_OTHER_PERCENT  250 // of what failed: a link that carries that is another one
#define ALLOCATION_PICTURES       64 // of one viewer that are weighed against each other

#define ALLOCATION_NONE 0xff // no step: the picture is paused

// What one picture may be had at, cheapest first.
struct allocation_picture {
	uint8_t priority; // 0 to 255, most important last
	uint8_t count; // of steps; 0: the publisher sends nothing
	uint8_t first; // of steps: it has so many before any other picture has its second
	uint8_t chosen; // index of a step, or ALLOCATION_NONE
	uint32_t bps[ALLOCATION_STEPS]; // on the wire
};

struct allocation {
	int64_t short_us; // since when the link carries less than is sent; 0: it does not
	int64_t roomy_us; // since when it would carry a step more; 0: it would not
	int64_t down_us, up_us; // of the last step down, and up
	int64_t wait_us; // after a step down, until the next step up
	uint64_t failed_bps; // what the link did not carry then
	uint64_t failed_budget_bps; // … where the link carried so much
	int64_t leap_us; // when a step up last did not wait, since the link had become another one
	bool fooled; // the link had not changed after all: steps wait until one is not regretted
};

// Chooses for a budget: by priority each picture's first step, then what `first` says, then one
// step more in each round. Returns the sum in bit/s.
uint64_t allocation_choose(struct allocation_picture *, unsigned count, uint64_t budget_bps);

// What is chosen now, in bit/s.
uint64_t allocation_used(const struct allocation_picture *, unsigned count);

// What the last step of each picture takes, in bit/s.
uint64_t allocation_most(const struct allocation_picture *, unsigned count);

// The whole of what the cheapest step up of any picture would take, or 0 if all have their last.
uint64_t allocation_next(const struct allocation_picture *, unsigned count, uint64_t used_bps);

// What the link is to show, with the margin that a step up takes: the first step that the budget
// does not grant, and while steps wait for what failed, that it is another link, unless it is
// `fooled`: then no step is taken for that. 0: nothing. bit/s.
uint64_t allocation_wish(
        const struct allocation *, const struct allocation_picture *, unsigned count,
        uint64_t budget_bps, int64_t now_us
);

enum allocation_why {
	ALLOCATION_TIME, // has passed
	ALLOCATION_CHANGED, // other pictures, or others asked for: chosen anew at once
	ALLOCATION_PROBED, // the link was just shown to carry the budget: a step up need not wait
};

// One look: `chosen` says what is sent now. True if that is to change; then it says how.
[[nodiscard]] bool allocation_look(
        struct allocation *, struct allocation_picture *, unsigned count, uint64_t budget_bps,
        enum allocation_why, int64_t now_us
);
