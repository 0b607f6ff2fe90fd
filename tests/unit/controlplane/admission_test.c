// The way into a room, on the real server: accounts in their file, tokens with real signatures,
// and a real HTTPS server that is asked.
#include "integrator.h"
#include "test.h"

#include "json.h"
#include "store.h"
#include "websocket.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct integrator integrator;

#define JOIN(status)                                                                               \
	{                                                                                          \
		"api-event", "receiver:join=" status, NULL                                         \
	}

static const struct integrator_account accounts[] = {
        {"free", {NULL}},
        {"other", {NULL}},
        {"strict", {"jwt-required", "on", NULL}},
        {"debug",
         {"debug", "on", "api-event", "receiver:own/", "auth-event", "Basic own", "access-url",
          "receiver:own/access", NULL}},
        {"closed", {"api-event", "receiver:own", "access-url", "receiver:own/access", NULL}},
        {"registered",
         {"domain", "https://localhost", "api-event", "receiver:own", "access-url",
          "receiver:own/access", NULL}},
        {"guided", {"domain", "https://localhost", NULL}},
        {"punctual", {"enforce-start-time", "on", NULL}},
        {"hooked", {"api-event", "receiver:ok", "auth-event", "Basic Zm9v", NULL}},
        {"w401", JOIN("401")},
        {"w423", {"api-event", "receiver:join=423,body=Full%20until%20noon", NULL}},
        {"w425", JOIN("425")},
        {"w500", JOIN("500")},
        {"wopen", {"api-event", "receiver:join=500", "hook-fail", "open", NULL}},
        {"slow", {"api-event", "receiver:delay=700", NULL}},
        {"slower", {"api-event", "receiver:delay=1000", NULL}},
        {"busy", {"api-event", "receiver:delay=200", NULL}},
        {"a200",
         {"access-url", "receiver:ok/access", "authorization-access", "Bearer bar", "api-event",
          "receiver:ok", NULL}},
        {"a401", {"access-url", "receiver:status=401/access", "api-event", "receiver:ok", NULL}},
        {"a423", {"access-url", "receiver:status=423,body=Call%20Ann/access", NULL}},
        {"a425", {"access-url", "receiver:status=425/access", NULL}},
        {"a500", {"access-url", "receiver:status=500/access", NULL}},
        {NULL, {NULL}},
};

static int group_setup(void **)
{
	integrator_setup(&integrator, accounts);
	return 0;
}

static int group_teardown(void **)
{
	return integrator_teardown(&integrator);
}

static void enter(struct page *p, const char *account, const char *where, const char *more)
{
	integrator_open(&integrator, p, account, where, more);
}

// The data of `admitted`, freed by the caller.
static struct json *admit(struct page *p, const char *account, const char *where, const char *more)
{
	enter(p, account, where, more);
	struct json *place = page_notified(p, "admitted");
	if (!place)
		fail_msg("not admitted to %s%s", account, where);
	return place;
}

static void let_in(struct page *p, const char *account, const char *where, const char *more)
{
	json_free(admit(p, account, where, more));
}

// The data of sessionClosed with this reason, freed by the caller.
static struct json *
turn_away(const char *account, const char *where, const char *more, const char *reason)
{
	struct page p;

	enter(&p, account, where, more);
	struct json *end = page_notified(&p, "sessionClosed");
	if (!end)
		fail_msg("let in to %s%s", account, where);
	assert_string_equal(json_string(end, "reason", 64), reason);
	page_die(&p);
	return end;
}

static void refuse(const char *account, const char *where, const char *more, const char *reason)
{
	json_free(turn_away(account, where, more, reason));
}

// The host finds the account, and its rooms are its own.
static void rooms_belong_to_the_account_of_the_host(void **) // S05, S06
{
	struct page a, b;
	let_in(&a, "free", "/call/?roomId=same&peerId=p", "");
	page_join(&a, "Ada");
	let_in(&b, "other", "/webinar/?roomId=same&peerId=p", ""); // also of another kind
	page_join(&b, "Bob");
	page_expect_none(&a, "newPeer");
	page_expect_none(&a, "sessionClosed");
	refuse("free", "/webinar/?roomId=same&peerId=q", "", "wrong-room-kind");
	page_leave(&a);
	page_leave(&b);
}

