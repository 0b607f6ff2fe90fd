#include "wire/rtcp.h"

#include <errno.h>

#define RTCP_HEADER_LEN 4
#define RTCP_REPORT_LEN 24
#define RTCP_PADDING    0x20 // in the first byte
#define RTCP_VERSION    0x80
#define SDES_CNAME      1
#define SENDER_INFO_LEN 24 // SSRC included
#define FEEDBACK_LEN    8
#define FIR_LEN         8
#define REMB_MAGIC      0x52454D42 // draft-alvestrand-rmcat-remb-03 2.2: "REMB"
#define REMB_MANTISSA   18 // bits

enum rtcp_type {
	TYPE_SR = 200,
	TYPE_RR = 201,
	TYPE_SDES = 202,
	TYPE_BYE = 203,
	TYPE_RTPFB = 205,
	TYPE_PSFB = 206,
};

enum rtcp_fmt {
	FMT_RTPFB_NACK = 1, // RFC 4585 6.2.1
	FMT_RTPFB_TRANSPORT_CC = 15,
	FMT_PSFB_PLI = 1, // RFC 4585 6.3.1
	FMT_PSFB_FIR = 4, // RFC 5104 4.3.1
	FMT_PSFB_AFB = 15, // REMB is an application layer feedback
};

static bool is_remb(const struct rtcp_view *v)
{
	struct am_reader r = am_reader_init(v->body, v->body_len);
	am_reader_take(&r, FEEDBACK_LEN);
	return am_read_u32(&r) == REMB_MAGIC;
}

static enum rtcp_kind kind_of(const struct rtcp_view *v)
{
	switch (v->type) {
	case TYPE_SR: return RTCP_SR;
	case TYPE_RR: return RTCP_RR;
	case TYPE_SDES: return RTCP_SDES;
	case TYPE_BYE: return RTCP_BYE;
	case TYPE_RTPFB:
		if (v->count == FMT_RTPFB_NACK)
			return RTCP_NACK;
		return v->count == FMT_RTPFB_TRANSPORT_CC ? RTCP_TRANSPORT_CC : RTCP_OTHER;
	case TYPE_PSFB:
		if (v->count == FMT_PSFB_PLI)
			return RTCP_PLI;
		if (v->count == FMT_PSFB_FIR)
			return RTCP_FIR;
		return v->count == FMT_PSFB_AFB && is_remb(v) ? RTCP_REMB : RTCP_OTHER;
	default: return RTCP_OTHER;
	}
}

struct rtcp_iter rtcp_begin(const uint8_t *packet, size_t len)
{
	return (struct rtcp_iter){.reader = am_reader_init(packet, len)};
}

// RFC 3550 6.4.1: the last byte counts the padding. Browsers pad transport-wide feedback by one to
// three bytes and anywhere in a compound, so we require neither whole words nor the last packet.
static bool strip_padding(struct rtcp_view *v)
{
	if (v->body_len == 0)
		return false;

	uint8_t padding = v->body[v->body_len - 1];
	if (padding == 0 || padding > v->body_len)
		return false;
	v->body_len = (uint16_t)(v->body_len - padding);
	return true;
}

bool rtcp_next(struct rtcp_iter *it, struct rtcp_view *view)
{
	struct am_reader *r = &it->reader;
	if (r->failed || am_reader_left(r) == 0)
		return false;

	uint8_t first = am_read_u8(r);
	struct rtcp_view v = {.type = am_read_u8(r), .count = first & 0x1F};
	size_t body_len = 4 * (size_t)am_read_u16(r);
	// A datagram is shorter than 64 KB, so a body that fits also fits its 16-bit length.
	v.body = am_reader_take(r, body_len);
	if (r->failed || body_len > UINT16_MAX || first >> 6 != 2) {
		r->failed = true;
		return false;
	}
	v.body_len = (uint16_t)body_len;
	if ((first & RTCP_PADDING) != 0 && !strip_padding(&v)) {
		r->failed = true;
		return false;
	}
	v.kind = kind_of(&v);
	*view = v;
	return true;
}

