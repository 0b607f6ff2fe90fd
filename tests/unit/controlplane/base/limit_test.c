#include "test.h"

#include "base/limit.h"

#include <stdio.h>

static bool take(struct limit *l, const char *name, uint64_t now_ms)
{
	uint32_t wait_s;
	return limit_take(l, name, now_ms, &wait_s);
}

static void a_burst_passes_and_then_no_more(void **)
{
	struct limit *l = limit_create(2, 5);
	uint32_t wait_s = 0;
	for (int i = 0; i < 5; i++)
		assert_true(take(l, "a", 1000));
	assert_false(limit_take(l, "a", 1000, &wait_s));
	assert_int_equal(wait_s, 1);
	assert_true(take(l, "b", 1000)); // another caller has a bucket of its own
	limit_destroy(l);
}

static void used_requests_come_back_at_the_rate(void **)
{
	struct limit *l = limit_create(2, 5);
	for (int i = 0; i < 5; i++)
		assert_true(take(l, "a", 1000));
	assert_false(take(l, "a", 1499));
	assert_true(take(l, "a", 1500));
	assert_false(take(l, "a", 1500));
	for (int i = 0; i < 5; i++) // never more than a burst
		assert_true(take(l, "a", 100000));
	assert_false(take(l, "a", 100000));
	limit_destroy(l);
}

static void a_refused_caller_is_told_how_long(void **)
{
	struct limit *l = limit_create(1, 1);
	uint32_t wait_s = 0;
	assert_true(take(l, "a", 5000));
	assert_false(limit_take(l, "a", 5100, &wait_s));
	assert_int_equal(wait_s, 1);
	assert_true(take(l, "a", 6000));
	limit_destroy(l);
}

static void callers_are_bounded_and_the_silent_are_forgotten(void **)
{
	struct limit *l = limit_create(1, 1);
	char name[16];
	assert_true(take(l, "first", 1000));
	for (int i = 0; i < LIMIT_CALLER_MAX; i++) {
		snprintf(name, sizeof(name), "%d", i);
		assert_true(take(l, name, 1000));
	}
	assert_true(take(l, "first", 1000)); // this one was forgotten
	assert_false(take(l, name, 1000)); // this one was not
	limit_destroy(l);
}

static void looking_takes_nothing(void **)
{
	struct limit *l = limit_create(2, 1);
	uint32_t wait_s = 0;

	for (int i = 0; i < 3; i++)
		assert_true(limit_allows(l, "a", 1000, &wait_s));
	assert_true(take(l, "a", 1000));
	assert_false(limit_allows(l, "a", 1000, &wait_s));
	assert_int_equal(wait_s, 1);
	assert_true(limit_allows(l, "a", 1500, &wait_s));
	assert_true(take(l, "a", 1500));
	limit_destroy(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_burst_passes_and_then_no_more),
	        cmocka_unit_test(used_requests_come_back_at_the_rate),
	        cmocka_unit_test(a_refused_caller_is_told_how_long),
	        cmocka_unit_test(looking_takes_nothing),
	        cmocka_unit_test(callers_are_bounded_and_the_silent_are_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
