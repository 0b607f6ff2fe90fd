// Encoders' output (tests/vectors/clips) and its way into RTP payloads, written apart from the code
// that reads them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/codec.h"

#define CLIP_FRAMES_MAX  64
#define CLIP_PAYLOAD_MAX 1200
#define CLIP_PAYLOADS    512 // of one frame

struct clip_frame {
	const uint8_t *data;
	size_t len;
	bool key;
};

struct clip {
	enum codec codec;
	uint8_t *bytes; // the file
	struct clip_frame frames[CLIP_FRAMES_MAX];
	unsigned count;
};

// Reads a file of tests/vectors/clips: IVF, or Annex B with an access unit a frame. Fails the test
// if that goes wrong.
void clip_read(struct clip *, enum codec, const char *name);
void clip_fini(struct clip *);

struct clip_payload {
	uint16_t len;
	uint8_t bytes[CLIP_PAYLOAD_MAX];
};

struct clip_payloads {
	unsigned count;
	struct clip_payload list[CLIP_PAYLOADS];
};

// A frame's payloads, each with at most len bytes of it, 100 ≤ len ≤ 1100. number: of the frame,
// for its picture id.
void clip_packetize(
        const struct clip *, unsigned number, size_t len, struct clip_payloads *payloads
);
