#include "recorder/av1.h"

#include "recorder/bits.h"

#include "am_reader.h"

#include <errno.h>

#define OBU_SEQUENCE_HEADER 1
#define CONFIG_LEN          4 // before the OBUs
#define SELECT              2 // SELECT_SCREEN_CONTENT_TOOLS

// What the configuration repeats of the sequence header.
struct sequence {
	uint8_t profile, level, tier;
	bool high_bitdepth, twelve_bit, monochrome;
	bool subsampling_x, subsampling_y;
	uint8_t sample_position;
};

// 5.5.3, 5.5.4. Returns bits of the delays in the operating points, 0: without a model.
static uint8_t read_timing(struct bits *b)
{
	uint8_t delay_bits = 0;

	if (!bits_flag(b)) // timing_info_present_flag
		return 0;
	bits_read(b, 32); // num_units_in_display_tick
	bits_read(b, 32); // time_scale
	if (bits_flag(b)) // equal_picture_interval
		bits_golomb(b);
	if (bits_flag(b)) { // decoder_model_info_present_flag
		delay_bits = (uint8_t)(bits_read(b, 5) + 1);
		bits_read(b, 32); // num_units_in_decoding_tick
		bits_read(b, 10); // lengths of two times
	}
	return delay_bits;
}

static void read_operating_points(struct bits *b, struct sequence *s)
{
	uint8_t delay_bits = read_timing(b);
	bool display_delay = bits_flag(b);
	uint32_t count = bits_read(b, 5) + 1;

	for (uint32_t i = 0; i < count && !b->failed; i++) {
		bits_read(b, 12); // operating_point_idc
		uint8_t level = (uint8_t)bits_read(b, 5);
		uint8_t tier = level > 7 ? (uint8_t)bits_read(b, 1) : 0;
		if (delay_bits > 0 && bits_flag(b)) {
			bits_read(b, delay_bits); // decoder_buffer_delay
			bits_read(b, delay_bits); // encoder_buffer_delay
			bits_flag(b); // low_delay_mode_flag
		}
		if (display_delay && bits_flag(b))
			bits_read(b, 4);
		if (i == 0) {
			s->level = level;
			s->tier = tier;
		}
	}
}

static void read_size(struct bits *b, bool reduced)
{
	uint8_t width_bits = (uint8_t)(bits_read(b, 4) + 1);
	uint8_t height_bits = (uint8_t)(bits_read(b, 4) + 1);

	bits_read(b, width_bits);
	bits_read(b, height_bits);
	if (!reduced && bits_flag(b)) // frame_id_numbers_present_flag
		bits_read(b, 7);
}

static void read_tools(struct bits *b, bool reduced)
{
	bits_read(b, 3); // superblocks of 128, filter_intra, intra_edge_filter
	if (!reduced) {
		bits_read(b, 4); // interintra, masked compound, warped motion, dual filter
		bool order_hint = bits_flag(b);
		if (order_hint)
			bits_read(b, 2); // jnt_comp, ref_frame_mvs
		uint32_t screen = bits_flag(b) ? SELECT : bits_read(b, 1);
		if (screen > 0 && !bits_flag(b)) // seq_choose_integer_mv
			bits_flag(b);
		if (order_hint)
			bits_read(b, 3);
	}
	bits_read(b, 3); // superres, cdef, restoration
}

// 5.5.2.
static void read_colour(struct bits *b, struct sequence *s)
{
	uint32_t primaries = 2, transfer = 2, matrix = 2; // unspecified

	s->high_bitdepth = bits_flag(b);
	if (s->profile == 2 && s->high_bitdepth)
		s->twelve_bit = bits_flag(b);
	if (s->profile != 1)
		s->monochrome = bits_flag(b);
	if (bits_flag(b)) { // color_description_present_flag
		primaries = bits_read(b, 8);
		transfer = bits_read(b, 8);
		matrix = bits_read(b, 8);
	}
	if (s->monochrome) {
		s->subsampling_x = s->subsampling_y = true;
		bits_flag(b); // color_range
		return;
	}
	if (primaries == 1 && transfer == 13 && matrix == 0) // sRGB
		return;
	bits_flag(b); // color_range
	if (s->profile == 0) {
		s->subsampling_x = s->subsampling_y = true;
	} else if (s->profile == 2) {
		s->subsampling_x = s->twelve_bit ? bits_flag(b) : true;
		s->subsampling_y = s->twelve_bit && s->subsampling_x && bits_flag(b);
	}
	if (s->subsampling_x && s->subsampling_y)
		s->sample_position = (uint8_t)bits_read(b, 2);
}

// 5.5.1.
static int read_sequence(const uint8_t *bytes, size_t len, struct sequence *s)
{
	struct bits b = {.bytes = bytes, .len = len};

	*s = (struct sequence){.profile = (uint8_t)bits_read(&b, 3)};
	bits_flag(&b); // still_picture
	bool reduced = bits_flag(&b); // reduced_still_picture_header
	if (reduced)
		s->level = (uint8_t)bits_read(&b, 5);
	else
		read_operating_points(&b, s);
	read_size(&b, reduced);
	read_tools(&b, reduced);
	read_colour(&b, s);
	return b.failed || s->profile > 2 ? -EBADMSG : 0;
}

// 4.10.5.
static size_t read_leb128(struct am_reader *r)
{
	uint64_t value = 0;

	for (uint8_t i = 0; i < 8; i++) {
		uint8_t byte = am_read_u8(r);
		value |= (uint64_t)(byte & 0x7F) << (7 * i);
		if ((byte & 0x80) == 0)
			return value > SIZE_MAX ? SIZE_MAX : (size_t)value;
	}
	r->failed = true;
	return 0;
}

ssize_t av1_config(uint8_t *to, size_t size, const uint8_t *unit, size_t len)
{
	struct am_reader r = am_reader_init(unit, len);
	struct sequence s;

	while (am_reader_left(&r) > 0) {
		const uint8_t *obu = r.next;
		uint8_t head = am_read_u8(&r);
		if ((head & 0x04) != 0)
			am_read_u8(&r); // layers
		size_t payload_len = (head & 0x02) != 0 ? read_leb128(&r) : am_reader_left(&r);
		const uint8_t *payload = am_reader_take(&r, payload_len);
		if (payload == NULL)
			return -EBADMSG;
		if ((head >> 3 & 0x0F) != OBU_SEQUENCE_HEADER)
			continue;

		size_t obu_len = (size_t)(r.next - obu);
		if (read_sequence(payload, payload_len, &s) < 0 || (head & 0x02) == 0 ||
		    obu_len + CONFIG_LEN > size)
			return -EBADMSG;
		to[0] = 0x81; // marker, version 1
		to[1] = (uint8_t)(s.profile << 5 | s.level);
		to[2] = (uint8_t
		)(s.tier << 7 | s.high_bitdepth << 6 | s.twelve_bit << 5 | s.monochrome << 4 |
		  s.subsampling_x << 3 | s.subsampling_y << 2 | s.sample_position);
		to[3] = 0; // no initial_presentation_delay
		memcpy(to + CONFIG_LEN, obu, obu_len);
		return (ssize_t)(CONFIG_LEN + obu_len);
	}
	return -EBADMSG;
}
