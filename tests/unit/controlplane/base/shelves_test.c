#include "test.h"

#include "base/shelves.h"

#include <stdio.h>
#include <string.h>

static char forgotten[64]; // names, each followed by a blank

static void on_forgotten(void *arg, const char *name)
{
	assert_ptr_equal(arg, forgotten);
	strcat(strcat(forgotten, name), " ");
}

static struct shelves *make(size_t owner_max, size_t count_max)
{
	forgotten[0] = '\0';
	return shelves_create(owner_max, count_max, sizeof(int), on_forgotten, forgotten);
}

static void put(struct shelves *s, const char *owner, int from, int to)
{
	char name[16];

	for (int i = from; i <= to; i++) {
		snprintf(name, sizeof(name), "%s/%d", owner, i);
		*(int *)shelves_put(s, name) = i;
	}
}

static void what_is_put_is_found(void **)
{
	struct shelves *s = make(2, 4);

	assert_null(shelves_find(s, "a/1"));
	assert_int_equal(*(int *)shelves_put(s, "a/1"), 0);
	put(s, "a", 1, 1);
	assert_int_equal(*(int *)shelves_find(s, "a/1"), 1);
	assert_null(shelves_find(s, "a"));
	assert_null(shelves_find(s, "aa/1"));
	shelves_remove(s, "a/2");
	shelves_remove(s, "b/1");
	shelves_remove(s, "a/1");
	assert_null(shelves_find(s, "a/1"));
	assert_string_equal(forgotten, ""); // a removal at the owner's request is not reported
	shelves_destroy(s);
}

static void an_owner_pushes_out_only_its_own_values(void **)
{
	struct shelves *s = make(3, 100);

	put(s, "b", 1, 1);
	put(s, "a", 1, 3);
	put(s, "a", 1, 1); // becomes the youngest
	put(s, "a", 4, 5);
	assert_string_equal(forgotten, "a/2 a/3 ");
	assert_int_equal(*(int *)shelves_find(s, "b/1"), 1);
	assert_int_equal(*(int *)shelves_find(s, "a/1"), 1);
	shelves_destroy(s);
}

static void if_all_have_too_many_the_largest_owner_loses(void **)
{
	struct shelves *s = make(3, 5);

	put(s, "b", 1, 2);
	put(s, "a", 1, 3);
	put(s, "c", 1, 1);
	assert_string_equal(forgotten, "a/1 ");
	shelves_remove(s, "b/1");
	put(s, "c", 2, 2); // there is room
	assert_string_equal(forgotten, "a/1 ");
	shelves_destroy(s);

	s = make(3, 2);
	put(s, "a", 1, 1);
	put(s, "b", 1, 2); // may push out the only value of a
	assert_int_equal(strlen(forgotten), strlen("a/1 "));
	put(s, "c", 1, 1);
	assert_non_null(shelves_find(s, "c/1"));
	shelves_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_put_is_found),
	        cmocka_unit_test(an_owner_pushes_out_only_its_own_values),
	        cmocka_unit_test(if_all_have_too_many_the_largest_owner_loses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