int rtcp_parse_sender_info(const struct rtcp_view *v, struct rtcp_sender_info *info)
{
	struct am_reader r = am_reader_init(v->body, v->body_len);
	info->ssrc = am_read_u32(&r);
	info->ntp = am_read_u64(&r);
	info->rtp_timestamp = am_read_u32(&r);
	info->packets = am_read_u32(&r);
	info->octets = am_read_u32(&r);
	return r.failed ? -EBADMSG : 0;
}

int rtcp_parse_feedback(const struct rtcp_view *v, struct rtcp_feedback *feedback)
{
	struct am_reader r = am_reader_init(v->body, v->body_len);
	feedback->sender_ssrc = am_read_u32(&r);
	feedback->media_ssrc = am_read_u32(&r);
	return r.failed ? -EBADMSG : 0;
}

int rtcp_parse_remb(const struct rtcp_view *v, struct rtcp_remb *remb)
{
	struct am_reader r = am_reader_init(v->body, v->body_len);
	remb->sender_ssrc = am_read_u32(&r);
	am_reader_take(&r, 8); // media SSRC, always 0, and the magic
	remb->ssrc_count = am_read_u8(&r);
	uint32_t bits = am_read_u24(&r);
	if (r.failed)
		return -EBADMSG;

	uint32_t exponent = bits >> REMB_MANTISSA;
	uint64_t mantissa = bits & ((1u << REMB_MANTISSA) - 1);
	bool fits = mantissa <= UINT64_MAX >> exponent;
	remb->bitrate = fits ? mantissa << exponent : UINT64_MAX;
	return 0;
}

bool rtcp_report_at(const struct rtcp_view *v, uint8_t index, struct rtcp_report *report)
{
	if (index >= v->count || (v->kind != RTCP_SR && v->kind != RTCP_RR))
		return false;

	struct am_reader r = am_reader_init(v->body, v->body_len);
	am_reader_take(&r, v->kind == RTCP_SR ? SENDER_INFO_LEN : 4);
	am_reader_take(&r, (size_t)index * RTCP_REPORT_LEN);
	report->ssrc = am_read_u32(&r);
	report->fraction_lost = am_read_u8(&r);
	report->cumulative_lost = (int32_t)(am_read_u24(&r) << 8) >> 8;
	report->highest_seq = am_read_u32(&r);
	report->jitter = am_read_u32(&r);
	report->last_sr = am_read_u32(&r);
	report->delay_since_last_sr = am_read_u32(&r);
	return !r.failed;
}

bool rtcp_bye_at(const struct rtcp_view *v, uint8_t index, uint32_t *ssrc)
{
	if (index >= v->count || v->kind != RTCP_BYE)
		return false;

	struct am_reader r = am_reader_init(v->body, v->body_len);
	am_reader_take(&r, (size_t)index * 4);
	*ssrc = am_read_u32(&r);
	return !r.failed;
}

bool rtcp_fir_at(const struct rtcp_view *v, uint8_t index, struct rtcp_fir *fir)
{
	if (v->kind != RTCP_FIR)
		return false;

	struct am_reader r = am_reader_init(v->body, v->body_len);
	am_reader_take(&r, FEEDBACK_LEN + (size_t)index * FIR_LEN);
	fir->ssrc = am_read_u32(&r);
	fir->seq = am_read_u8(&r);
	am_reader_take(&r, 3);
	return !r.failed;
}

struct rtcp_nack_iter rtcp_nack_begin(const struct rtcp_view *v)
{
	struct rtcp_nack_iter it = {
	        .reader = am_reader_init(v->body, v->kind == RTCP_NACK ? v->body_len : 0),
	};
	am_reader_take(&it.reader, FEEDBACK_LEN);
	return it;
}

bool rtcp_nack_next(struct rtcp_nack_iter *it, uint16_t *seq)
{
	if (it->left == 0) {
		it->pid = am_read_u16(&it->reader);
		it->left = (uint32_t)am_read_u16(&it->reader) << 1 | 1;
		if (it->reader.failed) {
			it->left = 0;
			return false;
		}
	}
	int bit = __builtin_ctz(it->left);
	it->left &= it->left - 1;
	*seq = (uint16_t)(it->pid + bit);
	return true;
}

static void put_header(uint8_t *p, uint8_t count, enum rtcp_type type, size_t len)
{
	p[0] = (uint8_t)(RTCP_VERSION | count);
	p[1] = (uint8_t)type;
	am_put_u16(p + 2, (uint16_t)(len / 4 - 1)); // RFC 3550 6.4.1: words minus one
}

