#include "media/red.h"

#include "test.h"

static const uint8_t bytes[RED_SOUND_MAX + 50] = {0xAB, 0xCD, 0xEF};

static struct red_sound sound(uint32_t timestamp, uint16_t len)
{
	return (struct red_sound){.payload = bytes, .timestamp = timestamp, .len = len};
}

// RFC 2198 3: a block header of 4 bytes, one of 1, then the blocks in this order.
static void the_sound_before_comes_first(void **)
{
	struct red_sound before = sound(0xFFFFFF00, 3), now = sound(0xFFFFFF00 + 960, 80);
	uint8_t to[RED_LEN_MAX];
	static const uint8_t expected[] = {0xE4, 0x0F, 0x00, 0x03, 0x64, 0xAB, 0xCD, 0xEF};

	assert_int_equal(red_len(&before, &now), sizeof(expected));
	red_write(&before, &now, 100, to);
	assert_memory_equal(to, expected, sizeof(expected));
}

static void what_the_header_cannot_tell_is_not_brought(void **)
{
	static const struct {
		uint32_t offset;
		uint16_t len;
		uint8_t source, expected;
	} cases[] = {
	        {960, RED_SOUND_MAX, 0, RED_LEN_MAX},
	        {960, RED_SOUND_MAX + 50, 0, 0},
	        {960, 0, 0, 0}, // there is no earlier audio
	        {0, 80, 0, 0}, // the same packet
	        {1, 80, 0, 85},
	        {0x3FFF, 80, 0, 85},
	        {0x4000, 80, 0, 0},
	        {(uint32_t)-960, 80, 0, 0}, // the packet comes late
	        {960, 80, 1, 0}, // another source, with another clock
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct red_sound before = sound(1000, cases[i].len);
		struct red_sound now = sound(1000 + cases[i].offset, 80);
		before.source = cases[i].source;
		assert_int_equal(red_len(&before, &now), cases[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_sound_before_comes_first),
	        cmocka_unit_test(what_the_header_cannot_tell_is_not_brought),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
