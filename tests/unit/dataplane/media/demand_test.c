#include "media/demand.h"

#include "test.h"

#define START 7000000
#define LOOK  100000

static int64_t now;

static void begin(struct demand *d, uint8_t count)
{
	now = START;
	demand_init(d, count);
}

// Runs for this long; returns how often something has changed.
static int look_for(struct demand *d, uint8_t wished, int64_t us)
{
	int changes = 0;

	for (int64_t end = now + us; now < end; now += LOOK)
		changes += demand_look(d, wished, now);
	return changes;
}

static void all_are_sent_at_first(void **)
{
	struct demand d;
	for (uint8_t count = 1; count <= DEMAND_ENCODINGS; count++) {
		begin(&d, count);
		assert_int_equal(d.active, count);
		assert_int_equal(look_for(&d, count, 60000000), 0);
		assert_int_equal(d.active, count);
	}
}

static void what_nobody_wants_goes_off_after_ten_seconds_and_not_the_lowest(void **)
{
	struct demand d;
	for (uint8_t wished = 0; wished < 3; wished++) {
		begin(&d, 3);
		assert_int_equal(look_for(&d, wished, DEMAND_OFF_US), 0);
		assert_int_equal(look_for(&d, wished, LOOK), 1);
		assert_int_equal(d.active, wished > 1 ? wished : 1);
		assert_int_equal(look_for(&d, wished, 60000000), 0);
	}
}

static void what_is_wanted_comes_on_at_once(void **)
{
	struct demand d;
	begin(&d, 3);
	look_for(&d, 1, 20000000);
	assert_int_equal(d.active, 1);
	assert_int_equal(look_for(&d, 3, DEMAND_ON_US), 0);
	assert_int_equal(look_for(&d, 3, LOOK), 1);
	assert_int_equal(d.active, 3);
}

// A new viewer requests everything until its link has been examined.
static void a_wish_of_a_moment_changes_nothing(void **)
{
	struct demand d;
	begin(&d, 3);
	look_for(&d, 1, 20000000);
	for (int i = 0; i < 20; i++) {
		look_for(&d, 3, DEMAND_ON_US - LOOK);
		look_for(&d, 1, 1000000);
	}
	assert_int_equal(d.active, 1);
}

static void whoever_wants_it_now_and_then_keeps_it(void **)
{
	struct demand d;
	begin(&d, 3);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(look_for(&d, 1, DEMAND_OFF_US - LOOK), 0);
		assert_int_equal(look_for(&d, 3, LOOK), 0);
	}
	assert_int_equal(d.active, 3);
}

// Each encoding has its own ten seconds.
static void encodings_go_off_one_after_the_other(void **)
{
	struct demand d;
	begin(&d, 3);
	look_for(&d, 3, 1000000);
	look_for(&d, 2, 6000000);
	look_for(&d, 1, 4100000);
	assert_int_equal(d.active, 2);
	look_for(&d, 1, 5800000);
	assert_int_equal(d.active, 2);
	look_for(&d, 1, 200000);
	assert_int_equal(d.active, 1);
}

// The encoder restarts with each encoding that is turned on, and with none that is turned off.
static void two_come_on_in_a_row_and_then_one_every_five_seconds(void **)
{
	struct demand d;
	begin(&d, 4);
	look_for(&d, 1, 30000000);
	look_for(&d, 2, DEMAND_ON_US + LOOK);
	assert_int_equal(d.active, 2);
	int64_t first = now - LOOK;
	look_for(&d, 3, DEMAND_ON_US + LOOK);
	assert_int_equal(d.active, 3);
	look_for(&d, 4, first + DEMAND_REST_US - now);
	assert_int_equal(d.active, 3);
	look_for(&d, 4, LOOK);
	assert_int_equal(d.active, 4);
	// A viewer that requests it just after it was turned off does not wait.
	look_for(&d, 1, DEMAND_OFF_US + LOOK);
	assert_int_equal(d.active, 1);
	look_for(&d, 2, DEMAND_ON_US + LOOK);
	assert_int_equal(d.active, 2);
}

static void wishes_that_change_all_the_time_change_little(void **)
{
	struct demand d;
	begin(&d, 3);
	int64_t on[2] = {0};
	int changes = 0;
	for (int i = 0; i < 10000; i++) {
		uint8_t before = d.active, wished = (uint8_t)(1 + i / 7 % 3 * (i / 250 % 2));
		changes += demand_look(&d, wished, now);
		if (d.active > before) {
			assert_true(on[0] == 0 || now - on[0] >= DEMAND_REST_US);
			on[0] = on[1];
			on[1] = now;
		}
		now += LOOK;
	}
	assert_in_range(changes, 2, 10000 * LOOK / DEMAND_OFF_US * 2);
}

static void more_than_there_can_be_is_bounded(void **)
{
	struct demand d;
	begin(&d, 200);
	assert_int_equal(d.active, DEMAND_ENCODINGS);
	assert_int_equal(look_for(&d, 200, 30000000), 0);
	assert_int_equal(look_for(&d, 0, DEMAND_OFF_US + LOOK), 1);
	assert_int_equal(d.active, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(all_are_sent_at_first),
	        cmocka_unit_test(what_nobody_wants_goes_off_after_ten_seconds_and_not_the_lowest),
	        cmocka_unit_test(what_is_wanted_comes_on_at_once),
	        cmocka_unit_test(a_wish_of_a_moment_changes_nothing),
	        cmocka_unit_test(whoever_wants_it_now_and_then_keeps_it),
	        cmocka_unit_test(encodings_go_off_one_after_the_other),
	        cmocka_unit_test(two_come_on_in_a_row_and_then_one_every_five_seconds),
	        cmocka_unit_test(wishes_that_change_all_the_time_change_little),
	        cmocka_unit_test(more_than_there_can_be_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
