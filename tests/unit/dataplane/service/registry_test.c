#include "service/registry.h"

#include "test.h"

#include "meeting.h"

static void only_the_id_of_now_finds_what_is_in_a_slot(void **)
{
	meeting_begin(false);
	assert_int_equal(meeting_subscribe(0, 1000, 1001), 0);
	assert_non_null(registry_session(&meeting.registry, am_id_make(1, 1)));
	assert_null(registry_session(&meeting.registry, am_id_make(1, 2)));
	assert_null(registry_session(&meeting.registry, am_id_make(2, 1)));
	assert_non_null(registry_source(&meeting.registry, am_id_make(3, 1)));
	assert_null(registry_source(&meeting.registry, am_id_make(3, 2)));
	assert_non_null(registry_sink(&meeting.registry, am_id_make(0, 1)));
	assert_null(registry_sink(&meeting.registry, am_id_make(0, 2)));
	meeting_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(only_the_id_of_now_finds_what_is_in_a_slot),
	};
	return cmocka_run_group_tests(tests, meeting_open, NULL);
}