static void attributes_of_a_handshake_are_well_formed_or_refused(void **) // U11, U23
{
	static const struct {
		const char *where;
		int status;
	} rows[] = {
	        {"/call/?roomId=a%2Fb&peerId=p", 400},
	        {"/call/?peerId=p", 400},
	        {"/call/?roomId=r", 400},
	        {"/call/?roomId=r&peerId=%0a", 400},
	        {"/call/?roomId=r&peerId=p&session=a%20b", 400},
	        {"/call/?roomId=r&peerID=p", 101}, // the guide's other spelling
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
		        page_refused(&integrator.server, "free.example", rows[i].where),
		        rows[i].status
		);
}

static void required_tokens_are_required(void **) // S01, S02, U15
{
	static const char where[] = "/call/?roomId=r&peerId=p";
	struct page p;

	struct json *end = turn_away("strict", where, "", "token-missing");
	int64_t status;
	assert_true(json_int(end, "status", 401, 401, &status));
	assert_string_equal(
	        json_string(end, "message", 128), "Access denied: this room needs a signed link."
	);
	assert_non_null(strstr(json_string(end, "messageRu", 256), "Доступ запрещён"));
	json_free(end);
	refuse("strict", where, "&token=", "token-missing");
	refuse("strict", where, "&token=a.b.c", "token-invalid");
	refuse("strict", where, integrator_foreign_token(&integrator, "{}"), "token-invalid");
	refuse("strict", where, integrator_token(&integrator, "{\"exp\":1}"), "token-expired");
	let_in(&p, "strict", where, integrator_token(&integrator, "{}"));
	page_leave(&p);
	// A token that does not hold is refused also where none is needed.
	refuse("free", where, integrator_token(&integrator, "{\"exp\":1}"), "token-expired");
}

static void a_token_opens_its_room_alone(void **) // U23
{
	static const char payload[] = "{\"roomId\":\"mine\",\"peerId\":7}";
	struct page p;

	refuse("strict", "/call/?roomId=yours&peerId=7", integrator_token(&integrator, payload),
	       "token-wrong-room");
	struct json *place =
	        admit(&p, "strict", "/call/?session=s", integrator_token(&integrator, payload));
	assert_string_equal(json_string(place, "peerId", 64), "7");
	json_free(place);
	page_leave(&p);
	refuse("strict", "/call/?roomId=r", integrator_token(&integrator, "{}"), "bad-request");
}

static void claims_win_over_the_url(void **) // U03, U06, U07, U11, U12
{
	struct page p;
	struct json *place = admit(
	        &p, "free",
	        "/webinar/?roomId=wins&peerId=url&displayName=Url&itisparticipant=false",
	        integrator_token(
	                &integrator,
	                "{\"peerId\":\"claim\",\"displayName\":\"Claim\",\"itisparticipant\":true,"
	                "\"role\":\"moderator\",\"canRecord\":true}"
	        )
	);
	assert_string_equal(json_string(place, "peerId", 64), "claim");
	assert_string_equal(json_string(place, "displayName", 64), "Claim");
	assert_true(json_is_true(place, "nameIsFixed"));
	assert_true(json_is_true(place, "speaker") && json_is_true(place, "moderator"));
	assert_true(json_is_true(place, "canRecord") && json_is_true(place, "chat"));
	json_free(place);
	page_expect_none(&p, "attributesIgnored");
	// The name is the token's, whatever the page says as it joins.
	page_join(&p, "Somebody else");
	struct page q;
	let_in(&q, "free", "/webinar/?roomId=wins&peerId=q", "");
	struct json *answer = page_ask(&q, "join", "{\"displayName\":\"Q\"}");
	const struct json *first = json_first(json_array(json_object(answer, "data"), "peers"));
	assert_string_equal(json_string(first, "displayName", 64), "Claim");
	assert_true(json_is_true(first, "moderator"));
	json_free(answer);
	page_leave(&q);
	page_leave(&p);
}

// "name:reason name:reason …" of attributesIgnored.
static void ignored(struct page *p, char *out, size_t size)
{
	struct json *data = page_notified(p, "attributesIgnored");

	out[0] = '\0';
	for (const struct json *j = json_first(json_array(data, "attributes")); j; j = json_next(j))
		snprintf(
		        out + strlen(out), size - strlen(out), "%s%s:%s", out[0] ? " " : "",
		        json_string(j, "name", 64), json_string(j, "reason", 64)
		);
	json_free(data);
}

