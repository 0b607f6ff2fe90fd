// Access units of H.264: payloads of RTP (RFC 6184: single NAL units, STAP-A, FU-A) become Annex B,
// and each IDR picture has its parameter sets before it, the last ones received if its own access
// unit has none.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/h264_header.h"

struct frame_bytes;

#define H264_PPS_KEPT 4

struct h264_set {
	uint16_t len; // 0: none
	uint8_t bytes[H264_SET_MAX]; // of the NAL unit
};

// All zero at first.
struct h264_unit {
	struct h264_sps facts; // of sps
	struct h264_set sps;
	struct h264_set pps[H264_PPS_KEPT];
	uint8_t pps_next; // to be replaced
	// Of this access unit.
	struct h264_order order;
	size_t nal_at; // where the current NAL unit begins, behind its start code
	bool fragment; // a FU-A has begun and not ended
	bool has_sps, has_pps, has_slice, has_idr;
};

void h264_begin(struct h264_unit *);

// 0 or -EBADMSG.
[[nodiscard]] int
h264_append(struct h264_unit *, struct frame_bytes *, const uint8_t *payload, size_t len);

// Completes the parameter sets of an IDR picture. 0 or -EBADMSG.
[[nodiscard]] int h264_finish(struct h264_unit *, struct frame_bytes *);
