// Key frame requests of all viewers of one stream, merged: 2000 joins cost the speaker one picture.
// One per encoding, written by the publisher's worker.
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
