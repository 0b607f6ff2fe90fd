// Events about recordings are delivered, in order and at least once.
#include "hook_world.h"

#include "account/account.h"
#include "account/edit.h"
#include "hook/request.h"
#include "store/recordings.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECORDING UINT64_C(0x0123456789abcdef)
#define SECRET    "secret of the account"

// An account whose webhook is the receiver with this program. Freed with account_free.
static struct account *account(struct world *w, const char *program)
{
	struct account_error e;
	struct account *a = account_create("company", &e);

	assert_non_null(a);
	a->id = 1;
	a->hook_version = 2;
	a->hook_secret = strdup(SECRET);
	a->auth_event = strdup("Bearer x");
	a->api_event = strdup(receiver_url(&w->receiver, program, w->url, sizeof(w->url)));
	return a;
}

static struct recording_row row(enum recording_state state)
{
	return (struct recording_row){
	        .id = RECORDING,
	        .account_id = 1,
	        .room = "r",
	        .started_ms = 1800000000123,
	        .duration_ms = 1500,
	        .bytes = 4711,
	        .state = state,
	        .by_id = "mod",
	        .by_name = "Mo",
	};
}

static void started(struct world *w, const struct account *a)
{
	const struct recording_row r = row(RECORDING_RECORDING);
	hook_recording(w->hooks, a, HOOK_RECORDING_STARTED, &r, NULL, 0);
}

static void stopped(struct world *w, const struct account *a)
{
	struct recording_row r = row(RECORDING_STOPPING);

	r.reason = RECORDING_EMPTY;
	hook_recording(w->hooks, a, HOOK_RECORDING_STOPPED, &r, NULL, 0);
}

static void ready(struct world *w, const struct account *a)
{
	const struct recording_file_row files[] = {
	        {.name = "programme.webm", .kind = "programme", .codec = "vp8", .bytes = 4000},
	        {.name = "tracks/1-audio.webm",
	         .kind = "audio",
	         .codec = "opus",
	         .peer_id = "ada",
	         .display_name = "Ada \"A\"",
	         .offset_ms = 250,
	         .duration_ms = 1250,
	         .bytes = 711},
	};
	struct recording_row r = row(RECORDING_READY);

	r.reason = RECORDING_EMPTY;
	hook_recording(w->hooks, a, HOOK_RECORDING_READY, &r, files, 2);
}

static void composed(struct world *w, const struct account *a, const char *name)
{
	const struct recording_file_row file = {.name = name, .kind = "composed", .bytes = 500};
	const struct recording_row r = row(RECORDING_READY);

	hook_recording(w->hooks, a, HOOK_RECORDING_COMPOSED, &r, &file, 1);
}

static struct json *body_of(const struct json *request)
{
	const char *text = request_text(request, "body");
	return json_parse(text, strlen(text));
}

// What the receiver has heard, as "recordingStarted 200, …".
static void heard_is(struct world *w, const char *expected)
{
	struct json *log = receiver_log(&w->receiver);
	char text[1024] = "";

	for (const struct json *r = json_first(log); r; r = json_next(r)) {
		struct json *body = body_of(r);
		int64_t status = 0;
		(void)!json_int(r, "status", 0, 999, &status);
		sprintf(text + strlen(text), "%s%s %d", text[0] ? ", " : "",
		        json_string(body, "event", 64), (int)status);
		json_free(body);
	}
	json_free(log);
	assert_string_equal(text, expected);
}

static void is_signed(const struct json *request)
{
	char signature[HOOK_SIGNATURE_SIZE];

	hook_request_sign(
	        signature, SECRET, request_header(request, "webhook-id"),
	        atoll(request_header(request, "webhook-timestamp")), request_text(request, "body")
	);
	assert_string_equal(request_header(request, "webhook-signature"), signature);
}