static void what_does_not_count_is_told(void **) // U01, U03, U07, U12, U16, U18, U19–U22
{
	static const struct {
		const char *account, *query;
		bool token;
		const char *ignored;
	} rows[] = {
	        {"free", "&role=moderator&canRecord=true&waitingRoom=true&startTime=1", false,
	         "canRecord:jwt-only role:jwt-only waitingRoom:jwt-only startTime:jwt-only"},
	        {"free", "&itisparticipant=yes&video=http%3A%2F%2Fplain.example", false,
	         "itisparticipant:bad-value video:bad-value"},
	        {"free",
	         "&accessUrl=https%3A%2F%2Fe.example&apiEvent=https%3A%2F%2Fe.example"
	         "&authEvent=x&authorizationAccess=y",
	         false,
	         "accessUrl:debug-only apiEvent:debug-only authEvent:debug-only "
	         "authorizationAccess:debug-only"},
	        {"free", "&tokenLifetime=5", false, "tokenLifetime:no-token"},
	        {"free", "&maxWatchers=5&maxBroadcasters=1", false,
	         "maxBroadcasters:jwt-only maxWatchers:jwt-only"},
	        {"strict", "&accessToken=t&itisparticipant=true", true,
	         "accessToken:jwt-required itisparticipant:jwt-required"},
	        {"debug", "&authEvent=a%0d%0aX-Evil%3A%201", false, "authEvent:bad-value"}, // U21
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char more[16384], list[512];
		struct page p;
		snprintf(
		        more, sizeof(more), "%s%s", rows[i].query,
		        rows[i].token ? integrator_token(&integrator, "{}") : ""
		);
		struct json *place =
		        admit(&p, rows[i].account, "/webinar/?roomId=ignored&peerId=p", more);
		assert_false(json_is_true(place, "moderator") || json_is_true(place, "canRecord"));
		assert_false(json_is_true(place, "speaker"));
		json_free(place);
		ignored(&p, list, sizeof(list));
		assert_string_equal(list, rows[i].ignored);
		page_leave(&p);
	}
}

static void bad_claims_are_told_too(void **)
{
	char list[256];
	struct page p;
	struct json *place =
	        admit(&p, "free", "/call/?roomId=badclaim&peerId=p&displayName=Url",
	              integrator_token(&integrator, "{\"role\":5,\"displayName\":[]}"));
	assert_false(json_is_true(place, "moderator"));
	json_free(place);
	ignored(&p, list, sizeof(list));
	assert_string_equal(list, "displayName:bad-value role:bad-value");
	page_leave(&p);
}

#define LETTERS_35 "abcdefghijklmnopqrstuvwxyzabcdefghi"

