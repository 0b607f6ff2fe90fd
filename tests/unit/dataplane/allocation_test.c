#include "media/allocation.h"

#include <string.h>

#include "test.h"

#define MS    INT64_C(1000)
#define START (100000 * MS)
#define LOOK  (100 * MS)

// As Chromium's fake camera sends: 180p, 360p, 720p, the temporal layers of each at 60 % and all.
static const struct allocation_picture camera = {
        .priority = 100,
        .count = 6,
        .chosen = ALLOCATION_NONE,
        .bps = {90000, 150000, 300000, 500000, 900000, 1500000},
};

static struct allocation allocation;
static int64_t now;

static int setup(void **)
{
	allocation = (struct allocation){0};
	now = START;
	return 0;
}

// Looks at the same budget for so long; returns after how many ms something changed first, or -1.
static int64_t look_for(struct allocation_picture *p, unsigned count, uint64_t bps, int64_t ms)
{
	int64_t begun = now, first = -1;

	for (int64_t end = now + ms * MS; now < end; now += LOOK) {
		if (allocation_look(&allocation, p, count, bps, ALLOCATION_TIME, now) && first < 0)
			first = (now - begun) / MS;
	}
	return first;
}

static void choose_at_once(struct allocation_picture *p, unsigned count, uint64_t bps)
{
	(void)allocation_look(&allocation, p, count, bps, ALLOCATION_CHANGED, now);
}

static void the_best_step_that_fits_is_chosen(void **)
{
	static const struct {
		uint64_t budget_bps;
		uint8_t step;
	} cases[] = {
	        {0, ALLOCATION_NONE}, {89999, ALLOCATION_NONE},
	        {90000, 0},           {149999, 0},
	        {150000, 1},          {499999, 2},
	        {1500000, 5},         {UINT64_MAX / 200, 5},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct allocation_picture p = camera;
		uint64_t used = allocation_choose(&p, 1, cases[i].budget_bps);
		assert_int_equal(p.chosen, cases[i].step);
		assert_int_equal(used, p.chosen == ALLOCATION_NONE ? 0 : p.bps[p.chosen]);
	}
}

static void every_picture_has_something_before_one_has_more(void **)
{
	struct allocation_picture p[3] = {camera, camera, camera};
	p[1].priority = 255;
	assert_int_equal(allocation_choose(p, 3, 3 * 90000 + 60000), 330000);
	assert_int_equal(p[0].chosen, 0);
	assert_int_equal(p[1].chosen, 1); // the first to have more
	assert_int_equal(p[2].chosen, 0);
}

static void where_not_all_fit_the_most_important_do(void **)
{
	struct allocation_picture p[3] = {camera, camera, camera};
	p[2].priority = 200;
	p[1].priority = 150;
	allocation_choose(p, 3, 200000);
	assert_int_equal(p[2].chosen, 0);
	assert_int_equal(p[1].chosen, 0);
	assert_int_equal(p[0].chosen, ALLOCATION_NONE);
}

static void a_publisher_that_sends_nothing_takes_nothing(void **)
{
	struct allocation_picture p[2] = {camera, camera};
	p[0].count = 0;
	allocation_choose(p, 2, 10000000);
	assert_int_equal(p[0].chosen, ALLOCATION_NONE);
	assert_int_equal(p[1].chosen, 5);
	assert_int_equal(allocation_next(p, 2, 1500000), 0);
}

static void down_it_goes_after_a_moment_not_at_a_dip(void **)
{
	struct allocation_picture p = camera;
	choose_at_once(&p, 1, 2000000);
	assert_int_equal(p.chosen, 5);
	assert_int_equal(look_for(&p, 1, 1400000, 300), -1);
	assert_int_equal(look_for(&p, 1, 2000000, 1000), -1);
	assert_int_equal(look_for(&p, 1, 1400000, 1000), 300);
	assert_int_equal(p.chosen, 4);
}

static void far_too_much_ends_at_once(void **)
{
	struct allocation_picture p = camera;
	choose_at_once(&p, 1, 2000000);
	assert_int_equal(look_for(&p, 1, 600000, 1000), 0);
	assert_int_equal(p.chosen, 3);
}

static void up_it_goes_with_a_margin_and_patience(void **)
{
	struct allocation_picture p = camera;
	choose_at_once(&p, 1, 500000);
	assert_int_equal(p.chosen, 3);
	assert_int_equal(look_for(&p, 1, 960000, 20000), -1); // 900 000 and no margin
	assert_int_equal(look_for(&p, 1, 980000, 5000), 2000);
	assert_int_equal(p.chosen, 4);
}

static void a_probe_need_not_wait(void **)
{
	struct allocation_picture p = camera;
	choose_at_once(&p, 1, 500000);
	assert_true(allocation_look(&allocation, &p, 1, 950000, ALLOCATION_PROBED, now));
	assert_int_equal(p.chosen, 4);
}

static void after_a_step_down_the_next_up_waits(void **)
{
	struct allocation_picture p = camera;
	choose_at_once(&p, 1, 2000000);
	assert_int_equal(look_for(&p, 1, 600000, 400), 0);
	assert_false(allocation_look(&allocation, &p, 1, 3000000, ALLOCATION_PROBED, now));
	assert_in_range(look_for(&p, 1, 3000000, 10000), 4500, 4700);
	assert_int_equal(p.chosen, 5);
}

// A link that seems to carry more each time, and does not.
static void what_is_regretted_is_tried_ever_more_rarely(void **)
{
	struct allocation_picture p = camera;
	int changes = 0;

	choose_at_once(&p, 1, 600000);
	for (int64_t end = now + 120000 * MS; now < end; now += LOOK) {
		uint64_t bps = p.chosen > 3 ? 600000 : 2000000;
		changes += allocation_look(&allocation, &p, 1, bps, ALLOCATION_TIME, now);
	}
	// Up and down at 2, 7, 17, 37, 77 s and then each 40 s.
	assert_in_range(changes, 6, 12);
}

