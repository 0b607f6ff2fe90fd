#include "media/clock.h"

#include "test.h"

static void unix_time_becomes_ntp_time(void **)
{
	assert_true(ntp_from_unix_us(0) == UINT64_C(2208988800) << 32);
	assert_true(ntp_from_unix_us(1500000) == (UINT64_C(2208988801) << 32 | 0x80000000));
	assert_int_equal(ntp_middle(0x0123456789ABCDEF), 0x456789AB);
}

// Both layers show the same instant; their timestamps and report times are unrelated.
static void a_timestamp_converts_to_another_layers_domain(void **)
{
	struct rtp_clock a, b;
	rtp_clock_init(&a, 90000);
	rtp_clock_init(&b, 90000);
	rtp_clock_update(&a, UINT64_C(100) << 32, 0xFFFFFF00, 0);
	rtp_clock_update(&b, (UINT64_C(101) << 32) + 0x80000000, 5000, 0);
	assert_int_equal(rtp_clock_convert(&a, 0xFFFFFF00, &b), (uint32_t)(5000 - 135000));
	assert_int_equal(rtp_clock_convert(&a, 0xFFFFFF00 + 180000, &b), 5000 + 45000);
	assert_int_equal(rtp_clock_convert(&b, 5000, &a), (uint32_t)(0xFFFFFF00 + 135000));
}

static void conversion_survives_the_end_of_the_ntp_era(void **)
{
	struct rtp_clock a, b;
	rtp_clock_init(&a, 48000);
	rtp_clock_init(&b, 48000);
	rtp_clock_update(&a, UINT64_C(0xFFFFFFFF) << 32, 1000, 0); // 2036
	rtp_clock_update(&b, UINT64_C(1) << 32, 7000, 0); // two seconds later
	uint32_t converted = rtp_clock_convert(&a, 1000 + 96000, &b);
	assert_in_range(converted, 7000 - 1, 7000 + 1);
}

static void hostile_reports_only_wrap(void **)
{
	static const uint64_t ntps[] = {0, 1, UINT64_MAX, UINT64_C(1) << 63};
	struct rtp_clock a, b;
	uint64_t ntp;
	uint32_t timestamp;
	rtp_clock_init(&a, 90000);
	rtp_clock_init(&b, 90000);
	for (size_t i = 0; i < COUNT(ntps); i++) {
		rtp_clock_update(&a, ntps[i], 0xFFFFFFFF, 0);
		rtp_clock_update(&b, ntps[COUNT(ntps) - 1 - i], 0, 0);
		uint32_t there = rtp_clock_convert(&a, 77, &b);
		assert_int_equal(rtp_clock_convert(&b, there, &a), 77);
		rtp_clock_now(&a, INT64_MAX, &ntp, &timestamp);
	}
}

static void now_runs_on_the_line_of_the_last_report(void **)
{
	struct rtp_clock c;
	uint64_t ntp;
	uint32_t timestamp;
	rtp_clock_init(&c, 48000);
	assert_false(c.known);
	rtp_clock_update(&c, UINT64_C(10) << 32, 0xFFFFFFFF, 1000000);
	assert_true(c.known);
	rtp_clock_now(&c, 1000000 + 2500000, &ntp, &timestamp);
	assert_true(ntp == ((UINT64_C(12) << 32) | 0x80000000));
	assert_int_equal(timestamp, 120000 - 1);
	assert_int_equal(rtp_clock_track_timestamp(&c, timestamp), ntp_ticks(ntp, 48000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(unix_time_becomes_ntp_time),
	        cmocka_unit_test(a_timestamp_converts_to_another_layers_domain),
	        cmocka_unit_test(conversion_survives_the_end_of_the_ntp_era),
	        cmocka_unit_test(hostile_reports_only_wrap),
	        cmocka_unit_test(now_runs_on_the_line_of_the_last_report),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
