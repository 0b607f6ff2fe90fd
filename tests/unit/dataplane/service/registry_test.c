#include "service/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <rte_eal.h>
#include <stdlib.h>

#include "path/inbox.h"
#include "path/wish.h"
#include "rig.h"
#include "service/workers.h"

#define ROOM    7
#define WORKERS 2
#define TRACK   am_id_make(3, 1)
#define SSRC    1000 // of the first subscription; the next one's is ten more

static struct rig rig;
static struct am_region region;
static struct registry registry;

static int eal_begin(void **)
{
	char *argv[] = {
	        "registry_test",  "--no-huge",      "-m",          "64", "--no-pci",
	        "--no-telemetry", "--iova-mode=va", "--no-shconf", NULL,
	};
	return rte_eal_init(8, argv) < 0 || rig_init_workers(&rig, WORKERS, 1023, 0) < 0 ? -1 : 0;
}

static void settle(void)
{
	for (int i = 0; i < WORKERS; i++) {
		while (inbox_service(&rig.worker[i], WORKER_INBOX) > 0)
			registry_collect(&registry);
	}
	registry_collect(&registry);
}

static struct session *session_begin(uint32_t slot)
{
	struct session *s = calloc(1, sizeof(*s));

	s->id = am_id_make(slot, 1);
	s->room_id = ROOM;
	assert_int_equal(registry_add_session(&registry, s), 0);
	return s;
}

static bool shared; // the track is of a screen

// A speaker with one track of video, and a viewer, both on the worker.
static struct session *begin(void)
{
	assert_int_equal(am_region_new(&region, WORKERS), 0);
	registry_init(&registry, &region, rig.worker, WORKERS);
	struct session *speaker = session_begin(0), *viewer = session_begin(1);
	const struct am_cmd_track_add track = {
	        .track_id = TRACK,
	        .transport_id = speaker->id,
	        .clock_rate = 90000,
	        .codec = AM_CODEC_VP8,
	        .room_rtx_payload_type = 102,
	        .screen = shared,
	        .encoding_count = 1,
	};
	assert_int_equal(registry_add_track(&registry, &track), 0);
	assert_int_equal(registry_place(&registry, speaker, 0), 0);
	assert_int_equal(registry_place(&registry, viewer, 0), 0);
	settle();
	return viewer;
}

static void end(void)
{
	struct session *s;

	while ((s = TAILQ_FIRST(&registry.all))) {
		registry_remove_session(&registry, s);
		free(s);
	}
	settle();
	am_region_leave(&region);
}

static int subscribe(uint32_t slot, uint32_t ssrc, uint32_t rtx_ssrc)
{
	const struct am_cmd_subscription_add add = {
	        .subscription_id = am_id_make(slot, 1),
	        .track_id = TRACK,
	        .transport_id = am_id_make(1, 1),
	        .ssrc = ssrc,
	        .rtx_ssrc = rtx_ssrc,
	        .mid = "7",
	};
	int ret = registry_add_subscription(&registry, &add);
	settle();
	return ret;
}

static void unsubscribe(uint32_t slot)
{
	registry_remove_subscription(&registry, registry_sink(&registry, am_id_make(slot, 1)));
	settle();
}

// A viewer who loses the first packets must not meet the wrap in them: RFC 3711 3.3.1.
static void numbers_begin_in_the_lower_half(void **)
{
	uint16_t all = 0, all_rtx = 0;

	begin();
	for (uint32_t i = 0; i < 256; i++) {
		assert_int_equal(subscribe(i, SSRC + 10 * i, SSRC + 10 * i + 1), 0);
		const struct sink *k = registry_sink(&registry, am_id_make(i, 1));
		uint16_t first = (uint16_t)(k->object->selector.seq + 1);
		assert_in_range(first, 0, 0x7FFF);
		assert_in_range(k->object->rtx_index, 0, 0x7FFF);
		all |= first;
		all_rtx |= (uint16_t)k->object->rtx_index;
	}
	assert_int_equal(all, 0x7FFF); // and anywhere in it
	assert_int_equal(all_rtx, 0x7FFF);
	end();
}

static const struct source *source(void)
{
	return registry_source(&registry, TRACK);
}

static bool is_asked_for_a_key_frame(void)
{
	return worker_track(&rig.worker[0], TRACK)->streams[0].keyframe.sent;
}

static void look(int looks)
{
	static int64_t now_us = 1000000;

	for (int i = 0; i < looks; i++)
		registry_look(&registry, now_us += 100000);
	settle();
}

