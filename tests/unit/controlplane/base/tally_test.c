// Counts by name.
#include "test.h"

#include "base/tally.h"

#include <stdio.h>
#include <string.h>

static void each_name_has_its_limit(void **)
{
	struct tally *t = tally_create();

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 3; i++)
			assert_true(tally_enter(t, "a", 3));
		assert_false(tally_enter(t, "a", 3));
		assert_true(tally_enter(t, "b", 3));
		assert_int_equal(tally_count(t, "a"), 3);
		assert_int_equal(tally_count(t, "c"), 0);
		tally_leave(t, "a");
		assert_true(tally_enter(t, "a", 3));
		for (int i = 0; i < 3; i++)
			tally_leave(t, "a");
		tally_leave(t, "b");
		assert_int_equal(tally_count(t, "a") + tally_count(t, "b"), 0);
	}
	assert_false(tally_enter(t, "a", 0));
	tally_destroy(t);
}

static void long_names_are_cut_alike(void **)
{
	char name[3 * TALLY_NAME_MAX];
	struct tally *t = tally_create();

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_true(tally_enter(t, name, 1));
	assert_false(tally_enter(t, name, 1));
	tally_leave(t, name);
	assert_int_equal(tally_count(t, name), 0);
	assert_true(tally_enter(t, name, 1));
	tally_destroy(t); // frees even what is still counted
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_name_has_its_limit),
	        cmocka_unit_test(long_names_are_cut_alike),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
