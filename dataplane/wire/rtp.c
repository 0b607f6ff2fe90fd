#include "wire/rtp.h"

#include <assert.h>
#include <errno.h>

#define EXT_SEND_TIME_LEN    3
#define EXT_TRANSPORT_CC_LEN 2
#define EXT_ONE_BYTE_LEN_MAX 16 // RFC 8285 4.2
#define EXT_STOP_ID          15 // RFC 8285 4.2: ends the walk over one-byte elements

static_assert(RTP_EXT_CLIENT_ID_MAX < 32); // the rewriter keeps a bit per id

int rtp_parse_header(const uint8_t *packet, size_t len, struct rtp_view *view)
{
	if (len > UINT16_MAX)
		return -EBADMSG;

	struct am_reader r = am_reader_init(packet, len);
	uint8_t first = am_read_u8(&r);
	uint8_t second = am_read_u8(&r);
	struct rtp_view v = {
	        .csrc_count = first & 0x0F,
	        .marker = (second & RTP_MARKER) != 0,
	        .pt = second & 0x7F,
	};
	v.seq = am_read_u16(&r);
	v.timestamp = am_read_u32(&r);
	v.ssrc = am_read_u32(&r);
	am_reader_take(&r, 4u * v.csrc_count);
	if ((first & 0x10) != 0) {
		v.ext_profile = am_read_u16(&r);
		size_t ext_len = 4 * (size_t)am_read_u16(&r);
		v.ext_offset = (uint16_t)(r.next - packet);
		am_reader_take(&r, ext_len);
		v.ext_len = (uint16_t)ext_len; // it fits if the take did
	}
	if (r.failed || first >> 6 != 2)
		return -EBADMSG;

	v.payload_offset = (uint16_t)(r.next - packet);
	v.payload_len = (uint16_t)am_reader_left(&r);
	*view = v;
	return 0;
}

int rtp_parse(const uint8_t *packet, size_t len, struct rtp_view *view)
{
	int ret = rtp_parse_header(packet, len, view);
	if (ret < 0 || (packet[0] & 0x20) == 0)
		return ret;

	// RFC 3550 5.1: the last byte counts the padding, itself included.
	struct am_reader r = am_reader_init(packet + view->payload_offset, view->payload_len);
	if (view->payload_len == 0)
		return -EBADMSG;
	am_reader_take(&r, view->payload_len - 1u);
	uint8_t padding = am_read_u8(&r);
	if (padding == 0 || padding > view->payload_len)
		return -EBADMSG;

	view->padding_len = padding;
	view->payload_len = (uint16_t)(view->payload_len - padding);
	return 0;
}

struct rtp_ext_iter rtp_ext_begin(const uint8_t *packet, const struct rtp_view *view)
{
	bool known = view->ext_profile == RTP_EXT_ONE_BYTE ||
	             (view->ext_profile & 0xFFF0) == RTP_EXT_TWO_BYTE;
	bool walk = view->ext_offset != 0 && known;
	return (struct rtp_ext_iter){
	        .reader = am_reader_init(packet + view->ext_offset, walk ? view->ext_len : 0),
	        .packet = packet,
	        .profile = view->ext_profile,
	};
}

static bool ext_next_one_byte(struct rtp_ext_iter *it, struct rtp_ext *ext)
{
	struct am_reader *r = &it->reader;
	while (!r->failed && am_reader_left(r) > 0) {
		uint8_t head = am_read_u8(r);
		if (head == 0)
			continue; // padding
		// RFC 8285 4.2: id 15, and id 0 with a length, end the walk.
		if (head >> 4 == EXT_STOP_ID || head >> 4 == 0) {
			r->next = r->end;
			return false;
		}
		ext->id = head >> 4;
		ext->len = (uint8_t)((head & 0x0F) + 1);
		ext->offset = (uint16_t)(r->next - it->packet);
		return am_reader_take(r, ext->len) != NULL;
	}
	return false;
}

static bool ext_next_two_byte(struct rtp_ext_iter *it, struct rtp_ext *ext)
{
	struct am_reader *r = &it->reader;
	while (!r->failed && am_reader_left(r) > 0) {
		ext->id = am_read_u8(r);
		if (ext->id == 0)
			continue; // padding is a single byte, RFC 8285 4.3
		ext->len = am_read_u8(r);
		ext->offset = (uint16_t)(r->next - it->packet);
		return am_reader_take(r, ext->len) != NULL;
	}
	return false;
}

