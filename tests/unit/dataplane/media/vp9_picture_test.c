#include "media/vp9_picture.h"

#include "media/frame_bytes.h"
#include "test.h"

#include <errno.h>

// Bits of a header, written in the order of VP9 6.2.
static uint8_t header[64];
static unsigned bits;

static void put(unsigned value, unsigned n)
{
	while (n-- > 0) {
		if ((value >> n & 1) != 0)
			header[bits / 8] |= (uint8_t)(0x80 >> bits % 8);
		bits++;
	}
}

static void begin(bool key, bool shown, bool resilient)
{
	memset(header, 0, sizeof(header));
	bits = 0;
	put(2, 2);
	put(0, 3); // profile, show_existing_frame
	put(!key, 1);
	put(shown, 1);
	put(resilient, 1);
}

// From the loop filter's level on.
static void put_rest(unsigned tile_bits)
{
	put(0, 6 + 3 + 1);
	put(0, 8 + 3); // quantization
	put(0, 1); // segmentation
	put(0, tile_bits + 1);
	put(1, 16);
}

static void assert_header(struct vp9_slots *slots, unsigned width, unsigned height)
{
	struct vp9_header h;
	assert_int_equal(vp9_header_read(slots, header, sizeof(header), &h), 0);
	assert_int_equal(h.width, width);
	assert_int_equal(h.height, height);
	assert_int_equal(h.bits, bits);
	for (size_t len = 0; len < (bits + 7) / 8; len++)
		assert_int_equal(vp9_header_read(slots, header, len, &h), -EBADMSG);
}

static void put_key(unsigned width, unsigned height, unsigned tile_bits)
{
	begin(true, true, true);
	put(0x498342, 24);
	put(2, 3); // colors
	put(0, 1);
	put(width - 1, 16);
	put(height - 1, 16);
	put(0, 1); // render_size
	put(0, 2); // frame_context_idx
	put_rest(tile_bits);
}

// increment_tile_cols_log2: a bit while more columns are possible.
static void the_width_says_how_many_bits_tiles_take(void **)
{
	static const struct {
		unsigned width, tile_bits;
	} cases[] = {{64, 0}, {448, 0}, {449, 1}, {1280, 1}, {1920, 1}, {4096, 1}};
	struct vp9_slots slots = {0};
	for (unsigned i = 0; i < COUNT(cases); i++) {
		put_key(cases[i].width, 360, cases[i].tile_bits);
		assert_header(&slots, cases[i].width, 360);
	}
}

static void sizes_are_those_of_the_frames_referred_to(void **)
{
	struct vp9_slots slots = {0};
	put_key(640, 360, 1);
	assert_header(&slots, 640, 360);

	// Of its own, into slots 0 and 2.
	begin(false, true, false);
	put(0, 2); // reset_frame_context
	put(0x05, 8);
	put(0, 12); // references
	put(0, 3);
	put(319, 16);
	put(179, 16);
	put(0, 1 + 1); // render_size, allow_high_precision_mv
	put(1, 1); // switchable filter
	put(0, 2 + 2); // contexts
	put_rest(0);
	assert_header(&slots, 320, 180);

	// Slot 1, then slot 2.
	for (unsigned slot = 1; slot <= 2; slot++) {
		begin(false, false, true);
		put(0, 1); // intra_only
		put(0, 8);
		put(slot, 3);
		put(0, 1 + 8);
		put(1, 1); // as the first reference
		put(1, 1); // render_size
		put(0, 32);
		put(0, 1 + 1 + 2);
		put(0, 2);
		put_rest(slot == 1);
		assert_header(&slots, slot == 1 ? 640 : 320, slot == 1 ? 360 : 180);
	}
}

// The last field, which is 1, of a header of so many bits.
static void assert_last_field(const uint8_t *bytes, unsigned len)
{
	for (unsigned i = len - 16; i < len; i++)
		assert_int_equal(bytes[i / 8] >> (7 - i % 8) & 1, i + 1 == len);
}

static void append(struct vp9_picture *p, struct frame_bytes *b, uint8_t descriptor)
{
	uint8_t payload[1 + sizeof(header) + 2] = {descriptor};
	size_t len = (bits + 7) / 8;
	memcpy(payload + 1, header, len);
	payload[1 + len] = 0xAB;
	payload[2 + len] = 0xCD;
	assert_int_equal(vp9_append(p, b, payload, 3 + len), 0);
}

// For all lengths of the header, in bits: hidden frames have one more.
static void hidden_layers_are_otherwise_unchanged(void **)
{
	for (unsigned more = 0; more < 8; more++) {
		struct vp9_picture p = {0};
		struct frame_bytes b = {0};
		struct vp9_header h;
		vp9_begin(&p);
		begin(false, true, true);
		put(0, 8 + 12); // refresh_frame_flags, references
		put(0, 3);
		put(63, 16);
		put(63, 16);
		put(0, 1 + 1);
		put(1, 1);
		put(0, 2);
		put(0, 6 + 3);
		put(3, 2); // deltas of the loop filter, seven bits each
		for (unsigned i = 0; i < 6; i++)
			put(i < more ? 0xFF : 0, i < more ? 8 : 1);
		put(0, 8 + 3);
		put(more == 7, 1); // segmentation
		if (more == 7)
			put(0, 2);
		put(0, 1);
		put(1, 16);
		unsigned length = bits;
		append(&p, &b, 0x40 | 0x08 | 0x04);
		put_key(128, 128, 0);
		append(&p, &b, 0x40 | 0x08 | 0x04);
		assert_int_equal(vp9_finish(&p, &b), 0);

		assert_int_equal(vp9_header_read(&p.slots, b.bytes, b.len, &h), 0);
		assert_false(h.shown);
		assert_true(h.resilient);
		assert_int_equal(h.bits, length + 1);
		assert_int_equal(h.width, 64);
		assert_last_field(b.bytes, h.bits);
		size_t at = (h.bits + 7) / 8;
		assert_memory_equal(b.bytes + at, "\xAB\xCD", 2);
		assert_int_equal(vp9_header_read(&p.slots, b.bytes + at + 2, b.len, &h), 0);
		assert_true(h.key && h.shown);
		frame_bytes_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_width_says_how_many_bits_tiles_take),
	        cmocka_unit_test(hidden_layers_are_otherwise_unchanged),
	        cmocka_unit_test(sizes_are_those_of_the_frames_referred_to),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
