#include "service/rooms.h"

#include "test.h"

#include "meeting.h"
#include "path/track.h"
#include "service/session.h"
#include "service/source.h"

// A speaker in a room, on a worker, with `count` voices from this slot on.
static struct session *
speak(uint32_t slot, uint64_t room, uint16_t worker, uint32_t first, uint32_t count,
      uint8_t loudest)
{
	struct session *s = meeting_session(slot, room);

	for (uint32_t i = 0; i < count; i++) {
		const struct am_cmd_track_add add = {
		        .track_id = am_id_make(first + i, 1),
		        .transport_id = s->id,
		        .clock_rate = 48000,
		        .codec = AM_CODEC_OPUS,
		        .voices = loudest,
		        .encoding_count = 1,
		};
		assert_int_equal(source_add(&meeting.registry, &add), 0);
	}
	assert_int_equal(session_place(&meeting.registry, s, worker), 0);
	meeting_settle();
	return s;
}

static const struct track *track_of(int worker, uint32_t slot)
{
	const struct track *t = worker_track(&meeting.rig.worker[worker], am_id_make(slot, 1));

	assert_non_null(t);
	return t;
}

static int rooms(void)
{
	int count = 0;

	for (int i = 0; i < ROOMS_BUCKETS; i++)
		count += !LIST_EMPTY(&meeting.registry.rooms.buckets[i]);
	return count;
}

static void voices_of_a_room_are_compared_across_workers(void **)
{
	meeting_begin(false);
	assert_int_equal(rooms(), 0); // a picture has no voice
	struct session *a = speak(10, MEETING_ROOM, 0, 100, 1, 3),
	               *b = speak(11, MEETING_ROOM, 1, 200, 1, 3);
	struct session *c = speak(12, MEETING_ROOM + 1, 0, 300, 1, 3);
	const struct track *of_a = track_of(0, 100), *of_b = track_of(1, 200);
	assert_ptr_equal(of_a->voices, of_b->voices);
	assert_int_equal(of_a->voice.place, 0);
	assert_int_equal(of_b->voice.place, 1);
	assert_ptr_not_equal(track_of(0, 300)->voices, of_a->voices);
	assert_int_equal(rooms(), 2);
	meeting_leave(a);
	meeting_leave(c);
	assert_int_equal(rooms(), 1);
	struct session *d = speak(10, MEETING_ROOM, 1, 100, 1, 3);
	assert_ptr_equal(track_of(1, 100)->voices, of_b->voices);
	assert_int_equal(track_of(1, 100)->voice.place, 0);
	meeting_leave(b);
	assert_int_equal(rooms(), 1);
	meeting_leave(d);
	assert_int_equal(rooms(), 0);
	meeting_end();
}

// The place is not free before the worker has handed the track back.
static void a_voice_keeps_its_place_while_its_worker_has_it(void **)
{
	meeting_begin(false);
	struct session *a = speak(10, MEETING_ROOM, 0, 100, 2, 3);
	source_remove(&meeting.registry, registry_source(&meeting.registry, am_id_make(100, 1)));
	assert_int_equal(track_of(0, 101)->voices->taken, 3);
	meeting_settle();
	assert_int_equal(track_of(0, 101)->voices->taken, 2);
	meeting_leave(a);
	meeting_end();
}

static void who_finds_no_place_is_always_forwarded(void **)
{
	struct session *s[3];

	meeting_begin(false);
	for (uint32_t i = 0; i < 3; i++)
		s[i] = speak(10 + i, MEETING_ROOM, 0, 100 + 30 * i, 30, 5);
	for (uint32_t i = 0; i < 90; i++)
		assert_int_equal(!track_of(0, 100 + i)->voices, i >= VOICES_MAX);
	for (int i = 0; i < 3; i++)
		meeting_leave(s[i]);
	s[0] = speak(10, MEETING_ROOM, 0, 100, 1, 0); // by command
	assert_null(track_of(0, 100)->voices);
	assert_int_equal(rooms(), 0);
	meeting_leave(s[0]);
	meeting_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(voices_of_a_room_are_compared_across_workers),
	        cmocka_unit_test(a_voice_keeps_its_place_while_its_worker_has_it),
	        cmocka_unit_test(who_finds_no_place_is_always_forwarded),
	};
	return cmocka_run_group_tests(tests, meeting_open, NULL);
}
