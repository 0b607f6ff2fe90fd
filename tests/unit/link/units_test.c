#include "units.h"

#include <stdlib.h>

#include "rate.h"

#include "test.h"

static void rates_are_read(void **)
{
	static const struct {
		const char *text;
		int64_t bit_s;
	} cases[] = {{"600k", 600000},   {"2.5m", 2500000}, {"2.5M", 2500000},
	             {"1g", 1000000000}, {"1", 1},          {"unlimited", RATE_UNLIMITED},
	             {"0", RATE_STALLED}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t bit_s = 77;
		assert_true(unit_rate(cases[i].text, &bit_s));
		assert_int_equal(bit_s, cases[i].bit_s);
	}
}

static void invalid_rates_are_refused(void **)
{
	static const char *texts[] = {"",      "k",
	                              "-1",    "600kb",
	                              "600 k", "1e6",
	                              "0x10",  "101g",
	                              "nan",   "inf",
	                              "0.5",   ".5m",
	                              "1.2.3", "1000000000000000000000000000000000000000"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int64_t bit_s = 77;
		assert_false(unit_rate(texts[i], &bit_s));
		assert_int_equal(bit_s, 77);
	}
}

static void bytes_are_read(void **)
{
	uint64_t bytes = 77;

	assert_true(unit_bytes("1600", &bytes) && bytes == 1600);
	assert_true(unit_bytes("6k", &bytes) && bytes == 6000);
	assert_true(unit_bytes("6kB", &bytes) && bytes == 6000);
	assert_true(unit_bytes("1.5M", &bytes) && bytes == 1500000);
	assert_false(unit_bytes("200ms", &bytes));
	assert_false(unit_bytes("5g", &bytes));
	assert_false(unit_bytes("2000m", &bytes));
	assert_int_equal(bytes, 1500000);
}

static void times_require_their_unit(void **)
{
	int64_t us = 77;

	assert_true(unit_time("500us", &us) && us == 500);
	assert_true(unit_time("200ms", &us) && us == 200000);
	assert_true(unit_time("1.5s", &us) && us == 1500000);
	assert_true(unit_time("0", &us) && us == 0);
	assert_false(unit_time("200", &us));
	assert_false(unit_time("5m", &us));
	assert_false(unit_time("-5ms", &us));
	assert_false(unit_time("3601s", &us));
	assert_int_equal(us, 0);
}

static void shares_are_read(void **)
{
	double share = 7;

	assert_true(unit_share("5%", &share) && share > 0.0499 && share < 0.0501);
	assert_true(unit_share("0.25", &share) && share == 0.25);
	assert_true(unit_share("100%", &share) && share == 1);
	assert_false(unit_share("101%", &share));
	assert_false(unit_share("5", &share));
	assert_false(unit_share("5 %", &share));
	assert_true(share == 1);
}

static void steps_are_read(void **)
{
	uint32_t n;
	struct rate_step *steps = unit_steps("2m@0,600k@20,0@20.5,unlimited@40", &n);

	assert_non_null(steps);
	assert_int_equal(n, 4);
	assert_int_equal(steps[1].bit_s, 600000);
	assert_int_equal(steps[1].at_us, 20000000);
	assert_int_equal(steps[2].bit_s, RATE_STALLED);
	assert_int_equal(steps[2].at_us, 20500000);
	assert_int_equal(steps[3].bit_s, RATE_UNLIMITED);
	free(steps);
}

static void invalid_steps_are_refused(void **)
{
	static const char *texts[] = {"",      "2m",        "2m@1",           "2m@0,",
	                              ",2m@0", "2m@0,1m@0", "2m@0,1m@5,1m@4", "2m@0@1",
	                              "2m@0s", "@0"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint32_t n;
		assert_null(unit_steps(texts[i], &n));
	}
}

static void a_number_keeps_its_bounds(void **)
{
	double value = 7;

	assert_true(unit_number("1", 1, 10, &value) && value == 1);
	assert_true(unit_number("10", 1, 10, &value) && value == 10);
	assert_false(unit_number("0.9", 1, 10, &value));
	assert_false(unit_number("10.1", 1, 10, &value));
	assert_true(value == 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(rates_are_read),
	        cmocka_unit_test(invalid_rates_are_refused),
	        cmocka_unit_test(bytes_are_read),
	        cmocka_unit_test(times_require_their_unit),
	        cmocka_unit_test(shares_are_read),
	        cmocka_unit_test(steps_are_read),
	        cmocka_unit_test(invalid_steps_are_refused),
	        cmocka_unit_test(a_number_keeps_its_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
