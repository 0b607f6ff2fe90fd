// Key frame requests of all viewers of one stream, merged: 2000 joins cost the speaker one picture.
// One per encoding, written by the publisher's worker. And how often one viewer may ask: a key
// frame is everyone's, and costs the others sharpness.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define KEYFRAME_INTERVAL_US 1000000 // at most one PLI upstream in this time

struct keyframe {
	int64_t sent_us; // when the last PLI went out
	bool sent; // one ever did
	bool pending; // asked for in the quiet second
};

void keyframe_init(struct keyframe *);

// A viewer needs a key frame. True: send a PLI now. Otherwise it is remembered.
[[nodiscard]] bool keyframe_request(struct keyframe *, int64_t now_us);

// True once a remembered request may go out: send a PLI now. Call with housekeeping.
[[nodiscard]] bool keyframe_due(struct keyframe *, int64_t now_us);

// A key frame has begun: it answers every request before it.
void keyframe_arrived(struct keyframe *);

#define KEYFRAME_SHARE_FREE    4 // key frames that a viewer has at once
#define KEYFRAME_SHARE_WAIT_US 1000000 // before the next one; doubled for each after it
#define KEYFRAME_SHARE_WAIT_MAX_US                                                                 \
	16000000 // so this is the pace of who asks forever; and of how fast asking is forgotten
#define KEYFRAME_SHARE_CALM_US                                                                     \
	5000000 // a wish after so long without one is free: nobody sees that in the picture

// What one viewer has asked for of one track, by its own doing: PLI, other layers, a pause that
// ends. What it needs since the publisher begins, pauses or drops a layer is not held against it.
// Written by the viewer's worker. All zero at first.
struct keyframe_share {
	int64_t reserved_us; // before this nothing is to be asked for its wish; 0: it has none
	int64_t asked_us; // when it last asked or wished for one
	int64_t next_us; // when it may cause the next one
	int64_t forgotten_us; // up to when `used` has been made less
	uint32_t got_ms; // when a part of a key frame last went out to it
	uint8_t used; // key frames, of which one is forgotten each KEYFRAME_SHARE_WAIT_MAX_US
	bool got; // one ever did
	bool asked; // the last one has not come yet: asking again costs nothing
};

// The viewer cannot decode what it gets. True: ask for a key frame. False: it has had its share,
// and may ask again later.
[[nodiscard]] bool keyframe_share_take(struct keyframe_share *, int64_t now_us);

// The viewer changes what it gets, and so will need one: from reserved_us on, which is now if it
// has not had its share. Wishes before the key frame has come are one.
void keyframe_share_reserve(struct keyframe_share *, int64_t now_us);

// It has what it wished for, or needs something else that is not its doing: that is not to wait.
static inline void keyframe_share_excuse(struct keyframe_share *k)
{
	k->reserved_us = 0;
}

#define KEYFRAME_SHARE_WAY_US                                                                      \
	100000 // at least, from a key frame's end to what is asked in view of it

// A part of a key frame goes out to it.
static inline void keyframe_share_got(struct keyframe_share *k, int64_t now_us)
{
	k->got = true;
	k->got_ms = (uint32_t)((uint64_t)now_us / 1000);
}

// True if what it asks now was asked before the last key frame could be with it, all of it.
[[nodiscard]] bool
keyframe_share_is_served(const struct keyframe_share *, int64_t now_us, uint32_t rtt_us);

// It has got a key frame.
static inline void keyframe_share_answered(struct keyframe_share *k)
{
	k->asked = false;
}
