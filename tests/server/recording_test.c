// Recordings on the real server: the test plays the data plane and the recorder.
#include "stage.h"
#include "test.h"

#include "base/json.h"
#include "room/talk.h"
#include "store/rooms.h"

#include <ftw.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORDS "{\"role\":\"moderator\",\"canRecord\":true,\"itisparticipant\":true}"
#define SPEAKER "{\"itisparticipant\":true}"

#define GIB (UINT64_C(1) << 30)

static struct fake_recorder *recorder(void)
{
	return &integrator.server.recorder;
}

static void recorder_start(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/recorder.sock", integrator.server.directory);
	recorder()->free_bytes = 100 * GIB;
	fake_recorder_start(recorder(), path);
}

static int setup(void **state)
{
	stage_setup(state);
	recorder_start();
	return 0;
}

static int unlink_one(const char *path, const struct stat *, int, struct FTW *)
{
	return remove(path);
}

static int teardown(void **state)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/recordings", integrator.server.directory);
	nftw(path, unlink_one, 8, FTW_DEPTH | FTW_PHYS);
	return stage_teardown(state);
}

static void wait_for(bool (*holds)(const void *), const void *arg)
{
	for (int i = 0; i < SERVER_WAIT_MS; i++) {
		if (holds(arg))
			return;
		server_turn(&integrator.server);
	}
	fail_msg("it never happened");
}

static bool is_connected(const void *)
{
	return recorder()->connection >= 0 && recorder()->synced > 0;
}

static bool is_forgotten(const void *room)
{
	return !fake_recorder_of(recorder(), room);
}

// What the data plane's tables say of a track.
static bool is_tapped(am_id id)
{
	const struct am_region_layout *m = integrator.server.dataplane.region.map;
	const struct am_track_state *t = &m->tracks[am_id_slot(id)];

	return t->id == id && t->tapped;
}

static bool tap_is_on(const void *id)
{
	return is_tapped(*(const am_id *)id);
}

static bool tap_is_off(const void *id)
{
	return !is_tapped(*(const am_id *)id);
}

static int rooms_tapped(void)
{
	const struct am_region_layout *m = integrator.server.dataplane.region.map;
	int count = 0;

	for (int i = 0; i < AM_ROOM_TAP_MAX; i++)
		count += m->header.tapped_rooms[i] != 0;
	return count;
}

static void expect_state(struct page *p, const char *state, const char *reason)
{
	struct json *data = page_notified(p, "recording");

	if (!data)
		fail_msg("never told of %s", state);
	assert_string_equal(json_string(data, "state", 16), state);
	const char *given = json_string(data, "reason", 32);
	if (reason)
		assert_string_equal(given, reason);
	else
		assert_null(given);
	json_free(data);
}

static void ask(struct page *p, const char *method)
{
	assert_int_equal(page_ask_code(p, method, "{}"), 200);
}

static void start(struct page *p)
{
	wait_for(is_connected, NULL);
	ask(p, "startRecording");
	expect_state(p, "starting", NULL);
	expect_state(p, "recording", NULL);
}

static void stop(struct page *p, const char *room)
{
	ask(p, "stopRecording");
	expect_state(p, "stopped", "moderator");
	wait_for(is_forgotten, room);
}

// The errorReason of a request that is refused with this code, up to its colon.
static void expect_refusal(struct page *p, const char *method, int code, const char *reason)
{
	struct json *answer = page_ask(p, method, "{}");
	int64_t given;

	assert_true(json_int(answer, "errorCode", 1, 999, &given));
	assert_int_equal(given, code);
	const char *text = json_string(answer, "errorReason", 256);
	assert_memory_equal(text, reason, strlen(reason));
	json_free(answer);
}

// The state column of the last recording of a room, once it is there.
struct stored {
	const char *room;
	int state;
};

static bool is_stored(const void *arg)
{
	const struct stored *s = arg;
	char path[128];
	sqlite3 *db;
	sqlite3_stmt *p = NULL;
	bool found = false;

	snprintf(path, sizeof(path), "%s/history.db", integrator.server.directory);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	if (sqlite3_prepare_v2(
	            db, "SELECT 1 FROM recordings WHERE room = ?1 AND state = ?2", -1, &p, NULL
	    ) == SQLITE_OK) {
		sqlite3_bind_text(p, 1, s->room, -1, SQLITE_STATIC);
		sqlite3_bind_int(p, 2, s->state);
		found = sqlite3_step(p) == SQLITE_ROW;
	}
	sqlite3_finalize(p);
	sqlite3_close(db);
	return found;
}

