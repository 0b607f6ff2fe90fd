// closePeer events are kept until they are delivered, even if receivers are down or the process
// dies.
#include "hook_world.h"

#include "hook/request.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// The commands of the guide for receivers.
#define GUIDE_RUN "sed -n '/^```sh/,/^```$/{/^```/d;p}' " GUIDE " | bash -e"

static void events_are(struct world *w, const char *expected)
{
	char events[1024];
	struct json *log = receiver_log(&w->receiver);

	events_print(log, events, sizeof(events));
	assert_string_equal(events, expected);
	json_free(log);
}

static uint64_t join(struct world *w, const char *program, const char *peer_id)
{
	struct hook_peer p = world_peer(w, program, peer_id);
	const struct heard *h = world_join(w, &p);
	assert_int_equal(h->verdict, HOOK_ADMIT);
	assert_true(h->admission != 0);
	return h->admission;
}

// proves W02
static void a_close_follows_an_admitted_join(void **state)
{
	struct world *w = *state;
	struct hook_peer p = world_peer(w, "", "p");

	p.authorization = "Bearer x";
	uint64_t admission = world_join(w, &p)->admission;
	hook_close(w->hooks, admission, "Ada L.");
	hook_close(w->hooks, admission, NULL); // exactly once
	hook_close(w->hooks, 0, NULL);
	hook_close(w->hooks, 4711, NULL);
	world_wait_pending(w, 0, PATIENCE_MS);
	struct json *log = receiver_log(&w->receiver);
	assert_int_equal(json_count(log), 2);
	const struct json *r = request_at(log, 1);
	assert_string_equal(request_text(r, "path"), "/closePeer");
	assert_string_equal(request_query(r, "roomId"), "r");
	assert_string_equal(request_query(r, "peerId"), "p");
	assert_string_equal(request_query(r, "displayName"), "Ada L.");
	assert_string_equal(request_query(r, "token"), "a.b.c");
	assert_string_equal(request_header(r, "authorization"), "Bearer x");
	json_free(log);
}

// proves W05
static void no_close_without_an_admitted_join(void **state)
{
	static const char *const programs[] = {"status=401", "status=423", "status=500"};
	struct world *w = *state;

	for (int i = 0; i < 3; i++) {
		struct hook_peer p = world_peer(w, programs[i], "p");
		world_join(w, &p);
	}
	world_stop(w);
	world_start(w); // nothing is left to deliver
	hooks_restore(w->hooks, NULL, NULL);
	world_run(w, 300);
	events_are(w, "joinPeer p, joinPeer p, joinPeer p");
}

// proves W05
static void a_cancelled_join_is_closed_if_it_was_admitted(void **state)
{
	struct world *w = *state;
	struct hook_peer p = world_peer(w, "delay=500", "p");

	uint64_t call = hook_join(w->hooks, &p, world_heard, w);
	world_wait_requests(w, 1);
	hook_cancel(w->hooks, call);
	world_wait_requests(w, 2);
	world_wait_pending(w, 0, PATIENCE_MS);
	assert_int_equal(w->count, 0);
	events_are(w, "joinPeer p, closePeer p");
	p = world_peer(w, "delay=500,status=401", "q");
	call = hook_join(w->hooks, &p, world_heard, w);
	world_wait_requests(w, 3);
	hook_cancel(w->hooks, call);
	world_run(w, 1000);
	events_are(w, "joinPeer p, closePeer p, joinPeer q");
}

// proves W05
static void a_returning_peer_comes_after_its_close(void **state)
{
	struct world *w = *state;
	struct hook_peer p = world_peer(w, "delay=150", "p");

	for (int i = 0; i < 3; i++) {
		uint64_t admission = world_join(w, &p)->admission;
		hook_close(w->hooks, admission, NULL);
	}
	world_wait_pending(w, 0, PATIENCE_MS);
	events_are(w, "joinPeer p, closePeer p, joinPeer p, closePeer p, joinPeer p, closePeer p");
}

// The close comes while the next join already waits for its turn.
// proves W05
static void a_close_goes_before_a_join_that_has_not_started(void **state)
{
	struct world *w = *state;
	struct hook_peer p = world_peer(w, "", "p");

	uint64_t admission = world_join(w, &p)->admission;
	hook_join(w->hooks, &p, world_heard, w);
	hook_close(w->hooks, admission, NULL);
	world_wait(w, 2, 3000);
	assert_int_equal(w->heard[1].verdict, HOOK_ADMIT);
	events_are(w, "joinPeer p, closePeer p, joinPeer p");
}