// A page that sends the same name again is let in all the same.
static void a_bad_name_breaks_nothing(void **) // U06
{
	static const struct {
		const char *escaped, *json, *shown; // NULL: nothing
	} rows[] = {
	        {LETTERS_35 LETTERS_35, LETTERS_35 LETTERS_35, NULL},
	        {"Ada%0ALovelace", "Ada\\nLovelace", NULL},
	        {"%E2%80%8B", "\\u200b", NULL},
	        {"%E2%80%AEadA", "\\u202eadA", "adA"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char more[256], data[256], list[64];
		struct page p;
		snprintf(more, sizeof(more), "&displayName=%s", rows[i].escaped);
		struct json *place = admit(&p, "free", "/call/?roomId=names&peerId=p", more);
		const char *name = json_string(place, "displayName", 64);
		assert_true(rows[i].shown ? name && strcmp(name, rows[i].shown) == 0 : !name);
		json_free(place);
		if (!rows[i].shown) {
			ignored(&p, list, sizeof(list));
			assert_string_equal(list, "displayName:bad-value");
		}
		snprintf(data, sizeof(data), "{\"displayName\":\"%s\"}", rows[i].json);
		assert_int_equal(page_ask_code(&p, "join", data), 200);
		assert_int_equal(
		        page_ask_code(&p, "changeDisplayName", data), rows[i].shown ? 200 : 400
		);
		page_leave(&p);
	}
}

// Neither does one that is no name at all, which a URL cannot say.
static void a_join_with_no_name_at_all_goes_on(void **) // U06
{
	static const char others[][24] = {"7", "null", "{}", "[\"Ada\"]"};
	char data[4096], letters[2048] = "";

	memset(letters, 'a', sizeof(letters) - 1);
	for (size_t i = 0; i <= sizeof(others) / sizeof(others[0]); i++) {
		struct page p;
		bool is_long = i == sizeof(others) / sizeof(others[0]);
		snprintf(
		        data, sizeof(data),
		        is_long ? "{\"displayName\":\"%s\"}" : "{\"displayName\":%s}",
		        is_long ? letters : others[i]
		);
		let_in(&p, "free", "/call/?roomId=names&peerId=p", "&displayName=Ada");
		assert_int_equal(page_ask_code(&p, "join", data), 200);
		page_leave(&p);
	}
}

// An answer in the receiver's log: the first request whose path ends so, about this peer.
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

static void the_webhook_decides(void **) // W01, W04
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

static void who_comes_too_early_hears_when_it_begins(void **) // U24, W01
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

static void the_access_check_decides(void **) // U01, W03, W04
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

	// Dropping the attribute does not get around it.
	let_in(&p, "a200", "/call/?roomId=acc&peerId=without", "");
	r = request_about("/access", "without");
	body = json_parse(json_string(r, "body", 4096), strlen(json_string(r, "body", 4096)));
	assert_string_equal(json_string(body, "accessToken", 64), "");
	json_free(body);
	json_free(r);
	page_leave(&p);

	refuse("a401", "/call/?roomId=acc&peerId=declined", "", "access-declined");
	assert_int_equal(integrator_count(&integrator, "/joinPeer", "declined"), 0); // not asked
	struct json *end = turn_away("a423", "/call/?roomId=acc&peerId=p", "", "locked");
	assert_string_equal(json_string(end, "detail", 512), "Call Ann");
	json_free(end);
	refuse("a425", "/call/?roomId=acc&peerId=p", "", "not-started");
	refuse("a500", "/call/?roomId=acc&peerId=p", "", "access-declined");
}

static void debug_attributes_are_for_debuggers(void **) // U19–U22
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
	assert_string_equal(header_of(r, "authorization"), ""); // the account's stays at home
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

	// A token may say the same anywhere: the account has signed it.
	snprintf(
	        url, sizeof(url), "{\"apiEvent\":\"https://localhost:%u/signed\"}",
	        integrator.receiver.port
	);
	let_in(&p, "closed", "/call/?roomId=dbg&peerId=sig", integrator_token(&integrator, url));
	assert_int_equal(integrator_count(&integrator, "/signed/joinPeer", "sig"), 1);
	page_leave(&p);
}

// The guide's own example: the access check and the webhooks stand in the address.
static void an_allowed_domain_is_asked_as_the_address_says(void **) // U19–U22
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
	       "access-unknown"); // is asked, and does not answer

	// Elsewhere nobody is sent, and an Authorization goes with its own URL alone.
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
static void what_the_account_has_registered_is_asked(void **) // U01, U19, U20
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

// Where no webhook and no switch keeps people out, moderators hear of it: also those who were there
// before.
static void a_start_that_holds_nobody_back_is_told(void **) // U24
{
	static const char start[] = "{\"startTime\":4085683200,\"role\":\"moderator\"}";
	struct page m, p, q;
	int64_t ms;

	let_in(&m, "free", "/call/?roomId=early&peerId=m",
	       integrator_token(&integrator, "{\"role\":\"moderator\"}"));
	page_join(&m, "M");
	let_in(&p, "free", "/call/?roomId=early&peerId=p",
	       integrator_token(&integrator, "{\"startTime\":4085683200}"));
	struct json *told = page_notified(&m, "roomChanged");
	assert_true(json_int(told, "startTime", 4085683200000, 4085683200000, &ms));
	json_free(told);
	struct json *place =
	        admit(&q, "free", "/call/?roomId=early&peerId=q",
	              integrator_token(&integrator, start));
	assert_true(
	        json_int(json_object(place, "room"), "startTime", 4085683200000, 4085683200000, &ms)
	);
	json_free(place);
	page_leave(&p);
	page_leave(&q);
	page_leave(&m);
	// A start that has been is no news.
	place =
	        admit(&p, "free", "/call/?roomId=late&peerId=p",
	              integrator_token(&integrator, "{\"startTime\":1600000000}"));
	assert_false(json_has(json_object(place, "room"), "startTime"));
	json_free(place);
	page_leave(&p);
}

