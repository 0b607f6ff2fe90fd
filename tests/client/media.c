#include "media.h"

#include <errno.h>
#include <string.h>

#include "am_reader.h"

#define TAG_MAGIC  0x416d7068u
#define TAG_LEN    18
#define DESCRIPTOR 6
#define OPUS_TOC   0x78 // 20 ms of CELT, mono (RFC 6716 3.1)

static const uint8_t key_head[10] = {0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 1, 0xb4, 0};
static const uint8_t delta_head[3] = {0x11, 0, 0};

static size_t tag_put(const struct media_part *p, uint8_t *out)
{
	am_put_u32(out, TAG_MAGIC);
	am_put_u32(out + 4, p->source);
	am_put_u32(out + 8, p->frame);
	am_put_u16(out + 12, p->len);
	out[14] = p->encoding;
	out[15] = p->part;
	out[16] = p->parts;
	out[17] = p->key;
	return TAG_LEN;
}

static int tag_get(struct media_part *p, struct am_reader *r)
{
	uint32_t magic = am_read_u32(r);

	p->source = am_read_u32(r);
	p->frame = am_read_u32(r);
	p->len = am_read_u16(r);
	p->encoding = am_read_u8(r);
	p->part = am_read_u8(r);
	p->parts = am_read_u8(r);
	p->key = am_read_u8(r) & 1;
	return r->failed || magic != TAG_MAGIC ? -EBADMSG : 0;
}

static void fill(const struct media_part *p, uint8_t *out, size_t n)
{
	// Each field of the tag is included, so none can be changed without changing the rest.
	uint32_t x = p->source * 2654435761u ^ p->frame * 40503u ^ p->len * 97u ^
	             ((uint32_t)p->encoding << 24 | (uint32_t)p->part << 16 |
	              (uint32_t)p->parts << 8 | (uint32_t)p->key << 1 | 1);

	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		out[i] = (uint8_t)x;
	}
}

void media_vp8_build(const struct media_vp8 *v, uint8_t *out)
{
	size_t n = DESCRIPTOR;

	out[0] = v->part.part == 0 ? 0x90 : 0x80; // X, and S on the first packet of a frame
	out[1] = 0xf0; // I, L, T, K
	am_put_u16(out + 2, (uint16_t)(0x8000 | v->picture_id));
	out[4] = v->tl0;
	out[5] = (uint8_t)(v->temporal_layer << 6 | v->sync << 5 | (v->key_index & 31));
	if (v->part.part == 0) {
		const uint8_t *h = v->part.key ? key_head : delta_head;
		size_t len = v->part.key ? sizeof(key_head) : sizeof(delta_head);
		memcpy(out + n, h, len);
		n += len;
	}
	n += tag_put(&v->part, out + n);
	fill(&v->part, out + n, v->part.len - n);
}

void media_opus_build(const struct media_part *p, uint8_t *out)
{
	out[0] = OPUS_TOC;
	tag_put(p, out + 1);
	fill(p, out + 1 + TAG_LEN, p->len - (1u + TAG_LEN));
}

int media_vp8_check(struct media_vp8 *v, const uint8_t *payload, size_t len)
{
	struct am_reader r = am_reader_init(payload, len);
	uint8_t want[MEDIA_PAYLOAD_MAX];
	uint8_t first = am_read_u8(&r), second = am_read_u8(&r);

	*v = (struct media_vp8){.picture_id = am_read_u16(&r) & 0x7fff};
	v->tl0 = am_read_u8(&r);
	uint8_t last = am_read_u8(&r);
	v->temporal_layer = last >> 6;
	v->sync = last >> 5 & 1;
	v->key_index = last & 31;
	if ((first | 0x10) != 0x90 || second != 0xf0)
		return -EBADMSG;
	if (first & 0x10)
		am_reader_take(&r, r.next < r.end && (*r.next & 1) ? 3 : 10);
	if (tag_get(&v->part, &r) < 0 || v->part.len != len || len > sizeof(want) ||
	    len < MEDIA_PAYLOAD_MIN)
		return -EBADMSG;
	media_vp8_build(v, want);
	return memcmp(want, payload, len) == 0 ? 0 : -EBADMSG;
}

int media_opus_check(struct media_part *p, const uint8_t *payload, size_t len)
{
	struct am_reader r = am_reader_init(payload, len);
	uint8_t want[MEDIA_PAYLOAD_MAX];

	am_read_u8(&r);
	if (tag_get(p, &r) < 0 || p->len != len || len > sizeof(want) || len < MEDIA_PAYLOAD_MIN)
		return -EBADMSG;
	media_opus_build(p, want);
	return memcmp(want, payload, len) == 0 ? 0 : -EBADMSG;
}