// Somebody joins who has no way yet, and so no worker.
static struct session *join(void)
{
	struct session *s = session_begin(2);
	const struct am_cmd_subscription_add add = {
	        .subscription_id = am_id_make(0, 1),
	        .track_id = TRACK,
	        .transport_id = s->id,
	        .ssrc = SSRC,
	        .rtx_ssrc = SSRC + 1,
	        .paused = true,
	        .mid = "7",
	};

	assert_int_equal(registry_add_subscription(&registry, &add), 0);
	settle();
	return s;
}

// The key frame comes while a way is found, and is there on whichever worker that ends.
static void pictures_are_kept_for_who_is_expected(void **)
{
	begin();
	look(1);
	assert_false(is_asked_for_a_key_frame());
	struct session *viewer = join();
	assert_true(is_asked_for_a_key_frame());
	for (int i = 0; i < WORKERS; i++)
		assert_non_null(worker_fanout(&rig.worker[i], TRACK));
	assert_int_equal(worker_track(&rig.worker[0], TRACK)->workers, 3);
	assert_int_equal(registry_place(&registry, viewer, 1), 0);
	look(20);
	assert_null(worker_fanout(&rig.worker[0], TRACK));
	assert_non_null(worker_fanout(&rig.worker[1], TRACK));
	assert_int_equal(worker_track(&rig.worker[0], TRACK)->workers, 2);
	assert_int_equal(source()->fanouts[1].count, 1);
	end();
}

static void nothing_is_kept_for_who_does_not_come(void **)
{
	begin();
	struct session *viewer = join();
	look(20);
	for (int i = 0; i < WORKERS; i++)
		assert_null(worker_fanout(&rig.worker[i], TRACK));
	registry_remove_session(&registry, viewer);
	free(viewer);
	join(); // and nothing is left of it where the track ends first
	end();
}

// Two guards of one (key, SSRC) would each give out the same index.
static void an_ssrc_is_given_to_one_subscription_of_a_transport(void **)
{
	begin();
	assert_int_equal(subscribe(0, 1000, 1001), 0);
	assert_int_equal(subscribe(1, 1000, 2001), -EADDRINUSE);
	assert_int_equal(subscribe(1, 2000, 1001), -EADDRINUSE);
	assert_int_equal(subscribe(1, 1001, 2001), -EADDRINUSE);
	assert_int_equal(subscribe(1, 2000, 1000), -EADDRINUSE);
	assert_int_equal(subscribe(1, 2000, 2000), -EADDRINUSE);
	assert_null(registry_sink(&registry, am_id_make(1, 1)));
	assert_int_equal(subscribe(1, 2000, 2001), 0); // refusals leave nothing behind
	assert_int_equal(subscribe(2, 3000, 0), 0);
	assert_int_equal(subscribe(3, 4000, 0), 0);
	end();
}

// The key outlives a subscription, and a new one would begin its indexes anew.
static void an_ssrc_does_not_come_back_under_its_key(void **)
{
	begin();
	assert_int_equal(subscribe(0, 1000, 1001), 0);
	unsubscribe(0);
	assert_int_equal(subscribe(0, 1000, 1002), -EADDRINUSE);
	assert_int_equal(subscribe(0, 1002, 1001), -EADDRINUSE);
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(subscribe(0, 100000 - 2 * i, 200000 + 2 * i), 0);
		unsubscribe(0);
	}
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(subscribe(0, 100000 - 2 * i, 0), -EADDRINUSE);
		assert_int_equal(subscribe(0, 200000 + 2 * i, 0), -EADDRINUSE);
	}
	// A new transport has a new key.
	struct session *viewer = registry_session(&registry, am_id_make(1, 1));
	registry_remove_session(&registry, viewer);
	free(viewer);
	assert_int_equal(registry_place(&registry, session_begin(1), 0), 0);
	assert_int_equal(subscribe(0, 1000, 1001), 0);
	end();
}

static void subscribe_from(uint32_t viewer, uint8_t layer)
{
	static uint32_t ssrc = SSRC;
	const struct am_cmd_subscription_add add = {
	        .subscription_id = am_id_make(viewer, 1),
	        .track_id = TRACK,
	        .transport_id = am_id_make(viewer, 1),
	        .ssrc = ssrc++,
	        .mid = "7",
	        .spatial_layer = layer,
	};
	assert_int_equal(registry_add_subscription(&registry, &add), 0);
}

