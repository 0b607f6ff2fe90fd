#include "test.h"

#include "media/ids.h"

static void slots_rest_as_long_as_possible(void **)
{
	struct ids i;
	ids_init(&i, 4);
	am_id a = ids_new(&i), b = ids_new(&i);
	assert_int_equal(am_id_slot(a), 0);
	assert_int_equal(am_id_slot(b), 1);
	ids_free(&i, a);
	assert_int_equal(am_id_slot(ids_new(&i)), 2);
	assert_int_equal(am_id_slot(ids_new(&i)), 3);
	am_id again = ids_new(&i);
	assert_int_equal(am_id_slot(again), 0);
	assert_true(again != a);
	assert_true(ids_new(&i) == 0);
	ids_fini(&i);
}

static void no_id_comes_back_after_a_restart(void **)
{
	struct ids i;
	ids_init(&i, 2);
	ids_reset(&i, 1);
	am_id before = ids_new(&i);
	ids_free(&i, before); // so the table no longer has it
	ids_fini(&i);
	ids_init(&i, 2); // another process
	ids_reset(&i, 2);
	assert_true(am_id_epoch(ids_new(&i)) > am_id_epoch(before));
	ids_fini(&i);
}

static void taken_ids_are_not_given(void **)
{
	struct ids i;
	ids_init(&i, 3);
	ids_reset(&i, 2);
	am_id taken = am_id_make(1, 0x10007);
	ids_take(&i, taken);
	assert_int_equal(am_id_slot(ids_new(&i)), 0);
	assert_int_equal(am_id_slot(ids_new(&i)), 2);
	assert_true(ids_new(&i) == 0);
	ids_free(&i, taken);
	assert_int_equal(am_id_slot(ids_new(&i)), 1);
	ids_fini(&i);
}

static void a_foreign_or_double_free_changes_nothing(void **)
{
	struct ids i;
	ids_init(&i, 2);
	am_id a = ids_new(&i);
	ids_free(&i, am_id_make(0, 99));
	ids_free(&i, a);
	ids_free(&i, a);
	assert_true(ids_new(&i) != 0);
	assert_true(ids_new(&i) != 0);
	assert_true(ids_new(&i) == 0);
	ids_fini(&i);
}

static void a_slot_taken_while_it_queued_is_freed_once(void **)
{
	struct ids i;
	ids_init(&i, 2);
	ids_take(&i, am_id_make(0, 5));
	ids_free(&i, am_id_make(0, 5)); // before its turn in the queue
	am_id a = ids_new(&i), b = ids_new(&i);
	assert_true(am_id_slot(a) != am_id_slot(b));
	assert_true(ids_new(&i) == 0);
	ids_fini(&i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(slots_rest_as_long_as_possible),
	        cmocka_unit_test(no_id_comes_back_after_a_restart),
	        cmocka_unit_test(taken_ids_are_not_given),
	        cmocka_unit_test(a_foreign_or_double_free_changes_nothing),
	        cmocka_unit_test(a_slot_taken_while_it_queued_is_freed_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
