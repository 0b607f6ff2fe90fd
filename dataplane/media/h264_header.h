// What the NAL units of H.264 say about their pictures. They are given with their NAL header.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define H264_SET_MAX 512 // bytes of a parameter set

// What a sequence parameter set says (H.264 7.3.2.1.1).
struct h264_sps {
	bool known;
	bool separate_planes;
	uint8_t frame_num_bits;
	uint16_t width, height;
};

// A picture's place among those that others are predicted from (H.264 7.4.3): frame_num is one more
// than that of the last reference picture before it.
struct h264_order {
	bool known;
	bool reference;
	uint8_t frame_num_bits;
	uint16_t frame_num;
};

// 0; -EBADMSG: malformed, and nothing has changed.
[[nodiscard]] int h264_sps_read(const uint8_t *nal, size_t len, struct h264_sps *);

// Of a slice's picture.
struct h264_order h264_order_read(const uint8_t *nal, size_t len, const struct h264_sps *);

// pic_parameter_set_id of a picture parameter set; UINT32_MAX if it is malformed.
uint32_t h264_pps_id(const uint8_t *nal, size_t len);
