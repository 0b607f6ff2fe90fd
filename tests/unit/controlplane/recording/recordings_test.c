// Recordings from their start to their end, with a recorder at the other end of a real socket. Time
// is the test's; the data plane and the history only note what they are told.
#include "fake_recorder.h"
#include "test.h"

#include "account/account.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "media/media.h"
#include "media/region.h"
#include "recording/recording.h"
#include "room/room.h"
#include "room/track.h"
#include "store/recordings.h"

#include "am_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ACCOUNT 7
#define GIB     (UINT64_C(1) << 30)

bool __wrap_media_is_up(const struct media *);
void __wrap_media_track_tap(struct media *, am_id, bool);
void __wrap_media_room_tap(struct media *, uint64_t, bool);
void __wrap_media_track_key_frame(struct media *, am_id);
bool __wrap_media_read_track(const struct media *, uint32_t, struct am_track_state *);
uint32_t __wrap_media_tapped_rooms(const struct media *, uint64_t[AM_ROOM_TAP_MAX]);
uint64_t __wrap_history_recording_put(struct history *, const struct recording_row *);
void __wrap_history_recording_file_put(struct history *, const struct recording_file_row *);
int __wrap_history_recordings_read(const struct history *, void (*)(void *, const struct recording_row *), void *);
uint64_t __wrap_history_recorded_bytes(const struct history *, uint64_t);
const struct account *__wrap_accounts_by_id(const struct accounts *, uint64_t);
uint64_t __wrap_clock_monotonic_ns(void);
uint64_t __real_clock_monotonic_ns(void);

static struct account account;
static uint64_t later_ms; // by which the test's time is ahead
static char path[64];
static struct fake_recorder fake;

// What the neighbours were told.
static bool media_up;
static bool tapped[AM_TRACK_MAX];
static uint64_t chat_tapped; // a room's id
static int key_frames;
static struct recording_row stored; // the last one; strings may be gone
static int64_t file_bytes;
static const struct recording_row *left; // by the last process
static int left_count;
static uint64_t recorded_bytes;
static am_id tapped_before; // by the last process

bool __wrap_media_is_up(const struct media *)
{
	return media_up;
}

void __wrap_media_track_tap(struct media *, am_id id, bool on)
{
	tapped[am_id_slot(id)] = on;
}

void __wrap_media_room_tap(struct media *, uint64_t room, bool on)
{
	chat_tapped = on ? room : 0;
}

void __wrap_media_track_key_frame(struct media *, am_id)
{
	key_frames++;
}

bool __wrap_media_read_track(const struct media *, uint32_t slot, struct am_track_state *out)
{
	*out = (struct am_track_state){.id = tapped_before, .tapped = true};
	return tapped_before && slot == am_id_slot(tapped_before);
}

uint32_t __wrap_media_tapped_rooms(const struct media *, uint64_t rooms[AM_ROOM_TAP_MAX])
{
	rooms[0] = chat_tapped;
	return chat_tapped ? 1 : 0;
}

uint64_t __wrap_history_recording_put(struct history *, const struct recording_row *row)
{
	stored = *row;
	return 1;
}

void __wrap_history_recording_file_put(struct history *, const struct recording_file_row *row)
{
	file_bytes = (int64_t)row->bytes;
}

int __wrap_history_recordings_read(
        const struct history *, void (*found)(void *, const struct recording_row *), void *owner
)
{
	for (int i = 0; i < left_count; i++)
		found(owner, &left[i]);
	return 0;
}

uint64_t __wrap_history_recorded_bytes(const struct history *, uint64_t)
{
	return recorded_bytes;
}

const struct account *__wrap_accounts_by_id(const struct accounts *, uint64_t id)
{
	return id == ACCOUNT ? &account : NULL;
}

uint64_t __wrap_clock_monotonic_ns(void)
{
	return __real_clock_monotonic_ns() + later_ms * 1000000;
}

struct test {
	struct loop *loop;
	struct rooms rooms;
	struct recordings *all;
	struct recordings_events events;
	int changes, asks;
	enum recording_state state; // as last told
	enum recording_reason reason;
	bool had_room;
};

