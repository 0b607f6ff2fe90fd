#include "media/codec.h"

#include "am_reader.h"
#include "media/dependency_descriptor.h"

#include <errno.h>

#define H264_NAL_SLICE  1
#define H264_NAL_IDR    5
#define H264_NAL_SEI    6
#define H264_NAL_SPS    7
#define H264_NAL_PPS    8
#define H264_NAL_AUD    9
#define H264_NAL_STAP_A 24
#define H264_NAL_FU_A   28

enum av1_obu {
	AV1_OBU_SEQUENCE = 1,
	AV1_OBU_FRAME_HEADER = 3,
	AV1_OBU_FRAME = 6,
};

// PictureID of VP8 and VP9: 7 bits, or 15 with the M bit.
static void read_picture_id(struct am_reader *r, const uint8_t *payload, struct frame_info *info)
{
	info->picture_id_offset = (uint8_t)(r->next - payload);
	uint8_t first = am_read_u8(r);
	if ((first & 0x80) != 0) {
		info->picture_id = (uint16_t)((first & 0x7F) << 8 | am_read_u8(r));
		info->picture_id_bits = 15;
	} else {
		info->picture_id = first;
		info->picture_id_bits = 7;
	}
}

static void read_tl0picidx(struct am_reader *r, const uint8_t *payload, struct frame_info *info)
{
	info->tl0picidx_offset = (uint8_t)(r->next - payload);
	info->tl0picidx = am_read_u8(r);
	info->has_tl0picidx = true;
}

// RFC 7741 4.2: X R N S R PID, then I L T K, then the fields they announce.
static int inspect_vp8(struct am_reader *r, const uint8_t *payload, struct frame_info *info)
{
	uint8_t first = am_read_u8(r);
	info->begin = (first & 0x10) != 0 && (first & 0x07) == 0;
	info->discardable = (first & 0x20) != 0;
	uint8_t has = (first & 0x80) != 0 ? am_read_u8(r) : 0;
	if ((has & 0x80) != 0)
		read_picture_id(r, payload, info);
	if ((has & 0x40) != 0)
		read_tl0picidx(r, payload, info);
	if ((has & 0x30) != 0) {
		uint8_t layers = am_read_u8(r);
		if ((has & 0x20) != 0) {
			info->temporal_id = layers >> 6;
			info->layer_sync = (layers & 0x20) != 0;
		}
	}
	// RFC 7741 4.3: the lowest bit of the payload header is 0 in a key frame.
	uint8_t header = am_read_u8(r);
	info->key_frame = info->begin && (header & 0x01) == 0;
	return r->failed ? -EBADMSG : 0;
}

// One NAL unit, or its beginning in a FU-A. first_mb_in_slice 0 is the single bit 1 (H.264 7.3.3).
static void inspect_nal(uint8_t type, uint8_t slice_header, struct frame_info *info)
{
	bool first = (slice_header & 0x80) != 0;

	switch (type) {
	case H264_NAL_IDR:
		if (first) {
			info->begin = info->key_frame = true;
			info->h264_units |= H264_IDR;
		}
		info->h264_units |= H264_SLICE;
		break;
	case H264_NAL_SPS:
		info->begin = true;
		info->h264_units |= H264_SPS;
		break;
	case H264_NAL_PPS: info->h264_units |= H264_PPS; break;
	case H264_NAL_SEI:
	case H264_NAL_AUD:
		info->begin = true;
		info->h264_units |= H264_OTHER;
		break;
	default:
		if (type >= H264_NAL_SLICE && type < H264_NAL_IDR) {
			info->begin |= type == H264_NAL_SLICE && first;
			info->h264_units |= H264_SLICE;
		} else {
			info->h264_units |= H264_OTHER;
		}
		break;
	}
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] != 0)
			return false;
	}
	return true;
}

// RFC 6184 5.7.1. Some encoders pad with zeros after the last unit.
static int inspect_stap_a(struct am_reader *r, struct frame_info *info)
{
	while (am_reader_left(r) > 0) {
		if (info->h264_units != 0 && is_zero(r->next, am_reader_left(r)))
			return 0;
		uint16_t len = am_read_u16(r);
		const uint8_t *nal = am_reader_take(r, len);
		if (nal == NULL || len == 0)
			return -EBADMSG;
		inspect_nal(nal[0] & 0x1F, len > 1 ? nal[1] : 0, info);
	}
	return r->failed ? -EBADMSG : 0;
}

// RFC 6184 5.8.
static int inspect_fu_a(struct am_reader *r, struct frame_info *info)
{
	uint8_t fu = am_read_u8(r);
	uint8_t slice_header = am_read_u8(r);
	uint8_t type = fu & 0x1F;

	if (r->failed)
		return -EBADMSG;
	if ((fu & 0x80) != 0)
		inspect_nal(type, slice_header, info);
	else
		info->h264_units |= type <= H264_NAL_IDR ? H264_SLICE : H264_OTHER;
	return 0;
}

// RFC 6184 5.6 to 5.8.
static int inspect_nals(struct am_reader *r, uint8_t type, struct frame_info *info)
{
	if (type == H264_NAL_FU_A)
		return inspect_fu_a(r, info);
	if (type == H264_NAL_STAP_A)
		return inspect_stap_a(r, info);
	if (r->failed || type == 0 || type > H264_NAL_FU_A + 1)
		return -EBADMSG;

	inspect_nal(type, am_reader_left(r) > 0 ? am_read_u8(r) : 0, info);
	return 0;
}

