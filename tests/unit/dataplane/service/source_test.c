#include "service/source.h"

#include "test.h"

#include "meeting.h"
#include "path/inbox.h"
#include "path/wish.h"
#include "service/mail.h"
#include "service/reply.h"
#include "service/session.h"
#include "service/sink.h"
#include "service/workers.h"

#define SSRC 1000 // of the first subscription

static void subscribe_from(uint32_t viewer, uint8_t layer)
{
	static uint32_t ssrc = SSRC;
	const struct am_cmd_subscription_add add = {
	        .subscription_id = am_id_make(viewer, 1),
	        .track_id = MEETING_TRACK,
	        .transport_id = am_id_make(viewer, 1),
	        .ssrc = ssrc++,
	        .mid = "7",
	        .spatial_layer = layer,
	};
	assert_int_equal(sink_add(&meeting.registry, &add), 0);
}

// Runs both workers for this long.
static void pass(struct worker workers[2], int64_t *now_us, int64_t us)
{
	for (int64_t end = *now_us + us; *now_us < end; *now_us += 20000) {
		for (int i = 0; i < 2; i++) {
			inbox_service(&workers[i], WORKER_INBOX);
			wish_tell(&workers[i]);
		}
		mail_collect(&meeting.registry);
		if (*now_us % 100000 == 0)
			source_look_all(&meeting.registry, *now_us);
	}
}

static uint8_t wanted(void)
{
	return meeting.region.map->tracks[am_id_slot(MEETING_TRACK)].wanted;
}

static int wanted_events(uint8_t *last)
{
	struct am_msg msg;
	int count = 0;

	while (am_ring_pop(&meeting.region.map->events, &msg) == 1) {
		assert_int_equal(am_msg_check(&msg), 0);
		if (msg.type != AM_EVENT_TRACK_WANTED)
			continue;
		assert_int_equal(msg.track_wanted.track_id, MEETING_TRACK);
		*last = msg.track_wanted.encodings;
		count++;
	}
	return count;
}

// A track of three encodings, and viewers on two workers.
static void what_any_worker_wishes_is_wanted(void **)
{
	struct worker *workers = calloc(2, sizeof(*workers));
	int64_t now_us = 1000000;
	uint8_t last = 0;

	for (uint16_t i = 0; i < 2; i++) {
		assert_int_equal(
		        worker_init(&workers[i], (uint16_t)(i + 4), 1, &meeting.rig.port, false), 0
		);
		workers[i].counters = meeting.rig.counters;
		workers[i].gauges = meeting.rig.gauges;
		workers[i].figures = meeting.rig.figures;
	}
	assert_int_equal(am_region_new(&meeting.region, 2), 0);
	registry_init(&meeting.registry, &meeting.region, workers, 2, reply_handle);
	const struct am_cmd_track_add track = {
	        .track_id = MEETING_TRACK,
	        .transport_id = am_id_make(0, 1),
	        .clock_rate = 90000,
	        .codec = AM_CODEC_VP8,
	        .encoding_count = 3,
	};
	for (uint32_t i = 0; i < 3; i++) {
		struct session *s = meeting_session(i, MEETING_ROOM);
		if (i == 0)
			assert_int_equal(source_add(&meeting.registry, &track), 0);
		assert_int_equal(session_place(&meeting.registry, s, i == 2), 0);
	}
	assert_int_equal(wanted(), 7);
	pass(workers, &now_us, DEMAND_OFF_US + 500000); // no viewer is left
	assert_int_equal(wanted(), 1);
	subscribe_from(1, 1);
	pass(workers, &now_us, 500000);
	assert_int_equal(wanted(), 3);
	subscribe_from(2, 2);
	pass(workers, &now_us, DEMAND_REST_US + 500000);
	assert_int_equal(wanted(), 7);
	assert_int_equal(wanted_events(&last), 3);
	assert_int_equal(last, 7);

	// The other worker's viewer wishes for less, then leaves, with its fan-out.
	sink_prefer(&meeting.registry, registry_sink(&meeting.registry, am_id_make(2, 1)), 0, 0, 0);
	pass(workers, &now_us, DEMAND_OFF_US + 500000);
	assert_int_equal(wanted(), 3);
	sink_remove(&meeting.registry, registry_sink(&meeting.registry, am_id_make(1, 1)));
	pass(workers, &now_us, DEMAND_OFF_US + 500000);
	assert_int_equal(wanted(), 1);
	sink_prefer(&meeting.registry, registry_sink(&meeting.registry, am_id_make(2, 1)), 2, 0, 0);
	pass(workers, &now_us, 200000);
	sink_remove(&meeting.registry, registry_sink(&meeting.registry, am_id_make(2, 1)));
	pass(workers, &now_us, DEMAND_OFF_US + 500000);
	assert_int_equal(wanted(), 1);
	subscribe_from(2, 0);
	pass(workers, &now_us, DEMAND_OFF_US + 500000);
	assert_int_equal(wanted(), 1);

	// The recorder wants the highest encoding, viewers or not, until it is gone.
	struct source *tapped = registry_source(&meeting.registry, MEETING_TRACK);
	source_tap(&meeting.registry, tapped, true);
	pass(workers, &now_us, DEMAND_REST_US + 500000);
	assert_int_equal(wanted(), 7);
	assert_int_equal(wanted_events(&last), 3);
	assert_int_equal(last, 7);
	source_tap(&meeting.registry, tapped, false);
	pass(workers, &now_us, DEMAND_OFF_US + 500000);
	assert_int_equal(wanted(), 1);

	for (struct session *s; (s = TAILQ_FIRST(&meeting.registry.all)); free(s))
		session_remove(&meeting.registry, s);
	pass(workers, &now_us, 200000);
	am_region_leave(&meeting.region);
	for (int i = 0; i < 2; i++)
		worker_fini(&workers[i]);
	free(workers);
}

