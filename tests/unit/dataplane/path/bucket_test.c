#include "path/bucket.h"

#include "test.h"

#define S     INT64_C(1000000)
#define START (1000 * S)

static void a_full_one_gives_its_burst(void **)
{
	struct bucket b = {START, 40};
	int drawn = 0;

	while (bucket_draw(&b, START, 20, 40))
		drawn++;
	assert_int_equal(drawn, 40);
	for (int64_t ms = 1; ms <= 10000; ms++)
		drawn += bucket_draw(&b, START + ms * S / 1000, 20, 40);
	assert_int_equal(drawn, 40 + 10 * 20);
}

static void it_fills_to_the_microsecond(void **)
{
	struct bucket b = {START, 0};

	for (int64_t us = 1; us < S / 4; us += 97) // fractions of a token add up
		bucket_fill(&b, START + us, 4, 1);
	assert_false(bucket_draw(&b, START + S / 4 - 1, 4, 1));
	assert_true(bucket_draw(&b, START + S / 4, 4, 1));
}

static void it_holds_no_more_than_its_burst(void **)
{
	struct bucket b = {0};

	bucket_fill(&b, INT64_MAX, UINT32_MAX, 3);
	assert_int_equal(b.tokens, 3);
}

static void a_clock_that_stands_still_adds_nothing(void **)
{
	struct bucket b = {START, 1};

	bucket_fill(&b, START, 1000, 2);
	bucket_fill(&b, START - S, 1000, 2);
	assert_int_equal(b.tokens, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_full_one_gives_its_burst),
	        cmocka_unit_test(it_fills_to_the_microsecond),
	        cmocka_unit_test(it_holds_no_more_than_its_burst),
	        cmocka_unit_test(a_clock_that_stands_still_adds_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