static void on_changed(void *owner, const struct room *r, const struct recording_view *v)
{
	struct test *t = owner;

	t->changes++;
	t->state = v->state;
	t->reason = v->reason;
	t->had_room = r != NULL;
	assert_int_not_equal(stored.state == v->state && stored.id == v->row->id, true);
}

static void on_asked(void *owner, struct peer *)
{
	((struct test *)owner)->asks++;
}

static void turn(struct test *t)
{
	fake_recorder_turn(&fake);
	loop_turn(t->loop, 1);
}

static void until(struct test *t, enum recording_state state)
{
	for (int i = 0; i < 10000 && (t->changes == 0 || t->state != state); i++)
		turn(t);
	assert_int_equal(t->state, state);
}

static void turns(struct test *t, int n)
{
	while (n-- > 0)
		turn(t);
}

static void until_up(struct test *t, uint32_t synced)
{
	for (int i = 0; i < 10000 && fake.synced < synced; i++)
		turn(t);
	assert_int_equal(fake.synced, synced);
}

static void begin(struct test *t)
{
	later_ms = 0;
	*t = (struct test){.loop = loop_create()};
	t->events = (struct recordings_events){t, on_changed, on_asked};
	rooms_init(&t->rooms);
	account = (struct account){.id = ACCOUNT, .record_tracks = true};
	media_up = true;
	key_frames = 0;
	recorded_bytes = chat_tapped = tapped_before = 0;
	stored = (struct recording_row){0};
	memset(tapped, 0, sizeof(tapped));
	fake = (struct fake_recorder){.connection = -1, .free_bytes = 100 * GIB};
	fake_recorder_start(&fake, path);
	t->all = recordings_create(&(struct recordings_settings){
	        .loop = t->loop,
	        .accounts = (const struct accounts *)&account,
	        .rooms = &t->rooms,
	        .socket = path,
	        .directory = "/tmp/amphi-there-is-none",
	        .free_min_bytes = GIB / 2,
	        .events = &t->events,
	});
	assert_non_null(t->all);
}

static void setup(struct test *t)
{
	left_count = 0;
	begin(t);
	recordings_media_up(t->all, 42);
	until_up(t, 1);
}

static void peer_forget(struct test *t, struct peer *p)
{
	struct room *r = p->room;
	struct track *track;

	while ((track = LIST_FIRST(&p->tracks))) {
		recordings_track_gone(t->all, track);
		track_destroy(track);
	}
	room_remove_peer(p);
	peer_destroy(p);
	if (!room_is_empty(r))
		return;
	recordings_room_gone(t->all, r);
	room_destroy(&t->rooms, r);
}

static void teardown(struct test *t)
{
	struct room *r;

	recordings_leave(t->all);
	while ((r = rooms_next(&t->rooms, NULL)))
		peer_forget(t, TAILQ_FIRST(&r->speakers));
	recordings_destroy(t->all);
	rooms_fini(&t->rooms);
	loop_destroy(t->loop);
	fake_recorder_stop(&fake);
}

// A room with one speaker.
static struct peer *speaker(struct test *t, const char *room)
{
	static uint64_t id;
	const struct rights rights = {.speaker = true, .moderator = true, .can_record = true};
	struct room *r = rooms_find(&t->rooms, ACCOUNT, room);

	if (!r)
		r = room_create(&t->rooms, ++id, ACCOUNT, room, ROOM_CALL, 0);
	struct peer *p = peer_create(room_is_empty(r) ? "first" : "second", "", &rights);
	room_add_peer(r, p);
	room_join_peer(p);
	recordings_peer_joined(t->all, p);
	return p;
}

static struct track *publish(struct test *t, struct peer *p, uint32_t slot, enum ortc_kind kind)
{
	const struct ortc_media media = {
	        .kind = kind, .codec = kind == ORTC_AUDIO ? AM_CODEC_OPUS : AM_CODEC_VP8};
	if (!p->transports[0].id)
		assert_non_null(peer_transport_add(p, am_id_make(slot, 1), false));
	struct track *track = track_create(
	        am_id_make(slot, 1), &p->transports[0], &media, memory_copy_string("{}"), false
	);
	track->encoding_count = 1;
	track->ready = true;
	recordings_track_ready(t->all, track);
	return track;
}

static void start(struct test *t, struct peer *p)
{
	assert_int_equal(recording_start(t->all, p->room, p), 0);
	until(t, RECORDING_RECORDING);
}

