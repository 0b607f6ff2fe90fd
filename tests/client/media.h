// Deterministic media: each payload says which frame it is part of, which determines all its bytes.
// So a receiver can check them without having seen what was sent.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEDIA_PAYLOAD_MAX 1100
#define MEDIA_PAYLOAD_MIN 64

// One packet's part of a frame. A source never repeats a (frame, encoding, part).
struct media_part {
	uint32_t source; // chosen by the publisher
	uint32_t frame; // counts frames of the source; all encodings of one moment share it
	uint16_t len; // of the payload
	uint8_t encoding;
	uint8_t part, parts;
	bool key; // part of a key frame
};

// The VP8 payload descriptor (RFC 7741 4.2), with 15-bit picture id, TL0PICIDX, TID and KEYIDX.
struct media_vp8 {
	struct media_part part;
	uint16_t picture_id;
	uint8_t tl0;
	uint8_t temporal_layer;
	bool sync; // Y: depends only on the base layer
	uint8_t key_index;
};

// Writes part.len bytes.
void media_vp8_build(const struct media_vp8 *, uint8_t *out);
void media_opus_build(const struct media_part *, uint8_t *out);

// Returns 0 and fills in what the payload says, or -EBADMSG if any byte is wrong. The picture id,
// TL0PICIDX and KEYIDX may have been rewritten on the way; the caller must judge them.
int media_vp8_check(struct media_vp8 *, const uint8_t *payload, size_t len);
int media_opus_check(struct media_part *, const uint8_t *payload, size_t len);
