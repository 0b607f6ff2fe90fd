#include "recorder/line.h"

#include "hostile.h"

static void time_zero_is_the_beginning(void **)
{
	struct line l = {0};

	assert_int_equal(line_time(&l, 5000), LINE_NONE);
	assert_int_equal(line_reached(&l, 5000), 0);
	assert_false(line_runs(&l));
	line_stop(&l, 100); // before it has begun
	assert_int_equal(l.count, 0);
	line_run(&l, 1000);
	line_run(&l, 2000); // runs already
	assert_true(line_runs(&l));
	assert_int_equal(line_time(&l, 999), LINE_NONE);
	assert_int_equal(line_time(&l, 1000), 0);
	assert_int_equal(line_time(&l, 5000), 4000);
	assert_true(line_is_good(&l));
}

static void pauses_are_cut_out(void **)
{
	struct line l = {0};

	line_run(&l, 1000);
	line_stop(&l, 3000);
	line_stop(&l, 3500); // stands already
	assert_false(line_runs(&l));
	assert_int_equal(line_time(&l, 2999), 1999);
	assert_int_equal(line_time(&l, 3000), LINE_NONE);
	assert_int_equal(line_reached(&l, 9000), 2000);
	line_run(&l, 10000);
	assert_int_equal(line_time(&l, 9999), LINE_NONE);
	assert_int_equal(line_time(&l, 10000), 2000);
	assert_int_equal(line_time(&l, 2500), 1500); // late ones from before
	assert_int_equal(line_reached(&l, 5000), 2000);
	assert_int_equal(line_reached(&l, 10007), 2007);
	assert_true(line_is_good(&l));
}

static void a_pause_never_ends_before_it_begins(void **)
{
	struct line l = {0};

	line_run(&l, 1000);
	line_stop(&l, 3000);
	line_run(&l, 2000);
	assert_int_equal(line_time(&l, 3000), 2000);
	line_stop(&l, 500);
	assert_true(line_is_good(&l));
	assert_int_equal(line_reached(&l, 9000), 2000);
}

static void the_line_survives_any_number_of_pauses(void **)
{
	struct line l = {0};
	int64_t now_us = 1000;

	line_run(&l, now_us);
	for (int i = 0; i < 1000; i++) {
		line_stop(&l, now_us += 20);
		line_run(&l, now_us += 30);
		assert_true(line_is_good(&l));
	}
	assert_int_equal(line_time(&l, now_us), 1000 * 20);
	assert_int_equal(line_time(&l, now_us - 30 - 1), 1000 * 20 - 1);
	assert_int_equal(line_time(&l, 1001), LINE_NONE); // no longer known
	assert_true(line_reached(&l, 1001) >= 0);
}

// Whatever the file `state` holds: no overflow, and what passes has times that never go back.
static void line_feed(const uint8_t *bytes, size_t len)
{
	struct line l = {0};
	int64_t before_us = 0;

	memcpy(&l, bytes, len < sizeof(l) ? len : sizeof(l));
	if (!line_is_good(&l))
		return;
	for (int64_t us = 0; us < INT64_MAX / 8; us = us * 3 + 1) {
		int64_t time_us = line_time(&l, us);
		assert_true(time_us == LINE_NONE || time_us >= 0);
		assert_true(line_reached(&l, us) >= before_us);
		before_us = line_reached(&l, us);
	}
}

static void hostile_lines_are_bounded(void **)
{
	struct line l = {0};

	line_run(&l, 1000);
	line_stop(&l, 2000);
	line_run(&l, 3000);
	line_stop(&l, 4000);
	hostile_bytes(line_feed, (const uint8_t *)&l, sizeof(l));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(time_zero_is_the_beginning),
	        cmocka_unit_test(pauses_are_cut_out),
	        cmocka_unit_test(a_pause_never_ends_before_it_begins),
	        cmocka_unit_test(the_line_survives_any_number_of_pauses),
	        cmocka_unit_test(hostile_lines_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
