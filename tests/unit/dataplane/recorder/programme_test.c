#include "recorder/programme.h"

#include "hostile.h"
#include "test.h"

#define MS        1000
#define SECOND    1000000
#define STEP      (10 * MS)
#define TICK      (50 * MS)
#define FRAME     (40 * MS)
#define ANSWER    (100 * MS) // from a request to the key frame
#define TRACKS    9
#define CARD      0
#define NOTHING   TRACKS
#define NOBODY    0
#define GAP_CARD  (1100 * MS)
#define GAP_MAX   (2100 * MS)
#define LEFT_MAX  200000
#define ASKED_MAX 10000

// A room whose tracks send 25 frames a second and answer requests for key frames. Track n belongs
// to participant n; 6 and up are screens.
struct sender {
	bool added, sends, answers, paused;
	bool begun; // it has sent a key frame
	int64_t key_us; // when the next key frame is due; INT64_MAX: none is
	enum codec codec;
};

struct left {
	int64_t time_us;
	am_id id;
	enum codec codec;
	bool key, card;
};

struct room {
	struct programme *programme;
	struct sender senders[TRACKS + 1];
	int64_t now_us;
	struct left *left;
	size_t left_count;
	struct {
		int64_t at_us;
		am_id id;
	} asked[ASKED_MAX];
	size_t asked_count;
};

static void on_frame(void *owner, const struct programme_frame *f)
{
	struct room *r = owner;
	assert_true(r->left_count < LEFT_MAX);
	assert_true(f->len > 0);
	assert_true(f->card == (f->track_id == 0));
	assert_true(!f->card || f->key);
	assert_true(!f->key || (f->width > 0 && f->height > 0));
	r->left[r->left_count++] =
	        (struct left){f->time_us, f->track_id, f->codec, f->key, f->card};
}

static void on_needs_key_frame(void *owner, am_id id)
{
	struct room *r = owner;
	assert_in_range(id, 1, TRACKS - 1);
	assert_true(r->asked_count < ASKED_MAX);
	r->asked[r->asked_count].at_us = r->now_us;
	r->asked[r->asked_count++].id = id;
	if (r->senders[id].key_us == INT64_MAX)
		r->senders[id].key_us = r->now_us + ANSWER;
}

static void room_init(struct room *r)
{
	*r = (struct room){0};
	r->left = calloc(LEFT_MAX, sizeof(*r->left));
	assert_non_null(r->left);
	const struct programme_events events = {r, on_frame, on_needs_key_frame};
	r->programme = programme_create(&events);
	assert_non_null(r->programme);
}

static void room_fini(struct room *r)
{
	programme_destroy(r->programme);
	free(r->left);
}

static void send_frame(struct room *r, am_id id, int64_t time_us, bool key)
{
	static const uint8_t data[1000];
	const struct assembly_frame f = {
	        .data = data,
	        .len = sizeof(data),
	        .arrival_us = r->now_us,
	        .width = key ? 640 : 0,
	        .height = key ? 360 : 0,
	        .key = key,
	};
	programme_picture(r->programme, id, time_us, r->senders[id].codec, &f);
}

// Frames arrive 50 ms after their time.
static void room_step(struct room *r)
{
	for (am_id id = 1; id < TRACKS; id++) {
		struct sender *s = &r->senders[id];
		if (!s->added || !s->sends || s->paused)
			continue;
		if ((r->now_us / STEP + (int64_t)id) % (FRAME / STEP) != 0)
			continue;
		bool key = s->answers && r->now_us >= s->key_us;
		if (key) {
			s->begun = true;
			s->key_us = INT64_MAX;
		}
		if (s->begun)
			send_frame(r, id, r->now_us - 50 * MS, key);
	}
	if (r->now_us % TICK == 0)
		programme_tick(r->programme, r->now_us);
	r->now_us += STEP;
}

static void room_until(struct room *r, int64_t ms)
{
	while (r->now_us < ms * MS)
		room_step(r);
}

// --- events ---

