// What Matroska's head says of an AV1 stream (AV1 in ISO base media, 2.3; AV1 in Matroska).
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// The codec configuration (av1C) of a key frame that begins with its sequence header, as a temporal
// unit in low-overhead format. Its bytes, or -EBADMSG.
[[nodiscard]] ssize_t av1_config(uint8_t *to, size_t size, const uint8_t *unit, size_t len);