static struct am_track_state published(void)
{
	struct am_track_state t;

	assert_true(
	        am_table_read(&meeting.region.map->tracks[am_id_slot(MEETING_TRACK)], &t, sizeof(t))
	);
	return t;
}

static void a_tap_lasts_as_long_as_its_track(void **)
{
	struct worker *w = &meeting.rig.worker[1];
	const struct am_cmd_track_add add = {
	        .track_id = MEETING_TRACK,
	        .transport_id = am_id_make(5, 1),
	        .clock_rate = 90000,
	        .codec = AM_CODEC_VP8,
	        .encoding_count = 1,
	};

	meeting_begin(false);
	struct session *s = meeting_session(5, MEETING_ROOM);
	source_remove(&meeting.registry, registry_source(&meeting.registry, MEETING_TRACK));
	meeting_settle();
	assert_int_equal(source_add(&meeting.registry, &add), 0);
	struct source *source = registry_source(&meeting.registry, MEETING_TRACK);
	source_tap(&meeting.registry, source, true); // before any worker has it
	assert_int_equal(published().tapped, 1);
	assert_int_equal(session_place(&meeting.registry, s, 1), 0);
	meeting_settle();
	assert_true(worker_track(w, MEETING_TRACK)->tapped);
	source_tap(&meeting.registry, source, false);
	meeting_settle();
	assert_false(worker_track(w, MEETING_TRACK)->tapped);
	assert_int_equal(published().tapped, 0);
	source_tap(&meeting.registry, source, true);
	meeting_settle();
	assert_true(worker_track(w, MEETING_TRACK)->tapped);

	source_remove(&meeting.registry, source);
	meeting_settle();
	assert_int_equal(source_add(&meeting.registry, &add), 0);
	meeting_settle();
	assert_int_equal(published().tapped, 0);
	assert_false(worker_track(w, MEETING_TRACK)->tapped);
	meeting_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_any_worker_wishes_is_wanted),
	        cmocka_unit_test(a_tap_lasts_as_long_as_its_track),
	};
	return cmocka_run_group_tests(tests, meeting_open, NULL);
}
