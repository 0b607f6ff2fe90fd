// From start codes to lengths, and the decoder configuration.
#include "test.h"

#include "hostile.h"

#include "recorder/h264.h"

#include <errno.h>

static void assert_sample(const uint8_t *annex_b, size_t len, const uint8_t *sample, size_t size)
{
	uint8_t found[256];

	assert_int_equal(h264_sample_len(annex_b, len), size);
	h264_sample(found, annex_b, len);
	assert_memory_equal(found, sample, size);
}

static void start_codes_become_lengths(void **)
{
	static const uint8_t both[] = {0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 3, 0, 0, 0, 1, 0x65};
	static const uint8_t lengths[] = {0, 0,    0, 2, 0x67, 1, 0, 0, 0,
	                                  3, 0x68, 2, 3, 0,    0, 0, 1, 0x65};
	// Zeros behind a unit belong to nothing (B.1), those within it do.
	static const uint8_t padded[] = {0, 0, 0, 0, 1, 0x41, 0, 5, 0, 0, 0, 0, 1, 0x41, 7, 0, 0};
	static const uint8_t trimmed[] = {0, 0, 0, 3, 0x41, 0, 5, 0, 0, 0, 2, 0x41, 7};
	static const uint8_t empty[] = {0, 0, 1, 0, 0, 1, 0, 0, 0, 1};

	assert_sample(both, sizeof(both), lengths, sizeof(lengths));
	assert_sample(padded, sizeof(padded), trimmed, sizeof(trimmed));
	assert_int_equal(h264_sample_len(empty, sizeof(empty)), 0);
	assert_int_equal(h264_sample_len((const uint8_t *)"text", 4), 0);
}

static const uint8_t key[] = {
        0, 0, 0, 1,    0x67, 0x64, 0x00, 0x0C, 0xAC, 0xD9, 0x41, 0x41, 0xFB, // High, 4:2:0, 8 bits
        0, 0, 1, 0x68, 0xEB, 0xEC, 0xB2, // and a picture
        0, 0, 1, 0x65, 0x88, 0x84,
};

static void the_configuration_has_the_parameter_sets(void **)
{
	static const uint8_t like[] = {
	        1,    0x64, 0x00, 0x0C, 0xFF, 0xE1, 0,    9,    0x67, 0x64, 0x00, 0x0C, 0xAC, 0xD9,
	        0x41, 0x41, 0xFB, 1,    0,    4,    0x68, 0xEB, 0xEC, 0xB2, 0xFD, 0xF8, 0xF8, 0,
	};
	uint8_t config[64];

	assert_int_equal(h264_config(config, sizeof(config), key, sizeof(key)), sizeof(like));
	assert_memory_equal(config, like, sizeof(like));
	for (size_t size = 0; size < sizeof(like); size++)
		assert_int_equal(h264_config(config, size, key, sizeof(key)), -EBADMSG);
	assert_int_equal(h264_config(config, sizeof(config), key, 13), -EBADMSG);
}

static void parse(const uint8_t *bytes, size_t len)
{
	uint8_t config[64];
	size_t size = h264_sample_len(bytes, len);
	uint8_t *sample = malloc(size + 1);

	assert_true(size <= len * 2);
	h264_sample(sample, bytes, len);
	free(sample);
	(void)!h264_config(config, sizeof(config), bytes, len);
}

static void short_parameter_sets_are_none(void **)
{
	static const uint8_t four[] = {0, 0, 1, 0x67, 0x64, 0, 0x0C, 0, 0, 1, 0x68, 1};
	static const uint8_t five[] = {0, 0, 1, 0x67, 0x64, 0, 0x0C, 1, 0, 0, 1, 0x68, 1};
	static const uint8_t two[] = {0, 0, 1, 0x68, 1, 0, 0, 1, 0x67, 0x42};
	uint8_t config[64];

	hostile_feed(parse, two, sizeof(two));
	assert_int_equal(h264_config(config, sizeof(config), two, sizeof(two)), -EBADMSG);
	assert_int_equal(h264_config(config, sizeof(config), four, sizeof(four)), -EBADMSG);
	assert_int_equal(h264_config(config, sizeof(config), five, sizeof(five)), -EBADMSG);
}

static void hostile_bytes_do_no_harm(void **)
{
	hostile_bytes(parse, key, sizeof(key));
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_codes_become_lengths),
        cmocka_unit_test(the_configuration_has_the_parameter_sets),
        cmocka_unit_test(short_parameter_sets_are_none),
        cmocka_unit_test(hostile_bytes_do_no_harm),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
