// Which servers are called about newcomers, what the answers cause, and that nobody waits for
// answers about others.
#include "door.h"

#include "am_clock.h"
#include "http/websocket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

// The first request in the receiver's log that is about this peer and whose path ends like this.
static struct json *request_about(const char *path, const char *peer_id)
{
	struct json *log = receiver_log(&integrator.receiver), *found = NULL;

	for (const struct json *r = json_first(log); r && !found; r = json_next(r)) {
		const char *p = json_string(r, "path", 4096), *body = json_string(r, "body", 65536);
		const char *id = json_string(json_object(r, "query"), "peerId", 256);
		struct json *parsed = body ? json_parse(body, strlen(body)) : NULL;
		if (!id)
			id = json_string(parsed, "peerId", 256);
		size_t n = p ? strlen(p) : 0, m = strlen(path);
		if (n >= m && strcmp(p + n - m, path) == 0 && id && strcmp(id, peer_id) == 0)
			found = json_copy(r);
		json_free(parsed);
	}
	json_free(log);
	return found;
}

static const char *header_of(const struct json *request, const char *name)
{
	const char *value = json_string(json_object(request, "headers"), name, 4096);
	return value ? value : "";
}

// proves W01, W04
static void the_webhook_decides(void **)
{
	static const char where[] = "/call/?roomId=hook&peerId=asked&displayName=Ada%20L";
	struct page p;

	let_in(&p, "hooked", where, "");
	struct json *r = request_about("/joinPeer", "asked");
	const struct json *query = json_object(r, "query");
	assert_string_equal(json_string(query, "roomId", 64), "hook");
	assert_string_equal(json_string(query, "displayName", 64), "Ada L");
	assert_string_equal(header_of(r, "authorization"), "Basic Zm9v");
	json_free(r);
	page_leave(&p);

	refuse("w401", where, "", "access-declined");
	struct json *end = turn_away("w423", where, "", "locked");
	assert_string_equal(json_string(end, "detail", 512), "Full until noon");
	json_free(end);
	refuse("w500", where, "", "access-unknown");
	let_in(&p, "wopen", where, "");
	page_leave(&p);
}

// proves U24, W01
static void early_peers_learn_when_the_event_begins(void **)
{
	static const char where[] = "/call/?roomId=early&peerId=p";
	static const char payload[] = "{\"startTime\":\"2099-06-21T00:00:00.0Z \"}";
	int64_t start;

	struct json *end =
	        turn_away("w425", where, integrator_token(&integrator, payload), "not-started");
	assert_true(json_int(end, "startTime", 4085683200000, 4085683200000, &start));
	json_free(end);
	end = turn_away("w425", where, "", "not-started");
	assert_false(json_has(end, "startTime"));
	json_free(end);

	// The switch of the account enforces it without a webhook.
	end = turn_away("punctual", where, integrator_token(&integrator, payload), "not-started");
	assert_true(json_int(end, "startTime", 4085683200000, 4085683200000, &start));
	json_free(end);
	struct page p;
	let_in(&p, "punctual", where, integrator_token(&integrator, "{\"startTime\":1600000000}"));
	page_leave(&p);
	let_in(&p, "free", where, integrator_token(&integrator, payload));
	page_leave(&p);
}

