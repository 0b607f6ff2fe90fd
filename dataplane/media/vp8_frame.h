// VP8 frames (RFC 7741 and 6386 9.1).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame_bytes;

// Append a payload to its frame. 0 or -EBADMSG.
[[nodiscard]] int vp8_append(struct frame_bytes *, const uint8_t *payload, size_t len);

struct vp8_header {
	bool key;
	uint16_t width, height; // of key frames
};

// 0 or -EBADMSG.
[[nodiscard]] int vp8_header_read(const uint8_t *frame, size_t len, struct vp8_header *);