static void nobody_for_a_minute_ends_it(void **)
{
	struct test t;

	setup(&t);
	struct peer *p = speaker(&t, "r");
	start(&t, p);
	peer_forget(&t, p);
	later_ms += RECORDING_EMPTY_MS - 2000;
	fake.reported_ms = 0;
	turns(&t, 700); // it is looked at, and is not over
	assert_int_equal(t.state, RECORDING_RECORDING);
	struct peer *back = speaker(&t, "r");
	later_ms += 5000;
	turns(&t, 700);
	assert_int_equal(t.state, RECORDING_RECORDING);
	assert_int_equal(chat_tapped, back->room->id);

	peer_forget(&t, back);
	turns(&t, 700);
	later_ms += RECORDING_EMPTY_MS;
	until(&t, RECORDING_READY);
	assert_int_equal(t.reason, RECORDING_EMPTY);
	assert_false(t.had_room);
	assert_int_equal(chat_tapped, 0);
	teardown(&t);
}

static void there_are_only_so_many(void **)
{
	struct test t;
	char name[16];

	setup(&t);
	fake.is_hung = true;
	for (int i = 0; i <= AM_RECORD_MAX; i++) {
		snprintf(name, sizeof(name), "r%d", i);
		struct peer *p = speaker(&t, name);
		int ret = recording_start(t.all, p->room, p);
		assert_int_equal(ret, i < AM_RECORD_MAX ? 0 : -EMFILE);
		assert_int_equal(recording_start(t.all, p->room, p), ret); // idempotent
	}
	teardown(&t);
}

static void what_stands_in_the_way_is_said(void **)
{
	struct test t;

	setup(&t);
	struct peer *p = speaker(&t, "r");
	media_up = false;
	assert_int_equal(recording_start(t.all, p->room, p), -ENOTCONN);
	media_up = true;
	account.recorded_mib_max = 10;
	recorded_bytes = 10u << 20;
	assert_int_equal(recording_start(t.all, p->room, p), -EDQUOT);
	recorded_bytes--;
	assert_int_equal(recording_pause(t.all, p->room), -ENOENT);
	assert_int_equal(recording_resume(t.all, p->room), -ENOENT);
	assert_int_equal(recording_stop(t.all, p->room, RECORDING_BY_API), -ENOENT);
	assert_null(recording_of(t.all, p->room));
	start(&t, p);
	fake_recorder_stop(&fake);
	turns(&t, 10);
	struct peer *other = speaker(&t, "other");
	assert_int_equal(recording_start(t.all, other->room, other), -ENOTCONN);
	assert_int_equal(recording_start(t.all, p->room, p), 0); // it goes on
	teardown(&t);
}

static void a_disk_that_has_room_again_is_noticed_while_nothing_is_recorded(void **)
{
	struct am_record_msg hello = {
	        .type = AM_RECORD_HELLO,
	        .hello = {AM_RECORD_MAGIC, AM_RECORD_VERSION, 1, 1},
	};
	struct test t;

	setup(&t);
	struct peer *p = speaker(&t, "r");
	fake_recorder_say(&fake, &hello);
	turns(&t, 10);
	assert_int_equal(recording_start(t.all, p->room, p), -ENOSPC);
	hello.hello.free_bytes = 100 * GIB;
	fake_recorder_say(&fake, &hello);
	turns(&t, 10);
	start(&t, p);
	teardown(&t);
}

static void tracks_beyond_the_limit_take_their_turn(void **)
{
	struct track *tracks[AM_RECORD_TRACK_MAX + 1];
	struct test t;
	uint32_t count = 0;

	setup(&t);
	struct peer *p = speaker(&t, "r");
	start(&t, p);
	fake.is_hung = true; // its own table is small
	for (uint32_t i = 0; i <= AM_RECORD_TRACK_MAX; i++)
		tracks[i] = publish(&t, p, i + 1, ORTC_AUDIO);
	for (uint32_t i = 0; i <= AM_RECORD_TRACK_MAX; i++)
		count += tapped[i + 1];
	assert_int_equal(count, AM_RECORD_TRACK_MAX);
	assert_false(tapped[AM_RECORD_TRACK_MAX + 1]);
	recordings_track_gone(t.all, tracks[0]);
	track_destroy(tracks[0]);
	for (int i = 0; i < 2000 && !tapped[AM_RECORD_TRACK_MAX + 1]; i++)
		turn(&t);
	assert_true(tapped[AM_RECORD_TRACK_MAX + 1]);
	teardown(&t);
}

