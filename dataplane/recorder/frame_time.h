// How long a frame lasts, as far as it tells.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "media/codec.h"

#define FRAME_TIME_PICTURE_MS 40 // of a picture, before another one has told

// Sound: by its packet (RFC 6716 3.1), rounded up. A picture: as given.
int64_t frame_time_ms(enum codec, const uint8_t *data, size_t len, int64_t picture_ms);

// What a picture is taken to last, by the time since the one before it: 1 s at most.
int64_t frame_time_picture_ms(int64_t since_last_ms);
