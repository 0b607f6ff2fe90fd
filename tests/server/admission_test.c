// Who may enter a room, and in which role.
#include "door.h"

#include "store/rooms.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The host finds the account, and its rooms are its own.
// proves S05, S06
static void rooms_belong_to_the_account_of_the_host(void **)
{
	struct page a, b;
	let_in(&a, "free", "/call/?roomId=same&peerId=p", "");
	page_join(&a, "Ada");
	let_in(&b, "other", "/webinar/?roomId=same&peerId=p", ""); // even if it is of another kind
	page_join(&b, "Bob");
	page_expect_none(&a, "newPeer");
	page_expect_none(&a, "sessionClosed");
	refuse("free", "/webinar/?roomId=same&peerId=q", "", "wrong-room-kind");
	page_leave(&a);
	page_leave(&b);
}

// proves U11, U23
static void attributes_of_a_handshake_are_well_formed_or_refused(void **)
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
	        {"/call/?roomId=r&peerID=p", 101}, // the integration guide's other spelling
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
		        page_refused(&integrator.server, "free.example", rows[i].where),
		        rows[i].status
		);
}

// proves S01, S02, U15
static void required_tokens_are_required(void **)
{
	static const char where[] = "/call/?roomId=r&peerId=p";
	struct page p;

	struct json *end = turn_away("strict", where, "", "token-missing");
	int64_t status;
	assert_true(json_int(end, "status", 401, 401, &status));
	assert_string_equal(
	        json_string(end, "message", 128), "Access denied: this room requires a signed link."
	);
	assert_non_null(strstr(json_string(end, "messageRu", 256), "Доступ запрещён"));
	json_free(end);
	refuse("strict", where, "&token=", "token-missing");
	refuse("strict", where, "&token=a.b.c", "token-invalid");
	refuse("strict", where, integrator_foreign_token(&integrator, "{}"), "token-invalid");
	refuse("strict", where, integrator_token(&integrator, "{\"exp\":1}"), "token-expired");
	let_in(&p, "strict", where, integrator_token(&integrator, "{}"));
	page_leave(&p);
	// An invalid token is refused even if no token is required.
	refuse("free", where, integrator_token(&integrator, "{\"exp\":1}"), "token-expired");
}

// proves U23
static void a_token_opens_its_room_alone(void **)
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

// proves U03, U06, U07, U11, U12
static void claims_win_over_the_url(void **)
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

// proves U01, U03, U07, U12, U16, U18, U19–U22
static void ignored_attributes_are_reported(void **)
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
	        {"debug", "&authEvent=a%0d%0aX-Evil%3A%201", false, "authEvent:bad-value"},
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
// proves U06
static void a_bad_name_breaks_nothing(void **)
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
// proves U06
static void a_join_with_no_name_at_all_goes_on(void **)
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

// Where no webhook and no switch keeps people out, moderators hear of it: also those who were there
// before.
// proves U24
static void a_start_that_holds_nobody_back_is_told(void **)
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
	// A start in the past is not reported.
	place =
	        admit(&p, "free", "/call/?roomId=late&peerId=p",
	              integrator_token(&integrator, "{\"startTime\":1600000000}"));
	assert_false(json_has(json_object(place, "room"), "startTime"));
	json_free(place);
	page_leave(&p);
}

// proves U16
static void a_token_lives_from_its_first_use(void **)
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
	refuse("free", second, token, "token-used-up"); // a new join is refused
	page_expect_none(&p, "sessionClosed"); // nobody is removed from the room
	// Another token with the same jti counts as the same token.
	refuse("free", second,
	       integrator_token(&integrator, "{\"jti\":\"life\",\"tokenLifetime\":1500,\"x\":1}"),
	       "token-used-up");
	page_leave(&p);
	refuse("free", first, token, "token-used-up"); // so is one who has left
	assert_int_equal(
	        page_refused(&integrator.server, "free.example", "/call/?roomId=life&peerId=new"),
	        101
	);
}

// proves U16
static void a_used_up_token_stays_so_after_a_restart(void **)
{
	static const char where[] = "/call/?roomId=life2&peerId=p";
	char token[16384];
	struct page p;

	strcpy(token, integrator_token(&integrator, "{\"jti\":\"kill\",\"tokenLifetime\":900}"));
	let_in(&p, "free", where, token);
	page_leave(&p);
	usleep(300000); // until the file is written
	server_stop(&integrator.server, SIGKILL);
	usleep(700000);
	server_start(&integrator.server);
	refuse("free", where, token, "token-used-up");
}

// proves U11
static void the_most_recent_connection_wins(void **)
{
	struct page first, second;

	let_in(&first, "free", "/call/?roomId=again&peerId=p&session=a", "");
	page_join(&first, "P");
	let_in(&second, "free", "/call/?roomId=again&peerId=p&session=b", "");
	page_expect_end(&first, "replaced");
	page_leave(&second);
}

// The webhook takes 700 ms: the second connection asks while the first still waits.
// proves U11, W05
static void the_most_recent_wins_also_while_the_webhook_thinks(void **)
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