static void tracks_of_one_transport_share_a_clock(void **)
{
	struct test t;

	setup(&t);
	struct peer *a = speaker(&t, "r"), *b = speaker(&t, "r");
	publish(&t, a, 1, ORTC_AUDIO);
	publish(&t, a, 2, ORTC_VIDEO);
	publish(&t, b, 3, ORTC_AUDIO);
	start(&t, a);
	turns(&t, 10);
	const struct fake_recording *r = fake_recorder_of(&fake, "r");
	assert_int_equal(r->track_count, 3);
	uint64_t of[4] = {0};
	for (uint32_t i = 0; i < 3; i++)
		of[am_id_slot(r->tracks[i].track_id)] = r->tracks[i].publisher;
	assert_int_equal(of[1], of[2]);
	assert_int_not_equal(of[1], of[3]);
	assert_true(of[1] > 0 && of[1] < UINT64_C(1) << 53); // a whole number in JSON
	recordings_leader(t.all, a->room, b);
	turns(&t, 10);
	assert_int_equal(r->leader, of[3]);
	recordings_leader(t.all, a->room, NULL);
	turns(&t, 10);
	assert_int_equal(r->leader, 0);
	teardown(&t);
}

static void the_time_line_leaves_out_pauses(void **)
{
	struct test t;

	setup(&t);
	struct peer *p = speaker(&t, "r");
	start(&t, p);
	later_ms += 3000;
	assert_int_equal(recording_pause(t.all, p->room), 0);
	int64_t paused_ms = recording_of(t.all, p->room)->elapsed_ms;
	assert_in_range(paused_ms, 3000, 8000);
	later_ms += 3000;
	assert_int_equal(recording_of(t.all, p->room)->elapsed_ms, paused_ms);
	assert_int_equal(recording_of(t.all, p->room)->state, RECORDING_PAUSED);
	turns(&t, 20); // the recorder's reports of what was do not change what is
	assert_int_equal(t.state, RECORDING_PAUSED);
	int changes = t.changes;
	assert_int_equal(recording_pause(t.all, p->room), 0);
	assert_int_equal(t.changes, changes);
	assert_int_equal(recording_resume(t.all, p->room), 0);
	later_ms += 2000;
	assert_in_range(
	        recording_of(t.all, p->room)->elapsed_ms, paused_ms + 2000, paused_ms + 7000
	);
	teardown(&t);
}

static void the_recorder_may_end_it(void **)
{
	static const struct {
		uint8_t error;
		enum recording_reason reason;
	} rows[] = {
	        {AM_RECORD_DISK_FULL, RECORDING_DISK_FULL},
	        {AM_RECORD_DISK_SLOW, RECORDING_DISK_SLOW},
	        {AM_RECORD_DISK_ERROR, RECORDING_DISK_ERROR},
	        {AM_RECORD_NO_TAP, RECORDING_RECORDER_LOST},
	        {AM_RECORD_TOO_MANY, RECORDING_RECORDER_LOST},
	        {AM_RECORD_ALONE, RECORDING_SHUTDOWN},
	        {AM_RECORD_LIMIT, RECORDING_LIMIT},
	};
	struct test t;

	static_assert(COUNT(rows) == AM_RECORD_ERROR_COUNT - 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		setup(&t);
		struct peer *p = speaker(&t, "r");
		publish(&t, p, 1, ORTC_AUDIO);
		start(&t, p);
		assert_true(tapped[1]);
		fake_recorder_of(&fake, "r")->error = rows[i].error;
		until(&t, RECORDING_READY);
		assert_int_equal(t.reason, rows[i].reason);
		assert_false(tapped[1]);
		turns(&t, 10);
		assert_int_equal(fake_recorder_of(&fake, "r")->set.run, AM_RECORD_STOP);
		// Once the history has it, the recorder may forget it.
		later_ms += 5000;
		for (int k = 0; k < 2000 && fake.forgotten == 0; k++)
			turn(&t);
		assert_null(fake_recorder_of(&fake, "r"));
		teardown(&t);
	}
}

