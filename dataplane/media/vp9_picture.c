#include "media/vp9_picture.h"

#include "media/bits.h"
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
	p->open = false;
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

// Annex B.2: 110, bytes of a size − 1, frames − 1; before and behind the sizes.
int vp9_finish(struct vp9_picture *p, struct frame_bytes *b)
{
	if (p->open || p->count == 0)
		return -EBADMSG;
	if (p->count == 1)
		return 0;
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
	return b->failed ? -EBADMSG : 0;
}

// color_config of 6.2.2. False if it is malformed.
static bool read_colors(struct bits *b, unsigned profile)
{
	if (profile >= 2)
		bits_skip(b, 1); // 10 or 12 bits
	bool odd = (profile & 1) != 0;
	if (bits_take(b, 3) != 7)
		bits_skip(b, odd ? 4 : 1); // range; subsampling
	else if (odd)
		bits_skip(b, 1);
	return !b->bytes.failed;
}

static void read_size(struct bits *b, struct vp9_header *h)
{
	h->width = (uint16_t)(bits_take(b, 16) + 1);
	h->height = (uint16_t)(bits_take(b, 16) + 1);
}

static bool read_sync_code(struct bits *b)
{
	return bits_take(b, 24) == 0x498342;
}

// What follows error_resilient_mode in frames that are not key frames, up to the size.
static bool
read_inter(struct bits *b, unsigned profile, bool shown, bool resilient, struct vp9_header *h)
{
	bool intra_only = !shown && bits_flag(b);
	if (!resilient)
		bits_skip(b, 2); // reset_frame_context
	if (intra_only) {
		if (!read_sync_code(b) || (profile > 0 && !read_colors(b, profile)))
			return false;
		bits_skip(b, 8); // refresh_frame_flags
		read_size(b, h);
		return true;
	}
	bits_skip(b, 8 + 3 * 4); // refresh_frame_flags; references
	for (unsigned i = 0; i < 3; i++) {
		if (bits_flag(b))
			return true; // as that reference
	}
	read_size(b, h);
	return true;
}

int vp9_header_read(const uint8_t *frame, size_t len, struct vp9_header *found)
{
	struct bits b = bits_init(frame, len);
	struct vp9_header h = {0};
	if (bits_take(&b, 2) != 2)
		return -EBADMSG;
	unsigned low = (unsigned)bits_take(&b, 1), profile = (unsigned)bits_take(&b, 1) << 1 | low;
	if (profile == 3)
		bits_skip(&b, 1);
	if (bits_flag(&b)) { // show_existing_frame
		*found = h;
		return b.bytes.failed ? -EBADMSG : 0;
	}
	h.key = !bits_flag(&b);
	bool shown = bits_flag(&b), resilient = bits_flag(&b);
	if (h.key) {
		if (!read_sync_code(&b) || !read_colors(&b, profile))
			return -EBADMSG;
		read_size(&b, &h);
	} else if (!read_inter(&b, profile, shown, resilient, &h)) {
		return -EBADMSG;
	}
	if (b.bytes.failed)
		return -EBADMSG;
	*found = h;
	return 0;
}
