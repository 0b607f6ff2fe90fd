// Elements as they are written and read back.
#include "test.h"

#include "hostile.h"

#include "recorder/ebml.h"
#include "recorder/matroska_ids.h"

#include "am_reader.h"

static void elements_are_read_as_they_were_written(void **)
{
	uint8_t bytes[256];
	struct ebml e = {.bytes = bytes, .size = sizeof(bytes)};
	struct ebml_element found;

	ebml_uint(&e, MATROSKA_TIMESTAMP, 0, 0);
	ebml_uint(&e, EBML_VERSION, 0x123456, 0);
	ebml_uint(&e, MATROSKA_TIMESTAMP_SCALE, UINT64_MAX, 0);
	size_t mark = ebml_begin(&e, MATROSKA_CLUSTER, 4);
	ebml_text(&e, MATROSKA_CODEC_ID, "A_OPUS");
	ebml_end(&e, mark, 4);
	ebml_void_until(&e, 200);
	assert_false(e.failed);
	assert_int_equal(e.len, 200);

	struct am_reader r = am_reader_init(bytes, e.len);
	assert_true(ebml_next(&r, &found));
	assert_int_equal(found.id, MATROSKA_TIMESTAMP);
	assert_int_equal(found.len, 1);
	assert_int_equal(ebml_get_uint(&found), 0);
	assert_true(ebml_next(&r, &found));
	assert_int_equal(found.id, EBML_VERSION);
	assert_int_equal(found.len, 3);
	assert_int_equal(ebml_get_uint(&found), 0x123456);
	assert_true(ebml_next(&r, &found));
	assert_int_equal(found.id, MATROSKA_TIMESTAMP_SCALE);
	assert_int_equal(ebml_get_uint(&found), -1); // more than 63 bits
	assert_true(ebml_next(&r, &found));
	assert_int_equal(found.id, MATROSKA_CLUSTER);
	assert_int_equal(found.len, 8);
	assert_true(ebml_next(&r, &found));
	assert_int_equal(found.id, EBML_VOID);
	assert_false(ebml_next(&r, &found));
	assert_false(r.failed);
}

static void what_does_not_fit_fails(void **)
{
	uint8_t bytes[9];
	struct ebml e = {.bytes = bytes, .size = 3};
	ebml_uint(&e, MATROSKA_TIMESTAMP, 300, 0);
	assert_true(e.failed);

	e = (struct ebml){.bytes = bytes, .size = sizeof(bytes)};
	ebml_void_until(&e, 8);
	assert_true(e.failed);
	e = (struct ebml){.bytes = bytes, .size = sizeof(bytes)};
	ebml_void_until(&e, 10);
	assert_true(e.failed);
	e = (struct ebml){.bytes = bytes, .size = sizeof(bytes)};
	ebml_void_until(&e, 9);
	assert_false(e.failed);
}

static void numbers_have_eight_bytes(void **)
{
	static const uint8_t nine[] = {0, 0, 0, 0, 0, 0, 0, 0, 1};
	struct ebml_element e = {.data = nine, .len = 9};

	assert_int_equal(ebml_get_uint(&e), -1);
	e = (struct ebml_element){.data = nine + 1, .len = 8};
	assert_int_equal(ebml_get_uint(&e), 1);
	e.len = 0;
	assert_int_equal(ebml_get_uint(&e), 0);
}

static void doubles_are_big_endian(void **)
{
	static const uint8_t forty[] = {0x40, 0x44, 0, 0, 0, 0, 0, 0};
	uint8_t bytes[8];

	ebml_put_double(bytes, 40);
	assert_memory_equal(bytes, forty, sizeof(forty));
	assert_true(ebml_get_double(forty) == 40);
}

static void parse(const uint8_t *bytes, size_t len)
{
	struct am_reader r = am_reader_init(bytes, len);
	struct ebml_element e;

	while (ebml_next(&r, &e)) {
		assert_true(e.data + e.len <= bytes + len);
		(void)!ebml_get_uint(&e);
	}
}

static void hostile_bytes_do_no_harm(void **)
{
	static const uint8_t valid[] = {
	        0xE7, 0x81, 5, 0x42, 0x86, 0x40, 2, 1, 2, 0x1F, 0x43, 0xB6, 0x75, 0x10, 0, 0, 1, 9,
	};
	hostile_bytes(parse, valid, sizeof(valid));
}

static const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_are_read_as_they_were_written),
        cmocka_unit_test(what_does_not_fit_fails),
        cmocka_unit_test(numbers_have_eight_bytes),
        cmocka_unit_test(doubles_are_big_endian),
        cmocka_unit_test(hostile_bytes_do_no_harm),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
