#include "media/keyframe.h"

#include "test.h"

#define SECOND 1000000

static void the_first_request_goes_out_at_once_and_the_next_second_is_quiet(void **)
{
	struct keyframe k;
	keyframe_init(&k);
	assert_true(keyframe_request(&k, 5));
	int sent = 0;
	for (int64_t now = 6; now < SECOND + 5; now += 500)
		sent += keyframe_request(&k, now) + keyframe_due(&k, now);
	assert_int_equal(sent, 0);
	assert_true(keyframe_due(&k, SECOND + 5));
	assert_false(keyframe_due(&k, 10 * SECOND));
}

static void a_key_frame_answers_requests_before_it_but_not_after(void **)
{
	struct keyframe k;
	keyframe_init(&k);
	assert_true(keyframe_request(&k, 0));
	assert_false(keyframe_request(&k, 100));
	keyframe_arrived(&k);
	assert_false(keyframe_due(&k, 2 * SECOND));

	assert_true(keyframe_request(&k, 3 * SECOND));
	keyframe_arrived(&k);
	assert_false(keyframe_request(&k, 3 * SECOND + 1));
	assert_true(keyframe_due(&k, 4 * SECOND));
}

// PLI upstream at most once per second and stream.
// proves A14
static void a_flood_of_requests_is_one_a_second(void **)
{
	struct keyframe k;
	int sent = 0;
	keyframe_init(&k);
	for (int64_t now = 0; now < 10 * SECOND; now += 100) {
		sent += keyframe_request(&k, now);
		sent += keyframe_due(&k, now);
		if (now % 300 == 0)
			keyframe_arrived(&k);
	}
	assert_int_equal(sent, 10);
}

// A viewer requests a key frame five times a second and gets each one at once.
static int taken_in(struct keyframe_share *k, int64_t from, int64_t until)
{
	int taken = 0;

	for (int64_t now = from; now < until; now += SECOND / 5) {
		if (!keyframe_share_take(k, now))
			continue;
		taken++;
		keyframe_share_answered(k);
	}
	return taken;
}

static void who_asks_forever_gets_less_and_less(void **)
{
	struct keyframe_share k = {0};
	assert_int_equal(taken_in(&k, 100 * SECOND, 101 * SECOND), 4);
	assert_int_equal(taken_in(&k, 101 * SECOND, 132 * SECOND), 5); // after 1, 2, 4, 8 s, and 16
	assert_in_range(taken_in(&k, 132 * SECOND, 732 * SECOND), 600 / 16 - 2, 600 / 16 + 2);
}

static void asking_again_before_the_key_frame_has_come_costs_nothing(void **)
{
	struct keyframe_share k = {0};
	for (int i = 0; i < 100; i++)
		assert_true(keyframe_share_take(&k, 100 * SECOND + i * SECOND / 5));
	assert_int_equal(k.used, 1);
	keyframe_share_answered(&k);
	assert_int_equal(
	        taken_in(&k, 120 * SECOND, 121 * SECOND), 4
	); // the first requests are forgotten
}

static void a_share_comes_back_with_time(void **)
{
	struct keyframe_share k = {0};
	taken_in(&k, 100 * SECOND, 200 * SECOND);
	assert_int_equal(taken_in(&k, 200 * SECOND + 9 * 16 * SECOND, 345 * SECOND), 4);
}

// Layers or pauses change all the time: key frames come late, and no more often.
static void changes_are_put_off(void **)
{
	struct keyframe_share k = {0};
	int due = 0;
	int64_t last = 0;
	for (int64_t now = 100 * SECOND; now < 131 * SECOND; now += SECOND / 5) {
		keyframe_share_reserve(&k, now);
		due += k.reserved_us != last;
		last = k.reserved_us;
		assert_true(k.reserved_us - now <= KEYFRAME_SHARE_WAIT_MAX_US);
	}
	assert_in_range(due, 8, 10);

	// A key frame that is about to come is not requested twice.
	k = (struct keyframe_share){0};
	assert_int_equal(taken_in(&k, 100 * SECOND, 100 * SECOND + 4 * SECOND / 5), 4);
	keyframe_share_reserve(&k, 101 * SECOND);
	assert_in_range(k.reserved_us, 101 * SECOND, 102 * SECOND);
	assert_false(keyframe_share_take(&k, k.reserved_us));
}

// The key frame that is in transit serves all requests.
static void wishes_before_the_key_frame_has_come_are_one(void **)
{
	struct keyframe_share k = {0};
	for (int64_t i = 0; i < 10; i++) {
		keyframe_share_reserve(&k, 100 * SECOND + i * SECOND / 11);
		assert_int_equal(k.reserved_us, 100 * SECOND);
	}
	assert_int_equal(k.used, 1);
	keyframe_share_excuse(&k);
	keyframe_share_reserve(&k, 101 * SECOND);
	assert_int_equal(k.used, 2);
}

// A viewer that scrolls away and back now and then is no flood, however long that goes on.
static void calm_wishes_never_wait(void **)
{
	struct keyframe_share k = {0};
	for (int64_t now = 100 * SECOND; now < 700 * SECOND; now += 6 * SECOND) {
		keyframe_share_reserve(&k, now);
		assert_int_equal(k.reserved_us, now);
		keyframe_share_excuse(&k);
	}
}

// A request within a round trip after the key frame's end was sent before the key frame arrived.
static void what_is_asked_before_the_key_frame_can_be_there_is_served(void **)
{
	struct keyframe_share k = {0};
	const int64_t at = 100 * SECOND;
	assert_false(keyframe_share_is_served(&k, 0, SECOND));
	assert_false(keyframe_share_is_served(&k, at, SECOND));
	keyframe_share_got(&k, at - 300000);
	keyframe_share_got(&k, at);
	assert_true(keyframe_share_is_served(&k, at, 400000));
	assert_true(keyframe_share_is_served(&k, at + 400000, 400000));
	assert_false(keyframe_share_is_served(&k, at + 401000, 400000));
	assert_true(keyframe_share_is_served(&k, at + KEYFRAME_SHARE_WAY_US, 1000));
	assert_false(keyframe_share_is_served(&k, at + KEYFRAME_SHARE_WAY_US + 1000, 1000));
}

static void wishes_all_the_time_have_the_pace_of_who_asks_forever(void **)
{
	struct keyframe_share k = {0};
	int due = 0;
	for (int64_t now = 100 * SECOND; now < 700 * SECOND; now += SECOND / 5) {
		keyframe_share_reserve(&k, now);
		if (now < k.reserved_us)
			continue;
		due++;
		keyframe_share_excuse(&k);
	}
	assert_in_range(due, 600 / 16, 600 / 16 + 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_first_request_goes_out_at_once_and_the_next_second_is_quiet),
	        cmocka_unit_test(a_key_frame_answers_requests_before_it_but_not_after),
	        cmocka_unit_test(a_flood_of_requests_is_one_a_second),
	        cmocka_unit_test(who_asks_forever_gets_less_and_less),
	        cmocka_unit_test(asking_again_before_the_key_frame_has_come_costs_nothing),
	        cmocka_unit_test(a_share_comes_back_with_time),
	        cmocka_unit_test(changes_are_put_off),
	        cmocka_unit_test(wishes_before_the_key_frame_has_come_are_one),
	        cmocka_unit_test(calm_wishes_never_wait),
	        cmocka_unit_test(what_is_asked_before_the_key_frame_can_be_there_is_served),
	        cmocka_unit_test(wishes_all_the_time_have_the_pace_of_who_asks_forever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