static void a_token_lives_from_its_first_use(void **) // U16
{
	static const char where[] = "/call/?roomId=life&session=s1&peerId=";
	char first[256], second[256], token[16384];
	struct page p, q;

	snprintf(first, sizeof(first), "%sp", where);
	snprintf(second, sizeof(second), "%sq", where);
	strcpy(token, integrator_token(&integrator, "{\"jti\":\"life\",\"tokenLifetime\":1500}"));
	let_in(&p, "free", first, token);
	page_join(&p, "P");
	let_in(&q, "free", second, token);
	page_leave(&q);
	usleep(1600000);
	refuse("free", second, token, "token-used-up"); // a new join
	page_expect_none(&p, "sessionClosed"); // nobody in the room is thrown out
	// Another token of the same jti is the same token.
	refuse("free", second,
	       integrator_token(&integrator, "{\"jti\":\"life\",\"tokenLifetime\":1500,\"x\":1}"),
	       "token-used-up");
	page_leave(&p);
	refuse("free", first, token, "token-used-up"); // and who has left
	assert_int_equal(
	        page_refused(&integrator.server, "free.example", "/call/?roomId=life&peerId=new"),
	        101
	);
}

static void a_used_up_token_stays_so_after_a_restart(void **) // U16
{
	static const char where[] = "/call/?roomId=life2&peerId=p";
	char token[16384];
	struct page p;

	strcpy(token, integrator_token(&integrator, "{\"jti\":\"kill\",\"tokenLifetime\":900}"));
	let_in(&p, "free", where, token);
	page_leave(&p);
	usleep(300000); // for the file
	server_stop(&integrator.server, SIGKILL);
	usleep(700000);
	server_start(&integrator.server);
	refuse("free", where, token, "token-used-up");
}

static void the_most_recent_connection_wins(void **) // U11
{
	struct page first, second;

	let_in(&first, "free", "/call/?roomId=again&peerId=p&session=a", "");
	page_join(&first, "P");
	let_in(&second, "free", "/call/?roomId=again&peerId=p&session=b", "");
	page_expect_end(&first, "replaced");
	page_leave(&second);
}

// The webhook takes 700 ms: the second connection asks while the first still waits.
static void the_most_recent_wins_also_while_the_webhook_thinks(void **) // U11, W05
{
	char events[128];
	struct page first, second;

	enter(&first, "slow", "/call/?roomId=race&peerId=racer&session=a", "");
	enter(&second, "slow", "/call/?roomId=race&peerId=racer&session=b", "");
	json_free(page_notified(&second, "admitted"));
	page_expect_end(&first, "replaced");
	page_leave(&second);
	integrator_expect(&integrator, "/closePeer", "racer", 2);
	integrator_events(&integrator, "racer", events, sizeof(events));
	assert_int_equal(integrator_count(&integrator, "/joinPeer", "racer"), 2);
}

static void a_signed_peer_id_is_nobody_elses(void **) // U11
{
	static const char where[] = "/call/?roomId=signed&peerId=ceo&session=";
	char own[256], thief[256];
	struct page p, q;

	snprintf(own, sizeof(own), "%sa", where);
	snprintf(thief, sizeof(thief), "%sb", where);
	let_in(&p, "free", own, integrator_token(&integrator, "{\"peerId\":\"ceo\"}"));
	page_join(&p, "CEO");
	refuse("free", thief, "", "peer-id-taken");
	refuse("free", thief, integrator_token(&integrator, "{}"), "peer-id-taken");
	page_expect_none(&p, "sessionClosed");
	let_in(&q, "free", thief, integrator_token(&integrator, "{\"peerId\":\"ceo\"}"));
	page_expect_end(&p, "replaced");
	page_leave(&q);
}

