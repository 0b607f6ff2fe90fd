#include "media/shed.h"

#include "test.h"

#define MS     INT64_C(1000)
#define SECOND INT64_C(1000000)

static struct shed shed;
static int64_t now_us;

static void begin(void)
{
	shed = (struct shed){0};
	now_us = 1000 * SECOND;
	assert_false(shed_look(&shed, now_us, false));
}

// Runs a worker that is behind for `percent` of the time. Returns how often the level changed.
static int run(int64_t us, int percent)
{
	int changes = 0;

	for (int64_t at = 0; at < us; at += 5 * MS) {
		now_us += 5 * MS;
		changes += shed_look(&shed, now_us, at / (5 * MS) % 100 < percent);
	}
	return changes;
}

static void a_worker_that_keeps_up_sheds_nothing(void **)
{
	begin();
	assert_int_equal(run(60 * SECOND, 0), 0);
	assert_int_equal(shed.level, SHED_NOTHING);
}

// A single stall, such as another process causes.
static void one_stall_sheds_nothing(void **)
{
	begin();
	for (int i = 0; i < 20; i++) {
		now_us += 400 * MS;
		assert_false(shed_look(&shed, now_us, true));
		assert_int_equal(run(2 * SECOND, 0), 0);
	}
	assert_int_equal(shed.level, SHED_NOTHING);
}

static void it_sheds_a_step_each_half_second_that_it_is_behind(void **)
{
	begin();
	run(SHED_WINDOW_US + 5 * MS, 100);
	assert_int_equal(shed.level, SHED_PROBES);
	assert_in_range(run(2 * SECOND, 100), 3, 4);
	run(60 * SECOND, 100);
	assert_int_equal(shed.level, SHED_LEVELS - 1);
}

static void it_takes_back_a_step_in_five_seconds(void **)
{
	begin();
	run(2 * SECOND, 100);
	uint8_t level = shed.level;
	assert_true(level >= 3);
	run(SHED_CALM_US - 100 * MS, 0);
	assert_int_equal(shed.level, level);
	run(200 * MS, 0);
	assert_int_equal(shed.level, level - 1);
	run(60 * SECOND, 0);
	assert_int_equal(shed.level, SHED_NOTHING);
}

// A worker that is behind 40 % of the time neither adds a step nor takes one back.
static void between_the_two_it_stays(void **)
{
	begin();
	run(SHED_WINDOW_US + 5 * MS, 100);
	assert_int_equal(run(60 * SECOND, 40), 0);
	assert_int_equal(shed.level, SHED_PROBES);
}

static void each_level_leaves_out_what_it_says(void **)
{
	static const struct {
		enum shed_level level;
		uint8_t priority, encodings, spatial, temporal;
		uint8_t spatial_left, temporal_left;
	} cases[] = {
	        {SHED_NOTHING, 100, 3, 2, 3, 2, 3}, {SHED_REPEATS, 100, 3, 1, 3, 1, 3},
	        {SHED_SMALL, 100, 3, 2, 3, 2, 3},   {SHED_SMALL, 100, 3, 1, 3, 0, 3},
	        {SHED_THIRD, 100, 3, 2, 3, 2, 1},   {SHED_THIRD, 255, 3, 2, 3, 2, 3},
	        {SHED_SECOND, 100, 3, 2, 3, 2, 0},  {SHED_SECOND, 255, 1, 0, 3, 0, 3},
	        {SHED_LARGE, 100, 3, 2, 3, 1, 0},   {SHED_LARGE, 100, 1, 0, 3, 0, 0},
	        {SHED_MIDDLE, 100, 3, 2, 3, 0, 0},  {SHED_MIDDLE, 255, 3, 2, 3, 0, 3},
	        {SHED_MIDDLE, 100, 0, 0, 0, 0, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t spatial = cases[i].spatial, temporal = cases[i].temporal;
		shed_limit(
		        cases[i].level, cases[i].priority, cases[i].encodings, &spatial, &temporal
		);
		assert_int_equal(spatial, cases[i].spatial_left);
		assert_int_equal(temporal, cases[i].temporal_left);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_worker_that_keeps_up_sheds_nothing),
	        cmocka_unit_test(one_stall_sheds_nothing),
	        cmocka_unit_test(it_sheds_a_step_each_half_second_that_it_is_behind),
	        cmocka_unit_test(it_takes_back_a_step_in_five_seconds),
	        cmocka_unit_test(between_the_two_it_stays),
	        cmocka_unit_test(each_level_leaves_out_what_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
