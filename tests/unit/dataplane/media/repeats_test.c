#include "media/repeats.h"

#include "test.h"

#define SSRC   0x12345678
#define RTT_US 100000
#define FROM   INT64_C(5000000000000)

static void none_goes_twice_within_a_round_trip(void **)
{
	struct repeats r = {0};
	assert_true(repeats_take(&r, SSRC, 1, FROM, RTT_US));
	assert_false(repeats_take(&r, SSRC, 1, FROM, RTT_US));
	assert_false(repeats_take(&r, SSRC, 1, FROM + 74000, RTT_US));
	assert_true(repeats_take(&r, SSRC, 1, FROM + 75000, RTT_US)); // jitter
	assert_false(repeats_take(&r, SSRC, 1, FROM + 149000, RTT_US));
	assert_true(repeats_take(&r, SSRC, 1, FROM + 150000, RTT_US));
}

static void none_goes_a_fourth_time(void **)
{
	struct repeats r = {0};
	int taken = 0;
	for (int64_t us = 0; us < 4000000; us += RTT_US)
		taken += repeats_take(&r, SSRC, 1, FROM + us, RTT_US);
	assert_int_equal(taken, REPEATS_MAX);
}

// The numbers have wrapped.
static void what_was_long_ago_is_forgotten(void **)
{
	struct repeats r = {0};
	for (int64_t i = 0; i < REPEATS_MAX; i++)
		assert_true(repeats_take(&r, SSRC, 1, FROM + i * RTT_US, RTT_US));
	int64_t last = FROM + (REPEATS_MAX - 1) * RTT_US;
	assert_false(repeats_take(&r, SSRC, 1, last + REPEATS_MS * 1000, RTT_US));
	assert_true(repeats_take(&r, SSRC, 1, last + REPEATS_MS * 1000 + 1000, RTT_US));
	assert_true(repeats_take(&r, SSRC, 1, last + REPEATS_MS * 1000 + 101000, RTT_US));
}

// A whole burst of losses is remembered, even if another stream has the same numbers.
static void streams_have_numbers_of_their_own(void **)
{
	struct repeats r = {0};
	for (uint16_t i = 0; i < REPEATS_COUNT / 2; i++) {
		assert_true(repeats_take(&r, SSRC, (uint16_t)(65530 + i), FROM, RTT_US));
		assert_true(repeats_take(
		        &r, SSRC + REPEATS_COUNT / 2, (uint16_t)(65530 + i), FROM, RTT_US
		));
	}
	for (uint16_t i = 0; i < REPEATS_COUNT / 2; i++) {
		assert_false(repeats_take(&r, SSRC, (uint16_t)(65530 + i), FROM, RTT_US));
		assert_false(repeats_take(
		        &r, SSRC + REPEATS_COUNT / 2, (uint16_t)(65530 + i), FROM, RTT_US
		));
	}
}

// Early in the machine's life, and with a number of zero.
static void the_first_one_goes(void **)
{
	struct repeats r = {0};
	assert_true(repeats_take(&r, 0, 0, 0, RTT_US));
	assert_false(repeats_take(&r, 0, 0, 1000, RTT_US));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(none_goes_twice_within_a_round_trip),
	        cmocka_unit_test(none_goes_a_fourth_time),
	        cmocka_unit_test(what_was_long_ago_is_forgotten),
	        cmocka_unit_test(streams_have_numbers_of_their_own),
	        cmocka_unit_test(the_first_one_goes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
