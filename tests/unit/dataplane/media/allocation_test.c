#include "media/allocation.h"

#include <string.h>

#include "test.h"

#define MS    INT64_C(1000)
#define START (100000 * MS)
#define LOOK  (100 * MS)

// What Chromium's fake camera sends: 180p, 360p and 720p, each at 60 % (lower temporal layers) and
// in full.
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

// Runs with the same budget for this long; returns after how many ms something first changed, or
// -1.
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
	assert_int_equal(p[1].chosen, 1); // the first that gets more
	assert_int_equal(p[2].chosen, 0);
}

// The screen has three steps up to five pictures a second, and one of thirty.
static void a_screen_has_what_comes_first_before_others_have_more(void **)
{
	static const struct {
		uint64_t budget_bps;
		uint8_t screen, face;
	} cases[] = {
	        {200000, 0, ALLOCATION_NONE},
	        {210000, 0, 0},
	        {370000, 1, 0},
	        {489999, 1, 1},
	        {490000, 2, 0},
	        {550000, 2, 1},
	        {3000000, 3, 3},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct allocation_picture p[2] = {
		        camera,
		        {.priority = 255,
		         .count = 4,
		         .first = 3,
		         .bps = {120000, 260000, 400000, 2400000}},
		};
		assert_true(allocation_choose(p, 2, cases[i].budget_bps) <= cases[i].budget_bps);
		assert_int_equal(p[1].chosen, cases[i].screen);
		assert_int_equal(p[0].chosen, cases[i].face);
	}
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

// A link that repeatedly seems to carry more, but does not.
static void what_is_regretted_is_tried_ever_more_rarely(void **)
{
	struct allocation_picture p = camera;
	int changes = 0;

	choose_at_once(&p, 1, 600000);
	for (int64_t end = now + 120000 * MS; now < end; now += LOOK) {
		uint64_t bps = p.chosen > 3 ? 600000 : 2000000;
		changes += allocation_look(&allocation, &p, 1, bps, ALLOCATION_TIME, now);
	}
	// Up and down at 2, 7, 17, 37, 77 s and then every 40 s.
	assert_in_range(changes, 6, 12);
}

static void the_wait_for_what_is_regretted_has_an_end(void **)
{
	struct allocation_picture p = camera;

	choose_at_once(&p, 1, 600000);
	for (int i = 0; i < 10; i++) {
		assert_true(look_for(&p, 1, 2000000, allocation.wait_us / MS + 3000) >= 0);
		assert_int_equal(look_for(&p, 1, 600000, 400), 0);
	}
	assert_in_range(look_for(&p, 1, 2000000, 100000), 39000, 40000);
	assert_int_equal(p.chosen, 5);
}

// All the way down in a fade, and halfway up again long before the failed step is tried again.
static void a_fade_is_one_fall_and_is_climbed_soon(void **)
{
	struct allocation_picture p = camera;

	choose_at_once(&p, 1, 2000000);
	uint8_t top = p.chosen;
	assert_int_equal(look_for(&p, 1, 400000, 100), 0);
	assert_int_equal(look_for(&p, 1, 60000, 100), 0);
	assert_int_equal(p.chosen, 0);
	assert_in_range(look_for(&p, 1, 2000000, 4000), 1800, 2300);
	assert_true(p.chosen > 0 && p.bps[p.chosen] <= p.bps[top] / 2);
	assert_true(p.bps[p.chosen + 1] > p.bps[top] / 2);
	assert_in_range(look_for(&p, 1, 2000000, 6000), 500, 3200);
	assert_int_equal(p.chosen, top);
}

// Down and up repeatedly at the bottom of a link: failures there say nothing about a link that
// carries far more.
static void a_link_that_has_become_another_one_is_not_waited_for(void **)
{
	struct allocation_picture p = camera;

	choose_at_once(&p, 1, 200000);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(p.chosen, 1);
		assert_true(look_for(&p, 1, 100000, 400) >= 0);
		if (i < 3)
			assert_true(look_for(&p, 1, 190000, allocation.wait_us / MS + 200) >= 0);
	}
	assert_int_equal(p.chosen, 0);
	assert_true(allocation.wait_us > 2 * ALLOCATION_WAIT_US);
	assert_int_equal(look_for(&p, 1, 404000, 5000), -1);
	assert_in_range(look_for(&p, 1, 406000, 2000), 0, 2000);
	assert_int_equal(p.chosen, 2);
	assert_int_equal(allocation.wait_us, ALLOCATION_WAIT_US);
}

