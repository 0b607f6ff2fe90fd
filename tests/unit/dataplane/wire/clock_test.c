#include "wire/clock.h"

#include "test.h"

static void reports_quote_the_middle_of_a_time(void **)
{
	assert_int_equal(ntp_middle(0x0123456789ABCDEF), 0x456789AB);
}

// Both layers show the same instant; their timestamps and report times are unrelated.
static void layers_of_a_track_share_a_time_line(void **)
{
	struct rtp_clock a, b;
	rtp_clock_init(&a, 90000);
	rtp_clock_init(&b, 90000);
	assert_false(a.known);
	rtp_clock_update(&a, UINT64_C(100) << 32, 0xFFFFFF00);
	rtp_clock_update(&b, (UINT64_C(101) << 32) + 0x80000000, 5000);
	assert_true(a.known);
	uint32_t then = rtp_clock_track_timestamp(&a, 0xFFFFFF00);
	assert_int_equal(then, 100 * 90000);
	assert_int_equal(rtp_clock_track_timestamp(&b, (uint32_t)(5000 - 135000)), then);
	assert_int_equal(rtp_clock_track_timestamp(&a, 0xFFFFFF00 + 180000), then + 180000);
}

static void the_time_line_survives_the_end_of_the_ntp_era(void **)
{
	struct rtp_clock a, b;
	rtp_clock_init(&a, 48000);
	rtp_clock_init(&b, 48000);
	rtp_clock_update(&a, UINT64_C(0xFFFFFFFF) << 32, 1000); // 2036
	rtp_clock_update(&b, UINT64_C(1) << 32, 7000); // two seconds later
	uint32_t apart = rtp_clock_track_timestamp(&b, 7000) - rtp_clock_track_timestamp(&a, 1000);
	assert_in_range(apart, 96000 - 1, 96000 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reports_quote_the_middle_of_a_time),
	        cmocka_unit_test(layers_of_a_track_share_a_time_line),
	        cmocka_unit_test(the_time_line_survives_the_end_of_the_ntp_era),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
