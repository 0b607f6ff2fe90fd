// The codec configuration of AV1, as ffmpeg makes it of the same stream.
#include "test.h"

#include "hostile.h"

#include "recorder/av1.h"

#include <errno.h>

// The sequence header of libaom for 320x180, 8 bits, 4:2:0, and the beginning of a frame.
static const uint8_t unit[] = {
        0x0A, 0x0B, 0x00, 0x00, 0x00, 0x04, 0x3C, 0xFE, 0xCC,
        0xDA, 0xF9, 0x00, 0x40, 0x32, 0x03, 0x10, 0x00, 0x80,
};
static const uint8_t like[] = {
        0x81, 0x00, 0x0C, 0x00, 0x0A, 0x0B, 0x00, 0x00, 0x00,
        0x04, 0x3C, 0xFE, 0xCC, 0xDA, 0xF9, 0x00, 0x40,
};

static void the_configuration_has_the_sequence_header(void **)
{
	uint8_t config[64];

	assert_int_equal(av1_config(config, sizeof(config), unit, sizeof(unit)), sizeof(like));
	assert_memory_equal(config, like, sizeof(like));
	for (size_t size = 0; size < sizeof(like); size++)
		assert_int_equal(av1_config(config, size, unit, sizeof(unit)), -EBADMSG);
}

// It may come behind others: here, metadata and padding.
static void the_sequence_header_is_found(void **)
{
	uint8_t more[sizeof(unit) + 6] = {0x2A, 0x01, 0x00, 0x7E, 0x00, 0x00};
	uint8_t config[64];

	memcpy(more + 6, unit, sizeof(unit));
	assert_int_equal(av1_config(config, sizeof(config), more, sizeof(more)), sizeof(like));
	assert_int_equal(av1_config(config, sizeof(config), unit + 13, 5), -EBADMSG);
}

static void parse(const uint8_t *bytes, size_t len)
{
	uint8_t config[64];
	ssize_t size = av1_config(config, sizeof(config), bytes, len);
	assert_true(size == -EBADMSG || (size > 4 && (size_t)size <= len + 4));
}

static void hostile_bytes_do_no_harm(void **)
{
	hostile_bytes(parse, unit, sizeof(unit));
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_configuration_has_the_sequence_header),
        cmocka_unit_test(the_sequence_header_is_found),
        cmocka_unit_test(hostile_bytes_do_no_harm),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