// A screen needs far more than the narrow link carries: the link decides.
static void a_link_is_another_one_by_what_it_carries(void **)
{
	struct allocation_picture p = {
	        .priority = 255, .count = 2, .bps = {300000, 2500000}, .chosen = 1};

	now = 1;
	assert_true(look_for(&p, 1, 400000, 400) >= 0);
	assert_int_equal(p.chosen, 0);
	assert_in_range(look_for(&p, 1, 2900000, 3000), 0, 3000); // a wait would take 5 s
	assert_int_equal(p.chosen, 1);
}

// The link only seems to be another one, repeatedly: then failed steps are retried ever more
// rarely, as usual.
static void a_link_that_seems_to_be_another_one_fools_nobody_twice(void **)
{
	struct allocation_picture p = camera;
	int changes = 0, looks = 0; // looks: those that check the wish

	choose_at_once(&p, 1, 600000);
	for (int64_t end = now + 120000 * MS; now < end; now += LOOK) {
		uint64_t bps = p.chosen > 3 ? 600000 : 9000000;
		changes += allocation_look(&allocation, &p, 1, bps, ALLOCATION_TIME, now);
		if (!allocation.fooled || p.chosen != 3)
			continue;
		assert_int_equal(allocation_wish(&allocation, &p, 1, 600000, now), 945000);
		looks++;
	}
	assert_in_range(changes, 6, 16);
	assert_true(looks > 0);
}

static void the_wish_is_what_the_budget_does_not_grant(void **)
{
	struct allocation_picture p = camera;

	choose_at_once(&p, 1, 160000);
	assert_int_equal(p.chosen, 1);
	assert_int_equal(allocation_wish(&allocation, &p, 1, 160000, now), 315000);
	assert_int_equal(allocation_wish(&allocation, &p, 1, 323999, now), 315000);
	assert_int_equal(allocation_wish(&allocation, &p, 1, 324000, now), 525000);
	assert_int_equal(allocation_wish(&allocation, &p, 1, 1700000, now), 0);
	p.chosen = 5;
	assert_int_equal(allocation_wish(&allocation, &p, 1, 160000, now), 0);
}

// While a failed step has to wait, the wish is the rate of another link, if there are steps that
// high.
static void the_wish_is_another_link_while_a_step_waits(void **)
{
	struct allocation_picture p = camera;

	choose_at_once(&p, 1, 160000);
	assert_true(look_for(&p, 1, 100000, 400) >= 0);
	assert_int_equal(p.chosen, 0);
	assert_int_equal(allocation_wish(&allocation, &p, 1, 100000, now), 375000 * 105 / 100);
	now += ALLOCATION_WAIT_US;
	assert_int_equal(allocation_wish(&allocation, &p, 1, 100000, now), 150000 * 105 / 100);
	allocation = (struct allocation){0};
	choose_at_once(&p, 1, 1600000);
	assert_true(look_for(&p, 1, 1000000, 400) >= 0);
	assert_int_equal(allocation_wish(&allocation, &p, 1, 1000000, now), 1575000);
}

static void a_picture_goes_altogether_after_a_while_alone(void **)
{
	struct allocation_picture p = camera;

	choose_at_once(&p, 1, 600000);
	assert_int_equal(look_for(&p, 1, 20000, 900), 0);
	assert_int_equal(p.chosen, 0);
	assert_int_equal(look_for(&p, 1, 600000, 100), -1); // the short estimate was a mistake
	assert_in_range(look_for(&p, 1, 20000, 2000), 900, 1100);
	assert_int_equal(p.chosen, ALLOCATION_NONE);
}

