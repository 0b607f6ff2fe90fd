// Joins and access checks: what is sent, what the answers mean, and which calls wait for which.
#include "hook_world.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOW_PEERS 2000 // a webinar's

// proves W01
static void each_status_has_its_meaning(void **state)
{
	static const struct {
		const char *program;
		enum hook_verdict verdict;
		const char *message;
	} cases[] = {
	        {"", HOOK_ADMIT, ""},
	        {"status=401,body=secret", HOOK_DECLINED, ""},
	        {"status=423", HOOK_LOCKED, ""},
	        {"status=423,body=Full%20until%20noon", HOOK_LOCKED, "Full until noon"},
	        {"status=425", HOOK_NOT_STARTED, ""},
	        {"status=403", HOOK_DECLINED, ""},
	        {"status=404", HOOK_DECLINED, ""},
	        {"status=204", HOOK_DECLINED, ""},
	        {"status=500", HOOK_UNAVAILABLE, ""},
	        {"status=503,body=x", HOOK_UNAVAILABLE, ""},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hook_peer p = world_peer(w, cases[i].program, "p");
		const struct heard *h = world_join(w, &p);
		assert_int_equal(h->verdict, cases[i].verdict);
		assert_string_equal(h->message, cases[i].message);
		assert_true((h->admission != 0) == (h->verdict == HOOK_ADMIT));
		hook_close(w->hooks, h->admission, NULL);
	}
}

// proves W01, W04
static void a_join_asks_what_the_guide_says(void **state)
{
	struct world *w = *state;
	struct hook_peer p = world_peer(w, "x", "peer/1&2");

	p.room_id = "serv1test";
	p.display_name = "Jöhn Snow + =?#";
	p.token = "eyJ.eyJ.sig-_";
	p.authorization = "Basic Z2NvcmU6eA==";
	assert_int_equal(world_join(w, &p)->verdict, HOOK_ADMIT);
	struct json *log = receiver_log(&w->receiver);
	const struct json *r = request_at(log, 0);
	assert_string_equal(request_text(r, "method"), "GET");
	assert_string_equal(request_text(r, "path"), "/x/joinPeer");
	assert_string_equal(request_query(r, "roomId"), "serv1test");
	assert_string_equal(request_query(r, "peerId"), "peer/1&2");
	assert_string_equal(request_query(r, "displayName"), "Jöhn Snow + =?#");
	assert_string_equal(request_query(r, "token"), "eyJ.eyJ.sig-_");
	assert_string_equal(request_header(r, "authorization"), "Basic Z2NvcmU6eA==");
	assert_null(request_header(r, "accept-encoding"));
	json_free(log);
}

// proves W01
static void an_apiEvent_may_have_a_query_and_a_slash(void **state)
{
	struct world *w = *state;
	struct hook_peer p = world_peer(w, "hook/?key=1#part", "p");

	assert_int_equal(world_join(w, &p)->verdict, HOOK_ADMIT);
	struct json *log = receiver_log(&w->receiver);
	assert_string_equal(request_text(request_at(log, 0), "path"), "/hook/joinPeer");
	assert_string_equal(request_query(request_at(log, 0), "key"), "1");
	assert_string_equal(request_query(request_at(log, 0), "peerId"), "p");
	json_free(log);
}

// proves W01
static void no_answer_within_3_s_is_the_accounts_choice(void **state)
{
	struct world *w = *state;

	for (int open = 0; open <= 1; open++) {
		struct hook_peer p = world_peer(w, "mode=silent", "p");
		p.fail_open = open;
		uint64_t start = world_now_ms();
		const struct heard *h = world_join(w, &p);
		assert_int_equal(h->verdict, open ? HOOK_ADMIT : HOOK_UNAVAILABLE);
		assert_true((h->admission != 0) == open);
		assert_in_range(h->at_ms - start, HOOK_ANSWER_MS - 200, HOOK_ANSWER_MS + 2000);
	}
	for (int open = 0; open <= 1; open++) {
		struct hook_peer p = world_peer(w, "status=500", "q");
		p.fail_open = open;
		assert_int_equal(world_join(w, &p)->verdict, open ? HOOK_ADMIT : HOOK_UNAVAILABLE);
	}
	// A refusal is an answer.
	struct hook_peer p = world_peer(w, "status=401", "p");
	p.fail_open = true;
	assert_int_equal(world_join(w, &p)->verdict, HOOK_DECLINED);
}

// proves W01
static void a_receiver_that_is_not_there_is_told_at_once(void **state)
{
	struct world *w = *state;
	struct hook_peer p = world_peer(w, "", "p");

	receiver_kill(&w->receiver);
	uint64_t start = world_now_ms();
	assert_int_equal(world_join(w, &p)->verdict, HOOK_UNAVAILABLE);
	assert_true(world_now_ms() - start < HOOK_ANSWER_MS / 2);
}

