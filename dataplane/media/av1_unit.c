#include "media/av1_unit.h"

#include "media/bits.h"
#include "media/frame_bytes.h"

#include <errno.h>

// AV1 6.2.2.
enum obu_type {
	OBU_SEQUENCE = 1,
	OBU_DELIMITER = 2,
	OBU_FRAME_HEADER = 3,
	OBU_FRAME = 6,
	OBU_TILE_LIST = 8,
	OBU_PADDING = 15,
};

#define OBU_EXTENSION 0x04
#define OBU_HAS_SIZE  0x02
#define LEB128_MAX    8 // bytes; AV1 4.10.5

void av1_begin(struct av1_unit *u)
{
	*u = (struct av1_unit){0};
}

static uint64_t read_leb128(struct am_reader *r)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < LEB128_MAX; i++) {
		uint8_t byte = am_read_u8(r);
		value |= (uint64_t)(byte & 0x7F) << (7 * i);
		if ((byte & 0x80) == 0)
			return value;
	}
	r->failed = true;
	return 0;
}

// uvlc() of AV1 4.10.3.
static void skip_uvlc(struct bits *b)
{
	unsigned zeros = 0;
	while (!bits_flag(b) && !b->bytes.failed)
		zeros++;
	if (zeros < 32)
		bits_skip(b, zeros);
}

// One operating point of 5.5.1.
static void skip_operating_point(struct bits *b, unsigned delay_bits, bool has_display_delay)
{
	bits_skip(b, 12); // operating_point_idc
	if (bits_take(b, 5) > 7)
		bits_skip(b, 1); // seq_tier
	if (delay_bits > 0 && bits_flag(b))
		bits_skip(b, 2 * delay_bits + 1);
	if (has_display_delay && bits_flag(b))
		bits_skip(b, 4);
}

static void skip_operating_points(struct bits *b)
{
	unsigned delay_bits = 0;
	if (bits_flag(b)) { // timing_info
		bits_skip(b, 64);
		if (bits_flag(b))
			skip_uvlc(b);
		if (bits_flag(b)) { // decoder_model_info
			delay_bits = (unsigned)bits_take(b, 5) + 1;
			bits_skip(b, 32 + 5 + 5);
		}
	}
	bool has_display_delay = bits_flag(b);
	unsigned count = (unsigned)bits_take(b, 5) + 1;
	for (unsigned i = 0; i < count; i++)
		skip_operating_point(b, delay_bits, has_display_delay);
}

int av1_sequence_read(const uint8_t *obu, size_t len, uint16_t *width, uint16_t *height)
{
	struct bits b = bits_init(obu, len);
	bits_skip(&b, 4); // seq_profile, still_picture
	if (bits_flag(&b))
		bits_skip(&b, 5); // reduced_still_picture_header: only a level
	else
		skip_operating_points(&b);
	unsigned width_bits = (unsigned)bits_take(&b, 4) + 1;
	unsigned height_bits = (unsigned)bits_take(&b, 4) + 1;
	uint64_t w = bits_take(&b, width_bits) + 1, h = bits_take(&b, height_bits) + 1;
	if (b.bytes.failed || w > UINT16_MAX || h > UINT16_MAX)
		return -EBADMSG;
	*width = (uint16_t)w;
	*height = (uint16_t)h;
	return 0;
}

// The OBU from obu_at to the end is whole; body: behind its header and size.
static int obu_inspect(struct av1_unit *u, uint8_t type, struct am_reader body)
{
	if (type == OBU_SEQUENCE) {
		u->has_sequence = true;
		return av1_sequence_read(body.next, am_reader_left(&body), &u->width, &u->height);
	}
	if ((type != OBU_FRAME && type != OBU_FRAME_HEADER) || u->has_frame)
		return 0;
	// uncompressed_header of 5.9.2: show_existing_frame, frame_type, show_frame.
	u->has_frame = true;
	u->key = (am_read_u8(&body) & 0xF0) == 0x10;
	return body.failed ? -EBADMSG : 0;
}

// Writes the size behind the header of head bytes.
static int write_size(struct frame_bytes *b, size_t at, size_t head, size_t size)
{
	uint8_t leb128[LEB128_MAX];
	size_t n = 0;
	for (size_t left = size; n == 0 || left > 0; left >>= 7)
		leb128[n++] = (uint8_t)((left & 0x7F) | (left > 0x7F ? 0x80 : 0));
	uint8_t *place = frame_bytes_insert(b, at + head, n);
	if (place == NULL)
		return -EBADMSG;
	memcpy(place, leb128, n);
	b->bytes[at] |= OBU_HAS_SIZE;
	return 0;
}

static int obu_end(struct av1_unit *u, struct frame_bytes *b)
{
	if (b->failed)
		return -EBADMSG;
	size_t at = u->obu_at;
	if (b->len == at)
		return 0;
	struct am_reader r = am_reader_init(b->bytes + at, b->len - at);
	uint8_t header = am_read_u8(&r), type = header >> 3 & 0x0F;
	bool extended = (header & OBU_EXTENSION) != 0, has_size = (header & OBU_HAS_SIZE) != 0;
	if (extended)
		am_read_u8(&r);
	if (has_size && read_leb128(&r) != am_reader_left(&r))
		r.failed = true;
	if (r.failed || (header & 0x80) != 0)
		return -EBADMSG;
	if (type == OBU_DELIMITER || type == OBU_TILE_LIST || type == OBU_PADDING) {
		b->len = at;
		return 0;
	}
	int ret = obu_inspect(u, type, r);
	if (ret == 0 && !has_size)
		ret = write_size(b, at, extended ? 2 : 1, am_reader_left(&r));
	return ret;
}

// RTP payload format for AV1, 4.4: Z Y W W N. W is the number of elements, of which the last has no
// length; 0: all have one.
int av1_append(struct av1_unit *u, struct frame_bytes *b, const uint8_t *payload, size_t len)
{
	struct am_reader r = am_reader_init(payload, len);
	uint8_t aggregation = am_read_u8(&r);
	bool continues = (aggregation & 0x80) != 0, goes_on = (aggregation & 0x40) != 0;
	unsigned elements = aggregation >> 4 & 0x03;
	if (r.failed || continues != u->open || am_reader_left(&r) == 0)
		return -EBADMSG;
	for (unsigned i = 1; am_reader_left(&r) > 0; i++) {
		size_t size = i == elements ? am_reader_left(&r) : read_leb128(&r);
		const uint8_t *bytes = am_reader_take(&r, size);
		if (bytes == NULL)
			return -EBADMSG;
		if (!u->open)
			u->obu_at = b->len;
		frame_bytes_append(b, bytes, size);
		u->open = goes_on && am_reader_left(&r) == 0;
		int ret = u->open ? 0 : obu_end(u, b);
		if (ret != 0)
			return ret;
	}
	return b->failed ? -EBADMSG : 0;
}

int av1_finish(struct av1_unit *u, struct frame_bytes *b)
{
	if (u->open)
		return -EBADMSG;
	if (!u->has_frame)
		b->len = 0;
	return 0;
}
