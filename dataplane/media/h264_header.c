#include "media/h264_header.h"

#include "media/bits.h"

#include <errno.h>

#define CHROMA_444   3
#define SIZE_MAX_MBS 1024 // 16384 pixels

// ue(v) of H.264 9.1.
static uint32_t take_ue(struct bits *b)
{
	unsigned zeros = 0;
	while (!bits_flag(b)) {
		if (b->bytes.failed || ++zeros > 31) {
			b->bytes.failed = true;
			return 0;
		}
	}
	return (uint32_t)((UINT64_C(1) << zeros) - 1 + bits_take(b, zeros));
}

// se(v): k codes (−1)^(k+1) ⌈k/2⌉.
static int64_t take_se(struct bits *b)
{
	int64_t k = take_ue(b);
	return (k & 1) != 0 ? (k + 1) / 2 : -k / 2;
}

// The profiles that say how they code colours (7.3.2.1.1).
static bool has_chroma_format(uint8_t profile)
{
	switch (profile) {
	case 44:
	case 83:
	case 86:
	case 100:
	case 110:
	case 118:
	case 122:
	case 128:
	case 134:
	case 135:
	case 138:
	case 139:
	case 244: return true;
	default: return false;
	}
}

// scaling_list of 7.3.2.1.1.1: only its length matters.
static void skip_scaling_list(struct bits *b, unsigned size)
{
	int64_t next = 8;
	for (unsigned i = 0; i < size && next != 0 && !b->bytes.failed; i++)
		next = (next + take_se(b)) & 0xFF;
}

static uint32_t read_chroma_format(struct bits *b, struct h264_sps *s)
{
	uint32_t format = take_ue(b);
	if (format == CHROMA_444)
		s->separate_planes = bits_flag(b);
	take_ue(b); // bit depths
	take_ue(b);
	bits_skip(b, 1); // qpprime_y_zero_transform_bypass_flag
	if (bits_flag(b)) {
		for (unsigned i = 0; i < (format == CHROMA_444 ? 12 : 8); i++) {
			if (bits_flag(b))
				skip_scaling_list(b, i < 6 ? 16 : 64);
		}
	}
	return format;
}

static void skip_picture_order(struct bits *b)
{
	uint32_t type = take_ue(b);
	if (type == 0) {
		take_ue(b);
	} else if (type == 1) {
		bits_skip(b, 1);
		take_se(b);
		take_se(b);
		uint32_t count = take_ue(b);
		for (uint32_t i = 0; i < count && !b->bytes.failed; i++)
			take_se(b);
	}
}

// The size in pixels, without what is cropped (7.4.2.1.1). False if that makes no sense.
static bool read_size(struct bits *b, uint32_t chroma_format, struct h264_sps *s)
{
	uint32_t width = take_ue(b), height = take_ue(b);
	bool frames_only = bits_flag(b);
	if (!frames_only)
		bits_skip(b, 1); // mb_adaptive_frame_field_flag
	bits_skip(b, 1); // direct_8x8_inference_flag
	if (b->bytes.failed || width >= SIZE_MAX_MBS || height >= SIZE_MAX_MBS)
		return false;
	uint32_t lines = frames_only ? 1 : 2;
	uint64_t left = 0, right = 0, top = 0, bottom = 0;
	if (bits_flag(b)) {
		left = take_ue(b);
		right = take_ue(b);
		top = take_ue(b);
		bottom = take_ue(b);
	}
	bool whole_planes = s->separate_planes || chroma_format == 0;
	uint32_t unit_x = !whole_planes && (chroma_format == 1 || chroma_format == 2) ? 2 : 1;
	uint32_t unit_y = (!whole_planes && chroma_format == 1 ? 2 : 1) * lines;
	uint64_t cut_x = (left + right) * unit_x, cut_y = (top + bottom) * unit_y;
	uint32_t full_x = (width + 1) * 16, full_y = (height + 1) * 16 * lines;
	if (b->bytes.failed || cut_x >= full_x || cut_y >= full_y)
		return false;
	s->width = (uint16_t)(full_x - cut_x);
	s->height = (uint16_t)(full_y - cut_y);
	return true;
}

// The NAL unit's bytes without those that only prevent start codes (7.4.1). Returns their number.
static size_t unescape(const uint8_t *nal, size_t len, uint8_t *raw, size_t size)
{
	size_t n = 0, zeros = 0;
	for (size_t i = 0; i < len && n < size; i++) {
		if (zeros >= 2 && nal[i] == 3) {
			zeros = 0;
			continue;
		}
		zeros = nal[i] == 0 ? zeros + 1 : 0;
		raw[n++] = nal[i];
	}
	return n;
}

int h264_sps_read(const uint8_t *nal, size_t len, struct h264_sps *found)
{
	uint8_t raw[H264_SET_MAX];
	struct bits b = bits_init(raw, unescape(nal, len, raw, sizeof(raw)));
	struct h264_sps s = {.known = true};
	bits_skip(&b, 8);
	uint8_t profile = (uint8_t)bits_take(&b, 8);
	bits_skip(&b, 16); // constraints, level
	take_ue(&b); // id
	uint32_t chroma_format = has_chroma_format(profile) ? read_chroma_format(&b, &s) : 1;
	uint32_t frame_num_bits = take_ue(&b);
	skip_picture_order(&b);
	take_ue(&b); // max_num_ref_frames
	bits_skip(&b, 1); // gaps_in_frame_num_value_allowed_flag
	if (frame_num_bits > 12 || !read_size(&b, chroma_format, &s))
		return -EBADMSG;
	s.frame_num_bits = (uint8_t)(frame_num_bits + 4);
	*found = s;
	return 0;
}

// slice_header of 7.3.3, up to frame_num.
struct h264_order h264_order_read(const uint8_t *nal, size_t len, const struct h264_sps *sps)
{
	uint8_t raw[32];
	struct bits b = bits_init(raw, unescape(nal, len, raw, sizeof(raw)));
	uint8_t header = (uint8_t)bits_take(&b, 8);
	take_ue(&b); // first_mb_in_slice
	take_ue(&b); // slice_type
	take_ue(&b); // pic_parameter_set_id
	if (sps->separate_planes)
		bits_skip(&b, 2);
	return (struct h264_order){
	        .reference = (header & 0x60) != 0,
	        .frame_num = (uint16_t)bits_take(&b, sps->frame_num_bits),
	        .frame_num_bits = sps->frame_num_bits,
	        .known = sps->known && !b.bytes.failed,
	};
}

uint32_t h264_pps_id(const uint8_t *nal, size_t len)
{
	uint8_t raw[16];
	struct bits b = bits_init(raw, unescape(nal, len, raw, sizeof(raw)));
	bits_skip(&b, 8);
	uint32_t id = take_ue(&b);
	return b.bytes.failed ? UINT32_MAX : id;
}
