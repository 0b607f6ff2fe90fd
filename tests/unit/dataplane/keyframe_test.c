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

// Row 14 of the threats: PLI upstream at most once per second and stream.
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_first_request_goes_out_at_once_and_the_next_second_is_quiet),
	        cmocka_unit_test(a_key_frame_answers_requests_before_it_but_not_after),
	        cmocka_unit_test(a_flood_of_requests_is_one_a_second),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