// proves U01, W03, W04
static void the_access_check_decides(void **)
{
	struct page p;

	let_in(&p, "a200", "/call/?roomId=acc&peerId=with&accessToken=802380f4", "");
	struct json *r = request_about("/access", "with");
	assert_string_equal(json_string(r, "method", 8), "POST");
	assert_string_equal(header_of(r, "authorization"), "Bearer bar");
	struct json *body =
	        json_parse(json_string(r, "body", 4096), strlen(json_string(r, "body", 4096)));
	assert_string_equal(json_string(body, "accessToken", 64), "802380f4");
	assert_string_equal(json_string(body, "roomId", 64), "acc");
	json_free(body);
	json_free(r);
	page_leave(&p);

	// Leaving the attribute out does not circumvent it.
	let_in(&p, "a200", "/call/?roomId=acc&peerId=without", "");
	r = request_about("/access", "without");
	body = json_parse(json_string(r, "body", 4096), strlen(json_string(r, "body", 4096)));
	assert_string_equal(json_string(body, "accessToken", 64), "");
	json_free(body);
	json_free(r);
	page_leave(&p);

	refuse("a401", "/call/?roomId=acc&peerId=declined", "", "access-declined");
	assert_int_equal(integrator_count(&integrator, "/joinPeer", "declined"), 0); // not called
	struct json *end = turn_away("a423", "/call/?roomId=acc&peerId=p", "", "locked");
	assert_string_equal(json_string(end, "detail", 512), "Call Ann");
	json_free(end);
	refuse("a425", "/call/?roomId=acc&peerId=p", "", "not-started");
	refuse("a500", "/call/?roomId=acc&peerId=p", "", "access-declined");
}

// proves U19–U22
static void debug_attributes_are_for_debuggers(void **)
{
	char url[512], more[2048];
	struct page p;

	snprintf(
	        more, sizeof(more),
	        "&apiEvent=https%%3A%%2F%%2Flocalhost%%3A%u%%2Fvisitor"
	        "&accessUrl=https%%3A%%2F%%2Flocalhost%%3A%u%%2Fvisitor%%2Faccess",
	        integrator.receiver.port, integrator.receiver.port
	);
	let_in(&p, "closed", "/call/?roomId=dbg&peerId=nobug", more);
	assert_int_equal(integrator_count(&integrator, "/visitor/joinPeer", "nobug"), 0);
	assert_int_equal(integrator_count(&integrator, "/own/joinPeer", "nobug"), 1);
	page_leave(&p);

	let_in(&p, "debug", "/call/?roomId=dbg&peerId=bug", more);
	assert_int_equal(integrator_count(&integrator, "/own/joinPeer", "bug"), 0);
	assert_int_equal(integrator_count(&integrator, "/own/access", "bug"), 0);
	assert_int_equal(integrator_count(&integrator, "/visitor/access", "bug"), 1);
	struct json *r = request_about("/visitor/joinPeer", "bug");
	assert_string_equal(header_of(r, "authorization"), ""); // the account's own is not sent
	json_free(r);
	page_leave(&p);

	strcat(more, "&authEvent=Basic%20visitor&authorizationAccess=Bearer%20visitor");
	let_in(&p, "debug", "/call/?roomId=dbg&peerId=head", more);
	r = request_about("/visitor/joinPeer", "head");
	assert_string_equal(header_of(r, "authorization"), "Basic visitor");
	json_free(r);
	r = request_about("/visitor/access", "head");
	assert_string_equal(header_of(r, "authorization"), "Bearer visitor");
	json_free(r);
	page_leave(&p);

	// A token may name a server anywhere, since the account has signed it.
	snprintf(
	        url, sizeof(url), "{\"apiEvent\":\"https://localhost:%u/signed\"}",
	        integrator.receiver.port
	);
	let_in(&p, "closed", "/call/?roomId=dbg&peerId=sig", integrator_token(&integrator, url));
	assert_int_equal(integrator_count(&integrator, "/signed/joinPeer", "sig"), 1);
	page_leave(&p);
}

