// The payloads of one frame's packets, in order and complete, become the frame as decoders take it:
// VP8 (RFC 7741), H.264 (RFC 6184), VP9 (RFC 9628), AV1 (its RTP payload format). Also reads from
// the frame's own header what it is: a publisher may say anything in its payload descriptors.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/av1_unit.h"
#include "media/codec.h"
#include "media/frame_bytes.h"
#include "media/h264_unit.h"
#include "media/vp9_picture.h"

// data is valid until the next frame begins.
struct depacketized {
	const uint8_t *data;
	size_t len; // 0: nothing to decode, such as parameter sets alone
	bool key; // decoding may begin with it
	uint16_t width, height; // of key frames
	struct h264_order order; // H.264 alone
};

struct depacketizer {
	enum codec codec;
	struct frame_bytes bytes;
	union {
		struct av1_unit av1;
		struct h264_unit h264;
		struct vp9_picture vp9;
	};
};

void depacketizer_init(struct depacketizer *, enum codec);
void depacketizer_fini(struct depacketizer *);

// The source has changed: nothing of the old one is of use.
void depacketizer_reset(struct depacketizer *);

void depacketizer_begin(struct depacketizer *);

// The frame's next payload. 0 or -EBADMSG: the frame cannot be completed.
[[nodiscard]] int depacketizer_payload(struct depacketizer *, const uint8_t *payload, size_t len);

// After the last payload. 0; -EBADMSG: the frame makes no sense or is too long.
[[nodiscard]] int depacketizer_finish(struct depacketizer *, struct depacketized *);
