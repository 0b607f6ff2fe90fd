// The uncompressed header of VP9's frames (VP9 6.2).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VP9_SLOTS 8 // of frames that others are predicted from

struct vp9_header {
	bool key;
	bool existing; // shows a slot again; the other fields are 0
	bool shown;
	bool resilient; // decoded without the motion of the frame before
	uint16_t width, height;
	uint16_t shown_at; // which bit show_frame is; error_resilient_mode follows
	uint16_t bits; // length, without what fills the last byte
};

// Sizes of the frames in the slots, which later headers refer to. All zero at first.
struct vp9_slots {
	uint16_t width[VP9_SLOTS], height[VP9_SLOTS];
};

// Reads a frame's header and keeps its size in the slots that it goes to. 0 or -EBADMSG.
[[nodiscard]] int
vp9_header_read(struct vp9_slots *, const uint8_t *frame, size_t len, struct vp9_header *);
