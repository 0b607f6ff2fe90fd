#include "media/dependency_descriptor.h"

#include "media/bits.h"

#include <errno.h>

#define LOWER_BITS UINT64_C(0x5555555555555555) // of each indication

// A.8.2, next_layer_idc: the layer of the next template.
enum next_layer {
	NEXT_SAME,
	NEXT_TEMPORAL,
	NEXT_SPATIAL,
	NEXT_NONE,
};

// ns(n) of AV1 4.10.7: one of n values, each in as few bits as possible. n is not 0.
static unsigned take_one_of(struct bits *b, unsigned n)
{
	unsigned width = 32 - (unsigned)__builtin_clz(n);
	unsigned short_values = (1u << width) - n;
	unsigned value = (unsigned)bits_take(b, width - 1);

	if (value < short_values)
		return value;
	return (value << 1) - short_values + (unsigned)bits_take(b, 1);
}

// template_layers: the order in which layers may come, A.8.3, table A.2. False: too many.
static bool read_layers(struct bits *b, struct dependency_structure *s)
{
	uint8_t temporal_id = 0, spatial_id = 0;

	for (;;) {
		s->temporal_id[s->template_count] = temporal_id;
		s->spatial_id[s->template_count] = spatial_id;
		s->template_count++;
		s->spatial_layers = spatial_id + 1;
		switch ((enum next_layer)bits_take(b, 2)) {
		case NEXT_SAME: break;
		case NEXT_TEMPORAL: temporal_id++; break;
		case NEXT_SPATIAL:
			temporal_id = 0;
			spatial_id++;
			break;
		case NEXT_NONE: return true;
		}
		if (s->template_count == DEPENDENCY_TEMPLATES ||
		    temporal_id == DEPENDENCY_TEMPORAL || spatial_id == DEPENDENCY_SPATIAL)
			return false;
	}
}

// template_dtis, and the temporal part of decode_target_layers: a decode target reaches as high as
// the highest of its templates.
static void read_dtis(struct bits *b, struct dependency_structure *s)
{
	for (unsigned i = 0; i < s->template_count; i++) {
		dependency_dtis dtis = bits_take(b, 2u * s->target_count);
		s->dtis[i] = dtis;
		for (unsigned t = 0; t < s->temporal_id[i]; t++)
			s->above[t] |= (dtis | dtis >> 1) & LOWER_BITS;
	}
}

// template_fdiffs. How far back they refer does not matter here.
static void read_fdiffs(struct bits *b, struct dependency_structure *s)
{
	for (unsigned i = 0; i < s->template_count; i++) {
		if (!bits_flag(b)) {
			s->intra |= UINT64_C(1) << i;
			continue;
		}
		do
			bits_skip(b, 4);
		while (bits_flag(b));
	}
}

// template_chains. Which of them protects a decode target does not matter here.
static void read_chains(struct bits *b, struct dependency_structure *s)
{
	s->chain_count = (uint8_t)take_one_of(b, s->target_count + 1u);
	if (s->chain_count == 0)
		return;
	for (unsigned i = 0; i < s->target_count; i++)
		take_one_of(b, s->chain_count);
	bits_skip(b, 4u * s->template_count * s->chain_count);
}

// template_dependency_structure. False: it is malformed.
static bool read_structure(struct bits *b, struct dependency_structure *s)
{
	s->id_offset = (uint8_t)bits_take(b, 6);
	s->target_count = (uint8_t)(bits_take(b, 5) + 1);
	if (!read_layers(b, s))
		return false;
	read_dtis(b, s);
	read_fdiffs(b, s);
	read_chains(b, s);
	if (bits_flag(b))
		bits_skip(b, 32u * s->spatial_layers); // resolutions
	return !b->bytes.failed;
}

// frame_fdiffs. True if there is one.
static bool read_own_fdiffs(struct bits *b)
{
	unsigned size, count = 0;

	for (; (size = (unsigned)bits_take(b, 2)) != 0; count++)
		bits_skip(b, 4 * size);
	return count > 0;
}

// Whether some decode target reaches above the frame's temporal layer, and the frame is a switch
// for each that does.
static bool
is_switch_up(const struct dependency_structure *s, uint8_t temporal_id, dependency_dtis dtis)
{
	dependency_dtis above = s->above[temporal_id];
	dependency_dtis switches = dtis >> 1 & ~dtis;

	return above != 0 && (switches & above) == above;
}

enum extended_flags {
	HAS_STRUCTURE = 16,
	HAS_ACTIVE_TARGETS = 8,
	HAS_DTIS = 4,
	HAS_FDIFFS = 2,
	HAS_CHAINS = 1,
};

// frame_dependency_definition, with the templates in *s.
static int read_frame(
        struct bits *b, const struct dependency_structure *s, unsigned flags, uint8_t id,
        struct dependency_frame *f
)
{
	unsigned index = (id - s->id_offset) & (DEPENDENCY_TEMPLATES - 1);
	if (index >= s->template_count)
		return -ENOENT;
	if ((flags & HAS_ACTIVE_TARGETS) != 0)
		bits_skip(b, s->target_count);

	dependency_dtis dtis = s->dtis[index];
	bool intra = (s->intra >> index & 1) != 0;
	if ((flags & HAS_DTIS) != 0)
		dtis = bits_take(b, 2u * s->target_count);
	if ((flags & HAS_FDIFFS) != 0)
		intra = !read_own_fdiffs(b);
	if ((flags & HAS_CHAINS) != 0)
		bits_skip(b, 8u * s->chain_count);
	if (b->bytes.failed)
		return -EBADMSG;
	f->temporal_id = s->temporal_id[index];
	f->spatial_id = s->spatial_id[index];
	f->spatial_layers = s->spatial_layers;
	f->key_frame = intra && (flags & HAS_STRUCTURE) != 0;
	f->switch_up = is_switch_up(s, f->temporal_id, dtis);
	return 0;
}

int dependency_read(
        struct dependency_structure *known, uint64_t seq, const uint8_t *bytes, size_t len,
        struct dependency_frame *frame
)
{
	struct bits b = bits_init(bytes, len);
	struct dependency_frame f = {0};
	f.begin = bits_flag(&b);
	f.end = bits_flag(&b);
	uint8_t id = (uint8_t)bits_take(&b, 6);
	f.number = (uint16_t)bits_take(&b, 16);
	unsigned flags = am_reader_left(&b.bytes) > 0 ? (unsigned)bits_take(&b, 5) : 0;
	if (b.bytes.failed)
		return -EBADMSG;

	int ret;
	if ((flags & HAS_STRUCTURE) != 0) {
		struct dependency_structure own = {.seq = seq};
		if (!read_structure(&b, &own))
			return -EBADMSG;
		ret = read_frame(&b, &own, flags, id, &f);
		if (ret == 0 && seq >= known->seq)
			*known = own;
	} else if (seq < known->seq) {
		ret = -ENOENT;
	} else {
		ret = read_frame(&b, known, flags, id, &f);
	}
	if (ret == 0)
		*frame = f;
	return ret;
}
