#include "clip.h"

#include "test.h"

#include <stdio.h>

#define IVF_HEADER 32
#define IVF_FRAME  12
#define LAYERS_MAX 8

static uint32_t little_endian(const uint8_t *p, unsigned n)
{
	uint32_t value = 0;
	for (unsigned i = 0; i < n; i++)
		value |= (uint32_t)p[i] << (8 * i);
	return value;
}

static size_t file_read(const char *name, uint8_t **bytes)
{
	char path[256];
	snprintf(path, sizeof(path), VECTORS_DIR "/clips/%s", name);
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	long len = ftell(f);
	assert_true(len > 0);
	rewind(f);
	*bytes = malloc((size_t)len);
	assert_non_null(*bytes);
	assert_int_equal(fread(*bytes, 1, (size_t)len, f), len);
	fclose(f);
	return (size_t)len;
}

static void frame_add(struct clip *c, const uint8_t *data, size_t len, bool key)
{
	assert_true(c->count < CLIP_FRAMES_MAX);
	c->frames[c->count++] = (struct clip_frame){.data = data, .len = len, .key = key};
}

static bool is_key(enum codec codec, const uint8_t *data)
{
	switch (codec) {
	case CODEC_VP8: return (data[0] & 1) == 0;
	case CODEC_VP9: return (data[0] & 0x04) == 0;
	default: return data[2] >> 3 == 1; // a sequence header behind the temporal delimiter
	}
}

static void read_ivf(struct clip *c, size_t len)
{
	for (size_t at = IVF_HEADER; at < len;) {
		size_t size = little_endian(c->bytes + at, 4);
		const uint8_t *data = c->bytes + at + IVF_FRAME;
		frame_add(c, data, size, is_key(c->codec, data));
		at += IVF_FRAME + size;
	}
}

// The next start code from `at` on; *head: its length.
static size_t find_start_code(const uint8_t *p, size_t len, size_t at, size_t *head)
{
	for (; at + 3 <= len; at++) {
		if (p[at] != 0 || p[at + 1] != 0)
			continue;
		*head = p[at + 2] == 1                                      ? 3
		        : at + 4 <= len && p[at + 2] == 0 && p[at + 3] == 1 ? 4
		                                                            : 0;
		if (*head != 0)
			return at;
	}
	return len;
}

// A NAL unit without its start code; returns where the next one begins.
static size_t next_nal(const struct clip_frame *f, size_t at, const uint8_t **nal, size_t *len)
{
	size_t head, next_head;
	size_t begin = find_start_code(f->data, f->len, at, &head);
	assert_true(begin < f->len);
	size_t end = find_start_code(f->data, f->len, begin + head, &next_head);
	*nal = f->data + begin + head;
	*len = end - begin - head;
	return end;
}

// An access unit begins with the first NAL unit behind a picture that is not a further slice of it.
static void read_annex_b(struct clip *c, size_t len)
{
	const struct clip_frame all = {.data = c->bytes, .len = len};
	size_t begin = 0;
	bool picture = false, key = false;
	for (size_t at = 0, end; at < len; at = end) {
		const uint8_t *nal;
		size_t nal_len;
		end = next_nal(&all, at, &nal, &nal_len);
		uint8_t type = nal[0] & 0x1F;
		bool slice = type >= 1 && type <= 5;
		if (picture && (!slice || (nal[1] & 0x80) != 0)) {
			frame_add(c, c->bytes + begin, at - begin, key);
			begin = at;
			picture = key = false;
		}
		picture |= slice;
		key |= type == 5;
	}
	frame_add(c, c->bytes + begin, len - begin, key);
}

void clip_read(struct clip *c, enum codec codec, const char *name)
{
	*c = (struct clip){.codec = codec};
	size_t len = file_read(name, &c->bytes);
	if (codec == CODEC_H264)
		read_annex_b(c, len);
	else
		read_ivf(c, len);
}

void clip_fini(struct clip *c)
{
	free(c->bytes);
	*c = (struct clip){0};
}

static struct clip_payload *payload_new(struct clip_payloads *out)
{
	assert_true(out->count < CLIP_PAYLOADS);
	struct clip_payload *p = &out->list[out->count++];
	p->len = 0;
	return p;
}

static void put(struct clip_payload *p, const void *bytes, size_t len)
{
	assert_true(p->len + len <= CLIP_PAYLOAD_MAX);
	memcpy(p->bytes + p->len, bytes, len);
	p->len = (uint16_t)(p->len + len);
}

