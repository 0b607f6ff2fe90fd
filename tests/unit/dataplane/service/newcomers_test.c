#include "service/newcomers.h"

#include "test.h"

#include "meeting.h"
#include "service/session.h"
#include "service/sink.h"
#include "service/source.h"

static bool is_asked_for_a_key_frame(void)
{
	return worker_track(&meeting.rig.worker[0], MEETING_TRACK)->streams[0].keyframe.sent;
}

static void look(int looks)
{
	for (int i = 0; i < looks; i++)
		newcomers_look(&meeting.registry);
	meeting_settle();
}

// A viewer joins that has no path yet, and so no worker.
static struct session *join(void)
{
	struct session *s = meeting_session(2, MEETING_ROOM);
	const struct am_cmd_subscription_add add = {
	        .subscription_id = am_id_make(0, 1),
	        .track_id = MEETING_TRACK,
	        .transport_id = s->id,
	        .ssrc = 1000,
	        .rtx_ssrc = 1001,
	        .paused = true,
	        .mid = "7",
	};

	assert_int_equal(sink_add(&meeting.registry, &add), 0);
	meeting_settle();
	return s;
}

// The key frame comes while the viewer is connecting, and is kept on every worker that it may get.
static void pictures_are_kept_for_who_is_expected(void **)
{
	meeting_begin(false);
	look(1);
	assert_false(is_asked_for_a_key_frame());
	struct session *viewer = join();
	assert_true(is_asked_for_a_key_frame());
	for (int i = 0; i < MEETING_WORKERS; i++)
		assert_non_null(worker_fanout(&meeting.rig.worker[i], MEETING_TRACK));
	assert_int_equal(worker_track(&meeting.rig.worker[0], MEETING_TRACK)->workers, 3);
	assert_int_equal(session_place(&meeting.registry, viewer, 1), 0);
	look(20);
	assert_null(worker_fanout(&meeting.rig.worker[0], MEETING_TRACK));
	assert_non_null(worker_fanout(&meeting.rig.worker[1], MEETING_TRACK));
	assert_int_equal(worker_track(&meeting.rig.worker[0], MEETING_TRACK)->workers, 2);
	assert_int_equal(registry_source(&meeting.registry, MEETING_TRACK)->fanouts[1].count, 1);
	meeting_end();
}

static void nothing_is_kept_for_who_does_not_come(void **)
{
	meeting_begin(false);
	struct session *viewer = join();
	look(20);
	for (int i = 0; i < MEETING_WORKERS; i++)
		assert_null(worker_fanout(&meeting.rig.worker[i], MEETING_TRACK));
	meeting_leave(viewer);
	join(); // and nothing is left if the track ends first
	meeting_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(pictures_are_kept_for_who_is_expected),
	        cmocka_unit_test(nothing_is_kept_for_who_does_not_come),
	};
	return cmocka_run_group_tests(tests, meeting_open, NULL);
}