enum event {
	ADD, // begins to send, and answers
	REMOVE,
	PAUSE,
	RESUME,
	LEAD,
	STALL, // sends nothing more
	GO_ON,
	DEAF, // does not answer
	HEAR,
	SHOWS, // what is expected
};

struct act {
	int64_t ms;
	enum event event;
	am_id id;
};

static am_id shown(const struct room *r)
{
	return r->left_count > 0 ? r->left[r->left_count - 1].id : NOTHING;
}

static void room_act(struct room *r, enum event event, am_id id)
{
	struct sender *s = &r->senders[id];
	switch (event) {
	case ADD:
		*s = (struct sender){
		        .added = true,
		        .sends = true,
		        .answers = true,
		        .key_us = r->now_us + ANSWER, // the tap asks for it
		        .codec = CODEC_VP8,
		};
		programme_track_add(
		        r->programme, id, id, id < 6 ? AM_RECORD_CAMERA : AM_RECORD_SCREEN
		);
		break;
	case REMOVE:
		s->added = false;
		for (size_t i = 0; i < r->asked_count; i++) { // ids are never used again
			if (r->asked[i].id == id)
				r->asked[i].id = NOTHING;
		}
		programme_track_remove(r->programme, id, r->now_us);
		break;
	case PAUSE:
	case RESUME:
		s->paused = event == PAUSE;
		if (event == RESUME)
			s->key_us = r->now_us + ANSWER;
		programme_track_pause(r->programme, id, s->paused, r->now_us);
		break;
	case LEAD: programme_leader(r->programme, id, r->now_us); break;
	case STALL:
	case GO_ON: s->sends = event == GO_ON; break;
	case DEAF:
	case HEAR: s->answers = event == HEAR; break;
	case SHOWS:
		if (shown(r) != id)
			fail_msg(
			        "at %lld ms: track %llu is shown, not %llu",
			        (long long)(r->now_us / MS), (unsigned long long)shown(r),
			        (unsigned long long)id
			);
		break;
	}
}

// What holds for every programme.
static void check(const struct room *r)
{
	for (size_t i = 0; i < r->left_count; i++) {
		const struct left *f = &r->left[i], *before = f - 1;
		if (i == 0) {
			assert_true(f->key);
			continue;
		}
		assert_true(f->time_us >= before->time_us + MS);
		assert_true(f->key || (f->id == before->id && f->codec == before->codec));
		int64_t gap = f->time_us - before->time_us;
		assert_true(gap <= GAP_MAX); // a picture that stands still is shown for so long
		assert_true(gap <= GAP_CARD || before->id != CARD);
	}
	for (size_t i = 0; i < r->asked_count; i++) {
		for (size_t j = i + 1; j < r->asked_count; j++) {
			if (r->asked[j].id == r->asked[i].id && r->asked[i].id != NOTHING)
				assert_true(r->asked[j].at_us - r->asked[i].at_us >= SECOND - TICK);
		}
	}
}

static void play(const struct act *acts, size_t count)
{
	struct room r;
	room_init(&r);
	for (size_t i = 0; i < count; i++) {
		room_until(&r, acts[i].ms);
		room_act(&r, acts[i].event, acts[i].id);
	}
	check(&r);
	room_fini(&r);
}

#define PLAY(...)                                                                                  \
	do {                                                                                       \
		const struct act acts[] = {__VA_ARGS__};                                           \
		play(acts, COUNT(acts));                                                           \
	} while (0)

static void who_leads_is_shown(void **)
{
	PLAY({0, ADD, 1}, {0, ADD, 2}, {0, ADD, 3}, {0, LEAD, 2}, {300, SHOWS, 2}, {5000, LEAD, 3},
	     {5050, SHOWS, 2}, {5300, SHOWS, 3}, {9000, LEAD, 1}, {9300, SHOWS, 1});
}

static void a_leader_stays_for_two_seconds(void **)
{
	PLAY({0, ADD, 1}, {0, ADD, 2}, {0, ADD, 3}, {0, LEAD, 1}, {5000, LEAD, 2}, {5200, SHOWS, 2},
	     {5300, LEAD, 3}, {5600, LEAD, 1}, {7000, SHOWS, 2}, {7500, SHOWS, 1}, {7600, LEAD, 2},
	     {9000, SHOWS, 1}, {9500, SHOWS, 2});
}

