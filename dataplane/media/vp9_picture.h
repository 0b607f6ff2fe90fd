// Pictures of VP9 (RFC 9628): the frames of their spatial layers, as a superframe if there are
// several (VP9 bitstream specification, annex B).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame_bytes;

#define VP9_LAYERS_MAX 8 // frames of a superframe

struct vp9_picture {
	uint32_t sizes[VP9_LAYERS_MAX];
	uint8_t count;
	bool open; // a layer's frame has begun and not ended
};

void vp9_begin(struct vp9_picture *);

// 0 or -EBADMSG.
[[nodiscard]] int
vp9_append(struct vp9_picture *, struct frame_bytes *, const uint8_t *payload, size_t len);

// Appends the index of a superframe. 0 or -EBADMSG.
[[nodiscard]] int vp9_finish(struct vp9_picture *, struct frame_bytes *);

// What a frame's uncompressed header says (VP9 6.2).
struct vp9_header {
	bool key;
	uint16_t width, height; // 0: as one of the frames that it is predicted from
};

// 0 or -EBADMSG.
[[nodiscard]] int vp9_header_read(const uint8_t *frame, size_t len, struct vp9_header *);