static void a_picture_goes_altogether_after_a_while_alone(void **)
{
	struct allocation_picture p = camera;

	choose_at_once(&p, 1, 600000);
	assert_int_equal(look_for(&p, 1, 20000, 900), 0);
	assert_int_equal(p.chosen, 0);
	assert_int_equal(look_for(&p, 1, 600000, 100), -1); // it was a mistake
	assert_in_range(look_for(&p, 1, 20000, 2000), 900, 1100);
	assert_int_equal(p.chosen, ALLOCATION_NONE);
}

static void a_picture_that_is_not_there_comes_back_soon(void **)
{
	struct allocation_picture p = camera;

	choose_at_once(&p, 1, 100000);
	assert_in_range(look_for(&p, 1, 80000, 1200), 900, 1100);
	assert_int_equal(p.chosen, ALLOCATION_NONE);
	assert_in_range(look_for(&p, 1, 100000, 2000), 900, 1100);
	assert_int_equal(p.chosen, 0);
	// It went again at once: now it waits a little longer, but never for long.
	for (int i = 0; i < 5; i++) {
		assert_in_range(look_for(&p, 1, 80000, 1200), 0, 1100);
		assert_int_equal(p.chosen, ALLOCATION_NONE);
		assert_in_range(look_for(&p, 1, 100000, 6000), 4500, 5100);
	}
}

// The most important picture is black, and another could make room for it.
static void others_make_room_for_a_picture_that_is_not_there(void **)
{
	struct allocation_picture p[2] = {camera, camera};

	p[1].priority = 255;
	p[1].count = 1;
	p[1].bps[0] = 700000;
	choose_at_once(p, 2, 600000);
	assert_int_equal(p[0].chosen, 3);
	assert_int_equal(p[1].chosen, ALLOCATION_NONE);
	p[1].bps[0] = 120000;
	assert_in_range(look_for(p, 2, 600000, 5000), 900, 1100);
	assert_int_equal(p[1].chosen, 0);
	assert_int_equal(p[0].chosen, 2);
}

static void other_wishes_are_met_at_once(void **)
{
	struct allocation_picture p[2] = {camera, camera};
	p[1].count = 0;
	choose_at_once(p, 2, 600000);
	assert_int_equal(p[0].chosen, 3);
	p[1].count = 6;
	p[1].priority = 200;
	choose_at_once(p, 2, 600000);
	assert_int_equal(p[1].chosen, 2);
	assert_int_equal(p[0].chosen, 2);
}

// A wish for another size of a picture that is there.
static void a_wish_takes_no_picture_away(void **)
{
	struct allocation_picture p = camera;

	choose_at_once(&p, 1, 600000);
	for (int i = 0; i < ALLOCATION_STEPS; i++)
		p.bps[i] += 700000;
	choose_at_once(&p, 1, 600000);
	assert_int_equal(p.chosen, 0);
	assert_in_range(look_for(&p, 1, 600000, 2000), 900, 1100);
	assert_int_equal(p.chosen, ALLOCATION_NONE);
}

static void any_numbers_are_survived(void **)
{
	struct allocation_picture p[ALLOCATION_PICTURES + 3];
	uint64_t seed = 88172645463325252u;

	for (int round = 0; round < 2000; round++) {
		for (size_t i = 0; i < sizeof(p) / sizeof(p[0]); i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			memset(&p[i], 0, sizeof(p[i]));
			p[i].priority = (uint8_t)seed;
			p[i].count = (uint8_t)((seed >> 8) % (ALLOCATION_STEPS + 1));
			p[i].chosen = ALLOCATION_NONE;
			for (int k = 0; k < ALLOCATION_STEPS; k++)
				p[i].bps[k] = (uint32_t)(seed >> k);
		}
		uint64_t budget = seed >> 30;
		assert_true(allocation_choose(p, ALLOCATION_PICTURES, budget) <= budget);
		now += (int64_t)(seed >> 44);
		(void)allocation_look(
		        &allocation, p, sizeof(p) / sizeof(p[0]), seed >> 28,
		        (enum allocation_why)(seed % 3), now
		);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_best_step_that_fits_is_chosen),
	        cmocka_unit_test(every_picture_has_something_before_one_has_more),
	        cmocka_unit_test(where_not_all_fit_the_most_important_do),
	        cmocka_unit_test(a_publisher_that_sends_nothing_takes_nothing),
	        cmocka_unit_test_setup(down_it_goes_after_a_moment_not_at_a_dip, setup),
	        cmocka_unit_test_setup(far_too_much_ends_at_once, setup),
	        cmocka_unit_test_setup(up_it_goes_with_a_margin_and_patience, setup),
	        cmocka_unit_test_setup(a_probe_need_not_wait, setup),
	        cmocka_unit_test_setup(after_a_step_down_the_next_up_waits, setup),
	        cmocka_unit_test_setup(what_is_regretted_is_tried_ever_more_rarely, setup),
	        cmocka_unit_test_setup(a_picture_goes_altogether_after_a_while_alone, setup),
	        cmocka_unit_test_setup(a_picture_that_is_not_there_comes_back_soon, setup),
	        cmocka_unit_test_setup(others_make_room_for_a_picture_that_is_not_there, setup),
	        cmocka_unit_test_setup(other_wishes_are_met_at_once, setup),
	        cmocka_unit_test_setup(a_wish_takes_no_picture_away, setup),
	        cmocka_unit_test_setup(any_numbers_are_survived, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