// proves W02, F07
static void a_close_is_tried_until_it_is_taken(void **state)
{
	struct world *w = *state;

	hook_close(w->hooks, join(w, "close=503,fail=3", "p"), NULL);
	world_wait_unanswered(w, 1);
	hook_close(w->hooks, join(w, "", "q"), NULL);
	world_wait_pending(w, 1, PATIENCE_MS); // others do not wait for this one
	struct hook_counts counts;
	hooks_count(w->hooks, &counts);
	assert_in_range(counts.unanswered, 1, 2);
	world_wait_pending(w, 0, 2 * PATIENCE_MS);
	hooks_count(w->hooks, &counts);
	assert_int_equal(counts.unanswered, 3);
	world_wait_requests(w, 2 + 1 + 4);
}

// proves W05
static void a_join_hurries_the_close_before_it(void **state)
{
	struct world *w = *state;
	char down[96];
	FILE *f;

	uint64_t admission = join(w, "down=off", "p");
	snprintf(down, sizeof(down), "%s/off", w->receiver.directory);
	f = fopen(down, "w");
	assert_non_null(f);
	fclose(f);
	hook_close(w->hooks, admission, NULL);
	world_wait_unanswered(w, 2);
	unlink(down);
	uint64_t start = world_now_ms();
	join(w, "down=off", "p");
	assert_true(world_now_ms() - start < 1900); // less than the time for which the close rested
	events_are(w, "joinPeer p, closePeer p, joinPeer p");
	world_wait_pending(w, 0, 0);
}

// It has been heard, and would tell of the wrong visit later.
// proves W05
static void a_close_that_was_refused_is_not_repeated_after_a_return(void **state)
{
	struct world *w = *state;

	hook_close(w->hooks, join(w, "close=404", "p"), NULL);
	world_wait_requests(w, 2);
	world_run(w, 100);
	join(w, "close=404", "p");
	world_wait_pending(w, 0, 0);
	events_are(w, "joinPeer p, closePeer p, closePeer p, joinPeer p");
	struct hook_counts counts;
	hooks_count(w->hooks, &counts);
	assert_int_equal(counts.given_up, 1);
}