// Both workers' turns, for so long.
static void pass(struct worker workers[2], int64_t *now_us, int64_t us)
{
	for (int64_t end = *now_us + us; *now_us < end; *now_us += 20000) {
		for (int i = 0; i < 2; i++) {
			inbox_service(&workers[i], WORKER_INBOX);
			wish_tell(&workers[i]);
		}
		registry_collect(&registry);
		registry_look(&registry, *now_us);
	}
}

static uint8_t wanted(void)
{
	return region.map->tracks[am_id_slot(TRACK)].wanted;
}

static int wanted_events(uint8_t *last)
{
	struct am_msg msg;
	int count = 0;

	while (am_ring_pop(&region.map->events, &msg) == 1) {
		assert_int_equal(am_msg_check(&msg), 0);
		if (msg.type != AM_EVENT_TRACK_WANTED)
			continue;
		assert_int_equal(msg.track_wanted.track_id, TRACK);
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
		        worker_init(&workers[i], (uint16_t)(i + 4), 1, &rig.port, false), 0
		);
		workers[i].counters = rig.counters;
		workers[i].gauges = rig.gauges;
		workers[i].figures = rig.figures;
	}
	assert_int_equal(am_region_new(&region, 2), 0);
	registry_init(&registry, &region, workers, 2);
	const struct am_cmd_track_add track = {
	        .track_id = TRACK,
	        .transport_id = am_id_make(0, 1),
	        .clock_rate = 90000,
	        .codec = AM_CODEC_VP8,
	        .encoding_count = 3,
	};
	for (uint32_t i = 0; i < 3; i++) {
		struct session *s = session_begin(i);
		if (i == 0)
			assert_int_equal(registry_add_track(&registry, &track), 0);
		assert_int_equal(registry_place(&registry, s, i == 2), 0);
	}
	assert_int_equal(wanted(), 7);
	pass(workers, &now_us, DEMAND_OFF_US + 500000); // nobody is there
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
	registry_prefer_layers(&registry, registry_sink(&registry, am_id_make(2, 1)), 0, 0, 0);
	pass(workers, &now_us, DEMAND_OFF_US + 500000);
	assert_int_equal(wanted(), 3);
	registry_remove_subscription(&registry, registry_sink(&registry, am_id_make(1, 1)));
	pass(workers, &now_us, DEMAND_OFF_US + 500000);
	assert_int_equal(wanted(), 1);
	registry_prefer_layers(&registry, registry_sink(&registry, am_id_make(2, 1)), 2, 0, 0);
	pass(workers, &now_us, 200000);
	registry_remove_subscription(&registry, registry_sink(&registry, am_id_make(2, 1)));
	pass(workers, &now_us, DEMAND_OFF_US + 500000);
	assert_int_equal(wanted(), 1);
	subscribe_from(2, 0);
	pass(workers, &now_us, DEMAND_OFF_US + 500000);
	assert_int_equal(wanted(), 1);

	for (struct session *s; (s = TAILQ_FIRST(&registry.all)); free(s))
		registry_remove_session(&registry, s);
	pass(workers, &now_us, 200000);
	am_region_leave(&region);
	for (int i = 0; i < 2; i++)
		worker_fini(&workers[i]);
	free(workers);
}

static void a_transport_has_a_limited_number_of_ssrcs(void **)
{
	struct ssrc_set set = {0};

	for (uint32_t i = 0; i < SSRC_SET_MAX / 2; i++)
		assert_int_equal(ssrc_set_add(&set, 2 * i + 2, 2 * i + 3), 0);
	assert_int_equal(ssrc_set_add(&set, 1000000, 0), -ENOSPC);
	assert_int_equal(ssrc_set_add(&set, 2, 0), -EADDRINUSE);
	ssrc_set_fini(&set);
}

static void packets_of_a_screen_are_kept_for_longer(void **)
{
	for (int screen = 0; screen < 2; screen++) {
		shared = screen;
		begin();
		assert_int_equal(subscribe(0, 1000, 1001), 0);
		const struct fanout *f = registry.sinks[0]->object->fanout;
		assert_int_equal(f->screen, screen);
		assert_int_equal(
		        f->streams[0].history.age_ms_max,
		        screen ? RELAY_SCREEN_MS : RELAY_HISTORY_MS
		);
		end();
	}
	shared = false;
}