static void who_leads_without_a_camera_changes_nothing(void **)
{
	PLAY({0, ADD, 1}, {0, ADD, 2}, {0, LEAD, 2}, {3000, SHOWS, 2}, {3000, LEAD, 5},
	     {6000, SHOWS, 2}, {6000, LEAD, NOBODY}, {9000, SHOWS, 2}, {9000, REMOVE, 2},
	     {9300, SHOWS, 1});
}

static void the_newest_share_goes_before_everybody(void **)
{
	PLAY({0, ADD, 1}, {0, LEAD, 1}, {1000, SHOWS, 1}, {1000, ADD, 6}, {1300, SHOWS, 6},
	     {1500, ADD, 2}, {1500, LEAD, 2}, {2000, ADD, 7}, {2050, SHOWS, 6}, {2300, SHOWS, 7},
	     {5000, SHOWS, 7}, {5000, REMOVE, 7}, {5300, SHOWS, 6}, {6000, PAUSE, 6},
	     {6300, SHOWS, 2}, {7000, RESUME, 6}, {7300, SHOWS, 6}, {9000, REMOVE, 6},
	     {9300, SHOWS, 2});
}

static void nobody_leads_so_the_last_one_seen_stays(void **)
{
	PLAY({0, ADD, 1}, {0, ADD, 2}, {0, ADD, 3}, {0, LEAD, 3}, {3000, SHOWS, 3},
	     {3000, LEAD, NOBODY}, {6000, SHOWS, 3}, {6000, ADD, 6}, {6500, SHOWS, 6},
	     {9000, REMOVE, 6}, {9500, SHOWS, 3});
}

static void a_dead_tab_makes_room_after_two_seconds(void **)
{
	PLAY({0, ADD, 1}, {0, ADD, 2}, {0, LEAD, 1}, {3000, STALL, 1}, {4900, SHOWS, 1},
	     {5300, SHOWS, 2}, {8000, GO_ON, 1}, {8500, SHOWS, 1});
	PLAY({0, ADD, 1}, {3000, STALL, 1}, {4900, SHOWS, 1}, {5100, SHOWS, CARD},
	     {9000, SHOWS, CARD}, {9000, GO_ON, 1}, {9300, SHOWS, 1});
}

static void without_a_picture_there_are_cards(void **)
{
	PLAY({0, SHOWS, NOTHING}, {1100, SHOWS, CARD}, {5000, SHOWS, CARD}, {5000, ADD, 1},
	     {5300, SHOWS, 1}, {6000, PAUSE, 1}, {6100, SHOWS, CARD}, {9000, RESUME, 1},
	     {9050, SHOWS, CARD}, {9300, SHOWS, 1}, {9500, REMOVE, 1}, {9600, SHOWS, CARD},
	     {20000, SHOWS, CARD});
}

static void the_old_picture_goes_on_until_the_key_frame(void **)
{
	PLAY({0, ADD, 1}, {0, LEAD, 1}, {1000, ADD, 2}, {2000, DEAF, 2}, {3000, LEAD, 2},
	     {5900, SHOWS, 1}, {9000, HEAR, 2}, {9100, SHOWS, 2});
}

// The last picture stays for a second; then a card bridges the time until the key frame.
static void a_card_bridges_the_time_until_the_key_frame(void **)
{
	PLAY({0, ADD, 1}, {0, ADD, 2}, {0, LEAD, 1}, {3000, DEAF, 2}, {3000, REMOVE, 1},
	     {3900, SHOWS, 1}, {4600, SHOWS, CARD}, {5500, HEAR, 2}, {5600, SHOWS, 2});
}

static void after_the_shortest_pause_a_track_begins_with_a_key_frame(void **)
{
	PLAY({0, ADD, 1}, {3000, DEAF, 1}, {3000, PAUSE, 1}, {3000, RESUME, 1}, {4600, SHOWS, CARD},
	     {5000, HEAR, 1}, {5200, SHOWS, 1});
}

