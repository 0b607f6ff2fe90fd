#include "service/fanouts.h"

#include "test.h"

#include "meeting.h"
#include "path/fanout.h"
#include "service/sink.h"

static void packets_of_a_screen_are_kept_for_longer(void **)
{
	for (int screen = 0; screen < 2; screen++) {
		meeting_begin(screen);
		assert_int_equal(meeting_subscribe(0, 1000, 1001), 0);
		const struct fanout *f = meeting.registry.sinks[0]->object->fanout;
		assert_int_equal(f->screen, screen);
		assert_int_equal(
		        f->streams[0].history.age_ms_max,
		        screen ? FANOUT_SCREEN_MS : FANOUT_HISTORY_MS
		);
		meeting_end();
	}
}

static const struct subscription *place_of(uint32_t slot)
{
	return meeting.registry.sinks[slot]->object;
}

// Until the place is handed back, the worker may still read it.
static void a_place_is_taken_again_once_it_is_handed_back(void **)
{
	meeting_begin(false);
	assert_int_equal(meeting_subscribe(0, 1000, 1001), 0);
	assert_int_equal(meeting_subscribe(1, 2000, 2001), 0);
	const struct subscription *place = place_of(0);
	sink_remove(&meeting.registry, meeting.registry.sinks[0]);
	assert_int_equal(meeting_subscribe(2, 3000, 3001), 0);
	assert_ptr_not_equal(place_of(2), place);
	assert_int_equal(meeting_subscribe(3, 4000, 4001), 0);
	assert_ptr_equal(place_of(3), place);
	meeting_end();
}

static void a_fanout_goes_with_its_last_subscription(void **)
{
	meeting_begin(false);
	for (uint32_t i = 0; i < 100; i++) // more than the places of a chunk
		assert_int_equal(meeting_subscribe(i, 1000 + 2 * i, 1001 + 2 * i), 0);
	for (uint32_t i = 0; i < 100; i++) {
		assert_non_null(worker_fanout(&meeting.rig.worker[0], MEETING_TRACK));
		assert_int_equal(worker_track(&meeting.rig.worker[0], MEETING_TRACK)->workers, 1);
		meeting_unsubscribe(i);
	}
	assert_null(worker_fanout(&meeting.rig.worker[0], MEETING_TRACK));
	assert_int_equal(worker_track(&meeting.rig.worker[0], MEETING_TRACK)->workers, 0);
	meeting_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(packets_of_a_screen_are_kept_for_longer),
	        cmocka_unit_test(a_place_is_taken_again_once_it_is_handed_back),
	        cmocka_unit_test(a_fanout_goes_with_its_last_subscription),
	};
	return cmocka_run_group_tests(tests, meeting_open, NULL);
}