bool rtp_ext_next(struct rtp_ext_iter *it, struct rtp_ext *ext)
{
	if (it->profile == RTP_EXT_ONE_BYTE)
		return ext_next_one_byte(it, ext);
	return ext_next_two_byte(it, ext);
}

bool rtp_ext_find(
        const uint8_t *packet, const struct rtp_view *view, uint8_t id, struct rtp_ext *ext
)
{
	struct rtp_ext_iter it = rtp_ext_begin(packet, view);
	while (rtp_ext_next(&it, ext)) {
		if (ext->id == id)
			return true;
	}
	return false;
}

int rtp_restore_rtx(const uint8_t *packet, struct rtp_view *view, uint32_t ssrc, uint8_t pt)
{
	if (view->payload_len <= RTP_RTX_OSN_LEN)
		return -EBADMSG;

	struct am_reader r = am_reader_init(packet + view->payload_offset, RTP_RTX_OSN_LEN);
	view->seq = am_read_u16(&r);
	view->payload_offset += RTP_RTX_OSN_LEN;
	view->payload_len -= RTP_RTX_OSN_LEN;
	view->ssrc = ssrc;
	view->pt = pt;
	return 0;
}

// Copy the elements that the map lets through to header[at...limit). Each room id once: a packet
// that repeats an element must not fill the header. Returns where the next byte goes, or -EBADMSG.
static int ext_copy(
        const uint8_t *packet, const struct rtp_view *view, const struct rtp_ext_map *map,
        uint8_t *header, int at, int limit
)
{
	struct rtp_ext_iter it = rtp_ext_begin(packet, view);
	struct rtp_ext ext;
	uint32_t copied = 0;
	while (rtp_ext_next(&it, &ext)) {
		if (ext.id > RTP_EXT_CLIENT_ID_MAX || ext.len == 0 ||
		    ext.len > EXT_ONE_BYTE_LEN_MAX)
			continue;
		uint8_t room_id = map->room_id[ext.id];
		if (room_id == 0 || room_id > RTP_EXT_ROOM_ID_MAX || (copied >> room_id & 1) != 0)
			continue;
		if (at + 1 + ext.len > limit)
			continue;

		copied |= UINT32_C(1) << room_id;
		header[at++] = (uint8_t)(room_id << 4 | (ext.len - 1));
		memcpy(header + at, packet + ext.offset, ext.len);
		at += ext.len;
	}
	return it.reader.failed ? -EBADMSG : at;
}

int rtp_rewrite_track(
        const uint8_t *packet, const struct rtp_view *view, const struct rtp_track_format *format,
        uint8_t header[static RTP_TRACK_HEADER_LEN_MAX], struct rtp_template *template
)
{
	int at = RTP_HEADER_LEN + 4;
	int mid_len = format->mid_id != 0 ? 1 + RTP_MID_LEN_MAX : 0;
	struct rtp_template t = {
	        .transport_cc_id = format->transport_cc_id, .mid_id = format->mid_id};

	memset(header, 0, RTP_TRACK_HEADER_LEN_MAX);
	if (format->abs_send_time_id != 0) {
		header[at] = (uint8_t)(format->abs_send_time_id << 4 | (EXT_SEND_TIME_LEN - 1));
		t.abs_send_time_offset = (uint8_t)(at + 1);
		at += 1 + EXT_SEND_TIME_LEN;
	}
	if (format->transport_cc_id != 0) {
		t.transport_cc_offset = (uint8_t)at;
		at += 1 + EXT_TRANSPORT_CC_LEN;
	}
	at = ext_copy(
	        packet, view, &format->ext_map, header, at, RTP_TRACK_HEADER_LEN_MAX - mid_len
	);
	if (at < 0)
		return at;
	if (mid_len != 0) {
		t.mid_offset = (uint8_t)at;
		at += mid_len;
	}

	bool has_ext = at > RTP_HEADER_LEN + 4;
	t.len = RTP_HEADER_LEN;
	if (has_ext) {
		t.len = (uint8_t)((at + 3) & ~3);
		am_put_u16(header + RTP_HEADER_LEN, RTP_EXT_ONE_BYTE);
		am_put_u16(header + RTP_HEADER_LEN + 2, (uint16_t)(t.len / 4 - 4));
	}
	header[0] = has_ext ? 0x90 : 0x80;
	header[1] = (uint8_t)((view->marker ? RTP_MARKER : 0) | format->pt);
	rtp_set_seq(header, view->seq);
	rtp_set_timestamp(header, view->timestamp);
	rtp_set_ssrc(header, view->ssrc);
	*template = t;
	return 0;
}
