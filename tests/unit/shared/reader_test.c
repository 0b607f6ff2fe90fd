#include "am_reader.h"

#include "test.h"

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};

static void reads_big_endian(void **)
{
	struct am_reader r = am_reader_init(bytes, sizeof(bytes));

	assert_int_equal(am_read_u8(&r), 0x01);
	assert_int_equal(am_read_u16(&r), 0x0203);
	assert_int_equal(am_read_u24(&r), 0x040506);
	assert_int_equal(am_read_u32(&r), 0x0708090a);
	assert_true(am_read_u64(&r) == 0x0b0c0d0e0f101112ull);
	assert_int_equal(am_reader_left(&r), 0);
	assert_false(r.failed);
}

static void a_read_past_the_end_fails_and_moves_nothing(void **)
{
	for (size_t len = 0; len < 4; len++) {
		struct am_reader r = am_reader_init(bytes, len);
		assert_int_equal(am_read_u32(&r), 0);
		assert_true(r.failed);
		assert_ptr_equal(r.next, bytes);
	}
}

static void after_a_failure_nothing_is_read(void **)
{
	struct am_reader r = am_reader_init(bytes, 3);

	assert_null(am_reader_take(&r, 4));
	assert_int_equal(am_read_u8(&r), 0);
	assert_null(am_reader_take(&r, 0));
	assert_int_equal(am_reader_left(&r), 3);
}

static void huge_lengths_do_not_wrap(void **)
{
	struct am_reader r = am_reader_init(bytes, sizeof(bytes));

	assert_null(am_reader_take(&r, SIZE_MAX));
	assert_true(r.failed);
}

static void what_is_put_is_read_back(void **)
{
	uint8_t b[17];
	am_put_u16(b, 0xfedc);
	am_put_u24(b + 2, 0xba9876);
	am_put_u32(b + 5, 0x543210ff);
	am_put_u64(b + 9, 0xfedcba9876543210ull);
	struct am_reader r = am_reader_init(b, sizeof(b));

	assert_int_equal(am_read_u16(&r), 0xfedc);
	assert_int_equal(am_read_u24(&r), 0xba9876);
	assert_int_equal(am_read_u32(&r), 0x543210ff);
	assert_true(am_read_u64(&r) == 0xfedcba9876543210ull);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_big_endian),
	        cmocka_unit_test(a_read_past_the_end_fails_and_moves_nothing),
	        cmocka_unit_test(after_a_failure_nothing_is_read),
	        cmocka_unit_test(huge_lengths_do_not_wrap),
	        cmocka_unit_test(what_is_put_is_read_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
