#include "media/vp9_header.h"

#include "media/bits.h"

#include <errno.h>

#define PROFILE_MAX 3
#define CS_RGB      7 // color_space
#define REFS        3 // a frame is predicted from

// color_config, 6.2.2.
static void skip_colors(struct bits *b, unsigned profile)
{
	if (profile >= 2)
		bits_skip(b, 1); // 10 or 12 bits
	bool odd = (profile & 1) != 0;
	if (bits_take(b, 3) != CS_RGB)
		bits_skip(b, odd ? 4 : 1); // range; subsampling
	else if (odd)
		bits_skip(b, 1);
}

static bool take_sync_code(struct bits *b)
{
	return bits_take(b, 24) == 0x498342;
}

// frame_size, 6.2.3.
static void take_size(struct bits *b, struct vp9_header *h)
{
	h->width = (uint16_t)(bits_take(b, 16) + 1);
	h->height = (uint16_t)(bits_take(b, 16) + 1);
}

// render_size, 6.2.4.
static void skip_render_size(struct bits *b)
{
	if (bits_flag(b))
		bits_skip(b, 32);
}

// The size of a frame that is predicted from others, 6.2.5: its own, or that of one of them.
static void take_size_with_refs(struct bits *b, const struct vp9_slots *slots, struct vp9_header *h)
{
	unsigned refs[REFS];
	for (unsigned i = 0; i < REFS; i++) {
		refs[i] = (unsigned)bits_take(b, 3);
		bits_skip(b, 1); // sign bias
	}
	unsigned i = 0;
	while (i < REFS && !bits_flag(b))
		i++;
	if (i < REFS) {
		h->width = slots->width[refs[i]];
		h->height = slots->height[refs[i]];
	} else {
		take_size(b, h);
	}
	skip_render_size(b);
	bits_skip(b, 1); // allow_high_precision_mv
	if (!bits_flag(b))
		bits_skip(b, 2); // interpolation filter
}

// loop_filter_params, 6.2.8.
static void skip_loop_filter(struct bits *b)
{
	bits_skip(b, 6 + 3); // level, sharpness
	if (!bits_flag(b) || !bits_flag(b))
		return;
	for (unsigned i = 0; i < 4 + 2; i++) {
		if (bits_flag(b))
			bits_skip(b, 7);
	}
}

// quantization_params, 6.2.9.
static void skip_quantization(struct bits *b)
{
	bits_skip(b, 8);
	for (unsigned i = 0; i < 3; i++) {
		if (bits_flag(b))
			bits_skip(b, 5);
	}
}

static void skip_probabilities(struct bits *b, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (bits_flag(b))
			bits_skip(b, 8);
	}
}

// segmentation_params, 6.2.11.
static void skip_segmentation(struct bits *b)
{
	static const uint8_t feature_bits[] = {8 + 1, 6 + 1, 2, 0}; // with signs
	if (!bits_flag(b))
		return;
	if (bits_flag(b)) {
		skip_probabilities(b, 7);
		if (bits_flag(b))
			skip_probabilities(b, 3);
	}
	if (!bits_flag(b))
		return;
	bits_skip(b, 1); // absolute or delta
	for (unsigned segment = 0; segment < 8; segment++) {
		for (unsigned i = 0; i < sizeof(feature_bits); i++) {
			if (bits_flag(b))
				bits_skip(b, feature_bits[i]);
		}
	}
}

// tile_info, 6.2.13: how many bits it takes depends on the width.
static void skip_tiles(struct bits *b, uint16_t width)
{
	unsigned columns = (width + 63u) / 64, least = 0, most = 1;
	while (64u << least < columns)
		least++;
	while (columns >> most >= 4)
		most++;
	for (most--; least < most && bits_flag(b); least++)
		;
	if (bits_flag(b))
		bits_skip(b, 1);
}

// From refresh_frame_context on; the header's last field is the size of the compressed header.
static void skip_rest(struct bits *b, const struct vp9_header *h)
{
	if (!h->resilient)
		bits_skip(b, 2); // refresh_frame_context, frame_parallel_decoding_mode
	bits_skip(b, 2); // frame_context_idx
	skip_loop_filter(b);
	skip_quantization(b);
	skip_segmentation(b);
	skip_tiles(b, h->width);
	bits_skip(b, 16);
}

// What differs between kinds of frames, up to the size. Returns refresh_frame_flags.
static uint8_t
take_kind(struct bits *b, unsigned profile, const struct vp9_slots *slots, struct vp9_header *h)
{
	uint8_t refresh = 0xFF;
	bool sync = true, intra_only = false;
	if (h->key) {
		sync = take_sync_code(b);
		skip_colors(b, profile);
		take_size(b, h);
		skip_render_size(b);
	} else {
		intra_only = !h->shown && bits_flag(b);
		if (!h->resilient)
			bits_skip(b, 2); // reset_frame_context
		if (intra_only) {
			sync = take_sync_code(b);
			if (profile > 0)
				skip_colors(b, profile);
		}
		refresh = (uint8_t)bits_take(b, 8);
	}
	if (intra_only) {
		take_size(b, h);
		skip_render_size(b);
	} else if (!h->key) {
		take_size_with_refs(b, slots, h);
	}
	b->bytes.failed |= !sync;
	return refresh;
}

static size_t bits_so_far(const struct bits *b, size_t len)
{
	return 8 * (len - am_reader_left(&b->bytes)) - b->left;
}

int vp9_header_read(
        struct vp9_slots *slots, const uint8_t *frame, size_t len, struct vp9_header *found
)
{
	struct bits b = bits_init(frame, len);
	struct vp9_header h = {0};
	if (bits_take(&b, 2) != 2)
		return -EBADMSG;
	unsigned low = (unsigned)bits_take(&b, 1);
	unsigned profile = (unsigned)bits_take(&b, 1) << 1 | low;
	if (profile == PROFILE_MAX)
		bits_skip(&b, 1);
	if (bits_flag(&b)) {
		h.existing = true;
		*found = h;
		return b.bytes.failed ? -EBADMSG : 0;
	}
	h.key = !bits_flag(&b);
	h.shown_at = (uint16_t)bits_so_far(&b, len);
	h.shown = bits_flag(&b);
	h.resilient = bits_flag(&b);
	uint8_t refresh = take_kind(&b, profile, slots, &h);
	skip_rest(&b, &h);
	if (b.bytes.failed)
		return -EBADMSG;
	h.bits = (uint16_t)bits_so_far(&b, len);
	for (unsigned i = 0; i < VP9_SLOTS; i++) {
		if ((refresh >> i & 1) != 0) {
			slots->width[i] = h.width;
			slots->height[i] = h.height;
		}
	}
	*found = h;
	return 0;
}
