// Recordings by REST, and what the account's server is told of them. The test plays the recorder.
#include "stage.h"
#include "test.h"

#include "base/json.h"

#include "am_lifecycle.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GIB (UINT64_C(1) << 30)

static char answer[16384];

static struct fake_recorder *recorder(void)
{
	return &integrator.server.recorder;
}

static void recorder_start(uint64_t free_bytes)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/recorder.sock", integrator.server.directory);
	recorder()->free_bytes = free_bytes;
	recorder()->synced = 0;
	fake_recorder_start(recorder(), path);
}

static int setup(void **state)
{
	stage_setup(state);
	recorder_start(100 * GIB);
	return 0;
}

static int teardown(void **state)
{
	char command[160];

	snprintf(command, sizeof(command), "rm -rf %s/recordings", integrator.server.directory);
	return system(command) == 0 ? stage_teardown(state) : -1;
}

static int rest(const char *account, const char *method, const char *path)
{
	return integrator_rest(&integrator, account, method, path, "", answer, sizeof(answer));
}

// The body of the last answer, freed by the caller.
static struct json *body(void)
{
	const char *text = strstr(answer, "\r\n\r\n");

	assert_non_null(text);
	struct json *j = json_parse(text + 4, strlen(text + 4));
	assert_non_null(j);
	return j;
}

// Whether the last answer has a recording of this state; NULL: whether it has none.
static bool answer_has(const char *state)
{
	struct json *j = body();
	const struct json *r = json_object(j, "recording");
	const char *is = json_string(r, "state", 16);
	bool has = state ? is && strcmp(is, state) == 0 : json_is_null(json_member(j, "recording"));

	json_free(j);
	return has;
}

static void expect_recording(const char *account, const char *path, const char *state)
{
	for (int i = 0; i < SERVER_WAIT_MS / 20; i++) {
		assert_int_equal(rest(account, "GET", path), 200);
		if (answer_has(state))
			return;
		for (int k = 0; k < 10; k++)
			server_turn(&integrator.server);
	}
	fail_msg("%s is never %s: %s", path, state ? state : "null", answer);
}

static void recorder_wait(void)
{
	for (int i = 0; i < SERVER_WAIT_MS && recorder()->synced == 0; i++)
		server_turn(&integrator.server);
	assert_true(recorder()->synced > 0);
}

// The account's only recording as the list shows it, once it is in this state; freed by the caller.
static struct json *listed(const char *account, const char *state)
{
	for (int i = 0; i < SERVER_WAIT_MS / 20; i++) {
		assert_int_equal(rest(account, "GET", "/api/recordings"), 200);
		struct json *j = body();
		const struct json *r = json_first(json_array(j, "data"));
		const char *is = json_string(r, "state", 16);
		if (is && strcmp(is, state) == 0) {
			struct json *copy = json_copy(r);
			json_free(j);
			return copy;
		}
		json_free(j);
		for (int k = 0; k < 10; k++)
			server_turn(&integrator.server);
	}
	fail_msg("no recording is %s: %s", state, answer);
	return NULL;
}

