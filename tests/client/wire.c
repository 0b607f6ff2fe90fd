#include "wire.h"

#include <errno.h>
#include <string.h>

#define RTP_EXTENSION_ONE_BYTE 0xbede

static void extensions_parse(struct wire_rtp *p, const uint8_t *bytes, size_t len)
{
	struct am_reader r = am_reader_init(bytes, len);

	while (am_reader_left(&r) > 0) {
		uint8_t b = am_read_u8(&r);
		uint8_t id = b >> 4, n = (b & 15) + 1;
		if (b == 0)
			continue; // padding
		if (id == 15)
			return;
		const uint8_t *value = am_reader_take(&r, n);
		if (!value)
			return;
		p->ext[id] = (struct wire_ext){value, n};
	}
}

int wire_rtp_parse(struct wire_rtp *p, const uint8_t *bytes, size_t len)
{
	struct am_reader r = am_reader_init(bytes, len);
	uint8_t first = am_read_u8(&r), second = am_read_u8(&r);

	*p = (struct wire_rtp){.marker = second >> 7, .payload_type = second & 127};
	p->sequence = am_read_u16(&r);
	p->timestamp = am_read_u32(&r);
	p->ssrc = am_read_u32(&r);
	am_reader_take(&r, 4 * (size_t)(first & 15));
	if (first & 0x10) {
		uint16_t profile = am_read_u16(&r);
		size_t n = 4 * (size_t)am_read_u16(&r);
		const uint8_t *extensions = am_reader_take(&r, n);
		if (extensions && profile == RTP_EXTENSION_ONE_BYTE)
			extensions_parse(p, extensions, n);
	}
	if (r.failed || first >> 6 != 2)
		return -EBADMSG;
	p->payload = r.next;
	p->payload_len = am_reader_left(&r);
	if (first & 0x20) {
		p->padding = p->payload_len ? p->payload[p->payload_len - 1] : 0;
		if (p->padding == 0 || p->padding > p->payload_len)
			return -EBADMSG;
		p->payload_len -= p->padding;
	}
	return 0;
}

size_t wire_rtp_build(const struct wire_rtp *p, uint8_t *out)
{
	size_t n = 12;

	out[0] = 0x80;
	out[1] = (uint8_t)(p->marker << 7 | p->payload_type);
	am_put_u16(out + 2, p->sequence);
	am_put_u32(out + 4, p->timestamp);
	am_put_u32(out + 8, p->ssrc);
	for (uint8_t id = 1; id < WIRE_EXT_MAX; id++) {
		if (!p->ext[id].bytes)
			continue;
		if (n == 12)
			n += 4;
		out[n++] = (uint8_t)(id << 4 | (p->ext[id].len - 1));
		memcpy(out + n, p->ext[id].bytes, p->ext[id].len);
		n += p->ext[id].len;
	}
	if (n > 12) {
		while (n % 4)
			out[n++] = 0;
		out[0] |= 0x10;
		am_put_u16(out + 12, RTP_EXTENSION_ONE_BYTE);
		am_put_u16(out + 14, (uint16_t)((n - 16) / 4));
	}
	memcpy(out + n, p->payload, p->payload_len);
	return n + p->payload_len;
}

int wire_rtcp_next(struct am_reader *r, struct wire_rtcp *p)
{
	if (am_reader_left(r) == 0)
		return 0;
	uint8_t first = am_read_u8(r);
	p->type = am_read_u8(r);
	p->count = first & 31;
	p->len = 4 * (size_t)am_read_u16(r);
	p->body = am_reader_take(r, p->len);
	return r->failed || first >> 6 != 2 ? -EBADMSG : 1;
}

void wire_nack_each(
        const struct wire_rtcp *p, void (*one)(void *context, uint32_t ssrc, uint16_t sequence),
        void *context
)
{
	struct am_reader r = am_reader_init(p->body, p->len);

	am_read_u32(&r); // sender SSRC
	uint32_t ssrc = am_read_u32(&r);
	while (am_reader_left(&r) >= 4) {
		uint16_t pid = am_read_u16(&r), blp = am_read_u16(&r);
		one(context, ssrc, pid);
		for (uint16_t i = 0; i < 16; i++) {
			if (blp >> i & 1)
				one(context, ssrc, (uint16_t)(pid + i + 1));
		}
	}
}

// The common header of a packet of n bytes.
static size_t rtcp_head(uint8_t *out, uint8_t count, uint8_t type, size_t n)
{
	out[0] = (uint8_t)(0x80 | count);
	out[1] = type;
	am_put_u16(out + 2, (uint16_t)(n / 4 - 1));
	return n;
}

size_t wire_sr_build(const struct wire_sr *sr, uint8_t *out)
{
	am_put_u32(out + 4, sr->ssrc);
	am_put_u64(out + 8, sr->ntp);
	am_put_u32(out + 16, sr->rtp_timestamp);
	am_put_u32(out + 20, sr->packets);
	am_put_u32(out + 24, sr->bytes);
	return rtcp_head(out, 0, WIRE_SR, 28);
}

size_t wire_sdes_build(uint32_t ssrc, const char *cname, uint8_t *out)
{
	size_t len = strlen(cname), n = 10;

	am_put_u32(out + 4, ssrc);
	out[8] = 1; // CNAME
	out[9] = (uint8_t)len;
	memcpy(out + n, cname, len);
	n += len;
	do
		out[n++] = 0; // at least one zero byte ends the chunk (RFC 3550 6.5)
	while (n % 4);
	return rtcp_head(out, 1, WIRE_SDES, n);
}

size_t
wire_rr_build(uint32_t sender, uint32_t source, uint32_t highest, uint32_t lost, uint8_t *out)
{
	memset(out, 0, 32);
	am_put_u32(out + 4, sender);
	am_put_u32(out + 8, source);
	am_put_u32(out + 12, lost & 0xffffff);
	am_put_u32(out + 16, highest);
	return rtcp_head(out, 1, WIRE_RR, 32);
}

size_t wire_pli_build(uint32_t sender, uint32_t media, uint8_t *out)
{
	am_put_u32(out + 4, sender);
	am_put_u32(out + 8, media);
	return rtcp_head(out, WIRE_FMT_PLI, WIRE_PSFB, 12);
}

size_t wire_nack_build(
        uint32_t sender, uint32_t media, const uint16_t *sequences, size_t count, uint8_t *out
)
{
	size_t n = 12;

	am_put_u32(out + 4, sender);
	am_put_u32(out + 8, media);
	for (size_t i = 0; i < count;) {
		uint16_t pid = sequences[i++], blp = 0;
		for (; i < count && (uint16_t)(sequences[i] - pid) <= 16; i++)
			blp |= (uint16_t)(1u << (uint16_t)(sequences[i] - pid - 1));
		am_put_u16(out + n, pid);
		am_put_u16(out + n + 2, blp);
		n += 4;
	}
	return rtcp_head(out, WIRE_FMT_NACK, WIRE_RTPFB, n);
}