// Whatever a receiver has heard of is in the file, however slow that is; but a disk that
// stands still keeps nobody out.
// proves W05
static void a_join_is_stored_before_it_is_sent(void **state)
{
	struct world *w = *state;
	const struct hook_peer p = world_peer(w, "", "p"), q = world_peer(w, "", "q");
	sqlite3 *other;

	assert_int_equal(sqlite3_open(w->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	hook_join(w->hooks, &p, world_heard, w);
	world_run(w, HOOK_STORE_MS / 4);
	assert_int_equal(world_requests(w), 0);
	assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	world_wait(w, 1, PATIENCE_MS);
	assert_int_equal(w->heard[0].verdict, HOOK_ADMIT);

	// A page that gives up before the request was sent needs no closePeer.
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	uint64_t call = hook_join(w->hooks, &q, world_heard, w);
	world_run(w, HOOK_STORE_MS / 4);
	hook_cancel(w->hooks, call);
	hook_join(w->hooks, &q, world_heard, w);
	world_wait(w, 2, PATIENCE_MS);
	assert_int_equal(w->heard[1].verdict, HOOK_ADMIT);
	events_are(w, "joinPeer p, joinPeer q");
	sqlite3_close(other);
}

// proves W02
static void pending_closes_survive_a_restart(void **state)
{
	struct world *w = *state;
	uint16_t port = w->receiver.port;
	uint64_t a = join(w, "", "a"), b = join(w, "", "b");

	receiver_kill(&w->receiver);
	hook_close(w->hooks, a, NULL);
	hook_close(w->hooks, b, NULL);
	world_wait_unanswered(w, 2);
	world_stop(w);
	receiver_start_again(&w->receiver, port);
	world_start(w);
	world_wait_pending(w, 0, PATIENCE_MS);
	struct json *log = receiver_log(&w->receiver);
	assert_int_equal(json_count(log), 2);
	json_free(log);
	world_stop(w);
	world_start(w); // they are delivered once
	world_run(w, 200);
	log = receiver_log(&w->receiver);
	assert_int_equal(json_count(log), 2);
	json_free(log);
}

struct kept {
	const char *peer_id;
	uint64_t admission;
	int asked;
};

static bool keep(void *owner, const struct hook_admission *a)
{
	struct kept *k = owner;

	assert_int_equal(a->account_id, 1);
	assert_string_equal(a->room_id, "r");
	k->asked++;
	if (strcmp(a->peer_id, k->peer_id) != 0 || k->admission)
		return false;
	k->admission = a->id;
	return true;
}

// proves W05
static void a_restart_closes_those_who_are_gone(void **state)
{
	struct world *w = *state;
	struct kept kept = {.peer_id = "stays"};

	join(w, "", "gone");
	join(w, "", "stays"); // a visit before the one that lasts
	world_run(w, 5);
	uint64_t stays = join(w, "", "stays");
	world_stop(w);
	world_start(w);
	world_run(w, 200); // nothing happens before the rooms are back
	hooks_restore(w->hooks, keep, &kept);
	assert_int_equal(kept.asked, 3);
	assert_true(kept.admission == stays);
	world_wait_pending(w, 0, PATIENCE_MS);
	struct json *log = receiver_log(&w->receiver);
	assert_int_equal(json_count(log), 5);
	json_free(log);
	hook_close(w->hooks, kept.admission, NULL);
	world_wait_pending(w, 0, PATIENCE_MS);
	log = receiver_log(&w->receiver);
	assert_int_equal(json_count(log), 6);
	assert_string_equal(request_query(request_at(log, 5), "peerId"), "stays");
	json_free(log);
}

// Runs in a process of its own, which is killed with 20 joins admitted, 10 of them closed while the
// receiver is down, and 10 joins in flight.
static void die(struct world *w)
{
	char id[16], down[96];
	uint64_t admissions[20];

	world_start(w);
	for (int i = 0; i < 20; i++) {
		snprintf(id, sizeof(id), "p%d", i);
		admissions[i] = join(w, "down=off", id);
	}
	snprintf(down, sizeof(down), "%s/off", w->receiver.directory);
	fclose(fopen(down, "w"));
	for (int i = 0; i < 10; i++)
		hook_close(w->hooks, admissions[i], NULL);
	for (int i = 20; i < 30; i++) {
		snprintf(id, sizeof(id), "p%d", i);
		struct hook_peer p = world_peer(w, "delay=5000", id);
		hook_join(w->hooks, &p, world_heard, w);
	}
	world_run(w, 700);
	kill(getpid(), SIGKILL);
}

// proves W05, F01
static void kill_9_loses_no_close(void **state)
{
	struct world *w = *state;
	struct kept nobody = {.peer_id = ""};
	char down[96];
	int status, closes = 0;

	world_stop(w);
	pid_t pid = fork();
	if (pid == 0)
		die(w);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	snprintf(down, sizeof(down), "%s/off", w->receiver.directory);
	assert_int_equal(unlink(down), 0);
	world_start(w);
	hooks_restore(w->hooks, keep, &nobody);
	world_wait_pending(w, 10, 10000); // the joins in flight use delay=5000
	world_wait_pending(w, 10, 0);
	struct json *log = receiver_log(&w->receiver);
	bool closed[20] = {false};
	for (const struct json *r = json_first(log); r; r = json_next(r)) {
		int64_t answer;
		const char *path = request_text(r, "path");
		if (strcmp(strrchr(path, '/'), "/closePeer") != 0 ||
		    !json_int(r, "status", 200, 200, &answer))
			continue;
		int peer = atoi(request_query(r, "peerId") + 1);
		if (peer < 20)
			closed[peer] = true;
		closes++;
	}
	json_free(log);
	for (int i = 0; i < 20; i++)
		assert_true(closed[i]);
	print_message("%d closes reached the receiver\n", closes);
}

// Version 2.

// proves W06
static void the_signature_is_that_of_standard_webhooks(void **)
{
	char signature[HOOK_SIGNATURE_SIZE];

	// The example in the libraries of the specification.
	hook_request_sign(
	        signature, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
	        1614265330, "{\"test\": 2432232314}"
	);
	assert_string_equal(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static struct hook_peer peer_v2(struct world *w, const char *program, const char *peer_id)
{
	struct hook_peer p = world_peer(w, program, peer_id);

	p.version = 2;
	p.secret = "secret of the account";
	return p;
}

// Verifies as a receiver would, with other functions of OpenSSL.
static void signature_verify(const struct json *request)
{
	const char *id = request_header(request, "webhook-id");
	const char *time = request_header(request, "webhook-timestamp");
	const char *body = request_text(request, "body"), *key = "secret of the account";
	unsigned char mac[32], base64[64];
	char text[2048];
	size_t len;

	OSSL_PARAM params[] = {
	        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
	        OSSL_PARAM_construct_end()};
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *c = EVP_MAC_CTX_new(hmac);
	snprintf(text, sizeof(text), "%s.%s.%s", id, time, body);
	assert_int_equal(EVP_MAC_init(c, (const unsigned char *)key, strlen(key), params), 1);
	assert_int_equal(EVP_MAC_update(c, (unsigned char *)text, strlen(text)), 1);
	assert_int_equal(EVP_MAC_final(c, mac, &len, sizeof(mac)), 1);
	EVP_EncodeBlock(base64, mac, (int)len);
	const char *signature = request_header(request, "webhook-signature");
	assert_memory_equal(signature, "v1,", 3);
	assert_string_equal(signature + 3, (char *)base64);
	EVP_MAC_CTX_free(c);
	EVP_MAC_free(hmac);
}

// Verifies as the guide for receivers says.
static void signature_verify_by_guide(const struct json *request)
{
	setenv("id", request_header(request, "webhook-id"), 1);
	setenv("timestamp", request_header(request, "webhook-timestamp"), 1);
	setenv("signature", request_header(request, "webhook-signature"), 1);
	setenv("body", request_text(request, "body"), 1);
	setenv("secret", "secret of the account", 1);
	assert_int_equal(system(GUIDE_RUN), 0);
	setenv("body", "{}", 1);
	assert_int_not_equal(system(GUIDE_RUN), 0);
}

static struct json *body_of(const struct json *request)
{
	const char *text = request_text(request, "body");
	return json_parse(text, strlen(text));
}

// proves W06, G10
static void events_are_posted_and_signed(void **state)
{
	struct world *w = *state;
	struct hook_peer p = peer_v2(w, "hook", "p");

	uint64_t admission = world_join(w, &p)->admission;
	hook_close(w->hooks, admission, "Eve");
	world_wait_pending(w, 0, PATIENCE_MS);
	struct json *log = receiver_log(&w->receiver);
	assert_int_equal(json_count(log), 2);
	for (int i = 0; i < 2; i++) {
		const struct json *r = request_at(log, i);
		struct json *body = body_of(r);
		int64_t sequence;
		assert_string_equal(request_text(r, "method"), "POST");
		assert_string_equal(request_text(r, "path"), "/hook");
		assert_string_equal(request_header(r, "content-type"), "application/json");
		assert_string_equal(json_string(body, "event", 64), i ? "closePeer" : "joinPeer");
		assert_string_equal(
		        json_string(body, "eventId", 64), request_header(r, "webhook-id")
		);
		assert_true(json_int(body, "sequence", 1, INT64_MAX, &sequence));
		assert_int_equal(sequence, i + 1);
		assert_string_equal(json_string(body, "roomId", 64), "r");
		assert_string_equal(json_string(body, "peerId", 64), "p");
		assert_string_equal(json_string(body, "displayName", 64), i ? "Eve" : "Ada");
		assert_string_equal(json_string(body, "token", 64), "a.b.c");
		assert_non_null(json_string(body, "visitId", 64));
		assert_int_equal(strlen(json_string(body, "time", 64)), 24);
		signature_verify(r);
		signature_verify_by_guide(r);
		json_free(body);
	}
	json_free(log);
}

// The same event has the same id, however often it comes.
// proves W06
static void a_repeated_event_keeps_its_id(void **state)
{
	struct world *w = *state;
	struct hook_peer p = peer_v2(w, "close=500,fail=1", "p");

	hook_close(w->hooks, world_join(w, &p)->admission, NULL);
	world_wait_unanswered(w, 1);
	world_stop(w);
	world_start(w);
	world_wait_pending(w, 0, PATIENCE_MS);
	struct json *log = receiver_log(&w->receiver);
	assert_int_equal(json_count(log), 3);
	struct json *first = body_of(request_at(log, 1)), *again = body_of(request_at(log, 2));
	assert_string_equal(json_string(first, "event", 64), "closePeer");
	assert_string_equal(json_string(first, "eventId", 64), json_string(again, "eventId", 64));
	assert_string_equal(
	        request_text(request_at(log, 1), "body"), request_text(request_at(log, 2), "body")
	);
	json_free(first);
	json_free(again);
	json_free(log);
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

static struct json *replay(struct world *w, uint64_t account, const char *after, const char *limit)
{
	struct replayed r = {0};

	assert_true(hook_replay(w->hooks, account, after, limit, replayed, &r) != 0);
	assert_int_equal(r.status, 0); // never within the call
	for (int i = 0; i < 500 && !r.status; i++)
		loop_turn(w->loop, 10);
	assert_int_equal(r.status, 200);
	return r.body;
}

// proves W06
static void past_events_can_be_had_again(void **state)
{
	struct world *w = *state;
	char after[24];
	int64_t next;

	for (int i = 0; i < 3; i++) {
		struct hook_peer p = peer_v2(w, i == 1 ? "status=401" : "", "p");
		hook_close(w->hooks, world_join(w, &p)->admission, NULL);
	}
	world_wait_pending(w, 0, PATIENCE_MS);
	world_stop(w);
	world_start(w);
	// join, close, join that was declined, join, close
	struct json *body = replay(w, 1, NULL, NULL);
	assert_int_equal(json_count(json_array(body, "data")), 5);
	assert_false(json_has(body, "next"));
	assert_null(json_string(json_first(json_array(body, "data")), "token", 64));
	json_free(body);
	body = replay(w, 1, "1", "2");
	assert_int_equal(json_count(json_array(body, "data")), 2);
	assert_string_equal(
	        json_string(json_first(json_array(body, "data")), "event", 64), "closePeer"
	);
	assert_true(json_int(body, "next", 1, INT64_MAX, &next));
	json_free(body);
	snprintf(after, sizeof(after), "%lld", (long long)next);
	body = replay(w, 1, after, NULL);
	assert_int_equal(json_count(json_array(body, "data")), 2);
	json_free(body);
	body = replay(w, 2, NULL, NULL); // another account sees none of these events
	assert_int_equal(json_count(json_array(body, "data")), 0);
	json_free(body);

	static const char *const bad[] = {"-1", "x", "", "1 ", "99999999999999999999", "1.5"};
	struct replayed none = {0};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_true(hook_replay(w->hooks, 1, bad[i], NULL, replayed, &none) == 0);
		assert_true(hook_replay(w->hooks, 1, NULL, bad[i], replayed, &none) == 0);
	}
	assert_true(hook_replay(w->hooks, 1, NULL, "0", replayed, &none) == 0);
	assert_true(hook_replay(w->hooks, 1, NULL, "1001", replayed, &none) == 0);
	hook_cancel(w->hooks, hook_replay(w->hooks, 1, NULL, NULL, replayed, &none));
	world_run(w, 100);
	hook_replay(w->hooks, 1, NULL, NULL, replayed, &none); // still under way at the end
	assert_int_equal(none.status, 0);
}

// After a crash no number is given twice: those that were sent may not have been stored.
// proves W06
static void sequences_go_up_over_a_restart(void **state)
{
	struct world *w = *state;
	int64_t last = 0;

	for (int i = 0; i < 3; i++) {
		struct hook_peer p = peer_v2(w, "", "p");
		world_join(w, &p);
		world_stop(w);
		world_start(w);
	}
	struct json *log = receiver_log(&w->receiver);
	for (const struct json *r = json_first(log); r; r = json_next(r)) {
		struct json *body = body_of(r);
		int64_t sequence;
		assert_true(json_int(body, "sequence", last + 1, INT64_MAX, &sequence));
		last = sequence;
		json_free(body);
	}
	json_free(log);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_close_follows_an_admitted_join),
	        TEST(no_close_without_an_admitted_join),
	        TEST(a_cancelled_join_is_closed_if_it_was_admitted),
	        TEST(a_returning_peer_comes_after_its_close),
	        TEST(a_close_goes_before_a_join_that_has_not_started),
	        TEST(a_close_is_tried_until_it_is_taken),
	        TEST(a_join_hurries_the_close_before_it),
	        TEST(a_close_that_was_refused_is_not_repeated_after_a_return),
	        TEST(a_join_is_stored_before_it_is_sent),
	        TEST(pending_closes_survive_a_restart),
	        TEST(a_restart_closes_those_who_are_gone),
	        TEST(kill_9_loses_no_close),
	        cmocka_unit_test(the_signature_is_that_of_standard_webhooks),
	        TEST(events_are_posted_and_signed),
	        TEST(a_repeated_event_keeps_its_id),
	        TEST(past_events_can_be_had_again),
	        TEST(sequences_go_up_over_a_restart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