// proves G09
static void a_room_is_recorded_by_rest(void **)
{
	static const char own[] = "/rooms/r/recording";
	struct page p;

	recorder_wait();
	assert_int_equal(rest("free", "POST", "/rooms/r/recording/start"), 404);
	come(&p, "free", "r", "ada", NULL, "Ada");
	assert_int_equal(rest("free", "GET", own), 200);
	assert_true(answer_has(NULL));
	assert_int_equal(rest("free", "POST", "/rooms/r/recording/stop"), 404);
	assert_int_equal(rest("free", "POST", "/rooms/r/recording/start"), 200);
	assert_true(answer_has("starting") || answer_has("recording"));
	expect_recording("free", own, "recording");
	assert_int_equal(rest("free", "POST", "/rooms/r/recording/start"), 200); // it is so already
	assert_true(answer_has("recording"));
	assert_int_equal(rest("free", "POST", "/rooms/r/recording/pause"), 200);
	assert_int_equal(rest("free", "POST", "/rooms/r/recording/pause"), 200);
	expect_recording("free", own, "paused");
	assert_int_equal(rest("free", "POST", "/rooms/r/recording/resume"), 200);
	expect_recording("free", own, "recording");

	// Another account has neither this room nor this recording.
	assert_int_equal(rest("other", "GET", own), 404);
	assert_int_equal(rest("other", "POST", "/rooms/r/recording/stop"), 404);
	assert_int_equal(rest(NULL, "POST", "/rooms/r/recording/stop"), 403);
	struct json *r = listed("free", "recording");
	char path[64];
	snprintf(path, sizeof(path), "/api/recordings/%s", json_string(r, "id", 16));
	assert_null(json_string(json_object(r, "by"), "peerId", 64)); // the API
	json_free(r);
	assert_int_equal(rest("other", "GET", path), 404);
	assert_int_equal(rest("free", "DELETE", path), 409);

	assert_int_equal(rest("free", "POST", "/rooms/r/recording/stop"), 200);
	r = listed("free", "ready");
	assert_string_equal(json_string(r, "reason", 16), "api");
	assert_int_equal(json_count(json_array(r, "files")), 1);
	json_free(r);
	expect_recording("free", own, NULL);
	assert_int_equal(rest("other", "DELETE", path), 404);
	assert_int_equal(rest("free", "DELETE", path), 200);
	for (int i = 0; i < SERVER_WAIT_MS / 5 && rest("free", "GET", path) == 200; i++)
		server_turn(&integrator.server);
	assert_int_equal(rest("free", "GET", path), 404);
	page_leave(&p);
}

static int ask_as_page(const char *host)
{
	char request[256];

	snprintf(
	        request, sizeof(request),
	        "GET /api/recording?roomId=w HTTP/1.1\r\nHost: %s.example\r\n"
	        "Connection: close\r\n\r\n",
	        host
	);
	return server_ask(&integrator.server, request, NULL, answer, sizeof(answer));
}

// proves X02
static void the_welcome_screen_is_told(void **)
{
	struct page p;

	recorder_wait();
	come(&p, "free", "w", "ada", NULL, "Ada");
	assert_int_equal(ask_as_page("free"), 200);
	assert_true(answer_has(NULL));
	assert_int_equal(rest("free", "POST", "/rooms/w/recording/start"), 200);
	expect_recording("free", "/rooms/w/recording", "recording");
	assert_int_equal(ask_as_page("free"), 200);
	assert_true(answer_has("recording"));
	struct json *j = body();
	const struct json *r = json_object(j, "recording");
	assert_string_equal(json_string(r, "consent", 16), "notice");
	assert_true(json_has(r, "elapsed"));
	assert_false(json_has(r, "by") || json_has(r, "id"));
	json_free(j);
	assert_int_equal(ask_as_page("other"), 200); // has another room of this name
	assert_true(answer_has(NULL));
	assert_int_equal(rest("free", "POST", "/rooms/w/recording/stop"), 200);
	json_free(listed("free", "ready"));
	assert_int_equal(ask_as_page("free"), 200);
	assert_true(answer_has(NULL));
	page_leave(&p);
}

static void a_start_that_cannot_be_is_refused(void **)
{
	struct page p;

	come(&p, "free", "full", "ada", NULL, "Ada");
	fake_recorder_stop(recorder());
	recorder_start(2 * GIB - 1);
	recorder_wait();
	assert_int_equal(rest("free", "POST", "/rooms/full/recording/start"), 507);
	assert_non_null(strstr(answer, "nearly full"));
	fake_recorder_stop(recorder());
	for (int i = 0; i < 200; i++)
		server_turn(&integrator.server);
	assert_int_equal(rest("free", "POST", "/rooms/full/recording/start"), 503);
	assert_non_null(strstr(answer, "Retry-After"));
	recorder_start(100 * GIB);
	page_leave(&p);
}