// proves X03
static void a_recording_is_reported_from_start_to_end(void **state)
{
	static const char *const ids[] = {
	        "0123456789abcdef-started", "0123456789abcdef-stopped", "0123456789abcdef-ready"};
	struct world *w = *state;
	struct account *a = account(w, "hook");
	double number;

	started(w, a);
	stopped(w, a);
	ready(w, a);
	world_wait_pending(w, 0, PATIENCE_MS);
	heard_is(w, "recordingStarted 200, recordingStopped 200, recordingReady 200");
	struct json *log = receiver_log(&w->receiver);
	for (int i = 0; i < 3; i++) {
		const struct json *request = request_at(log, i);
		struct json *body = body_of(request);
		const struct json *r = json_object(body, "recording");
		int64_t sequence;
		assert_string_equal(request_text(request, "path"), "/hook");
		assert_string_equal(request_header(request, "authorization"), "Bearer x");
		is_signed(request);
		assert_string_equal(json_string(body, "eventId", 64), ids[i]);
		assert_string_equal(request_header(request, "webhook-id"), ids[i]);
		assert_true(json_int(body, "sequence", i + 1, i + 1, &sequence));
		assert_string_equal(json_string(body, "roomId", 64), "r");
		assert_false(json_has(body, "token") || json_has(body, "peerId"));
		assert_string_equal(json_string(r, "id", 64), "0123456789abcdef");
		assert_string_equal(json_string(r, "startedAt", 64), "2027-01-15T08:00:00.123Z");
		assert_string_equal(json_string(json_object(r, "by"), "peerId", 64), "mod");
		assert_true(i == 0 || strcmp(json_string(r, "reason", 64), "empty") == 0);
		assert_int_equal(json_count(json_array(r, "files")), i == 2 ? 2 : 0);
		if (i == 2) {
			const struct json *f = json_next(json_first(json_array(r, "files")));
			assert_string_equal(json_string(f, "displayName", 64), "Ada \"A\"");
			assert_true(json_number(json_member(f, "offset"), &number));
			assert_true(number == 0.25);
		}
		json_free(body);
	}
	json_free(log);
	account_free(a);
}

// A receiver that drops what it has had must not drop the second one.
static void each_video_is_an_event_of_its_own(void **state)
{
	static const char *const names[] = {"composed.mp4", "composed.webm", "composed.mp4"};
	struct world *w = *state;
	struct account *a = account(w, "hook");
	char id[64];

	for (int i = 0; i < 3; i++)
		composed(w, a, names[i]);
	world_wait_pending(w, 0, PATIENCE_MS);
	heard_is(w, "recordingComposed 200, recordingComposed 200, recordingComposed 200");
	struct json *log = receiver_log(&w->receiver);
	for (int i = 0; i < 3; i++) {
		struct json *body = body_of(request_at(log, i));
		const struct json *files = json_array(json_object(body, "recording"), "files");
		snprintf(id, sizeof(id), "0123456789abcdef-composed-%d", i + 1);
		assert_string_equal(json_string(body, "eventId", 64), id);
		assert_string_equal(request_header(request_at(log, i), "webhook-id"), id);
		is_signed(request_at(log, i));
		assert_int_equal(json_count(files), 1);
		assert_string_equal(json_string(json_first(files), "name", 64), names[i]);
		json_free(body);
	}
	json_free(log);
	account_free(a);
}

static void version_1_is_told_nothing(void **state)
{
	struct world *w = *state;
	struct account *a = account(w, "hook");

	a->hook_version = 1;
	started(w, a);
	a->hook_version = 2;
	free(a->api_event);
	a->api_event = NULL;
	started(w, a);
	started(w, NULL);
	world_run(w, 200);
	world_wait_pending(w, 0, 0);
	heard_is(w, "");
	account_free(a);
}

// The receiver is in trouble: nothing overtakes an event that it has not accepted.
static void the_order_holds_while_a_receiver_is_in_trouble(void **state)
{
	struct world *w = *state;
	struct account *a = account(w, "started=503,fail=2");

	started(w, a);
	world_wait_unanswered(w, 1);
	ready(w, a); // it is tried at once, since another waits
	world_wait_pending(w, 0, 2 * PATIENCE_MS);
	heard_is(
	        w, "recordingStarted 503, recordingStarted 503, recordingStarted 200,"
	           " recordingReady 200"
	);
	account_free(a);
}