static void who_never_answers_is_passed_over(void **)
{
	PLAY({0, ADD, 1}, {0, ADD, 2}, {0, ADD, 6}, {2000, SHOWS, 6}, {2000, ADD, 7},
	     {2090, DEAF, 7}, {2500, SHOWS, 6}, {3000, PAUSE, 6}, {3500, SHOWS, 6},
	     {8000, SHOWS, 1});
}

static void requests_are_repeated_each_second_and_not_forever(void **)
{
	struct room r;
	room_init(&r);
	room_act(&r, ADD, 1);
	room_act(&r, ADD, 2);
	room_act(&r, LEAD, 1);
	room_until(&r, 5000);
	room_act(&r, DEAF, 2);
	r.asked_count = 0;
	room_act(&r, LEAD, 2);
	assert_int_equal(r.asked_count, 1);
	room_until(&r, 5950);
	assert_int_equal(r.asked_count, 1);
	room_until(&r, 6100);
	assert_int_equal(r.asked_count, 2);
	room_until(&r, 60000);
	assert_int_equal(r.asked_count, 3);
	assert_int_equal(shown(&r), 1);
	check(&r);
	room_fini(&r);
}

static void the_first_card_does_not_choose_the_codec(void **)
{
	struct room r;
	room_init(&r);
	room_until(&r, 500);
	room_act(&r, ADD, 1);
	r.senders[1].codec = CODEC_VP9;
	room_until(&r, 3000);
	assert_int_equal(r.left[0].id, 1);
	room_act(&r, REMOVE, 1);
	room_until(&r, 3100);
	assert_int_equal(shown(&r), CARD);
	assert_int_equal(r.left[r.left_count - 1].codec, CODEC_VP9);
	// No card is known in H.264.
	room_act(&r, ADD, 2);
	r.senders[2].codec = CODEC_H264;
	room_until(&r, 4000);
	assert_int_equal(shown(&r), 2);
	room_act(&r, REMOVE, 2);
	room_until(&r, 4100);
	assert_int_equal(shown(&r), CARD);
	assert_int_equal(r.left[r.left_count - 1].codec, CODEC_VP8);
	check(&r);
	room_fini(&r);
}

static void the_first_card_covers_the_beginning(void **)
{
	struct room r;
	room_init(&r);
	r.now_us = 77 * SECOND; // a recorder that was restarted
	programme_tick(r.programme, r.now_us);
	room_until(&r, 79000);
	assert_int_equal(r.left[0].time_us, 77 * SECOND);
	check(&r);
	room_fini(&r);
}

static void after_a_card_a_track_begins_with_a_key_frame(void **)
{
	struct room r;
	room_init(&r);
	room_act(&r, ADD, 1);
	room_until(&r, 2000);
	room_act(&r, STALL, 1);
	room_act(&r, DEAF, 1);
	room_until(&r, 6000);
	room_act(&r, GO_ON, 1);
	room_until(&r, 8000);
	assert_int_equal(shown(&r), CARD);
	room_act(&r, HEAR, 1);
	room_until(&r, 10000);
	assert_int_equal(shown(&r), 1);
	check(&r);
	room_fini(&r);
}

// Frames that come late, twice, or from a clock that runs ahead.
static void time_never_goes_back_or_far_ahead(void **)
{
	struct room r;
	room_init(&r);
	room_act(&r, ADD, 1);
	room_until(&r, 3000);
	size_t first = r.left_count;
	r.senders[1].sends = false;
	send_frame(&r, 1, 1000 * MS, false);
	send_frame(&r, 1, 1000 * MS, true);
	send_frame(&r, 1, INT64_MIN, false);
	assert_int_equal(r.left_count, first + 3);
	send_frame(&r, 1, 3600ll * SECOND, false);
	send_frame(&r, 1, INT64_MAX, false);
	assert_true(r.left[r.left_count - 1].time_us <= r.now_us + 1100 * MS);
	check(&r);
	room_fini(&r);
}