static void expect_stored(const char *room, int state)
{
	const struct stored s = {room, state};
	wait_for(is_stored, &s);
}

static void directory_make(const struct fake_recording *r)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/recordings/%s", integrator.server.directory, r->set.dir);
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	assert_int_equal(mkdir(path, 0700), 0);
}

// recording.json of a recording, freed by the caller.
static struct json *copy_of(const char *directory)
{
	static char text[65536];
	char path[512];

	snprintf(
	        path, sizeof(path), "%s/recordings/%s/recording.json", integrator.server.directory,
	        directory
	);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	struct json *j = json_parse(text, fread(text, 1, sizeof(text), f));
	fclose(f);
	assert_non_null(j);
	return j;
}

// proves U03, B05, X02
static void a_recording_begins_pauses_goes_on_and_ends(void **)
{
	struct page host, viewer, late;
	char send[32], directory[256];
	am_id microphone, camera;

	come(&viewer, "free", "whole", "viewer", NULL, "V");
	come(&host, "free", "whole", "host", RECORDS, "H");
	transport_make(&host, "producing", send);
	assert_int_equal(publish(&host, send, MICROPHONE, &microphone), 200);
	start(&host);
	expect_state(&viewer, "starting", NULL);
	expect_state(&viewer, "recording", NULL);

	// The microphone is tapped, with all that the recorder has to know, and so is the chat.
	wait_for(tap_is_on, &microphone);
	struct fake_recording *r = fake_recorder_of(recorder(), "whole");
	assert_non_null(r);
	directory_make(r);
	strcpy(directory, r->set.dir);
	const struct am_record_track *t = fake_track(r, AM_RECORD_VOICE);
	assert_non_null(t);
	assert_int_equal(t->track_id, microphone);
	assert_int_equal(t->clock_rate, 48000);
	assert_int_equal(t->codec, AM_CODEC_OPUS);
	assert_int_equal(t->generation, integrator.server.dataplane.region.map->header.generation);
	uint64_t publisher = t->publisher;
	assert_int_equal(rooms_tapped(), 1);

	// What begins later is tapped, too, and has the same clock.
	assert_int_equal(publish(&host, send, CAMERA, &camera), 200);
	wait_for(tap_is_on, &camera);
	t = fake_track(r, AM_RECORD_CAMERA);
	assert_non_null(t);
	assert_int_equal(t->publisher, publisher);

	// A latecomer learns of it at once.
	come(&late, "free", "whole", "late", NULL, NULL);
	struct json *place = page_notified(&late, "admitted");
	const struct json *now = json_object(place, "recording");
	assert_string_equal(json_string(now, "state", 16), "recording");
	assert_string_equal(json_string(json_object(now, "by"), "peerId", 16), "host");
	assert_string_equal(json_string(now, "consent", 16), "notice");
	json_free(place);
	page_leave(&late);

	// Paused: nothing leaves the data plane, but the recorder still knows the tracks.
	ask(&host, "pauseRecording");
	expect_state(&viewer, "paused", NULL);
	wait_for(tap_is_off, &microphone);
	wait_for(tap_is_off, &camera);
	assert_int_equal(rooms_tapped(), 0);
	assert_int_equal(r->set.run, AM_RECORD_PAUSE);
	assert_int_equal(r->track_count, 2);
	ask(&host, "pauseRecording"); // it is so already
	ask(&host, "resumeRecording");
	expect_state(&viewer, "recording", NULL);
	wait_for(tap_is_on, &microphone);

	ask(&host, "stopRecording");
	expect_state(&viewer, "stopped", "moderator");
	wait_for(tap_is_off, &microphone);
	expect_stored("whole", 4); // RECORDING_READY
	wait_for(is_forgotten, "whole");
	page_expect_none(&viewer, "recording"); // that the files are complete is no news
	struct json *copy = copy_of(directory);
	assert_string_equal(json_string(copy, "state", 16), "ready");
	assert_int_equal(json_count(json_array(copy, "files")), 3);
	assert_int_equal(json_count(json_array(copy, "pauses")), 1);
	const struct json *who = json_first(json_array(copy, "participants"));
	assert_string_equal(json_string(who, "peerId", 16), "host");
	json_free(copy);
	expect_refusal(&host, "stopRecording", 409, "not-recording:");
	page_leave(&host);
	page_leave(&viewer);
}

