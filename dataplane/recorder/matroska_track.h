// The tracks of a file of matroska.h.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "media/codec.h"

#define MATROSKA_TRACK_MAX   2
#define MATROSKA_CLUSTER_MAX (8u << 20) // bytes of frames, unless it is one frame
#define MATROSKA_FRAME_MAX   (16u << 20) // bytes
#define MATROSKA_PRE_SKIP    312 // 6.5 ms: libopus, which browsers send with (RFC 7845 5.1)

struct matroska_track {
	enum codec codec;
	uint16_t width, height; // pictures: of the first key frame, not 0
	uint8_t channels; // sound: 1 or 2
	// Sound: samples at 48 kHz by which a decoder's output is late. Of a browser
	// MATROSKA_PRE_SKIP; of what was delayed or shifted already: 0.
	uint16_t pre_skip;
	const uint8_t *key; // H.264, AV1: the first key frame, as matroska_frame takes it; not kept
	size_t key_len;
};
