#include "service/session.h"

#include "test.h"

#include "meeting.h"

static void a_transport_takes_along_what_it_carries(void **)
{
	meeting_begin(false);
	assert_int_equal(meeting_subscribe(0, 1000, 1001), 0);
	meeting_leave(registry_session(&meeting.registry, am_id_make(0, 1))); // the speaker's
	assert_null(registry_source(&meeting.registry, MEETING_TRACK));
	assert_null(registry_sink(&meeting.registry, am_id_make(0, 1)));
	assert_null(worker_track(&meeting.rig.worker[0], MEETING_TRACK));
	assert_null(worker_fanout(&meeting.rig.worker[0], MEETING_TRACK));
	assert_non_null(registry_session(&meeting.registry, MEETING_VIEWER));
	meeting_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_transport_takes_along_what_it_carries),
	};
	return cmocka_run_group_tests(tests, meeting_open, NULL);
}
