// What the first bytes of an RTP payload say about its frame: key frame, temporal layer, picture
// numbers. Tolerant: a payload that makes no sense gives no information but is still relayed.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dependency_frame;

enum codec {
	CODEC_OPUS,
	CODEC_VP8,
	CODEC_H264,
	CODEC_VP9,
	CODEC_AV1,
};

#define CODEC_REFS_MAX 3 // RFC 9628 4.2

// Which H.264 NAL units a packet contains (7.4.1). access_unit.h finds the packets of a key frame.
enum h264_units {
	H264_SPS = 1,
	H264_PPS = 2,
	H264_IDR = 4, // begins a picture with which decoding may begin
	H264_SLICE = 8, // of any picture
	H264_OTHER = 16, // SEI, delimiters, padding
};

// Offsets count from the payload's first byte.
struct frame_info {
	bool key_frame; // this packet begins a key frame; H.264: its IDR picture
	bool begin; // this packet begins a picture
	bool discardable; // VP8 N, H.264 nal_ref_idc 0: no other picture is predicted from this one
	bool layer_sync; // VP8 Y: this temporal layer may be entered with this picture
	bool switch_up; // VP9 U, AV1: all higher temporal layers may be entered after this picture
	bool layer_begin; // VP9 B: begins a spatial layer of a picture
	bool layer_end; // VP9 E: ends one
	bool spatial_sync; // VP9 P 0: this spatial layer may be entered from the one below
	bool inter_layer; // VP9 D: requires the spatial layer below
	bool picture_refs; // VP9: pictures are referred to by the distance of their ids
	bool has_tl0picidx;
	uint8_t h264_units;
	uint8_t temporal_id; // 0 if there are no layers
	uint8_t spatial_id;
	uint8_t ref_count; // VP9 in flexible mode: pictures that this one is predicted from
	uint8_t refs[CODEC_REFS_MAX]; // distances of their ids, P_DIFF
	uint8_t picture_id_bits; // 7, 15, or 0 = none
	uint8_t picture_id_offset;
	uint8_t tl0picidx_offset;
	uint8_t tl0picidx;
	uint16_t picture_id;
};

// Fill *info, with zeros if nothing is known. Returns 0, or -EBADMSG for a malformed payload.
int codec_inspect(enum codec, const uint8_t *payload, size_t len, struct frame_info *info);

// AV1: what the packet's dependency descriptor adds. The payload still decides what is a key frame,
// since viewers get nothing else. A stream with spatial layers is relayed whole, so it has no
// layers here.
void codec_describe(struct frame_info *, const struct dependency_frame *);

// For a track of several encodings: the stream says which encoding a packet belongs to, so a
// spatial id that the encoder has left in it means nothing.
void codec_ignore_spatial(struct frame_info *);

// Write a viewer's numbers over those in a copy of the payload (or of its first bytes, up to both
// offsets). The width of the picture id stays. Fields that *info does not have are left alone.
void codec_patch(
        uint8_t *payload, const struct frame_info *info, uint16_t picture_id, uint8_t tl0picidx
);