// Writes the events of recordings that have come so far, as "recordingStarted api, …".
static int events_print(char *out, size_t size)
{
	struct json *log = receiver_log(&integrator.receiver);
	int count = 0;

	out[0] = '\0';
	for (const struct json *r = json_first(log); r; r = json_next(r)) {
		const char *text = json_string(r, "body", 65536);
		struct json *event = text ? json_parse(text, strlen(text)) : NULL;
		const char *name = json_string(event, "event", 64);
		const struct json *of = json_object(event, "recording");
		const char *reason = json_string(of, "reason", 64);
		if (name && strncmp(name, "recording", 9) == 0) {
			count++;
			snprintf(
			        out + strlen(out), size - strlen(out), "%s%s %s %zu",
			        out[0] ? ", " : "", name, reason ? reason : "-",
			        json_count(json_array(of, "files"))
			);
		}
		json_free(event);
	}
	json_free(log);
	return count;
}

// proves X03
static void the_account_is_told_of_each_step(void **)
{
	char events[512];
	struct page p;

	recorder_wait();
	come(&p, "told", "r", "ada", NULL, "Ada");
	assert_int_equal(rest("told", "POST", "/rooms/r/recording/start"), 200);
	expect_recording("told", "/rooms/r/recording", "recording");
	assert_int_equal(rest("told", "POST", "/rooms/r/recording/pause"), 200);
	assert_int_equal(rest("told", "POST", "/rooms/r/recording/resume"), 200);
	assert_int_equal(rest("told", "POST", "/rooms/r/recording/stop"), 200);
	for (int i = 0; i < SERVER_WAIT_MS / 5 && events_print(events, sizeof(events)) < 3; i++) {
		for (int k = 0; k < 5; k++)
			server_turn(&integrator.server);
	}
	events_print(events, sizeof(events));
	assert_string_equal(
	        events, "recordingStarted - 0, recordingStopped api 0, recordingReady api 1"
	);
	assert_int_equal(rest("told", "GET", "/api/events"), 200);
	struct json *j = body();
	int count = 0;
	for (const struct json *e = json_first(json_array(j, "data")); e; e = json_next(e))
		count += json_object(e, "recording") != NULL;
	assert_int_equal(count, 3);
	json_free(j);
	page_leave(&p);
}

// The only worker leaves out so much work.
static void shed(uint32_t level)
{
	am_lifecycle_shed(&integrator.server.dataplane.region.map->header.workers[0], level);
}

static bool composition_is(const char *id, const char *state)
{
	char path[64];

	snprintf(path, sizeof(path), "/api/recordings/%s", id);
	assert_int_equal(rest("shy", "GET", path), 200);
	struct json *j = body();
	const char *is = json_string(json_object(j, "composition"), "state", 16);
	assert_non_null(is);
	bool same = strcmp(is, state) == 0;
	json_free(j);
	return same;
}

// A video of a recording waits while a worker leaves out work. What follows depends on whether
// amphi-compose was built; it finds no media here.
static void a_video_waits_for_the_data_plane(void **)
{
	char path[80], id[24];
	struct page p;

	recorder_wait();
	come(&p, "shy", "r", "ada", NULL, "Ada");
	assert_int_equal(rest("shy", "POST", "/rooms/r/recording/start"), 200);
	expect_recording("shy", "/rooms/r/recording", "recording");
	assert_int_equal(rest("shy", "POST", "/rooms/r/recording/stop"), 200);
	struct json *r = listed("shy", "ready");
	snprintf(id, sizeof(id), "%s", json_string(r, "id", 16));
	json_free(r);
	shed(1);
	snprintf(path, sizeof(path), "/api/recordings/%s/compose", id);
	int status = rest("shy", "POST", path);
	if (status == 501) // it was not built
		goto leave;
	assert_int_equal(status, 202);
	for (int i = 0; i < 50; i++)
		server_turn(&integrator.server);
	assert_true(composition_is(id, "queued"));
	shed(0);
	for (int i = 0; i < SERVER_WAIT_MS / 100 && composition_is(id, "queued"); i++) {
		for (int k = 0; k < 100; k++)
			server_turn(&integrator.server);
	}
	assert_false(composition_is(id, "queued"));
leave:
	shed(0);
	page_leave(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_room_is_recorded_by_rest),
	        cmocka_unit_test(the_welcome_screen_is_told),
	        cmocka_unit_test(a_start_that_cannot_be_is_refused),
	        cmocka_unit_test(the_account_is_told_of_each_step),
	        cmocka_unit_test(a_video_waits_for_the_data_plane),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