// The guide's own example: the access check and the webhooks stand in the address.
// proves U19–U22
static void an_address_may_name_a_server_at_an_allowed_domain(void **)
{
	char more[2048], url[512], list[512];
	struct page p;

#define OF_HOST "https%%3A%%2F%%2Flocalhost%%3A%u%%2F"
	snprintf(
	        more, sizeof(more),
	        "&accessToken=t&apiEvent=" OF_HOST "ok&accessUrl=" OF_HOST "ok%%2Faccess"
	        "&authEvent=Basic%%20ours",
	        integrator.receiver.port, integrator.receiver.port
	);
	let_in(&p, "guided", "/call/?roomId=guide&peerId=allowed", more);
	assert_int_equal(integrator_count(&integrator, "/ok/access", "allowed"), 1);
	struct json *r = request_about("/ok/joinPeer", "allowed");
	assert_string_equal(header_of(r, "authorization"), "Basic ours");
	json_free(r);
	page_leave(&p);

	snprintf(
	        more, sizeof(more), "&accessUrl=" OF_HOST "status=401%%2Faccess",
	        integrator.receiver.port
	);
	refuse("guided", "/call/?roomId=guide&peerId=declined", more, "access-declined");
	refuse("guided", "/call/?roomId=guide&peerId=p", "&apiEvent=https%3A%2F%2Flocalhost%3A1%2F",
	       "access-unknown"); // the server is called and does not answer

	// Servers elsewhere are not called, and an Authorization is sent only to its own URL.
	let_in(&p, "guided", "/call/?roomId=guide&peerId=else",
	       "&accessUrl=https%3A%2F%2Flocalhost.evil.example%2F&authorizationAccess=a&authEvent="
	       "b");
	ignored(&p, list, sizeof(list));
	assert_string_equal(
	        list, "accessUrl:debug-only authEvent:debug-only authorizationAccess:debug-only"
	);
	page_leave(&p);
	snprintf(
	        url, sizeof(url), "{\"apiEvent\":\"https://localhost:%u/ok\"}",
	        integrator.receiver.port
	);
	snprintf(
	        more, sizeof(more), "&apiEvent=" OF_HOST "visitor&authEvent=visitor%s",
	        integrator.receiver.port, integrator_token(&integrator, url)
	);
	let_in(&p, "guided", "/call/?roomId=guide&peerId=signed", more);
	r = request_about("/ok/joinPeer", "signed");
	assert_string_equal(header_of(r, "authorization"), "");
	json_free(r);
	page_leave(&p);
}

// Else a visitor would choose who is asked about him: any page of an allowed domain answers 200.
// proves U01, U19, U20
static void the_servers_of_the_account_are_called(void **)
{
	char more[2048], list[512];
	struct page p;

	snprintf(
	        more, sizeof(more),
	        "&apiEvent=" OF_HOST "visitor&accessUrl=" OF_HOST "visitor%%2Faccess&authEvent=x",
	        integrator.receiver.port, integrator.receiver.port
	);
	let_in(&p, "registered", "/call/?roomId=reg&peerId=reg", more);
	ignored(&p, list, sizeof(list));
	assert_string_equal(list, "accessUrl:registered apiEvent:registered authEvent:registered");
	assert_int_equal(integrator_count(&integrator, "/visitor/access", "reg"), 0);
	assert_int_equal(integrator_count(&integrator, "/visitor/joinPeer", "reg"), 0);
	assert_int_equal(integrator_count(&integrator, "/own/access", "reg"), 1);
	assert_int_equal(integrator_count(&integrator, "/own/joinPeer", "reg"), 1);
	page_leave(&p);
}

// Requests that arrive while the webhook is pending are answered afterwards, in order.
static void early_requests_are_held(void **)
{
	struct page p;

	enter(&p, "slow", "/call/?roomId=held&peerId=held", "");
	page_send(&p, "getRtcStatsUrl", "{}");
	assert_int_equal(page_ask_code(&p, "getRouterRtpCapabilities", "{}"), 200);
	page_leave(&p);

	enter(&p, "slow", "/call/?roomId=held&peerId=flood", "");
	for (int i = 0; i < 40; i++)
		page_send(&p, "getRtcStatsUrl", "{}");
	page_expect_end(&p, "bad-request");
}

#define CROWD     250
#define CROWD_MAX 2000

