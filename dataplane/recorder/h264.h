// H.264 as Matroska contains it: RTP and our frames are a stream of bytes with start codes (H.264
// Annex B), Matroska has a length before each NAL unit and the parameter sets in its head as well
// (ISO/IEC 14496-15).
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Bytes of an access unit with lengths of four bytes instead of start codes.
size_t h264_sample_len(const uint8_t *annex_b, size_t len);

// Writes it, as many bytes as h264_sample_len says.
void h264_sample(uint8_t *to, const uint8_t *annex_b, size_t len);

// The decoder configuration record (avcC) of a key frame with its parameter sets. Its bytes, or
// -EBADMSG: no parameter sets, or they do not fit.
[[nodiscard]] ssize_t h264_config(uint8_t *to, size_t size, const uint8_t *annex_b, size_t len);
