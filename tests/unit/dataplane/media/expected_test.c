#include "media/expected.h"

#include "test.h"

static void a_report_is_about_what_came_since_the_one_before(void **)
{
	struct expected e = {0};
	assert_int_equal(expected_since(&e, 7, 1000), 0); // the first report has no interval
	assert_int_equal(expected_since(&e, 7, 1050), 50);
	assert_int_equal(expected_since(&e, 7, 1050), 0);
	assert_int_equal(expected_since(&e, 7, 1051), 1);
}

static void numbers_go_round(void **)
{
	struct expected e = {0};
	(void)expected_since(&e, 7, 65530);
	assert_int_equal(expected_since(&e, 7, 65546), 16);
	assert_int_equal(expected_since(&e, 7, 65546 + INT16_MAX), INT16_MAX);
}

static void an_overtaken_report_says_nothing(void **)
{
	struct expected e = {0};
	(void)expected_since(&e, 7, 1000);
	assert_int_equal(expected_since(&e, 7, 990), 0);
	assert_int_equal(expected_since(&e, 7, 1010), 10);
}

// Streams of one set, reported in any order.
static void streams_are_told_apart(void **)
{
	const uint32_t ssrc[] = {0, 0x20000, 0x40000};
	struct expected e = {0};
	for (uint32_t i = 0; i < 2; i++)
		(void)expected_since(&e, ssrc[i], 100 * (i + 1));
	for (uint32_t round = 1; round < 5; round++) {
		for (uint32_t i = 0; i < 2; i++)
			assert_int_equal(
			        expected_since(&e, ssrc[i], (100 + round) * (i + 1)), i + 1
			);
	}
	// With one stream too many, the oldest is forgotten, and the others stay correct.
	assert_int_equal(expected_since(&e, ssrc[2], 5000), 0);
	assert_int_equal(expected_since(&e, ssrc[1], 104 * 2 + 3), 3);
	assert_int_equal(expected_since(&e, ssrc[0], 110), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_report_is_about_what_came_since_the_one_before),
	        cmocka_unit_test(numbers_go_round),
	        cmocka_unit_test(an_overtaken_report_says_nothing),
	        cmocka_unit_test(streams_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