// A receiver that wants only some of the events gets those at once.
static void a_refused_event_does_not_hold_up_the_next(void **state)
{
	struct world *w = *state;
	struct account *a = account(w, "started=404");
	struct hook_counts counts;

	started(w, a);
	world_wait_requests(w, 2);
	world_run(w, 100);
	uint64_t begin = world_now_ms();
	stopped(w, a);
	ready(w, a);
	world_wait_pending(w, 0, PATIENCE_MS);
	assert_true(world_now_ms() - begin < 1800); // less than the time for which it rested
	heard_is(
	        w, "recordingStarted 404, recordingStarted 404, recordingStarted 404,"
	           " recordingStopped 200, recordingReady 200"
	);
	hooks_count(w->hooks, &counts);
	assert_int_equal(counts.given_up, 1);
	account_free(a);
}

// Runs in a process of its own, which is killed while the receiver is down.
static void die(struct world *w)
{
	world_start(w);
	struct account *a = account(w, "down=off");

	started(w, a);
	stopped(w, a);
	ready(w, a);
	world_run(w, 700);
	kill(getpid(), SIGKILL);
}

// proves F01
static void kill_9_loses_no_event(void **state)
{
	struct world *w = *state;
	char down[96];
	int status;

	world_stop(w);
	snprintf(down, sizeof(down), "%s/off", w->receiver.directory);
	fclose(fopen(down, "w"));
	pid_t pid = fork();
	if (pid == 0)
		die(w);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(unlink(down), 0);
	world_start(w);
	world_wait_pending(w, 0, PATIENCE_MS);
	struct json *log = receiver_log(&w->receiver);
	int64_t last = 0;
	int delivered = 0;
	for (const struct json *r = json_first(log); r; r = json_next(r)) {
		struct json *body = body_of(r);
		if (json_has(r, "status")) {
			assert_true(json_int(body, "sequence", last + 1, INT64_MAX, &last));
			is_signed(r);
			delivered++;
		}
		json_free(body);
	}
	assert_int_equal(delivered, 3);
	json_free(log);
	world_stop(w);
	world_start(w); // and each is delivered once
	world_run(w, 200);
	world_wait_pending(w, 0, 0);
}

struct replayed {
	unsigned status;
	struct json *body;
};

static void replayed(void *owner, uint64_t, unsigned status, struct json *body)
{
	struct replayed *r = owner;
	r->status = status;
	r->body = body;
}

// proves W06
static void past_events_include_those_of_recordings(void **state)
{
	struct world *w = *state;
	struct account *a = account(w, "hook");
	struct replayed past = {0};

	started(w, a);
	ready(w, a);
	world_wait_pending(w, 0, PATIENCE_MS);
	world_stop(w);
	world_start(w);
	assert_true(hook_replay(w->hooks, 1, NULL, NULL, replayed, &past) != 0);
	for (int i = 0; i < 500 && !past.status; i++)
		loop_turn(w->loop, 10);
	struct json *log = receiver_log(&w->receiver);
	const struct json *e = json_first(json_array(past.body, "data"));
	assert_int_equal(json_count(json_array(past.body, "data")), 2);
	for (int i = 0; i < 2; i++, e = json_next(e)) {
		char *again = json_print(e);
		assert_string_equal(again, request_text(request_at(log, i), "body"));
		free(again);
	}
	json_free(log);
	json_free(past.body);
	account_free(a);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_recording_is_reported_from_start_to_end),
	        TEST(each_video_is_an_event_of_its_own),
	        TEST(version_1_is_told_nothing),
	        TEST(the_order_holds_while_a_receiver_is_in_trouble),
	        TEST(a_refused_event_does_not_hold_up_the_next),
	        TEST(kill_9_loses_no_event),
	        TEST(past_events_include_those_of_recordings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