// RFC 6184 5.3: the first byte has the highest nal_ref_idc of the packet.
static int inspect_h264(struct am_reader *r, struct frame_info *info)
{
	uint8_t first = am_read_u8(r);
	int ret = inspect_nals(r, first & 0x1F, info);
	info->discardable = (first & 0x60) == 0 && (info->h264_units & H264_SLICE) != 0;
	return ret;
}

// RFC 9628 4.2: P_DIFF of 7 bits, and N if another one follows.
static void read_refs(struct am_reader *r, struct frame_info *info)
{
	bool more = true;
	while (more && info->ref_count < CODEC_REFS_MAX) {
		uint8_t ref = am_read_u8(r);
		more = (ref & 0x01) != 0;
		info->refs[info->ref_count++] = ref >> 1;
	}
}

// RFC 9628 4.2: I P L F B E V Z, picture id, layer indices, and TL0PICIDX in non-flexible mode.
// Both modes name the pictures that a picture is predicted from by distances of picture ids: P_DIFF
// in the packet, or the picture's place in the group of pictures.
static int inspect_vp9(struct am_reader *r, const uint8_t *payload, struct frame_info *info)
{
	uint8_t first = am_read_u8(r);
	bool inter_predicted = (first & 0x40) != 0, flexible = (first & 0x10) != 0;
	if ((first & 0x80) != 0)
		read_picture_id(r, payload, info);
	if ((first & 0x20) != 0) {
		uint8_t layers = am_read_u8(r);
		info->temporal_id = layers >> 5;
		info->switch_up = (layers & 0x10) != 0;
		info->spatial_id = layers >> 1 & 0x07;
		info->inter_layer = (layers & 0x01) != 0;
		if (!flexible)
			read_tl0picidx(r, payload, info);
	}
	if (flexible && inter_predicted)
		read_refs(r, info);
	info->picture_refs = true;
	info->layer_begin = (first & 0x08) != 0;
	info->layer_end = (first & 0x04) != 0;
	info->spatial_sync = info->layer_begin && !inter_predicted;
	info->begin = info->layer_begin && info->spatial_id == 0;
	info->key_frame = info->begin && info->spatial_sync;
	return r->failed ? -EBADMSG : 0;
}

// RTP payload format for AV1, 4.4: Z Y W W N, and the first OBU unless it continues another.
// Layers are in the dependency descriptor (codec_describe): all of AV1 counts as layer 0 here.
static int inspect_av1(struct am_reader *r, struct frame_info *info)
{
	uint8_t aggregation = am_read_u8(r);
	bool continues = (aggregation & 0x80) != 0;
	uint8_t elements = aggregation >> 4 & 0x03; // 0: every element has a length
	if (continues)
		return r->failed || (aggregation & 0x08) != 0 ? -EBADMSG : 0;

	if (elements != 1) {
		// LEB128, of which only the end matters here.
		while ((am_read_u8(r) & 0x80) != 0 && !r->failed)
			;
	}
	uint8_t type = am_read_u8(r) >> 3 & 0x0F;
	if (r->failed)
		return -EBADMSG;

	info->key_frame = (aggregation & 0x08) != 0;
	info->begin = info->key_frame || type == AV1_OBU_SEQUENCE || type == AV1_OBU_FRAME_HEADER ||
	              type == AV1_OBU_FRAME;
	return 0;
}

int codec_inspect(enum codec codec, const uint8_t *payload, size_t len, struct frame_info *info)
{
	struct am_reader r = am_reader_init(payload, len);
	struct frame_info found = {0};
	int ret = 0;
	switch (codec) {
	case CODEC_OPUS: found.begin = true; break;
	case CODEC_VP8: ret = inspect_vp8(&r, payload, &found); break;
	case CODEC_H264: ret = inspect_h264(&r, &found); break;
	case CODEC_VP9: ret = inspect_vp9(&r, payload, &found); break;
	case CODEC_AV1: ret = inspect_av1(&r, &found); break;
	default: ret = -EBADMSG; break;
	}
	*info = ret == 0 ? found : (struct frame_info){0};
	return ret;
}

void codec_describe(struct frame_info *info, const struct dependency_frame *frame)
{
	if (frame->spatial_layers > 1)
		return;
	info->begin = info->key_frame || frame->begin;
	info->temporal_id = frame->temporal_id;
	info->switch_up = frame->switch_up;
}

void codec_ignore_spatial(struct frame_info *info)
{
	info->layer_end = false;
	if (info->spatial_id == 0)
		return;
	info->spatial_id = 0;
	info->begin = info->layer_begin && !info->inter_layer;
	info->key_frame = info->begin && info->spatial_sync;
}

void codec_patch(
        uint8_t *payload, const struct frame_info *info, uint16_t picture_id, uint8_t tl0picidx
)
{
	if (info->picture_id_bits == 15)
		am_put_u16(payload + info->picture_id_offset, 0x8000 | picture_id);
	else if (info->picture_id_bits == 7)
		payload[info->picture_id_offset] = picture_id & 0x7F;
	if (info->has_tl0picidx)
		payload[info->tl0picidx_offset] = tl0picidx;
}