static void files_are_bounded(void **)
{
	struct test t;

	setup(&t);
	struct peer *p = speaker(&t, "r");
	start(&t, p);
	struct am_record_msg m = {
	        .type = AM_RECORD_FILE,
	        .file =
	                {
	                        .recording_id = fake_recorder_of(&fake, "r")->set.recording_id,
	                        .kind = AM_RECORD_CHAT,
	                        .bytes = UINT64_MAX,
	                        .offset_ms = UINT64_MAX,
	                        .duration_ms = UINT64_MAX,
	                },
	};
	fake.reported_ms = UINT64_MAX / 2; // it reports nothing else
	for (int i = 0; i < 5000; i++) {
		snprintf(m.file.name, sizeof(m.file.name), "chat-%d.txt", i);
		fake_recorder_say(&fake, &m);
		if (i % 50 == 0)
			turn(&t);
	}
	turns(&t, 10);
	const struct recording_view *v = recording_of(t.all, p->room);
	assert_int_equal(v->file_count, 4096);
	assert_int_equal(v->files[4095].bytes, UINT64_C(1) << 53);
	assert_int_equal(v->files[4095].offset_ms, INT64_C(1) << 53);
	assert_null(v->files[4095].codec);
	assert_string_equal(v->files[4095].kind, "chat");
	teardown(&t);
}

static void speakers_who_are_asked_have_to_consent(void **)
{
	struct test t;

	setup(&t);
	account.record_consent_asks = true;
	struct peer *a = speaker(&t, "r"), *b = speaker(&t, "r");
	publish(&t, a, 1, ORTC_AUDIO);
	publish(&t, b, 2, ORTC_AUDIO);
	start(&t, a);
	assert_int_equal(t.asks, 1); // not of who starts it
	assert_true(recording_of(t.all, a->room)->asks_consent);
	assert_true(recording_asks(t.all, b));
	assert_false(tapped[1] || tapped[2]);
	b->consent = CONSENT_GIVEN;
	recordings_consent(t.all, b);
	assert_true(tapped[2] && !tapped[1] && !recording_asks(t.all, b));
	b->consent = CONSENT_REFUSED;
	recordings_consent(t.all, b);
	assert_false(tapped[2] || recording_asks(t.all, b));
	turns(&t, 10);
	assert_int_equal(fake_recorder_of(&fake, "r")->track_count, 0);
	teardown(&t);
}

static void key_frames_are_asked_of_what_is_recorded(void **)
{
	struct test t;

	setup(&t);
	struct peer *p = speaker(&t, "r"), *other = speaker(&t, "other");
	publish(&t, p, 1, ORTC_VIDEO);
	publish(&t, other, 2, ORTC_VIDEO);
	start(&t, p);
	struct am_record_msg m = {.type = AM_RECORD_KEY_FRAME};
	m.track.recording_id = fake_recorder_of(&fake, "r")->set.recording_id;
	m.track.track_id = am_id_make(2, 1); // of another room
	fake_recorder_say(&fake, &m);
	m.track.track_id = am_id_make(1, 2); // no longer there
	fake_recorder_say(&fake, &m);
	turns(&t, 10);
	assert_int_equal(key_frames, 0);
	m.track.track_id = am_id_make(1, 1);
	fake_recorder_say(&fake, &m);
	turns(&t, 10);
	assert_int_equal(key_frames, 1);
	assert_int_equal(recording_pause(t.all, p->room), 0); // nothing is copied now
	fake_recorder_say(&fake, &m);
	turns(&t, 10);
	assert_int_equal(key_frames, 1);
	teardown(&t);
}

static void another_data_plane_is_told_anew(void **)
{
	struct test t;

	setup(&t);
	struct peer *p = speaker(&t, "r");
	publish(&t, p, 1, ORTC_AUDIO);
	start(&t, p);
	turns(&t, 10);
	assert_int_equal(fake_track(fake_recorder_of(&fake, "r"), AM_RECORD_VOICE)->generation, 42);
	memset(tapped, 0, sizeof(tapped));
	chat_tapped = 0;
	recordings_media_up(t.all, 43);
	assert_true(tapped[1]);
	assert_int_equal(chat_tapped, p->room->id);
	turns(&t, 10);
	assert_int_equal(fake_track(fake_recorder_of(&fake, "r"), AM_RECORD_VOICE)->generation, 43);
	teardown(&t);
}

