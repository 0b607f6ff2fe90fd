// Pictures of VP9 (RFC 9628): the frames of their spatial layers, as a superframe if there are
// several (VP9 bitstream specification, annex B). Encoders say of each layer that it is to be
// shown, and some decoders then show all of them, in all sizes. So all but the highest are hidden.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/vp9_header.h"

struct frame_bytes;

#define VP9_LAYERS_MAX 8 // frames of a superframe

// All zero at first.
struct vp9_picture {
	struct vp9_slots slots;
	// Of this picture.
	uint32_t sizes[VP9_LAYERS_MAX];
	uint8_t count;
	bool open; // a layer's frame has begun and not ended
	bool key;
	uint16_t width, height; // of its highest layer
};

void vp9_begin(struct vp9_picture *);

// 0 or -EBADMSG.
[[nodiscard]] int
vp9_append(struct vp9_picture *, struct frame_bytes *, const uint8_t *payload, size_t len);

// Makes a superframe if there are several layers, and reads their headers. 0 or -EBADMSG.
[[nodiscard]] int vp9_finish(struct vp9_picture *, struct frame_bytes *);