static void expect_screen_codec(struct page *p, const char *mime)
{
	struct json *answer = page_ask(p, "getScreenCodec", "{}");

	assert_string_equal(json_string(json_object(answer, "data"), "mimeType", 31), mime);
	json_free(answer);
}

// The programme is one file, so all its pictures have one codec.
static void screens_are_shared_in_the_codec_of_cameras(void **)
{
	struct page p;
	char send[32], data[512];

	come(&p, "free", "screens", "host", RECORDS, "Host");
	transport_make(&p, "producing", send);
	expect_screen_codec(&p, "video/AV1");
	snprintf(
	        data, sizeof(data),
	        "{\"transportId\":\"%s\",\"kind\":\"video\",\"appData\":{\"share\":true},"
	        "\"rtpParameters\":{\"mid\":\"0\",\"codecs\":[{\"mimeType\":\"video/AV1\","
	        "\"payloadType\":45,\"clockRate\":90000}],\"encodings\":[{\"ssrc\":3001}]}}",
	        send
	);
	assert_int_equal(page_ask_code(&p, "produce", data), 200);
	start(&p);
	json_free(page_notified(&p, "producerUnfit"));
	expect_screen_codec(&p, "video/VP8");
	stop(&p, "screens");
	expect_screen_codec(&p, "video/AV1");
	page_leave(&p);
}

static void two_starts_are_one_recording(void **)
{
	struct page a, b;

	come(&a, "free", "twice", "a", RECORDS, "A");
	come(&b, "free", "twice", "b", RECORDS, "B");
	wait_for(is_connected, NULL);
	page_send(&a, "startRecording", "{}");
	ask(&b, "startRecording");
	ask(&a, "startRecording");
	expect_state(&b, "starting", NULL);
	expect_state(&b, "recording", NULL);
	page_expect_none(&b, "recording");
	int count = 0;
	for (int i = 0; i < FAKE_RECORDING_MAX; i++)
		count += strstr(recorder()->recordings[i].set.dir, "/twice/") != NULL;
	assert_int_equal(count, 1);
	stop(&b, "twice");
	page_leave(&a);
	page_leave(&b);
}

// proves U03
static void only_moderators_who_may_record_do(void **)
{
	static const char *const methods[] = {
	        "startRecording", "stopRecording", "pauseRecording", "resumeRecording"};
	struct page moderator, speaker, viewer;

	come(&moderator, "free", "rights", "moderator", MODERATOR, "M");
	come(&speaker, "free", "rights", "speaker", "{\"itisparticipant\":true,\"canRecord\":true}",
	     "S");
	come(&viewer, "free", "rights", "viewer", NULL, "V");
	wait_for(is_connected, NULL);
	for (size_t i = 0; i < COUNT(methods); i++) {
		expect_refusal(&moderator, methods[i], 403, "not-allowed:");
		expect_refusal(&speaker, methods[i], 403, "not-allowed:");
		expect_refusal(&viewer, methods[i], 403, "not-allowed:");
	}
	assert_int_equal(page_ask_code(&viewer, "consentToRecording", "{\"consent\":true}"), 403);
	assert_null(fake_recorder_of(recorder(), "rights"));
	page_leave(&moderator);
	page_leave(&speaker);
	page_leave(&viewer);
}

// proves X05
static void speakers_may_be_asked(void **)
{
	struct page host, speaker, viewer;
	char send[32], send_host[32];
	am_id own, other;

	come(&host, "shy", "ask", "host", RECORDS, "H");
	come(&speaker, "shy", "ask", "speaker", SPEAKER, "S");
	come(&viewer, "shy", "ask", "viewer", NULL, "V");
	transport_make(&host, "producing", send_host);
	assert_int_equal(publish(&host, send_host, MICROPHONE, &own), 200);
	transport_make(&speaker, "producing", send);
	assert_int_equal(publish(&speaker, send, MICROPHONE, &other), 200);
	start(&host);
	json_free(page_notified(&speaker, "recordingConsentAsked"));
	wait_for(tap_is_on, &own); // who starts it consents
	page_expect_none(&host, "recordingConsentAsked");
	page_expect_none(&viewer, "recordingConsentAsked");
	assert_false(is_tapped(other));
	assert_int_equal(fake_recorder_of(recorder(), "ask")->track_count, 1);

	assert_int_equal(page_ask_code(&speaker, "consentToRecording", "{}"), 400);
	assert_int_equal(page_ask_code(&speaker, "consentToRecording", "{\"consent\":false}"), 200);
	assert_false(is_tapped(other));
	assert_int_equal(page_ask_code(&speaker, "consentToRecording", "{\"consent\":true}"), 200);
	wait_for(tap_is_on, &other);
	// Consent may be taken back.
	assert_int_equal(page_ask_code(&speaker, "consentToRecording", "{\"consent\":false}"), 200);
	wait_for(tap_is_off, &other);

	// A viewer who gets the floor is asked.
	assert_int_equal(page_ask_code(&host, "promotePeer", about("viewer")), 200);
	struct json *asked = page_notified(&viewer, "recordingConsentAsked");
	assert_non_null(asked);
	json_free(asked);
	stop(&host, "ask");
	page_leave(&host);
	page_leave(&speaker);
	page_leave(&viewer);
}