static void what_the_last_process_left_goes_on(void **)
{
	static const struct recording_row rows[] = {
	        {.id = 1,
	         .account_id = ACCOUNT,
	         .room = "a",
	         .directory = "7/a/1",
	         .started_ms = 5,
	         .state = RECORDING_RECORDING},
	        {.id = 2,
	         .account_id = ACCOUNT,
	         .room = "b",
	         .directory = "7/b/2",
	         .started_ms = 5,
	         .state = RECORDING_PAUSED},
	        {.id = 3,
	         .account_id = ACCOUNT,
	         .room = "c",
	         .directory = "7/c/3",
	         .started_ms = 5,
	         .state = RECORDING_STOPPING,
	         .reason = RECORDING_BY_API},
	        {.id = 4,
	         .account_id = ACCOUNT,
	         .room = "d",
	         .directory = "7/d/4",
	         .state = RECORDING_STARTING},
	};
	struct test t;

	left = rows;
	left_count = COUNT(rows);
	begin(&t);
	tapped_before = am_id_make(9, 1);
	tapped[9] = true;
	struct peer *p = speaker(&t, "a");
	recordings_media_up(t.all, 42);
	assert_false(tapped[9]); // nobody wants it any more
	until_up(&t, 1);
	assert_int_equal(fake_recorder_of(&fake, "a")->set.run, AM_RECORD_RUN);
	assert_int_equal(fake_recorder_of(&fake, "b")->set.run, AM_RECORD_PAUSE);
	assert_int_equal(fake_recorder_of(&fake, "c")->set.run, AM_RECORD_STOP);
	assert_int_equal(fake_recorder_of(&fake, "d")->set.run, AM_RECORD_RUN);
	assert_int_equal(chat_tapped, p->room->id);
	until(&t, RECORDING_READY); // c
	assert_int_equal(t.reason, RECORDING_BY_API);

	// The line is as long as the recorder says.
	assert_in_range(recording_of(t.all, p->room)->elapsed_ms, 1500, 6000);

	// What nobody knows is to be forgotten.
	struct am_record_msg m = {
	        .type = AM_RECORD_STATE,
	        .state = {.recording_id = 99, .state = AM_RECORD_STOPPED},
	};
	uint32_t forgotten = fake.forgotten;
	fake_recorder_say(&fake, &m);
	turns(&t, 10);
	assert_int_equal(fake.forgotten, forgotten + 1);

	// The others stop, since nobody comes.
	turns(&t, 700);
	later_ms += RECORDING_EMPTY_MS;
	fake.reported_ms = 0;
	for (int i = 0; i < 5000 && fake.forgotten < forgotten + 4; i++)
		turn(&t);
	assert_null(fake_recorder_of(&fake, "b"));
	assert_null(fake_recorder_of(&fake, "d"));
	assert_non_null(fake_recorder_of(&fake, "a"));
	teardown(&t);
	left_count = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(nobody_for_a_minute_ends_it),
	        cmocka_unit_test(there_are_only_so_many),
	        cmocka_unit_test(what_stands_in_the_way_is_said),
	        cmocka_unit_test(a_disk_that_has_room_again_is_noticed_while_nothing_is_recorded),
	        cmocka_unit_test(tracks_beyond_the_limit_take_their_turn),
	        cmocka_unit_test(tracks_of_one_transport_share_a_clock),
	        cmocka_unit_test(the_time_line_leaves_out_pauses),
	        cmocka_unit_test(the_recorder_may_end_it),
	        cmocka_unit_test(files_are_bounded),
	        cmocka_unit_test(speakers_who_are_asked_have_to_consent),
	        cmocka_unit_test(key_frames_are_asked_of_what_is_recorded),
	        cmocka_unit_test(another_data_plane_is_told_anew),
	        cmocka_unit_test(what_the_last_process_left_goes_on),
	};

	am_log_level = AM_LOG_ERROR;
	snprintf(path, sizeof(path), "/tmp/amphi-recordings-%d.sock", getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
