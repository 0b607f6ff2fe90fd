// Whether the frames that a frame of one encoding is predicted from have all been handed over. As
// long as nothing is missing, all frames are taken; after a loss, what the codec's payload
// descriptors (RFC 7741, 9628) or headers (H.264 7.4.3) tell decides. Where they tell nothing, a
// loss costs everything up to the next key frame.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "media/codec.h"
#include "media/h264_header.h"

// What is known of a frame. Of a broken one: what its packets that came say.
struct reference_frame {
	const struct frame_info *info; // of its first packet that came
	uint64_t refs[2]; // VP9: distances of the picture ids that it refers to, bit per distance
	bool key; // as its own header says
	struct h264_order order;
	uint32_t lost; // packets missing right before it
};

enum reference_verdict {
	REFERENCE_OK, // hand it over
	REFERENCE_LEAVE_OUT, // the next frame may be fine
	REFERENCE_NEEDS_KEY, // nothing more before a key frame
};

// All zero at first: needs a key frame.
struct references {
	enum codec codec;
	bool started;
	bool damaged; // VP9 with exact references: since the key frame, some pictures are missing
	uint8_t intact; // all temporal layers up to this one
	bool has_picture_id, has_tl0picidx;
	uint16_t picture_id; // of the last frame that was told
	uint8_t tl0picidx; // likewise
	uint64_t have[2]; // VP9: pictures that were handed over, by their distance from picture_id
	uint16_t frame_num; // H.264: of the last reference picture
	uint32_t lost; // H.264: packets missing since then, as far as broken frames tell
};

// Go on without a key frame, since all frames so far have been handed over. Which layers were
// intact is not known: none but the base layer.
void references_resume(struct references *);

// The next frame, complete.
[[nodiscard]] enum reference_verdict
references_frame(struct references *, const struct reference_frame *);

// The next frame, of which packets are missing: the verdict says how to go on.
[[nodiscard]] enum reference_verdict
references_broken(struct references *, const struct reference_frame *);