static bool voice_is_paused(const void *room)
{
	const struct fake_recording *r = fake_recorder_of(recorder(), room);
	const struct am_record_track *t = r ? fake_track(r, AM_RECORD_VOICE) : NULL;

	return t && t->paused;
}

static bool somebody_leads(const void *room)
{
	const struct fake_recording *r = fake_recorder_of(recorder(), room);
	return r && r->leader && r->leader == fake_track(r, AM_RECORD_VOICE)->publisher;
}

static bool voice_has_ended(const void *room)
{
	return !fake_track(fake_recorder_of(recorder(), room), AM_RECORD_VOICE);
}

static uint32_t key_frames_asked(void)
{
	return integrator.server.dataplane.last.type == AM_CMD_TRACK_KEY_FRAME;
}

static void the_recorder_learns_who_leads_is_muted_and_leaves(void **)
{
	struct am_region_layout *m = integrator.server.dataplane.region.map;
	struct page host;
	char send[32], data[64], directory[256], path[512];
	am_id microphone;

	come(&host, "free", "talk", "host", RECORDS, "H");
	start(&host);
	transport_make(&host, "producing", send);
	assert_int_equal(publish(&host, send, MICROPHONE, &microphone), 200);
	wait_for(tap_is_on, &microphone);
	am_gauge_set(m->gauges.tracks, microphone, 127 - 20);
	wait_for(somebody_leads, "talk");
	directory_make(fake_recorder_of(recorder(), "talk"));
	strcpy(directory, fake_recorder_of(recorder(), "talk")->set.dir);

	// It may have key frames of what it records, and of nothing else.
	struct fake_recording *r = fake_recorder_of(recorder(), "talk");
	struct am_record_msg m_key = {
	        .type = AM_RECORD_KEY_FRAME,
	        .track = {.recording_id = r->set.recording_id, .track_id = microphone},
	};
	fake_recorder_say(recorder(), &m_key);
	for (int i = 0; i < SERVER_WAIT_MS && !key_frames_asked(); i++)
		server_turn(&integrator.server);
	assert_true(key_frames_asked());
	snprintf(
	        data, sizeof(data), "{\"producerId\":\"%016llx\"}", (unsigned long long)microphone
	);
	assert_int_equal(page_ask_code(&host, "pauseProducer", data), 200);
	m_key.track.track_id = am_id_make(am_id_slot(microphone) + 1, 1);
	fake_recorder_say(recorder(), &m_key);

	// Muted, it stays stated and tapped: the data plane copies nothing of a paused track.
	wait_for(voice_is_paused, "talk");
	assert_true(is_tapped(microphone));
	assert_int_equal(page_ask_code(&host, "closeProducer", data), 200);
	wait_for(voice_has_ended, "talk");
	assert_false(key_frames_asked());
	stop(&host, "talk");

	// Who led is a chapter.
	snprintf(
	        path, sizeof(path), "%s/recordings/%s/speakers.vtt", integrator.server.directory,
	        directory
	);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	char text[512] = "";
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	fclose(f);
	assert_non_null(strstr(text, "\nH\n"));
	page_leave(&host);
}

static void without_a_recorder_none_begins(void **)
{
	struct page host;

	come(&host, "free", "absent", "host", RECORDS, "H");
	fake_recorder_stop(recorder());
	for (int i = 0; i < 500; i++)
		server_turn(&integrator.server);
	expect_refusal(&host, "startRecording", 503, "recorder-absent:");
	recorder()->synced = 0;
	recorder_start();
	start(&host);
	stop(&host, "absent");
	page_leave(&host);
}