static void a_session_that_comes_back_is_not_asked_again(void **) // W05, row 15 of the faults
{
	static const char where[] = "/call/?roomId=back&peerId=back&session=secret";
	char events[128];
	struct page p;

	let_in(&p, "hooked", where, "");
	page_join(&p, "P");
	page_die(&p);
	let_in(&p, "hooked", where, ""); // the socket broke
	page_join(&p, "P");
	server_wait_stored(&integrator.server, "back", STORE_JOINED);
	server_wait_admission(&integrator.server, "back");
	server_stop(&integrator.server, SIGKILL);
	page_die(&p);
	server_start(&integrator.server);
	let_in(&p, "hooked", where, ""); // the control plane died
	struct page later;
	let_in(&later, "hooked", "/call/?roomId=back&peerId=later", "");
	page_leave(&later);
	integrator_expect(&integrator, "/closePeer", "later", 1); // nothing is under way any more
	assert_int_equal(integrator_count(&integrator, "/joinPeer", "back"), 1);
	assert_int_equal(integrator_count(&integrator, "/closePeer", "back"), 0);
	page_leave(&p);
	integrator_expect(&integrator, "/closePeer", "back", 1);
	integrator_events(&integrator, "back", events, sizeof(events));
	assert_string_equal(events, "joinPeer closePeer");
	// Another session of the same id is somebody new.
	let_in(&p, "hooked", "/call/?roomId=back&peerId=back&session=other", "");
	assert_int_equal(integrator_count(&integrator, "/joinPeer", "back"), 2);
	page_leave(&p);
}

// Its token may have expired since: the session is what it was given for it.
static void a_session_needs_no_token(void **)
{
	static const char where[] = "/call/?roomId=again&peerId=p&session=";
	char own[128], other[128];
	struct page p;

	snprintf(own, sizeof(own), "%ssecret", where);
	snprintf(other, sizeof(other), "%sguess", where);
	let_in(&p, "strict", own, integrator_token(&integrator, "{\"peerId\":\"p\"}"));
	page_join(&p, "P");
	page_die(&p);
	refuse("strict", other, "", "token-missing");
	let_in(&p, "strict", own, "");
	page_leave(&p);
	refuse("strict", own, "", "token-missing"); // gone with its peer
}

static void each_admitted_join_gets_one_close(void **) // W05
{
	static const char *const peers[] = {"w5left", "w5died", "w5never", "w5late"};
	struct page p;
	char where[128], events[128];

	for (int i = 0; i < 3; i++) {
		snprintf(where, sizeof(where), "/call/?roomId=w5&peerId=%s", peers[i]);
		let_in(&p, "hooked", where, "");
		if (i == 0)
			page_join(&p, "left");
		if (i == 1)
			page_die(&p); // no session: there is no way back
		else
			page_leave(&p);
	}
	// Gone while the webhook thinks.
	enter(&p, "slow", "/call/?roomId=w5&peerId=w5late", "");
	for (int i = 0; i < 100; i++)
		server_turn(&integrator.server);
	page_die(&p);
	for (int i = 0; i < 4; i++) {
		integrator_expect(&integrator, "/closePeer", peers[i], 1);
		integrator_events(&integrator, peers[i], events, sizeof(events));
		assert_string_equal(events, "joinPeer closePeer");
	}
	// Asked about, and then the room does not take it.
	let_in(&p, "hooked", "/call/?roomId=w5kind&peerId=w5host", "");
	refuse("hooked", "/webinar/?roomId=w5kind&peerId=w5kind", "", "wrong-room-kind");
	integrator_expect(&integrator, "/closePeer", "w5kind", 1);
	page_leave(&p);
	// One who was refused has no close.
	refuse("w401", "/call/?roomId=w5&peerId=w5refused", "", "access-declined");
	usleep(100000);
	assert_int_equal(integrator_count(&integrator, "/closePeer", "w5refused"), 0);
}

static void who_is_gone_after_a_kill_is_closed(void **) // W05
{
	char events[128];
	struct page p;

	let_in(&p, "hooked", "/call/?roomId=w5k&peerId=w5kill", "");
	page_join(&p, "P");
	server_wait_stored(&integrator.server, "w5kill", STORE_JOINED);
	server_wait_admission(&integrator.server, "w5kill");
	server_stop(&integrator.server, SIGKILL);
	page_die(&p);
	server_start(&integrator.server);
	// It has no session: the server waits for nobody. One with a session has 15 s.
	char answer[4096];
	assert_int_equal(
	        integrator_rest(
	                &integrator, "hooked", "GET", "/rooms/w5k/numberPeers", "", answer,
	                sizeof(answer)
	        ),
	        400
	);
	integrator_expect(&integrator, "/closePeer", "w5kill", 1);
	integrator_events(&integrator, "w5kill", events, sizeof(events));
	assert_string_equal(events, "joinPeer closePeer");
}

