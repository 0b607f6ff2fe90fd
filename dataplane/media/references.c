#include "media/references.h"

#define LAYERS_ALL UINT8_MAX
#define DISTANCES  128 // P_DIFF has 7 bits (RFC 9628 4.2)

// How many pictures this id is after the last one, and at most half of what its bits can tell; 0:
// not after it.
static uint16_t picture_distance(const struct references *r, const struct frame_info *info)
{
	uint16_t mask = info->picture_id_bits == 15 ? 0x7FFF : 0x7F;
	uint16_t distance = (uint16_t)(info->picture_id - r->picture_id) & mask;
	return distance <= mask / 2 ? distance : 0;
}

static void note(struct references *r, const struct frame_info *info)
{
	r->has_picture_id = info->picture_id_bits != 0;
	r->picture_id = info->picture_id;
	r->has_tl0picidx = info->has_tl0picidx;
	r->tl0picidx = info->tl0picidx;
}

// Whether all frames of the base layer before this one were told: TL0PICIDX counts them.
static bool base_is_whole(const struct references *r, const struct frame_info *info)
{
	uint8_t expected = (uint8_t)(r->tl0picidx + (info->temporal_id == 0));
	return r->has_tl0picidx && info->has_tl0picidx && info->tl0picidx == expected;
}

// Packets are missing before this frame. False: whole frames of the base layer, or nobody knows.
static bool count_missing(struct references *r, const struct reference_frame *f)
{
	if (r->has_picture_id && f->info->picture_id_bits != 0) {
		uint16_t distance = picture_distance(r, f->info);
		if (distance == 0)
			return false;
		if (distance == 1)
			return true; // only padding is missing
	}
	r->intact = 0;
	return base_is_whole(r, f->info);
}

// VP8, and VP9 whose pictures tell no references: whether the frame's layer is intact.
static enum reference_verdict admit_layer(struct references *r, const struct frame_info *info)
{
	uint8_t layer = info->temporal_id;
	if (info->layer_sync && layer > 0) {
		// One that others do not refer to does not replace what they do refer to.
		if (layer == r->intact + 1 && !info->discardable)
			r->intact = layer;
		return REFERENCE_OK;
	}
	if (layer > r->intact)
		return REFERENCE_LEAVE_OUT;
	// RFC 9628 4.2, U: higher layers refer to nothing before this picture but lower layers.
	if (info->switch_up)
		r->intact = LAYERS_ALL;
	return REFERENCE_OK;
}

static enum reference_verdict layered_frame(struct references *r, const struct reference_frame *f)
{
	if (f->lost > 0 && !count_missing(r, f))
		return REFERENCE_NEEDS_KEY;
	note(r, f->info);
	return admit_layer(r, f->info);
}

static enum reference_verdict layered_broken(struct references *r, const struct reference_frame *f)
{
	uint8_t layer = f->info->temporal_id;
	if (f->lost > 0 && !count_missing(r, f))
		return REFERENCE_NEEDS_KEY;
	note(r, f->info);
	if (f->info->discardable)
		return REFERENCE_LEAVE_OUT;
	if (layer == 0)
		return REFERENCE_NEEDS_KEY;
	if (r->intact >= layer)
		r->intact = layer - 1;
	return REFERENCE_LEAVE_OUT;
}

// Moves the window of pictures to this one.
static void move_to(struct references *r, const struct frame_info *info)
{
	uint16_t distance = picture_distance(r, info);
	if (distance == 0 || distance >= DISTANCES) {
		r->have[0] = r->have[1] = 0;
	} else {
		unsigned __int128 have = (unsigned __int128)r->have[1] << 64 | r->have[0];
		have <<= distance;
		r->have[0] = (uint64_t)have;
		r->have[1] = (uint64_t)(have >> 64);
	}
	note(r, info);
}

// VP9 in flexible mode, in which each picture names those that it refers to.
static bool is_exact(const struct references *r, const struct reference_frame *f)
{
	const struct frame_info *info = f->info;
	return r->codec == CODEC_VP9 && info->picture_id_bits != 0 && !info->has_tl0picidx &&
	       (info->ref_count > 0 || info->spatial_sync);
}

static enum reference_verdict exact_frame(struct references *r, const struct reference_frame *f)
{
	r->damaged |= f->lost > 0;
	move_to(r, f->info);
	bool has_all = ((f->refs[0] & ~r->have[0]) | (f->refs[1] & ~r->have[1])) == 0;
	if (!has_all && r->damaged)
		return f->info->temporal_id == 0 ? REFERENCE_NEEDS_KEY : REFERENCE_LEAVE_OUT;
	r->have[0] |= 1;
	return REFERENCE_OK;
}

// H.264: only a reference picture changes the number that the next one must have.
static bool h264_follows(const struct references *r, const struct reference_frame *f)
{
	uint32_t modulus = 1u << f->order.frame_num_bits;
	return f->order.known && f->lost < modulus && r->lost < modulus &&
	       f->order.frame_num == (r->frame_num + 1) % modulus;
}

static enum reference_verdict h264_frame(struct references *r, const struct reference_frame *f)
{
	if (f->lost + r->lost > 0 && !h264_follows(r, f))
		return REFERENCE_NEEDS_KEY;
	r->lost = 0;
	if (f->order.reference)
		r->frame_num = f->order.frame_num;
	return REFERENCE_OK;
}

static void start(struct references *r, const struct reference_frame *f)
{
	r->started = true;
	r->damaged = false;
	r->intact = LAYERS_ALL;
	r->have[0] = 1;
	r->have[1] = 0;
	r->frame_num = f->order.frame_num;
	r->lost = 0;
	note(r, f->info);
}

void references_resume(struct references *r)
{
	*r = (struct references){.codec = r->codec, .started = true};
}

enum reference_verdict references_frame(struct references *r, const struct reference_frame *f)
{
	enum reference_verdict verdict = REFERENCE_OK;
	if (f->key) {
		start(r, f);
		return verdict;
	}
	if (!r->started)
		return REFERENCE_NEEDS_KEY;
	switch (r->codec) {
	case CODEC_VP8: verdict = layered_frame(r, f); break;
	case CODEC_VP9: verdict = is_exact(r, f) ? exact_frame(r, f) : layered_frame(r, f); break;
	case CODEC_H264: verdict = h264_frame(r, f); break;
	default: verdict = f->lost > 0 ? REFERENCE_NEEDS_KEY : REFERENCE_OK; break;
	}
	if (verdict == REFERENCE_NEEDS_KEY)
		r->started = false;
	return verdict;
}

enum reference_verdict references_broken(struct references *r, const struct reference_frame *f)
{
	enum reference_verdict verdict = REFERENCE_NEEDS_KEY;
	if (r->started && !f->info->key_frame) {
		switch (r->codec) {
		case CODEC_VP8: verdict = layered_broken(r, f); break;
		case CODEC_VP9:
			if (is_exact(r, f)) {
				r->damaged = true;
				move_to(r, f->info);
				verdict = REFERENCE_LEAVE_OUT;
			} else {
				verdict = layered_broken(r, f);
			}
			break;
		case CODEC_H264:
			// The number that the next picture must have is unchanged, and tells
			// whether more was lost before this one.
			if (r->lost <= UINT16_MAX)
				r->lost += f->lost;
			if (f->info->discardable)
				verdict = REFERENCE_LEAVE_OUT;
			break;
		default: break;
		}
	}
	if (verdict == REFERENCE_NEEDS_KEY)
		r->started = false;
	return verdict;
}