static void a_start_without_acknowledgement_fails(void **)
{
	struct page host, viewer;

	come(&host, "free", "silent", "host", RECORDS, "H");
	come(&viewer, "free", "silent", "viewer", NULL, "V");
	wait_for(is_connected, NULL);
	recorder()->refuses = true;
	ask(&host, "startRecording");
	expect_state(&viewer, "starting", NULL);
	expect_state(&viewer, "failed", "recorder-lost");
	expect_stored("silent", 5); // RECORDING_FAILED
	wait_for(is_forgotten, "silent");
	recorder()->refuses = false;
	page_leave(&host);
	page_leave(&viewer);
}

// proves F17
static void a_full_disk_is_told(void **)
{
	struct page host, viewer;

	come(&host, "free", "disk", "host", RECORDS, "H");
	come(&viewer, "free", "disk", "viewer", NULL, "V");
	start(&host);
	fake_recorder_of(recorder(), "disk")->error = AM_RECORD_DISK_FULL;
	expect_state(&viewer, "starting", NULL);
	expect_state(&viewer, "recording", NULL);
	expect_state(&viewer, "stopped", "disk-full");
	wait_for(is_forgotten, "disk");

	// No other one begins while there is too little space.
	fake_recorder_stop(recorder());
	recorder()->synced = 0;
	recorder_start();
	recorder()->free_bytes = 2 * GIB - 1;
	wait_for(is_connected, NULL);
	expect_refusal(&host, "startRecording", 507, "disk-full:");
	fake_recorder_stop(recorder());
	recorder()->synced = 0;
	recorder_start();
	page_leave(&host);
	page_leave(&viewer);
}

// proves F17
static void a_recorder_that_dies_is_told_everything_again(void **)
{
	struct page host;
	char send[32];
	am_id microphone;

	come(&host, "free", "dies", "host", RECORDS, "H");
	transport_make(&host, "producing", send);
	assert_int_equal(publish(&host, send, MICROPHONE, &microphone), 200);
	start(&host);
	wait_for(tap_is_on, &microphone);
	struct am_record_set before = fake_recorder_of(recorder(), "dies")->set;
	struct am_record_track voice =
	        *fake_track(fake_recorder_of(recorder(), "dies"), AM_RECORD_VOICE);

	fake_recorder_stop(recorder());
	memset(recorder()->recordings, 0, sizeof(recorder()->recordings));
	recorder()->synced = 0;
	recorder_start();
	wait_for(is_connected, NULL);
	const struct fake_recording *r = fake_recorder_of(recorder(), "dies");
	assert_non_null(r);
	assert_memory_equal(&r->set, &before, sizeof(before));
	assert_memory_equal(fake_track(r, AM_RECORD_VOICE), &voice, sizeof(voice));
	assert_true(is_tapped(microphone));
	page_expect_none(&host, "recording");
	stop(&host, "dies");
	page_leave(&host);
}

// proves F17
static void a_recorder_that_hangs_is_told(void **)
{
	struct page host;

	come(&host, "free", "hangs", "host", RECORDS, "H");
	start(&host);
	recorder()->is_hung = true;
	expect_state(&host, "stopped", "recorder-lost");
	recorder()->is_hung = false;
	recorder()->synced = 0;
	wait_for(is_forgotten, "hangs"); // it has ended it as it should
	expect_stored("hangs", 4); // RECORDING_READY
	page_leave(&host);
}

// proves F17
static void a_control_plane_that_dies_finds_its_recordings(void **)
{
	struct page host;
	char send[32];
	am_id microphone;

	come(&host, "free", "killed", "host", RECORDS, "H");
	transport_make(&host, "producing", send);
	assert_int_equal(publish(&host, send, MICROPHONE, &microphone), 200);
	start(&host);
	wait_for(tap_is_on, &microphone);
	const struct am_record_track voice =
	        *fake_track(fake_recorder_of(recorder(), "killed"), AM_RECORD_VOICE);
	directory_make(fake_recorder_of(recorder(), "killed"));
	expect_stored("killed", 1); // RECORDING_RECORDING
	server_wait_stored(&integrator.server, "host", STORE_JOINED);

	recorder()->synced = 0;
	server_stop(&integrator.server, SIGKILL);
	page_die(&host);
	server_start(&integrator.server);
	wait_for(is_connected, NULL);
	const struct fake_recording *r = fake_recorder_of(recorder(), "killed");
	assert_true(r && r->stated);
	assert_int_equal(r->set.run, AM_RECORD_RUN);
	assert_memory_equal(fake_track(r, AM_RECORD_VOICE), &voice, sizeof(voice));
	assert_true(is_tapped(microphone));

	// The page comes back, and is told that the recording goes on.
	come(&host, "free", "killed", "host", RECORDS, NULL);
	struct json *place = page_notified(&host, "admitted");
	assert_string_equal(json_string(json_object(place, "recording"), "state", 16), "recording");
	json_free(place);
	assert_int_equal(page_ask_code(&host, "resume", "{\"session\":\"s-host\"}"), 200);
	ask(&host, "stopRecording");
	expect_state(&host, "stopped", "moderator");
	wait_for(is_forgotten, "killed");
	page_leave(&host);
}