static unsigned long long metric(const char *sample)
{
	static char answer[262144];
	unsigned long long value = 0;

	assert_int_equal(
	        integrator_rest(&integrator, NULL, "GET", "/metrics", "", answer, sizeof(answer)),
	        200
	);
	const char *found = strstr(answer, sample);
	assert_non_null(found);
	assert_int_equal(sscanf(found + strlen(sample), " %llu", &value), 1);
	return value;
}

static void what_happens_at_the_door_is_counted(void **)
{
#define REFUSED(reason) "\namphi_controlplane_refusals_total{reason=\"" reason "\"}"
#define CALLS           "\namphi_controlplane_webhook_calls_total"
#define JOINS           "\namphi_controlplane_joins_total"
	unsigned long long expired = metric(REFUSED("token-expired")), calls = metric(CALLS);
	unsigned long long declined = metric(REFUSED("access-declined")), joins = metric(JOINS);
	static const char where[] = "/call/?roomId=counted&peerId=a";
	struct page p;

	refuse("free", where, integrator_token(&integrator, "{\"exp\":1}"), "token-expired");
	assert_int_equal(metric(REFUSED("token-expired")), expired + 1);
	refuse("w401", where, "", "access-declined");
	assert_int_equal(metric(REFUSED("access-declined")), declined + 1);
	assert_int_equal(metric(CALLS), calls + 1);
	assert_int_equal(metric(JOINS), joins);
	let_in(&p, "free", where, "");
	page_join(&p, "A");
	assert_int_equal(metric(JOINS), joins + 1);
	page_leave(&p);
}

static void tokens_limit_the_room(void **) // G04
{
	static const char where[] = "/webinar/?roomId=few&peerId=";
	static const char payload[] =
	        "{\"maxBroadcasters\":1,\"maxWatchers\":1,\"itisparticipant\":%s}";
	static const struct {
		const char *speaker, *reason;
	} rows[] = {
	        {"true", NULL},
	        {"true", "speakers-full"},
	        {"false", NULL},
	        {"false", "viewers-full"}};
	struct page pages[4];

	for (int i = 0; i < 4; i++) {
		char full[128], claims[128];
		snprintf(full, sizeof(full), "%sp%d", where, i);
		snprintf(claims, sizeof(claims), payload, rows[i].speaker);
		const char *token = integrator_token(&integrator, claims);
		if (rows[i].reason) {
			refuse("free", full, token, rows[i].reason);
			continue;
		}
		let_in(&pages[i], "free", full, token);
		page_join(&pages[i], "P");
	}
	// The limits are the room's by now: also for somebody without a token.
	refuse("free", "/webinar/?roomId=few&peerId=p9", "", "viewers-full");
	page_leave(&pages[0]);
	page_leave(&pages[2]);
}

static void a_pin_is_asked_for(void **) // G14
{
	static const char where[] = "/call/?roomId=pin&peerId=";
	char full[128];
	struct page moderator, p;

	snprintf(full, sizeof(full), "%smod", where);
	let_in(&moderator, "free", full,
	       integrator_token(&integrator, "{\"role\":\"moderator\",\"pin\":\"4711\"}"));
	page_join(&moderator, "M");
	snprintf(full, sizeof(full), "%sp", where);
	refuse("free", full, "", "pin-required");
	let_in(&p, "free", full, "&pin=4711");
	page_leave(&p);
	for (int i = 0; i < 10; i++)
		refuse("free", full, "&pin=0000", "pin-wrong");
	refuse("free", full, "&pin=4711", "pin-locked");
	// Moderators come in as before.
	snprintf(full, sizeof(full), "%smod2", where);
	let_in(&p, "free", full, integrator_token(&integrator, "{\"role\":\"moderator\"}"));
	page_leave(&p);
	page_leave(&moderator);
}

static void a_video_is_for_everyone_where_it_is_signed(void **) // U17
{
	struct page moderator, p;
	let_in(&p, "free", "/call/?roomId=vid&peerId=p&video=https%3A%2F%2Fv.example%2Fmine", "");
	page_join(&p, "P");
	struct json *place =
	        admit(&moderator, "free",
	              "/call/?roomId=vid&peerId=m&video=https%3A%2F%2Fv.example%2Fall",
	              integrator_token(&integrator, "{\"role\":\"moderator\"}"));
	assert_string_equal(
	        json_string(json_object(place, "room"), "video", 128), "https://v.example/all"
	);
	json_free(place);
	page_expect(&p, "roomChanged", "video", "https://v.example/all");
	page_leave(&moderator);
	page_leave(&p);
}

