#include "service/bucket.h"

#include "test.h"

#define S     UINT64_C(1000000000)
#define START (1000 * S)

static void a_full_one_gives_its_burst(void **)
{
	struct bucket b;
	int drawn = 0;

	bucket_init(&b, 40, START);
	assert_true(bucket_has(&b, 40));
	assert_false(bucket_has(&b, 41));
	while (bucket_draw(&b, 20, 40, START))
		drawn++;
	assert_int_equal(drawn, 40);
	for (uint64_t ms = 1; ms <= 10000; ms++)
		drawn += bucket_draw(&b, 20, 40, START + ms * S / 1000);
	assert_int_equal(drawn, 40 + 10 * 20);
}

static void it_fills_to_the_nanosecond(void **)
{
	struct bucket b;

	bucket_init(&b, 1, START);
	bucket_take(&b, 1);
	for (uint64_t ns = 1; ns < S / 4; ns += 99991) // fractions of a token add up
		bucket_fill(&b, 4, 1, START + ns);
	assert_false(bucket_draw(&b, 4, 1, START + S / 4 - 1));
	assert_true(bucket_draw(&b, 4, 1, START + S / 4));
}

static void it_holds_no_more_than_its_burst(void **)
{
	struct bucket b = {0};

	bucket_fill(&b, UINT32_MAX, 3, UINT64_MAX);
	assert_true(bucket_has(&b, 3));
	assert_false(bucket_has(&b, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_full_one_gives_its_burst),
	        cmocka_unit_test(it_fills_to_the_nanosecond),
	        cmocka_unit_test(it_holds_no_more_than_its_burst),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
