// Frames of a test picture and a test tone, made by ffmpeg, as the recorder gets them.
#pragma once

#include "recorder/matroska.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILM_FPS        25
#define FILM_PICTURE_MS (1000 / FILM_FPS)
#define FILM_SOUND_MS   20
#define FILM_KEY_MS     1000 // between two key frames
#define FILM_WIDTH      320
#define FILM_HEIGHT     180

struct film_frame {
	int64_t time_ms;
	size_t len;
	const uint8_t *data;
	uint8_t track; // of the film
	bool key;
	uint8_t level; // of sound: RFC 6464
};

struct film {
	struct matroska_track tracks[2];
	uint8_t count;
	struct film_frame *frames; // in order of time
	size_t frame_count;
	uint8_t *bytes[2];
};

// picture: VP8, VP9, H.264 or AV1; CODEC_OPUS: no picture. Whole seconds.
struct film *film_create(enum codec picture, bool sound, int seconds);
void film_free(struct film *);

// Gives the recorder the frames from `from` to `to` (indexes), and flushes as it would.
void film_play(const struct film *, struct matroska *, size_t from, size_t to);

// The index of the first frame at this time or later.
size_t film_at(const struct film *, int64_t time_ms);