// Late pictures are better than none, as long as their pace is not far too slow; of several the
// most important one stays.
static void the_last_picture_stays_at_twice_the_budget(void **)
{
	struct allocation_picture p[2] = {camera, camera};

	p[1].priority = 255;
	choose_at_once(p, 2, 600000);
	assert_true(look_for(p, 2, 45000, 20000) >= 0);
	assert_int_equal(p[0].chosen, ALLOCATION_NONE);
	assert_int_equal(p[1].chosen, 0);
	assert_true(look_for(p, 2, 44999, 2000) >= 0);
	assert_int_equal(p[1].chosen, ALLOCATION_NONE);
	assert_int_equal(look_for(p, 2, 89999, 20000), -1); // it comes back only if it fits
}

static void a_picture_that_is_not_there_comes_back_soon(void **)
{
	struct allocation_picture p = camera;

	choose_at_once(&p, 1, 100000);
	assert_in_range(look_for(&p, 1, 40000, 1200), 900, 1100);
	assert_int_equal(p.chosen, ALLOCATION_NONE);
	assert_in_range(look_for(&p, 1, 100000, 2000), 900, 1100);
	assert_int_equal(p.chosen, 0);
	// The video failed again at once: now it waits a little longer, but never for long.
	for (int i = 0; i < 5; i++) {
		assert_in_range(look_for(&p, 1, 40000, 1200), 0, 1100);
		assert_int_equal(p.chosen, ALLOCATION_NONE);
		assert_in_range(look_for(&p, 1, 100000, 6000), 4500, 5100);
	}
}

// The most important video is black, and another could make room for it.
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

// A request for another size of a video that is being sent.
static void a_wish_takes_no_picture_away(void **)
{
	struct allocation_picture p = camera;

	choose_at_once(&p, 1, 600000);
	for (int i = 0; i < ALLOCATION_STEPS; i++)
		p.bps[i] += 1200000;
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
	        cmocka_unit_test(a_screen_has_what_comes_first_before_others_have_more),
	        cmocka_unit_test(where_not_all_fit_the_most_important_do),
	        cmocka_unit_test(a_publisher_that_sends_nothing_takes_nothing),
	        cmocka_unit_test_setup(down_it_goes_after_a_moment_not_at_a_dip, setup),
	        cmocka_unit_test_setup(far_too_much_ends_at_once, setup),
	        cmocka_unit_test_setup(up_it_goes_with_a_margin_and_patience, setup),
	        cmocka_unit_test_setup(a_probe_need_not_wait, setup),
	        cmocka_unit_test_setup(after_a_step_down_the_next_up_waits, setup),
	        cmocka_unit_test_setup(what_is_regretted_is_tried_ever_more_rarely, setup),
	        cmocka_unit_test_setup(the_wait_for_what_is_regretted_has_an_end, setup),
	        cmocka_unit_test_setup(a_fade_is_one_fall_and_is_climbed_soon, setup),
	        cmocka_unit_test_setup(a_link_that_has_become_another_one_is_not_waited_for, setup),
	        cmocka_unit_test_setup(
	                a_link_that_seems_to_be_another_one_fools_nobody_twice, setup
	        ),
	        cmocka_unit_test_setup(a_link_is_another_one_by_what_it_carries, setup),
	        cmocka_unit_test_setup(the_wish_is_what_the_budget_does_not_grant, setup),
	        cmocka_unit_test_setup(the_wish_is_another_link_while_a_step_waits, setup),
	        cmocka_unit_test_setup(a_picture_goes_altogether_after_a_while_alone, setup),
	        cmocka_unit_test_setup(the_last_picture_stays_at_twice_the_budget, setup),
	        cmocka_unit_test_setup(a_picture_that_is_not_there_comes_back_soon, setup),
	        cmocka_unit_test_setup(others_make_room_for_a_picture_that_is_not_there, setup),
	        cmocka_unit_test_setup(other_wishes_are_met_at_once, setup),
	        cmocka_unit_test_setup(a_wish_takes_no_picture_away, setup),
	        cmocka_unit_test_setup(any_numbers_are_survived, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