// Opens viewers of one webinar of the account, which only wait.
static void crowd_come(int *sockets, int count, const char *account)
{
	char request[512];

	for (int i = 0; i < count; i++) {
		sockets[i] = server_dial(&integrator.server);
		int n = snprintf(
		        request, sizeof(request),
		        "GET /webinar/?roomId=crowd&peerId=c%d HTTP/1.1\r\nHost: %s.example\r\n"
		        "Origin: https://%s.example\r\nUpgrade: websocket\r\n"
		        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		        "Sec-WebSocket-Protocol: protoo\r\n\r\n",
		        i, account, account
		);
		assert_int_equal(write(sockets[i], request, (size_t)n), n);
	}
}

static int64_t now_ms(void)
{
	return (int64_t)(am_clock_ns() / 1000000);
}

// Sends pongs, since the server gives up a client that is silent for WEBSOCKET_SILENCE_MS.
static void crowd_show_life(const int *sockets, int count)
{
	static const char pong[] = "\x8a\x80\0\0\0"; // masked, empty: RFC 6455 5.5.3

	for (int i = 0; i < count; i++)
		send(sockets[i], pong, sizeof(pong), MSG_NOSIGNAL);
}

// Waits until all of them are admitted or refused, and lets them leave. Returns how many were let
// in.
static int crowd_leave(int *sockets, int count)
{
	static const char decided[] = "ed\",\"data\":"; // part of admitted and of sessionClosed
	char answer[4096];
	int64_t shown_ms = 0;
	int in = 0;

	for (int i = 0; i < count; i++) {
		if (now_ms() - shown_ms >= WEBSOCKET_PING_MS) {
			crowd_show_life(sockets + i, count - i);
			shown_ms = now_ms();
		}
		size_t len = server_read_until(
		        &integrator.server, sockets[i], answer, sizeof(answer), decided
		);
		assert_non_null(memmem(answer, len, decided, strlen(decided)));
		in += memmem(answer, len, "\"admitted\"", 10) != NULL;
	}
	for (int i = 0; i < count; i++)
		close(sockets[i]);
	return in;
}

// proves F07
static void a_slow_webhook_delays_its_own_account_alone(void **)
{
	static int sockets[CROWD];
	char answer[4096];
	struct page p;

	crowd_come(sockets, CROWD, "slower");
	let_in(&p, "free", "/call/?roomId=quick&peerId=quick", "");
	page_leave(&p);
	let_in(&p, "hooked", "/call/?roomId=quick&peerId=quick", "");
	page_leave(&p);
	// The last of the crowd, about whom the server is called after the first hundred, still
	// waits by now.
	ssize_t early = recv(sockets[CROWD - 1], answer, sizeof(answer), MSG_PEEK | MSG_DONTWAIT);
	assert_true(early <= 0 || !memmem(answer, (size_t)early, "\"admitted\"", 10));
	crowd_leave(sockets, CROWD);
}

// The webhook takes 200 ms for each.
// proves F08
static void two_thousand_come_within_seconds(void **)
{
	static int sockets[CROWD_MAX];
	const struct rlimit limit = {CROWD_MAX + 100, CROWD_MAX + 100};

	setrlimit(RLIMIT_NOFILE, &limit);
	int64_t start = now_ms();
	crowd_come(sockets, CROWD_MAX, "busy");
	int in = crowd_leave(sockets, CROWD_MAX);
	print_message("%d of %d let in within %ld ms\n", in, CROWD_MAX, (long)(now_ms() - start));
	assert_true(in > CROWD_MAX / 2); // the machine may be busy
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_webhook_decides),
	        cmocka_unit_test(early_peers_learn_when_the_event_begins),
	        cmocka_unit_test(the_access_check_decides),
	        cmocka_unit_test(debug_attributes_are_for_debuggers),
	        cmocka_unit_test(an_address_may_name_a_server_at_an_allowed_domain),
	        cmocka_unit_test(the_servers_of_the_account_are_called),
	        cmocka_unit_test(early_requests_are_held),
	        cmocka_unit_test(a_slow_webhook_delays_its_own_account_alone),
	        cmocka_unit_test(two_thousand_come_within_seconds),
	};
	return cmocka_run_group_tests(tests, door_setup, door_teardown);
}
