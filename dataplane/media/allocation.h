// Which layers of which videos one viewer's link carries. Names in the code call a video a picture;
// elsewhere, a picture is a frame. Audio is not part of this: it was subtracted from the budget.
// Plain rules, time passed in.
//
// Steps down come at once, steps up with patience: one that fails freezes the viewer's video. So
// after a step up that was taken back within ALLOCATION_REGRET_US, the next waits twice as long.
// Two kinds of steps up come sooner: those up to half of the rate that failed, as after a fade, and
// those on a link that now carries far more than that rate.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ALLOCATION_STEPS          8 // per video
#define ALLOCATION_DOWN_US        300000 // the link must carry too little for this long
#define ALLOCATION_DOWN_PERCENT   125 // of what it carries: if more is sent, the step comes at once
#define ALLOCATION_UP_US          2000000 // it must carry enough for a step up for this long
#define ALLOCATION_UP_PERCENT     108 // … and this much of what the step requires
#define ALLOCATION_MARGIN_PERCENT 105 // the same after a probe has proven it
#define ALLOCATION_WAIT_US        5000000 // after the last step down, at first
#define ALLOCATION_WAIT_US_MAX    40000000
#define ALLOCATION_BLACK_US       1000000 // the same for a video that is missing altogether
#define ALLOCATION_LAST_PERCENT   200 // of the budget: up to this, the last video stays, late
#define ALLOCATION_REGRET_US      10000000
#define ALLOCATION_LOW_US         2000000 // after a step down, until a step up to at most …
#define ALLOCATION_LOW_PERCENT    50 // … of the rate that failed
#define ALLOCATION_OTHER_PERCENT  250 // of the failed rate: a link that carries more is another one
#define ALLOCATION_PICTURES       64 // of one viewer; more are not compared with each other

#define ALLOCATION_NONE 0xff // no step: the video is paused

// The steps at which one video can be sent, cheapest first.
struct allocation_picture {
	uint8_t priority; // higher is more important
	uint8_t count; // of steps; 0: the publisher sends nothing
	uint8_t first; // of steps: it gets these before any other video gets its second
	uint8_t chosen; // index of a step, or ALLOCATION_NONE
	uint32_t bps[ALLOCATION_STEPS]; // on the wire
};

struct allocation {
	int64_t short_us; // since when the link carries less than is sent; 0: it does not
	int64_t roomy_us; // since when it would carry one more step; 0: it would not
	int64_t down_us, up_us; // of the last step down, and up
	int64_t wait_us; // after a step down, until the next step up
	uint64_t failed_bps; // the rate that the link did not carry then
	uint64_t failed_budget_bps; // … and the rate that it did carry
	int64_t leap_us; // when a step up last skipped the wait because the link seemed another one
	bool fooled; // the link had not changed after all: steps wait until one is not regretted
};

// Chooses for a budget: each video's first step by priority, then the steps that `first` grants,
// then one more step in each round. Returns the sum in bit/s.
uint64_t allocation_choose(struct allocation_picture *, unsigned count, uint64_t budget_bps);

// The sum of the chosen steps, in bit/s.
uint64_t allocation_used(const struct allocation_picture *, unsigned count);

// The sum of the highest steps of all videos, in bit/s.
uint64_t allocation_most(const struct allocation_picture *, unsigned count);

// The sum in bit/s after the cheapest step up of any video, or 0 if all have their highest step.
uint64_t allocation_next(const struct allocation_picture *, unsigned count, uint64_t used_bps);

// The rate in bit/s that a probe should show, with the margin that a step up requires: that of the
// first step beyond the budget. While steps wait after a failure, it is the rate of another link,
// unless `fooled`, since then that would allow no step. 0: nothing to show.
uint64_t allocation_wish(
        const struct allocation *, const struct allocation_picture *, unsigned count,
        uint64_t budget_bps, int64_t now_us
);

enum allocation_why {
	ALLOCATION_TIME, // time has passed
	ALLOCATION_CHANGED, // the videos or the requests for them: chooses anew at once
	ALLOCATION_PROBED, // a probe has just proven the budget: a step up need not wait
};

// Checks what is sent now, which is `chosen`. True if that must change to the new `chosen`.
[[nodiscard]] bool allocation_look(
        struct allocation *, struct allocation_picture *, unsigned count, uint64_t budget_bps,
        enum allocation_why, int64_t now_us
);