static const struct heard *access_ask(struct world *w, const struct hook_peer *p, const char *token)
{
	int before = w->count;
	hook_access(w->hooks, p, token, world_heard, w);
	world_wait(w, before + 1, 2 * HOOK_WAIT_MS);
	return &w->heard[before];
}

// proves W03
static void the_access_token_is_posted(void **state)
{
	static const struct {
		const char *program;
		enum hook_verdict verdict;
	} cases[] = {
	        {"access/", HOOK_ADMIT},          {"status=423", HOOK_LOCKED},
	        {"status=425", HOOK_NOT_STARTED}, {"status=401", HOOK_DECLINED},
	        {"status=201", HOOK_DECLINED},    {"status=500", HOOK_DECLINED}, // everything else
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hook_peer p = world_peer(w, cases[i].program, "p\"1");
		p.authorization = "Bearer access";
		p.fail_open = true; // applies to webhooks only
		const struct heard *h = access_ask(w, &p, i ? "t" : "sda3-\"q23\"");
		assert_int_equal(h->verdict, cases[i].verdict);
		assert_true(h->admission == 0);
	}
	struct json *log = receiver_log(&w->receiver);
	const struct json *r = request_at(log, 0);
	assert_string_equal(request_text(r, "method"), "POST");
	assert_string_equal(request_text(r, "path"), "/access/");
	assert_string_equal(request_header(r, "content-type"), "application/json");
	assert_string_equal(request_header(r, "authorization"), "Bearer access");
	const char *text = request_text(r, "body");
	struct json *body = json_parse(text, strlen(text));
	assert_string_equal(json_string(body, "accessToken", 64), "sda3-\"q23\"");
	assert_string_equal(json_string(body, "roomId", 64), "r");
	assert_string_equal(json_string(body, "peerId", 64), "p\"1");
	assert_int_equal(json_count(body), 3);
	json_free(body);
	json_free(log);
}

static void a_cancelled_call_stays_silent(void **state)
{
	struct world *w = *state;
	struct hook_peer p = world_peer(w, "delay=500", "p");

	hook_cancel(w->hooks, hook_join(w->hooks, &p, world_heard, w)); // before it is sent
	hook_cancel(w->hooks, hook_access(w->hooks, &p, "", world_heard, w));
	world_run(w, 200);
	struct json *log = receiver_log(&w->receiver);
	assert_int_equal(json_count(log), 0);
	json_free(log);
	uint64_t access = hook_access(w->hooks, &p, "", world_heard, w);
	world_wait_requests(w, 1);
	hook_cancel(w->hooks, access);
	hook_cancel(w->hooks, access);
	hook_cancel(w->hooks, 4711);
	world_run(w, 700);
	assert_int_equal(w->count, 0);
}

// Messages for people are plain text, whatever a receiver sends.
static void a_message_is_one_line_of_text(void **state)
{
	static const struct {
		const char *program, *message;
	} cases[] = {
	        {"status=423,body=%0A%20two%0D%0A%09lines%20%20", "two lines"},
	        {"status=423,body=%D0%97%D0%B0%D0%BD%D1%8F%D1%82%D0%BE", "Занято"},
	        {"status=423,body=%FF%FE", ""},
	        {"status=423,body=a%00b", "a b"},
	        {"status=423,type=text%2Fhtml,body=Sorry", "Sorry"}, // as many frameworks send it
	        {"status=423,type=text%2Fhtml,body=%3Ch1%3ESorry", ""},
	        {"status=423,type=application%2Fjson,body=%7B%22message%22:%22No%22%7D", "No"},
	        {"status=423,type=application%2Fjson,body=%7B%22message%22:1%7D", ""},
	        {"status=423,type=application%2Fjson,body=%7B", ""},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hook_peer p = world_peer(w, cases[i].program, "p");
		const struct heard *h = world_join(w, &p);
		assert_int_equal(h->verdict, HOOK_LOCKED);
		assert_string_equal(h->message, cases[i].message);
	}
	struct hook_peer p = world_peer(w, "status=423,body=%E2%82%AC,repeat=200", "p");
	assert_int_equal(strlen(world_join(w, &p)->message), HOOK_MESSAGE_MAX / 3 * 3);
}

static void connections_are_used_again(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 20; i++) {
		struct hook_peer p = world_peer(w, i % 2 ? "" : "other", "p");
		assert_int_equal(world_join(w, &p)->verdict, HOOK_ADMIT);
	}
	struct json *log = receiver_log(&w->receiver);
	int64_t connection;
	assert_int_equal(json_count(log), 20);
	assert_true(json_int(request_at(log, 19), "connection", 1, 100, &connection));
	assert_int_equal(connection, 1);
	json_free(log);
}

