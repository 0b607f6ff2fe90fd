#include "test.h"

#include "base/shelf.h"

#include <stdio.h>

static void what_is_put_is_found(void **)
{
	struct shelf *s = shelf_create(3, sizeof(int));

	assert_null(shelf_find(s, "a"));
	assert_null(shelf_oldest_name(s));
	assert_int_equal(shelf_count(s), 0);
	int *a = shelf_put(s, "a");
	assert_int_equal(*a, 0);
	*a = 7;
	assert_int_equal(*(int *)shelf_find(s, "a"), 7);
	shelf_remove(s, "a");
	shelf_remove(s, "never");
	assert_null(shelf_find(s, "a"));
	shelf_destroy(s);
}

static void the_oldest_is_forgotten(void **)
{
	struct shelf *s = shelf_create(3, sizeof(int));
	char name[8];

	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%d", i);
		*(int *)shelf_put(s, name) = i;
	}
	assert_int_equal(*(int *)shelf_put(s, "0"), 0); // becomes the youngest, with its value
	shelf_put(s, "3");
	assert_null(shelf_find(s, "1"));
	assert_non_null(shelf_find(s, "0"));
	assert_string_equal(shelf_oldest_name(s), "2");
	assert_int_equal(shelf_count(s), 3);
	shelf_remove_oldest(s);
	assert_null(shelf_find(s, "2"));
	shelf_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_put_is_found),
	        cmocka_unit_test(the_oldest_is_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
