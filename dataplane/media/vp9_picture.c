#include "media/vp9_picture.h"

#include "am_reader.h"
#include "media/frame_bytes.h"

#include <errno.h>

// RFC 9628 4.2.
enum descriptor_bits {
	HAS_PICTURE_ID = 0x80, // I
	INTER_PREDICTED = 0x40, // P
	HAS_LAYER = 0x20, // L
	FLEXIBLE = 0x10, // F
	LAYER_BEGIN = 0x08, // B
	LAYER_END = 0x04, // E
	HAS_STRUCTURE = 0x02, // V
};

void vp9_begin(struct vp9_picture *p)
{
	p->count = 0;
	p->open = p->key = false;
	p->width = p->height = 0;
}

// RFC 9628 4.2.1: N_S Y G, sizes, and the pictures of a group.
static void skip_structure(struct am_reader *r)
{
	uint8_t has = am_read_u8(r);
	if ((has & 0x10) != 0)
		am_reader_take(r, 4 * (size_t)((has >> 5) + 1));
	uint8_t pictures = (has & 0x08) != 0 ? am_read_u8(r) : 0;
	for (unsigned i = 0; i < pictures; i++)
		am_reader_take(r, am_read_u8(r) >> 2 & 0x03);
}

static uint8_t skip_descriptor(struct am_reader *r)
{
	uint8_t has = am_read_u8(r);
	if ((has & HAS_PICTURE_ID) != 0 && (am_read_u8(r) & 0x80) != 0)
		am_read_u8(r);
	if ((has & HAS_LAYER) != 0)
		am_reader_take(r, (has & FLEXIBLE) != 0 ? 1 : 2);
	if ((has & (FLEXIBLE | INTER_PREDICTED)) == (FLEXIBLE | INTER_PREDICTED)) {
		for (unsigned i = 0; i < 3 && (am_read_u8(r) & 0x01) != 0; i++)
			;
	}
	if ((has & HAS_STRUCTURE) != 0)
		skip_structure(r);
	return has;
}

int vp9_append(struct vp9_picture *p, struct frame_bytes *b, const uint8_t *payload, size_t len)
{
	struct am_reader r = am_reader_init(payload, len);
	uint8_t has = skip_descriptor(&r);
	if (r.failed || am_reader_left(&r) == 0)
		return -EBADMSG;
	if ((has & LAYER_BEGIN) != 0) {
		if (p->open || p->count == VP9_LAYERS_MAX)
			return -EBADMSG;
		p->sizes[p->count++] = 0;
		p->open = true;
	}
	if (!p->open)
		return -EBADMSG;
	p->sizes[p->count - 1] += (uint32_t)am_reader_left(&r);
	p->open = (has & LAYER_END) == 0;
	frame_bytes_append(b, r.next, am_reader_left(&r));
	return b->failed ? -EBADMSG : 0;
}

// The frame in the buffer from `at` on is not shown. If it is predicted from others, a bit is added
// to its header: only hidden frames say that they are not intra_only, behind
// error_resilient_mode. So it may be a byte longer.
static int hide(struct frame_bytes *b, size_t at, uint32_t *size, const struct vp9_header *h)
{
	size_t place = h->shown_at + 2u, old_len = (h->bits + 7u) / 8, new_len = (h->bits + 8u) / 8;
	if (!h->key && new_len > old_len) {
		uint8_t *added = frame_bytes_insert(b, at + old_len, 1);
		if (added == NULL)
			return -EBADMSG;
		*added = 0;
		(*size)++;
	}
	uint8_t *header = b->bytes + at;
	header[h->shown_at / 8] &= (uint8_t) ~(0x80 >> h->shown_at % 8);
	if (h->key)
		return 0;
	for (size_t bit = h->bits; bit > place; bit--) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);
		bool before = (header[(bit - 1) / 8] & 0x80 >> (bit - 1) % 8) != 0;
		header[bit / 8] =
		        before ? header[bit / 8] | mask : header[bit / 8] & (uint8_t)~mask;
	}
	header[place / 8] &= (uint8_t) ~(0x80 >> place % 8);
	return 0;
}

// Reads the headers, and hides all layers but the last. What a frame that is not resilient to
// errors takes from the one before depends on whether that was shown: it stays.
static int finish_layers(struct vp9_picture *p, struct frame_bytes *b)
{
	size_t at = 0;
	for (unsigned i = 0; i < p->count; i++) {
		struct vp9_header h;
		if (vp9_header_read(&p->slots, b->bytes + at, p->sizes[i], &h) != 0)
			return -EBADMSG;
		if (i == 0)
			p->key = h.key;
		p->width = h.width;
		p->height = h.height;
		if (i + 1u < p->count && h.shown && h.resilient &&
		    hide(b, at, &p->sizes[i], &h) != 0)
			return -EBADMSG;
		at += p->sizes[i];
	}
	return 0;
}

// Annex B.2: 110, bytes of a size − 1, frames − 1; before and behind the sizes.
static void append_index(const struct vp9_picture *p, struct frame_bytes *b)
{
	uint8_t index[2 + 4 * VP9_LAYERS_MAX];
	size_t n = 0;
	uint8_t marker = (uint8_t)(0xC0 | 3 << 3 | (p->count - 1));
	index[n++] = marker;
	for (unsigned i = 0; i < p->count; i++) {
		for (unsigned shift = 0; shift < 32; shift += 8)
			index[n++] = (uint8_t)(p->sizes[i] >> shift);
	}
	index[n++] = marker;
	frame_bytes_append(b, index, n);
}

int vp9_finish(struct vp9_picture *p, struct frame_bytes *b)
{
	if (p->open || p->count == 0 || finish_layers(p, b) != 0)
		return -EBADMSG;
	if (p->count > 1)
		append_index(p, b);
	return b->failed ? -EBADMSG : 0;
}