static int crowd_join(struct world *w)
{
	static char ids[SLOW_PEERS][16];
	int admitted = 0;

	w->count = 0;
	for (int i = 0; i < SLOW_PEERS; i++) {
		snprintf(ids[i], sizeof(ids[i]), "p%d", i);
		struct hook_peer p = world_peer(w, "delay=200", ids[i]);
		hook_join(w->hooks, &p, world_heard, w);
	}
	world_wait(w, SLOW_PEERS, 2 * HOOK_WAIT_MS + PATIENCE_MS); // each is answered
	for (int i = 0; i < SLOW_PEERS; i++) {
		const struct heard *h = &w->heard[i];
		admitted += h->verdict == HOOK_ADMIT;
		hook_close(w->hooks, h->admission, NULL);
	}
	return admitted;
}

// 2000 joins through a webhook that takes 200 ms; and the loop does other things meanwhile. Nobody
// waits longer than HOOK_WAIT_MS, so these are seconds. A machine that keeps the receiver from its
// work may turn some away, but not each time.
// proves F08
static void two_thousand_joins_take_seconds(void **state)
{
	struct world *w = *state;
	uint64_t turn_ms_max = 0, turns_ms = 0;
	int admitted = 0;

	for (int i = 0; i < 3 && admitted < SLOW_PEERS; i++) {
		uint64_t start = world_now_ms();
		w->turns_ms = w->turn_ms_max = 0;
		admitted = crowd_join(w);
		print_message(
		        "%d of 2000 joins: %llu ms, CPU %llu ms, of the longest turn %llu ms\n",
		        admitted, (unsigned long long)(world_now_ms() - start),
		        (unsigned long long)w->turns_ms, (unsigned long long)w->turn_ms_max
		);
		turn_ms_max = w->turn_ms_max;
		turns_ms = w->turns_ms;
		world_wait_pending(w, 0, 4 * PATIENCE_MS); // all have left
	}
	assert_int_equal(admitted, SLOW_PEERS);
	assert_true(turn_ms_max < turns_ms / 5); // no single turn does much of the work
}

// proves F07
static void a_slow_receiver_delays_its_own_account_alone(void **state)
{
	struct world *w = *state;
	char url[256];

	for (int i = 0; i < 500; i++) {
		char id[16];
		snprintf(id, sizeof(id), "p%d", i);
		struct hook_peer p = world_peer(w, "mode=silent", id);
		hook_join(w->hooks, &p, world_heard, w);
	}
	world_run(w, 200);
	struct hook_peer other = world_peer(w, "", "p");
	other.account_id = 2;
	other.url = receiver_url(&w->receiver, "", url, sizeof(url));
	uint64_t start = world_now_ms();
	uint64_t call = hook_join(w->hooks, &other, world_heard, w);
	world_wait(w, 1, PATIENCE_MS);
	assert_true(w->heard[0].call == call);
	assert_int_equal(w->heard[0].verdict, HOOK_ADMIT);
	assert_true(world_now_ms() - start <= 2000); // 1 s, plus the delay of a busy machine
	// Waiting calls of the first account do not wait for their turn only to meet the same
	// silence.
	world_wait(w, 501, HOOK_ANSWER_MS + PATIENCE_MS);
	for (int i = 1; i <= 500; i++)
		assert_int_equal(w->heard[i].verdict, HOOK_UNAVAILABLE);
}

static void too_many_that_wait_are_turned_away(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < CALLS_MAX + 20; i++) {
		struct hook_peer p = world_peer(w, "", "p");
		p.account_id = i < CALLS_MAX ? 1 : 3;
		p.url = "https://203.0.113.1/"; // documentation: never called
		hook_join(w->hooks, &p, i < CALLS_MAX ? world_heard : NULL, w);
	}
	struct hook_peer p = world_peer(w, "", "p");
	hook_cancel(w->hooks, hook_join(w->hooks, &p, world_heard, w));
	world_wait(w, CALLS_MAX, 20000);
	for (int i = 0; i < CALLS_MAX; i++)
		assert_int_equal(w->heard[i].verdict, HOOK_UNAVAILABLE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(each_status_has_its_meaning),
	        TEST(a_join_asks_what_the_guide_says),
	        TEST(an_apiEvent_may_have_a_query_and_a_slash),
	        TEST(no_answer_within_3_s_is_the_accounts_choice),
	        TEST(a_receiver_that_is_not_there_is_told_at_once),
	        TEST(the_access_token_is_posted),
	        TEST(a_cancelled_call_stays_silent),
	        TEST(a_message_is_one_line_of_text),
	        TEST(connections_are_used_again),
	        TEST(two_thousand_joins_take_seconds),
	        TEST(a_slow_receiver_delays_its_own_account_alone),
	        TEST(too_many_that_wait_are_turned_away),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