static void put_byte(struct clip_payload *p, unsigned byte)
{
	put(p, &(uint8_t){(uint8_t)byte}, 1);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void
packetize_vp8(const struct clip_frame *f, unsigned number, size_t len, struct clip_payloads *out)
{
	for (size_t at = 0; at < f->len; at += len) {
		struct clip_payload *p = payload_new(out);
		put_byte(p, 0x80 | (at == 0 ? 0x10 : 0));
		put_byte(p, 0x80);
		put_byte(p, 0x80 | number >> 8);
		put_byte(p, number);
		put(p, f->data + at, least(len, f->len - at));
	}
}

// Flexible mode without references; the first payload of a key picture tells the layers' sizes.
static void packetize_layer(
        const uint8_t *data, size_t size, unsigned layer, bool key, unsigned number, size_t len,
        struct clip_payloads *out
)
{
	for (size_t at = 0; at < size; at += len) {
		bool first = at == 0, last = at + len >= size,
		     structure = key && layer == 0 && first;
		struct clip_payload *p = payload_new(out);
		put_byte(
		        p, 0x80 | (key ? 0 : 0x40) | 0x20 | 0x10 | (first ? 0x08 : 0) |
		                   (last ? 0x04 : 0) | (structure ? 0x02 : 0)
		);
		put_byte(p, 0x80 | number >> 8);
		put_byte(p, number);
		put_byte(p, layer << 1 | (layer > 0));
		if (!key)
			put_byte(p, 1 << 1); // the picture before
		if (structure) {
			put_byte(p, 2 << 5 | 0x10 | 0x08);
			put(p, "\0\x50\0\x2D\0\xA0\0\x5A\1\x40\0\xB4", 12);
			put(p, "\1\x24\4\x25\2\4", 3); // a group of one picture with one reference
		}
		put(p, data + at, least(len, size - at));
	}
}

static void
packetize_vp9(const struct clip_frame *f, unsigned number, size_t len, struct clip_payloads *out)
{
	size_t sizes[LAYERS_MAX] = {f->len};
	unsigned count = 1;
	uint8_t marker = f->data[f->len - 1];
	if ((marker & 0xE0) == 0xC0) {
		unsigned width = (marker >> 3 & 3) + 1u;
		count = (marker & 7) + 1u;
		const uint8_t *index = f->data + f->len - 2 - (size_t)count * width;
		assert_int_equal(index[0], marker);
		for (unsigned i = 0; i < count; i++)
			sizes[i] = little_endian(index + 1 + (size_t)i * width, width);
	}
	size_t at = 0;
	for (unsigned i = 0; i < count; at += sizes[i++])
		packetize_layer(f->data + at, sizes[i], i, f->key, number, len, out);
}

static void packetize_fu_a(const uint8_t *nal, size_t size, size_t len, struct clip_payloads *out)
{
	for (size_t at = 1; at < size; at += len) {
		struct clip_payload *p = payload_new(out);
		put_byte(p, (nal[0] & 0xE0) | 28);
		put_byte(p, (at == 1 ? 0x80 : 0) | (at + len >= size ? 0x40 : 0) | (nal[0] & 0x1F));
		put(p, nal + at, least(len, size - at));
	}
}

// Parameter sets, delimiters and SEI go into a STAP-A if they fit, as browsers send them.
static void packetize_h264(const struct clip_frame *f, size_t len, struct clip_payloads *out)
{
	struct clip_payload *stap = NULL;
	for (size_t at = 0; at < f->len;) {
		const uint8_t *nal;
		size_t size;
		at = next_nal(f, at, &nal, &size);
		uint8_t type = nal[0] & 0x1F;
		if (type > 5 && size < 60) {
			if (stap == NULL) {
				stap = payload_new(out);
				put_byte(stap, 0x60 | 24);
			}
			put_byte(stap, (unsigned)(size >> 8));
			put_byte(stap, (unsigned)size);
			put(stap, nal, size);
		} else if (size <= len) {
			put(payload_new(out), nal, size);
		} else {
			packetize_fu_a(nal, size, len, out);
		}
	}
}

static size_t read_leb128(const uint8_t **p)
{
	size_t value = 0;
	for (unsigned shift = 0;; shift += 7) {
		uint8_t byte = *(*p)++;
		value |= (size_t)(byte & 0x7F) << shift;
		if ((byte & 0x80) == 0)
			return value;
	}
}

// One OBU without its size, in payloads of one element each.
static void packetize_obu(
        const uint8_t *head, size_t head_len, const uint8_t *body, size_t size, bool starts,
        size_t len, struct clip_payloads *out
)
{
	uint8_t header[2] = {head[0] & 0xFD, head_len > 1 ? head[1] : 0};
	for (size_t at = 0; at == 0 || at < size; at += len) {
		struct clip_payload *p = payload_new(out);
		put_byte(
		        p, (at > 0 ? 0x80 : 0) | (at + len < size ? 0x40 : 0) | 1 << 4 |
		                   (starts && at == 0 ? 0x08 : 0)
		);
		if (at == 0)
			put(p, header, head_len);
		put(p, body + at, least(len, size - at));
	}
}

static void packetize_av1(const struct clip_frame *f, size_t len, struct clip_payloads *out)
{
	const uint8_t *p = f->data, *end = f->data + f->len;
	bool starts = f->key;
	while (p < end) {
		const uint8_t *head = p;
		size_t head_len = (head[0] & 0x04) != 0 ? 2 : 1;
		p += head_len;
		size_t size = read_leb128(&p);
		if (head[0] >> 3 != 2) {
			packetize_obu(head, head_len, p, size, starts, len, out);
			starts = false;
		}
		p += size;
	}
}

void clip_packetize(const struct clip *c, unsigned number, size_t len, struct clip_payloads *out)
{
	const struct clip_frame *f = &c->frames[number];
	out->count = 0;
	switch (c->codec) {
	case CODEC_VP8: packetize_vp8(f, number, len, out); break;
	case CODEC_VP9: packetize_vp9(f, number, len, out); break;
	case CODEC_H264: packetize_h264(f, len, out); break;
	default: packetize_av1(f, len, out); break;
	}
}
