// What a recorder gets from a running data plane, over its own socket.
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "am_clock.h"
#include "scene.h"

#define ENCODINGS 3

// What has been read of one encoding of a track.
struct recorded {
	uint32_t packets, reports, missing, key_frames;
	uint64_t seq; // of the last packet
	uint64_t ntp; // of the last report
	uint8_t source;
};

struct recorder {
	struct am_tap tap;
	int connection;
	uint64_t next[AM_TAP_RING_MAX];
	am_id video, sound; // of the speaker
	struct recorded encodings[ENCODINGS], audio;
};

static const struct member_options plain = {0};

static void recorder_begin(struct recorder *r, const struct member *speaker)
{
	*r = (struct recorder){.video = speaker->video_id, .sound = speaker->sound_id};
	r->connection = scene_tap(&r->tap);
	assert_int_equal(r->tap.ring_count, 3); // two workers and the service thread
	assert_true(r->tap.map->header.generation == scene.driver.region.map->header.generation);
	for (uint32_t i = 0; i < r->tap.ring_count; i++)
		r->next[i] = am_tap_head(&r->tap.map->rings[i]);
}

static void recorder_end(struct recorder *r)
{
	am_tap_leave(&r->tap);
	close(r->connection);
}

static int tap(am_id track, bool on)
{
	return driver_pause(&scene.driver, AM_CMD_TRACK_TAP, track, on);
}

static bool is_tapped(am_id track)
{
	struct am_track_state state;

	assert_true(am_table_read(
	        &scene.driver.region.map->tracks[am_id_slot(track)], &state, sizeof(state)
	));
	return state.id == track && state.tapped;
}

static void packet_check(struct recorded *to, const struct am_tap_entry *e, bool video)
{
	struct media_vp8 vp8;
	struct media_part part;

	if (video) {
		assert_int_equal(media_vp8_check(&vp8, e->payload, e->len), 0);
		assert_int_equal(vp8.part.encoding, e->encoding);
		assert_int_equal(!!(e->flags & AM_TAP_MARKER), vp8.part.part == vp8.part.parts - 1);
		to->key_frames += vp8.part.key && vp8.part.part == 0;
	} else {
		assert_int_equal(media_opus_check(&part, e->payload, e->len), 0);
		assert_true(e->flags & AM_TAP_LEVEL);
	}
	assert_true(llabs(e->arrival_us - (int64_t)(am_clock_ns() / 1000)) < 5000000);
	if (to->packets++ > 0) {
		assert_int_equal(e->source, to->source);
		to->missing += (uint32_t)(e->seq - to->seq - 1);
	}
	to->seq = e->seq;
	to->source = e->source;
}

static void recorder_read(struct recorder *r)
{
	struct am_tap_entry e;

	for (uint32_t i = 0; i < r->tap.ring_count; i++) {
		const struct am_tap_ring *ring = &r->tap.map->rings[i];
		for (; r->next[i] < am_tap_head(ring); r->next[i]++) {
			assert_int_equal(am_tap_read(ring, r->next[i], &e), 0);
			bool video = e.id == r->video;
			assert_true(video || e.id == r->sound);
			assert_true(e.encoding < (video ? ENCODINGS : 1));
			struct recorded *to = video ? &r->encodings[e.encoding] : &r->audio;
			if (e.kind == AM_TAP_PACKET) {
				packet_check(to, &e, video);
			} else {
				assert_int_equal(e.kind, AM_TAP_REPORT);
				to->reports++;
				to->ntp = e.ntp;
			}
		}
	}
}

// The speaker has no viewers at all.
static void a_recorder_gets_every_packet_of_tapped_tracks(void **)
{
	struct party p;
	struct recorder r;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &plain);
	recorder_begin(&r, speaker);
	assert_int_equal(tap(speaker->sound_id, true), 0); // before it has a worker
	party_connect(&p);
	party_run(&p, 1500);
	recorder_read(&r);
	assert_in_range(r.audio.packets, 60, 80);
	assert_true(r.audio.reports > 0);
	assert_int_equal(r.encodings[0].packets, 0);

	uint32_t plis = speaker->publisher.video[2].plis;
	assert_int_equal(tap(speaker->video_id, true), 0);
	assert_true(is_tapped(speaker->video_id));
	party_run(&p, 300);
	recorder_read(&r);
	for (int i = 0; i < ENCODINGS; i++) { // the last report is repeated, a key frame requested
		assert_true(r.encodings[i].reports > 0);
		assert_true(r.encodings[i].key_frames > 0);
	}
	assert_int_equal(speaker->publisher.video[2].plis, plis + 1);
	party_run(&p, 1500);
	recorder_read(&r);
	for (int i = 0; i < ENCODINGS; i++) {
		assert_true(r.encodings[i].packets > 45);
		assert_int_equal(r.encodings[i].missing, 0);
		assert_true(r.encodings[i].ntp != 0);
	}
	assert_int_equal(r.audio.missing, 0);

	plis = speaker->publisher.video[2].plis;
	assert_int_equal(
	        driver_pause(&scene.driver, AM_CMD_TRACK_KEY_FRAME, speaker->video_id, false), 0
	);
	party_run(&p, 300);
	assert_int_equal(speaker->publisher.video[2].plis, plis + 1);
	assert_int_equal(tap(speaker->video_id, false), 0);
	assert_int_equal(tap(speaker->sound_id, false), 0);
	assert_false(is_tapped(speaker->video_id));
	party_run(&p, 100);
	recorder_read(&r);
	uint32_t before = r.audio.packets;
	party_run(&p, 300);
	recorder_read(&r);
	assert_int_equal(r.audio.packets, before);
	party_end(&p);
	recorder_end(&r);
}

// The publisher's link loses packets: the recorder gets the repairs in their places, like viewers.
static void losses_are_repaired_for_the_recorder(void **)
{
	struct party p;
	struct recorder r;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &plain);
	recorder_begin(&r, speaker);
	party_connect(&p);
	party_run(&p, 500);
	assert_int_equal(tap(speaker->video_id, true), 0);
	assert_int_equal(tap(speaker->sound_id, true), 0);
	party_run(&p, 500);
	speaker->publisher.lose_every = 20;
	party_run(&p, 2000);
	party_settle(&p);
	recorder_read(&r);
	uint32_t lost = 0;
	for (int i = 0; i < ENCODINGS; i++) {
		lost += speaker->publisher.video[i].lost;
		assert_int_equal(r.encodings[i].missing, 0);
	}
	assert_true(lost > 5);
	party_end(&p);
	recorder_end(&r);
}

static void a_recorder_that_vanishes_makes_room_for_another(void **)
{
	struct am_tap tap_;

	for (int i = 0; i < 20; i++) {
		int connection = scene_tap(&tap_);
		am_tap_leave(&tap_);
		close(connection);
		usleep(20000);
	}
}

static void what_is_not_there_cannot_be_tapped(void **)
{
	assert_int_equal(tap(am_id_make(1, 77), true), -ENOENT);
	assert_int_equal(
	        driver_pause(&scene.driver, AM_CMD_TRACK_KEY_FRAME, am_id_make(1, 77), false),
	        -ENOENT
	);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_recorder_gets_every_packet_of_tapped_tracks),
	        cmocka_unit_test(losses_are_repaired_for_the_recorder),
	        cmocka_unit_test(a_recorder_that_vanishes_makes_room_for_another),
	        cmocka_unit_test(what_is_not_there_cannot_be_tapped),
	};
	return SCENE_RUN(tests);
}