static void another_codec_begins_with_a_key_frame(void **)
{
	struct room r;
	room_init(&r);
	room_act(&r, ADD, 1);
	room_until(&r, 3000);
	r.senders[1].codec = CODEC_AV1;
	r.senders[1].key_us = INT64_MAX;
	room_until(&r, 4000);
	assert_int_equal(r.left[r.left_count - 1].codec, CODEC_VP8);
	r.senders[1].key_us = 0;
	room_until(&r, 6000);
	assert_int_equal(r.left[r.left_count - 1].codec, CODEC_AV1);
	check(&r);
	room_fini(&r);
}

static void sound_and_surplus_tracks_are_ignored(void **)
{
	struct room r;
	room_init(&r);
	programme_track_add(r.programme, 1, 1, AM_RECORD_VOICE);
	programme_track_add(r.programme, 0, 1, AM_RECORD_CAMERA);
	for (am_id id = 1000; id < 1000 + 2 * AM_RECORD_TRACK_MAX; id++)
		programme_track_add(r.programme, id, id, AM_RECORD_CAMERA);
	programme_track_remove(r.programme, 77, 0);
	programme_track_pause(r.programme, 77, true, 0);
	send_frame(&r, 1, 0, true);
	send_frame(&r, 5, 0, true);
	assert_int_equal(r.left_count, 0);
	room_fini(&r);
}

// Anything may happen at any time.
static void it_is_never_blank(void **)
{
	uint64_t seed = hostile_seed();
	for (int round = 0; round < 60; round++) {
		struct room r;
		room_init(&r);
		r.now_us = round % 2 == 0 ? 0 : hostile_random(&seed) % 1000 * SECOND;
		programme_tick(r.programme, r.now_us);
		int64_t begin_us = r.now_us;
		while (r.now_us < begin_us + 60 * SECOND) {
			am_id id = 1 + hostile_random(&seed) % (TRACKS - 1);
			enum event event = hostile_random(&seed) % SHOWS;
			if (event == ADD ? !r.senders[id].added
			                 : r.senders[id].added || event == LEAD)
				room_act(&r, event, id);
			if (hostile_random(&seed) % 10 == 0)
				r.senders[id].codec = CODEC_VP8 + hostile_random(&seed) % 4;
			room_until(&r, r.now_us / MS + hostile_random(&seed) % (round * 40 + 20));
		}
		assert_true(r.left_count > 0);
		assert_true(r.left[0].time_us <= begin_us + GAP_CARD);
		assert_true(r.left[r.left_count - 1].time_us >= r.now_us - GAP_MAX);
		check(&r);
		room_fini(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(who_leads_is_shown),
	        cmocka_unit_test(a_leader_stays_for_two_seconds),
	        cmocka_unit_test(who_leads_without_a_camera_changes_nothing),
	        cmocka_unit_test(the_newest_share_goes_before_everybody),
	        cmocka_unit_test(nobody_leads_so_the_last_one_seen_stays),
	        cmocka_unit_test(a_dead_tab_makes_room_after_two_seconds),
	        cmocka_unit_test(without_a_picture_there_are_cards),
	        cmocka_unit_test(the_old_picture_goes_on_until_the_key_frame),
	        cmocka_unit_test(a_card_bridges_the_time_until_the_key_frame),
	        cmocka_unit_test(after_the_shortest_pause_a_track_begins_with_a_key_frame),
	        cmocka_unit_test(who_never_answers_is_passed_over),
	        cmocka_unit_test(requests_are_repeated_each_second_and_not_forever),
	        cmocka_unit_test(the_first_card_does_not_choose_the_codec),
	        cmocka_unit_test(the_first_card_covers_the_beginning),
	        cmocka_unit_test(after_a_card_a_track_begins_with_a_key_frame),
	        cmocka_unit_test(time_never_goes_back_or_far_ahead),
	        cmocka_unit_test(another_codec_begins_with_a_key_frame),
	        cmocka_unit_test(sound_and_surplus_tracks_are_ignored),
	        cmocka_unit_test(it_is_never_blank),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
