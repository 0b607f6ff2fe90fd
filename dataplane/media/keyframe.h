// Key frame requests of all viewers of one stream, merged: 2000 joins cost the speaker one picture.
// One per encoding, written by the publisher's worker. Also limits how often one viewer may request
// one: everyone gets the key frame, and pays for it with sharpness.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "am_schema.h"

#define KEYFRAME_INTERVAL_US 1000000 // at most one PLI upstream in this time

struct keyframe {
	int64_t sent_us; // when the last PLI went out
	bool sent; // a PLI has gone out
	bool pending; // requested within KEYFRAME_INTERVAL_US of the last PLI
};

void keyframe_init(struct keyframe *);

// A viewer requires a key frame. True: send a PLI now. Otherwise the request is remembered.
[[nodiscard]] bool keyframe_request(struct keyframe *, int64_t now_us);

// True once a remembered request may go out: send a PLI now. Call in housekeeping.
[[nodiscard]] bool keyframe_due(struct keyframe *, int64_t now_us);

// A key frame has begun: it answers every request before it.
void keyframe_arrived(struct keyframe *);

#define KEYFRAME_SHARE_FREE    4 // key frames that a viewer may request without waiting
#define KEYFRAME_SHARE_WAIT_US 1000000 // before the next one; doubles with each one after it
// The pace of a viewer that asks forever, and at which requests are forgotten.
#define KEYFRAME_SHARE_WAIT_MAX_US (AM_KEY_FRAME_PACE_MS * 1000)
#define KEYFRAME_SHARE_CALM_US                                                                     \
	5000000 // after this long without a request, one is free, since it hardly shows

// The key frames of one track that one viewer has caused: by PLI, other layers, the end of a pause.
// Those that it requires because the publisher begins, pauses or drops a layer do not count.
// Written by the viewer's worker. All zero at first.
struct keyframe_share {
	int64_t reserved_us; // earliest time to request a key frame for its wish; 0: no wish
	int64_t asked_us; // when it last requested or wished for one
	int64_t next_us; // when it may next cause one
	int64_t forgotten_us; // until when `used` has been reduced
	uint32_t got_ms; // when part of a key frame last went out to it
	uint8_t used; // key frames; one is forgotten every KEYFRAME_SHARE_WAIT_MAX_US
	bool got; // part of one has gone out to it
	bool asked; // the last one has not come yet: another request costs nothing
};

// The viewer cannot decode what it gets. True: request a key frame. False: it has used up its share
// and may try again later.
[[nodiscard]] bool keyframe_share_take(struct keyframe_share *, int64_t now_us);

// The viewer changes what it gets, and so will require a key frame, from reserved_us on. That is
// now unless the viewer has used up its share. Wishes before the key frame has come count as one.
void keyframe_share_reserve(struct keyframe_share *, int64_t now_us);

// The viewer has got what it wished for, or requires a key frame for a reason that it did not
// cause: such a request must not wait.
static inline void keyframe_share_excuse(struct keyframe_share *k)
{
	k->reserved_us = 0;
}

#define KEYFRAME_SHARE_WAY_US                                                                      \
	100000 // minimum, from a key frame's end to a request made in view of it

// Part of a key frame goes out to the viewer.
static inline void keyframe_share_got(struct keyframe_share *k, int64_t now_us)
{
	k->got = true;
	k->got_ms = (uint32_t)((uint64_t)now_us / 1000);
}

// True if the viewer must have sent its request before the whole of the last key frame had reached
// it.
[[nodiscard]] bool
keyframe_share_is_served(const struct keyframe_share *, int64_t now_us, uint32_t rtt_us);

// The viewer has got a key frame.
static inline void keyframe_share_answered(struct keyframe_share *k)
{
	k->asked = false;
}