// proves U11
static void a_signed_peer_id_is_nobody_elses(void **)
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

// proves W05, F15
static void a_returning_session_is_not_checked_again(void **)
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
	integrator_expect(&integrator, "/closePeer", "later", 1); // nothing else is under way
	assert_int_equal(integrator_count(&integrator, "/joinPeer", "back"), 1);
	assert_int_equal(integrator_count(&integrator, "/closePeer", "back"), 0);
	page_leave(&p);
	integrator_expect(&integrator, "/closePeer", "back", 1);
	integrator_events(&integrator, "back", events, sizeof(events));
	assert_string_equal(events, "joinPeer closePeer");
	// Another session with the same id is a new participant.
	let_in(&p, "hooked", "/call/?roomId=back&peerId=back&session=other", "");
	assert_int_equal(integrator_count(&integrator, "/joinPeer", "back"), 2);
	page_leave(&p);
}

// The token may have expired since; the session is valid in its place.
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
	refuse("strict", own, "", "token-missing"); // the session is gone with its peer
}

// proves W05
static void each_admitted_join_gets_one_close(void **)
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
			page_die(&p); // without a session, there is no way back
		else
			page_leave(&p);
	}
	// The page is gone before the webhook answers.
	enter(&p, "slow", "/call/?roomId=w5&peerId=w5late", "");
	for (int i = 0; i < 100; i++)
		server_turn(&integrator.server);
	page_die(&p);
	for (int i = 0; i < 4; i++) {
		integrator_expect(&integrator, "/closePeer", peers[i], 1);
		integrator_events(&integrator, peers[i], events, sizeof(events));
		assert_string_equal(events, "joinPeer closePeer");
	}
	// The integrator's server was called, and then the room refuses.
	let_in(&p, "hooked", "/call/?roomId=w5kind&peerId=w5host", "");
	refuse("hooked", "/webinar/?roomId=w5kind&peerId=w5kind", "", "wrong-room-kind");
	integrator_expect(&integrator, "/closePeer", "w5kind", 1);
	page_leave(&p);
	// There is no closePeer for a peer that was refused.
	refuse("w401", "/call/?roomId=w5&peerId=w5refused", "", "access-declined");
	usleep(100000);
	assert_int_equal(integrator_count(&integrator, "/closePeer", "w5refused"), 0);
}

// proves W05
static void peers_gone_after_a_kill_are_closed(void **)
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
	// Without a session, the server does not wait. With a session, it waits 15 s.
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

static void admissions_and_refusals_are_counted(void **)
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

// proves G04
static void tokens_limit_the_room(void **)
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
	// By now, the limits are the room's and apply even to somebody without a token.
	refuse("free", "/webinar/?roomId=few&peerId=p9", "", "viewers-full");
	page_leave(&pages[0]);
	page_leave(&pages[2]);
}

// proves G14
static void a_pin_is_required(void **)
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
	// Moderators may still enter.
	snprintf(full, sizeof(full), "%smod2", where);
	let_in(&p, "free", full, integrator_token(&integrator, "{\"role\":\"moderator\"}"));
	page_leave(&p);
	page_leave(&moderator);
}

// proves U17
static void a_moderators_video_is_for_everyone(void **)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(rooms_belong_to_the_account_of_the_host),
	        cmocka_unit_test(attributes_of_a_handshake_are_well_formed_or_refused),
	        cmocka_unit_test(required_tokens_are_required),
	        cmocka_unit_test(a_token_opens_its_room_alone),
	        cmocka_unit_test(claims_win_over_the_url),
	        cmocka_unit_test(ignored_attributes_are_reported),
	        cmocka_unit_test(bad_claims_are_told_too),
	        cmocka_unit_test(a_bad_name_breaks_nothing),
	        cmocka_unit_test(a_join_with_no_name_at_all_goes_on),
	        cmocka_unit_test(a_start_that_holds_nobody_back_is_told),
	        cmocka_unit_test(a_token_lives_from_its_first_use),
	        cmocka_unit_test(a_used_up_token_stays_so_after_a_restart),
	        cmocka_unit_test(the_most_recent_connection_wins),
	        cmocka_unit_test(the_most_recent_wins_also_while_the_webhook_thinks),
	        cmocka_unit_test(a_signed_peer_id_is_nobody_elses),
	        cmocka_unit_test(a_returning_session_is_not_checked_again),
	        cmocka_unit_test(a_session_needs_no_token),
	        cmocka_unit_test(each_admitted_join_gets_one_close),
	        cmocka_unit_test(peers_gone_after_a_kill_are_closed),
	        cmocka_unit_test(admissions_and_refusals_are_counted),
	        cmocka_unit_test(tokens_limit_the_room),
	        cmocka_unit_test(a_pin_is_required),
	        cmocka_unit_test(a_moderators_video_is_for_everyone),
	};
	return cmocka_run_group_tests(tests, door_setup, door_teardown);
}