// A speaker of a room on one of the workers, with so many voices from this slot on.
static struct session *
speak(uint32_t slot, uint64_t room, uint16_t worker, uint32_t first, uint32_t count,
      uint8_t loudest)
{
	struct session *s = calloc(1, sizeof(*s));

	s->id = am_id_make(slot, 1);
	s->room_id = room;
	assert_int_equal(registry_add_session(&registry, s), 0);
	for (uint32_t i = 0; i < count; i++) {
		const struct am_cmd_track_add add = {
		        .track_id = am_id_make(first + i, 1),
		        .transport_id = s->id,
		        .clock_rate = 48000,
		        .codec = AM_CODEC_OPUS,
		        .voices = loudest,
		        .encoding_count = 1,
		};
		assert_int_equal(registry_add_track(&registry, &add), 0);
	}
	assert_int_equal(registry_place(&registry, s, worker), 0);
	settle();
	return s;
}

static void hush(struct session *s)
{
	registry_remove_session(&registry, s);
	free(s);
	settle();
}

static const struct track *track_of(int worker, uint32_t slot)
{
	const struct track *t = worker_track(&rig.worker[worker], am_id_make(slot, 1));

	assert_non_null(t);
	return t;
}

static int rooms(void)
{
	int count = 0;

	for (int i = 0; i < ROOMS_BUCKETS; i++)
		count += !LIST_EMPTY(&registry.rooms.buckets[i]);
	return count;
}

static void voices_of_a_room_are_compared_across_workers(void **)
{
	begin();
	assert_int_equal(rooms(), 0); // a picture has no voice
	struct session *a = speak(10, ROOM, 0, 100, 1, 3), *b = speak(11, ROOM, 1, 200, 1, 3);
	struct session *c = speak(12, ROOM + 1, 0, 300, 1, 3);
	const struct track *of_a = track_of(0, 100), *of_b = track_of(1, 200);
	assert_ptr_equal(of_a->voices, of_b->voices);
	assert_int_equal(of_a->voice.place, 0);
	assert_int_equal(of_b->voice.place, 1);
	assert_ptr_not_equal(track_of(0, 300)->voices, of_a->voices);
	assert_int_equal(rooms(), 2);
	hush(a);
	hush(c);
	assert_int_equal(rooms(), 1);
	struct session *d = speak(10, ROOM, 1, 100, 1, 3);
	assert_ptr_equal(track_of(1, 100)->voices, of_b->voices);
	assert_int_equal(track_of(1, 100)->voice.place, 0);
	hush(b);
	assert_int_equal(rooms(), 1);
	hush(d);
	assert_int_equal(rooms(), 0);
	end();
}

// The place is not free before the worker has let go of it.
static void a_voice_keeps_its_place_while_its_worker_has_it(void **)
{
	begin();
	struct session *a = speak(10, ROOM, 0, 100, 2, 3);
	registry_remove_track(&registry, registry_source(&registry, am_id_make(100, 1)));
	assert_int_equal(track_of(0, 101)->voices->taken, 3);
	settle();
	assert_int_equal(track_of(0, 101)->voices->taken, 2);
	hush(a);
	end();
}

static void who_finds_no_place_is_always_forwarded(void **)
{
	struct session *s[3];

	begin();
	for (uint32_t i = 0; i < 3; i++)
		s[i] = speak(10 + i, ROOM, 0, 100 + 30 * i, 30, 5);
	for (uint32_t i = 0; i < 90; i++)
		assert_int_equal(!track_of(0, 100 + i)->voices, i >= VOICES_MAX);
	for (int i = 0; i < 3; i++)
		hush(s[i]);
	s[0] = speak(10, ROOM, 0, 100, 1, 0); // by command
	assert_null(track_of(0, 100)->voices);
	assert_int_equal(rooms(), 0);
	hush(s[0]);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(numbers_begin_in_the_lower_half),
	        cmocka_unit_test(pictures_are_kept_for_who_is_expected),
	        cmocka_unit_test(nothing_is_kept_for_who_does_not_come),
	        cmocka_unit_test(an_ssrc_is_given_to_one_subscription_of_a_transport),
	        cmocka_unit_test(an_ssrc_does_not_come_back_under_its_key),
	        cmocka_unit_test(a_transport_has_a_limited_number_of_ssrcs),
	        cmocka_unit_test(packets_of_a_screen_are_kept_for_longer),
	        cmocka_unit_test(voices_of_a_room_are_compared_across_workers),
	        cmocka_unit_test(a_voice_keeps_its_place_while_its_worker_has_it),
	        cmocka_unit_test(who_finds_no_place_is_always_forwarded),
	        cmocka_unit_test(what_any_worker_wishes_is_wanted),
	};
	return cmocka_run_group_tests(tests, eal_begin, NULL);
}