static void a_closed_room_ends_its_recording(void **)
{
	struct page host;

	come(&host, "free", "closed", "host", RECORDS, "H");
	start(&host);
	ask(&host, "closeRoom");
	wait_for(is_forgotten, "closed");
	expect_stored("closed", 4); // RECORDING_READY
	assert_int_equal(rooms_tapped(), 0);
	page_die(&host);
}

static void a_recording_outlives_a_moment_without_people(void **)
{
	struct page host, other;

	come(&host, "free", "moment", "host", RECORDS, "H");
	start(&host);
	uint64_t room = fake_recorder_of(recorder(), "moment")->set.room_id;
	page_leave(&host);
	for (int i = 0; i < 700; i++)
		server_turn(&integrator.server);
	come(&other, "free", "moment", "other", RECORDS, "O");
	for (int i = 0; i < SERVER_WAIT_MS; i++) {
		const struct fake_recording *r = fake_recorder_of(recorder(), "moment");
		if (r && r->set.room_id != room)
			break;
		server_turn(&integrator.server);
	}
	assert_int_not_equal(fake_recorder_of(recorder(), "moment")->set.room_id, room);
	assert_int_equal(rooms_tapped(), 1);
	stop(&other, "moment");
	page_leave(&other);
}

// proves U25
static void a_token_lets_a_recording_begin_by_itself(void **)
{
	struct page viewer, speaker;

	wait_for(is_connected, NULL);
	come(&viewer, "free", "auto", "viewer", "{\"autoRecord\":true}", "V");
	page_expect_none(&viewer, "recording"); // there is no speaker yet
	come(&speaker, "free", "auto", "speaker", RECORDS, "S");
	expect_state(&viewer, "starting", NULL);
	expect_state(&viewer, "recording", NULL);
	ask(&speaker, "stopRecording");
	expect_state(&viewer, "stopped", "moderator");
	wait_for(is_forgotten, "auto");
	for (int i = 0; i < 6000; i++) // whoever stops it has the last word
		server_turn(&integrator.server);
	page_expect_none(&viewer, "recording");
	page_leave(&viewer);
	page_leave(&speaker);
}

static void metrics_show_recordings(void **)
{
	static char answer[262144];
	struct page host;

	come(&host, "free", "metrics", "host", RECORDS, "H");
	start(&host);
	assert_int_equal(
	        integrator_rest(&integrator, NULL, "GET", "/metrics", "", answer, sizeof(answer)),
	        200
	);
	assert_non_null(strstr(answer, "\namphi_recorder_up 1\n"));
	assert_non_null(strstr(answer, "\namphi_recordings{state=\"recording\"} 1\n"));
	assert_non_null(strstr(answer, "\namphi_recorder_missed_packets_total "));
	stop(&host, "metrics");
	page_leave(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_recording_begins_pauses_goes_on_and_ends),
	        cmocka_unit_test(screens_are_shared_in_the_codec_of_cameras),
	        cmocka_unit_test(two_starts_are_one_recording),
	        cmocka_unit_test(only_moderators_who_may_record_do),
	        cmocka_unit_test(speakers_may_be_asked),
	        cmocka_unit_test(the_recorder_learns_who_leads_is_muted_and_leaves),
	        cmocka_unit_test(without_a_recorder_none_begins),
	        cmocka_unit_test(a_start_without_acknowledgement_fails),
	        cmocka_unit_test(a_full_disk_is_told),
	        cmocka_unit_test(a_recorder_that_dies_is_told_everything_again),
	        cmocka_unit_test(a_recorder_that_hangs_is_told),
	        cmocka_unit_test(a_control_plane_that_dies_finds_its_recordings),
	        cmocka_unit_test(a_closed_room_ends_its_recording),
	        cmocka_unit_test(a_recording_outlives_a_moment_without_people),
	        cmocka_unit_test(a_token_lets_a_recording_begin_by_itself),
	        cmocka_unit_test(metrics_show_recordings),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
