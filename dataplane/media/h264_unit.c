#include "media/h264_unit.h"

#include "am_reader.h"
#include "media/frame_bytes.h"

#include <errno.h>

// nal_unit_type of H.264 table 7-1, and of RFC 6184 5.2.
enum nal_type {
	NAL_SLICE = 1,
	NAL_IDR = 5,
	NAL_SEI = 6,
	NAL_SPS = 7,
	NAL_PPS = 8,
	NAL_DELIMITER = 9,
	NAL_FILLER = 12,
	NAL_SINGLE_MAX = 23,
	NAL_STAP_A = 24,
	NAL_FU_A = 28,
};

static const uint8_t start_code[] = {0, 0, 0, 1};

void h264_begin(struct h264_unit *u)
{
	u->order = (struct h264_order){0};
	u->fragment = u->has_sps = u->has_pps = u->has_slice = u->has_idr = false;
}

static void set_keep(struct h264_set *set, const uint8_t *nal, size_t len)
{
	memcpy(set->bytes, nal, len);
	set->len = (uint16_t)len;
}

static int sps_keep(struct h264_unit *u, const uint8_t *nal, size_t len)
{
	if (len > H264_SET_MAX || h264_sps_read(nal, len, &u->facts) != 0)
		return -EBADMSG;
	set_keep(&u->sps, nal, len);
	u->has_sps = true;
	return 0;
}

static int pps_keep(struct h264_unit *u, const uint8_t *nal, size_t len)
{
	uint32_t id = h264_pps_id(nal, len);
	if (len > H264_SET_MAX || id == UINT32_MAX)
		return -EBADMSG;
	u->has_pps = true;
	for (unsigned i = 0; i < H264_PPS_KEPT; i++) {
		struct h264_set *set = &u->pps[i];
		if (set->len == 0 || h264_pps_id(set->bytes, set->len) == id) {
			set_keep(set, nal, len);
			return 0;
		}
	}
	set_keep(&u->pps[u->pps_next++ % H264_PPS_KEPT], nal, len);
	return 0;
}

// The NAL unit at nal_at is whole.
static int nal_end(struct h264_unit *u, struct frame_bytes *b)
{
	if (b->failed)
		return -EBADMSG;
	const uint8_t *nal = b->bytes + u->nal_at;
	size_t len = b->len - u->nal_at;
	uint8_t type = nal[0] & 0x1F;
	if (type == NAL_SPS)
		return sps_keep(u, nal, len);
	if (type == NAL_PPS)
		return pps_keep(u, nal, len);
	if (type >= NAL_SLICE && type <= NAL_IDR) {
		if (!u->has_slice)
			u->order = h264_order_read(nal, len, &u->facts);
		u->has_slice = true;
		u->has_idr |= type == NAL_IDR;
	} else if (type >= NAL_DELIMITER && type <= NAL_FILLER) {
		b->len = u->nal_at - sizeof(start_code); // nothing to decode in it
	}
	return 0;
}

static void nal_begin(struct h264_unit *u, struct frame_bytes *b)
{
	frame_bytes_append(b, start_code, sizeof(start_code));
	u->nal_at = b->len;
}

static int append_nal(struct h264_unit *u, struct frame_bytes *b, const uint8_t *nal, size_t len)
{
	uint8_t type = len > 0 ? nal[0] & 0x1F : 0;
	if (type == 0 || type > NAL_SINGLE_MAX || u->fragment)
		return -EBADMSG;
	nal_begin(u, b);
	frame_bytes_append(b, nal, len);
	return nal_end(u, b);
}

// RFC 6184 5.7.1. Some encoders pad with zeros after the last unit.
static int append_stap_a(struct h264_unit *u, struct frame_bytes *b, struct am_reader *r)
{
	while (am_reader_left(r) > 1) {
		uint16_t len = am_read_u16(r);
		const uint8_t *nal = am_reader_take(r, len);
		if (r->failed)
			return -EBADMSG;
		if (len == 0)
			return 0;
		int ret = append_nal(u, b, nal, len);
		if (ret != 0)
			return ret;
	}
	return 0;
}

// RFC 6184 5.8: S E R and the type, the rest of the NAL header in the indicator.
static int
append_fu_a(struct h264_unit *u, struct frame_bytes *b, uint8_t indicator, struct am_reader *r)
{
	uint8_t fu = am_read_u8(r);
	bool begins = (fu & 0x80) != 0, ends = (fu & 0x40) != 0;
	uint8_t header = (indicator & 0xE0) | (fu & 0x1F);
	if (r->failed || begins == u->fragment || (fu & 0x1F) == 0)
		return -EBADMSG;
	if (begins) {
		nal_begin(u, b);
		frame_bytes_append(b, &header, 1);
	}
	frame_bytes_append(b, r->next, am_reader_left(r));
	u->fragment = !ends;
	if (b->failed)
		return -EBADMSG;
	return ends ? nal_end(u, b) : 0;
}

int h264_append(struct h264_unit *u, struct frame_bytes *b, const uint8_t *payload, size_t len)
{
	struct am_reader r = am_reader_init(payload, len);
	uint8_t indicator = am_read_u8(&r);
	switch (indicator & 0x1F) {
	case NAL_STAP_A: return append_stap_a(u, b, &r);
	case NAL_FU_A: return append_fu_a(u, b, indicator, &r);
	default: return append_nal(u, b, payload, len);
	}
}

static int insert_set(struct frame_bytes *b, size_t *at, const struct h264_set *set)
{
	if (set->len == 0)
		return 0;
	uint8_t *place = frame_bytes_insert(b, *at, sizeof(start_code) + set->len);
	if (place == NULL)
		return -EBADMSG;
	memcpy(place, start_code, sizeof(start_code));
	memcpy(place + sizeof(start_code), set->bytes, set->len);
	*at += sizeof(start_code) + set->len;
	return 0;
}

int h264_finish(struct h264_unit *u, struct frame_bytes *b)
{
	if (u->fragment)
		return -EBADMSG;
	if (!u->has_slice)
		b->len = 0; // parameter sets alone: kept for the next IDR picture
	if (!u->has_idr || (u->has_sps && u->has_pps))
		return 0;
	if (u->sps.len == 0 || u->pps[0].len == 0)
		return -EBADMSG;

	size_t at = 0;
	int ret = insert_set(b, &at, &u->sps);
	for (unsigned i = 0; ret == 0 && i < H264_PPS_KEPT; i++)
		ret = insert_set(b, &at, &u->pps[i]);
	return ret;
}