// Requests that come while the webhook thinks are answered afterwards, in order.
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

// Viewers of one webinar of the account who only wait.
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
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// Whoever says nothing for WEBSOCKET_SILENCE_MS is given up.
static void crowd_show_life(const int *sockets, int count)
{
	static const char pong[] = "\x8a\x80\0\0\0"; // masked, empty: RFC 6455 5.5.3

	for (int i = 0; i < count; i++)
		send(sockets[i], pong, sizeof(pong), MSG_NOSIGNAL);
}

// Until all of them are decided about, and leave. Returns how many were let in.
static int crowd_leave(int *sockets, int count)
{
	static const char decided[] = "ed\",\"data\":"; // of admitted, and of sessionClosed
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
	// The last of the crowd, who is asked for after the first hundred, still waits by now.
	ssize_t early = recv(sockets[CROWD - 1], answer, sizeof(answer), MSG_PEEK | MSG_DONTWAIT);
	assert_true(early <= 0 || !memmem(answer, (size_t)early, "\"admitted\"", 10));
	crowd_leave(sockets, CROWD);
}

// The webhook takes 200 ms for each.
static void two_thousand_come_within_seconds(void **)
{
	static int sockets[CROWD_MAX];
	const struct rlimit limit = {CROWD_MAX + 100, CROWD_MAX + 100};

	setrlimit(RLIMIT_NOFILE, &limit);
	int64_t start = now_ms();
	crowd_come(sockets, CROWD_MAX, "busy");
	int in = crowd_leave(sockets, CROWD_MAX);
	print_message("%d of %d let in within %ld ms\n", in, CROWD_MAX, (long)(now_ms() - start));
	assert_true(in > CROWD_MAX / 2); // a machine that does other things too
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(rooms_belong_to_the_account_of_the_host),
	        cmocka_unit_test(attributes_of_a_handshake_are_well_formed_or_refused),
	        cmocka_unit_test(required_tokens_are_required),
	        cmocka_unit_test(a_token_opens_its_room_alone),
	        cmocka_unit_test(claims_win_over_the_url),
	        cmocka_unit_test(what_does_not_count_is_told),
	        cmocka_unit_test(bad_claims_are_told_too),
	        cmocka_unit_test(a_bad_name_breaks_nothing),
	        cmocka_unit_test(a_join_with_no_name_at_all_goes_on),
	        cmocka_unit_test(the_webhook_decides),
	        cmocka_unit_test(who_comes_too_early_hears_when_it_begins),
	        cmocka_unit_test(the_access_check_decides),
	        cmocka_unit_test(debug_attributes_are_for_debuggers),
	        cmocka_unit_test(an_allowed_domain_is_asked_as_the_address_says),
	        cmocka_unit_test(what_the_account_has_registered_is_asked),
	        cmocka_unit_test(a_start_that_holds_nobody_back_is_told),
	        cmocka_unit_test(a_token_lives_from_its_first_use),
	        cmocka_unit_test(a_used_up_token_stays_so_after_a_restart),
	        cmocka_unit_test(the_most_recent_connection_wins),
	        cmocka_unit_test(the_most_recent_wins_also_while_the_webhook_thinks),
	        cmocka_unit_test(a_signed_peer_id_is_nobody_elses),
	        cmocka_unit_test(a_session_that_comes_back_is_not_asked_again),
	        cmocka_unit_test(a_session_needs_no_token),
	        cmocka_unit_test(each_admitted_join_gets_one_close),
	        cmocka_unit_test(who_is_gone_after_a_kill_is_closed),
	        cmocka_unit_test(what_happens_at_the_door_is_counted),
	        cmocka_unit_test(tokens_limit_the_room),
	        cmocka_unit_test(a_pin_is_asked_for),
	        cmocka_unit_test(a_video_is_for_everyone_where_it_is_signed),
	        cmocka_unit_test(early_requests_are_held),
	        cmocka_unit_test(a_slow_webhook_delays_its_own_account_alone),
	        cmocka_unit_test(two_thousand_come_within_seconds),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
