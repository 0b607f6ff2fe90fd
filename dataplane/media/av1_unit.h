// Temporal units of AV1: the OBUs of its RTP payload format become the low-overhead format (AV1
// 5.2), each with its size; temporal delimiters, tile lists and padding are left out.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame_bytes;

struct av1_unit {
	size_t obu_at; // where the current OBU begins
	bool open; // it goes on in the next packet
	bool has_sequence, has_frame;
	bool key; // the first frame is one, and shown
	uint16_t width, height; // of the sequence header
};

void av1_begin(struct av1_unit *);

// 0 or -EBADMSG.
[[nodiscard]] int
av1_append(struct av1_unit *, struct frame_bytes *, const uint8_t *payload, size_t len);

// 0 or -EBADMSG.
[[nodiscard]] int av1_finish(struct av1_unit *, struct frame_bytes *);

// The size that a sequence header OBU announces (AV1 5.5), without its own header. 0 or -EBADMSG.
[[nodiscard]] int
av1_sequence_read(const uint8_t *obu, size_t len, uint16_t *width, uint16_t *height);