static void put_feedback(
        uint8_t *p, uint8_t fmt, enum rtcp_type type, const struct rtcp_feedback *f, size_t len
)
{
	put_header(p, fmt, type, len);
	am_put_u32(p + 4, f->sender_ssrc);
	am_put_u32(p + 8, f->media_ssrc);
}

size_t rtcp_build_sr(
        uint8_t *buf, size_t size, const struct rtcp_sender_info *info, const char *cname,
        uint8_t cname_len
)
{
	size_t sr_len = RTCP_HEADER_LEN + SENDER_INFO_LEN;
	// RFC 3550 6.5: items end with at least one zero byte, up to a word boundary.
	size_t items_len = (2u + cname_len + 1 + 3) & ~(size_t)3;
	size_t sdes_len = RTCP_HEADER_LEN + 4 + items_len;
	if (size < sr_len + sdes_len)
		return 0;

	put_header(buf, 0, TYPE_SR, sr_len);
	am_put_u32(buf + 4, info->ssrc);
	am_put_u64(buf + 8, info->ntp);
	am_put_u32(buf + 16, info->rtp_timestamp);
	am_put_u32(buf + 20, info->packets);
	am_put_u32(buf + 24, info->octets);

	uint8_t *sdes = buf + sr_len;
	put_header(sdes, 1, TYPE_SDES, sdes_len);
	am_put_u32(sdes + 4, info->ssrc);
	memset(sdes + 8, 0, items_len);
	sdes[8] = SDES_CNAME;
	sdes[9] = cname_len;
	memcpy(sdes + 10, cname, cname_len);
	return sr_len + sdes_len;
}

size_t rtcp_build_rr(
        uint8_t *buf, size_t size, uint32_t sender_ssrc, const struct rtcp_report *reports,
        uint8_t n
)
{
	size_t len = RTCP_HEADER_LEN + 4 + (size_t)n * RTCP_REPORT_LEN;
	if (n > RTCP_REPORT_COUNT_MAX || size < len)
		return 0;

	put_header(buf, n, TYPE_RR, len);
	am_put_u32(buf + 4, sender_ssrc);
	uint8_t *p = buf + 8;
	for (uint8_t i = 0; i < n; i++, p += RTCP_REPORT_LEN) {
		const struct rtcp_report *r = &reports[i];
		am_put_u32(p, r->ssrc);
		p[4] = r->fraction_lost;
		am_put_u24(p + 5, (uint32_t)r->cumulative_lost & 0xFFFFFF);
		am_put_u32(p + 8, r->highest_seq);
		am_put_u32(p + 12, r->jitter);
		am_put_u32(p + 16, r->last_sr);
		am_put_u32(p + 20, r->delay_since_last_sr);
	}
	return len;
}

size_t rtcp_build_nack(
        uint8_t *buf, size_t size, const struct rtcp_feedback *feedback, const uint16_t *seqs,
        uint16_t n
)
{
	size_t len = RTCP_HEADER_LEN + FEEDBACK_LEN;
	for (uint16_t i = 0; i < n;) {
		uint16_t pid = seqs[i++], bits = 0;
		for (; i < n; i++) {
			uint16_t ahead = (uint16_t)(seqs[i] - pid);
			if (ahead >= RTCP_NACK_SPAN)
				break;
			if (ahead > 0)
				bits |= (uint16_t)(1u << (ahead - 1));
		}
		if (len + 4 > size)
			return 0;
		am_put_u16(buf + len, pid);
		am_put_u16(buf + len + 2, bits);
		len += 4;
	}
	if (n == 0 || len / 4 - 1 > UINT16_MAX)
		return 0;

	put_feedback(buf, FMT_RTPFB_NACK, TYPE_RTPFB, feedback, len);
	return len;
}

size_t rtcp_build_pli(uint8_t *buf, size_t size, const struct rtcp_feedback *feedback)
{
	size_t len = RTCP_HEADER_LEN + FEEDBACK_LEN;
	if (size < len)
		return 0;

	put_feedback(buf, FMT_PSFB_PLI, TYPE_PSFB, feedback, len);
	return len;
}
