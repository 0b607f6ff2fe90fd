// The waiting room, roles, and what moderators may do, on the real server: each request by each
// role, about everyone.
#include "stage.h"
#include "test.h"

#include "base/json.h"
#include "store/rooms.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST "{\"role\":\"moderator\",\"waitingRoom\":true}"

static int number_of_peers(const char *account, const char *room)
{
	char path[128], answer[4096];
	int count = -1;

	snprintf(path, sizeof(path), "/rooms/%s/numberPeers", room);
	integrator_rest(&integrator, account, "GET", path, "", answer, sizeof(answer));
	const char *found = strstr(answer, "\"numberPeers\":");
	assert_true(found && sscanf(found, "\"numberPeers\":%d", &count) == 1);
	return count;
}

// The ids of waitingPeers, one after the other.
static void waiting_peers(struct page *p, char *out, size_t size)
{
	struct json *data = page_notified(p, "waitingPeers");

	assert_non_null(data);
	out[0] = '\0';
	for (const struct json *j = json_first(json_array(data, "peers")); j; j = json_next(j))
		snprintf(
		        out + strlen(out), size - strlen(out), "%s%s", out[0] ? " " : "",
		        json_string(j, "id", 64)
		);
	json_free(data);
}

// proves U18, B01, R04
static void waiting_peers_are_admitted_or_declined(void **)
{
	struct page host, early, a, b;
	char ids[128];

	come(&early, "free", "wait", "early", NULL, "Early"); // before anybody requires it
	come(&host, "free", "wait", "host", HOST, "Host");
	page_expect_none(&early, "waiting");
	waiting_peers(&host, ids, sizeof(ids));
	assert_string_equal(ids, "");

	come(&a, "free", "wait", "a", NULL, NULL);
	page_expect(&a, "waiting", "peerId", "a");
	page_expect(&host, "waitingPeer", "displayName", "a");
	come(&b, "free", "wait", "b", "{}", NULL);
	page_expect(&b, "waiting", "peerId", "b");
	page_expect(&host, "waitingPeer", "id", "b");
	assert_int_equal(number_of_peers("free", "wait"), 2);
	assert_int_equal(page_ask_code(&a, "join", "{\"displayName\":\"A\"}"), 403);
	page_expect_none(&early, "waitingPeer"); // only moderators are told

	assert_int_equal(page_ask_code(&host, "admitPeer", about("a")), 200);
	page_expect(&host, "waitingPeerGone", "id", "a");
	page_expect(&a, "admitted", "peerId", "a");
	page_join(&a, "A");
	assert_int_equal(page_ask_code(&host, "admitPeer", about("a")), 404);
	assert_int_equal(page_ask_code(&host, "declinePeer", about("b")), 200);
	page_expect(&host, "waitingPeerGone", "id", "b");
	page_expect_end(&b, "declined");
	assert_int_equal(number_of_peers("free", "wait"), 3);

	// Moderators do not wait, and are told who does.
	struct page second;
	come(&b, "free", "wait", "b2", NULL, NULL);
	come(&second, "free", "wait", "host2", MODERATOR, "Second");
	waiting_peers(&second, ids, sizeof(ids));
	assert_string_equal(ids, "b2");
	page_leave(&b);
	page_expect(&second, "waitingPeerGone", "id", "b2");
	page_leave(&second);
	page_leave(&a);
	page_leave(&host);
	page_leave(&early);
}

// Who signs a token says who somebody is; names of a URL are the participant's own.
// proves U06
static void a_signed_name_stays_as_it_was_signed(void **)
{
	struct page signed_one, other;

	come(&other, "free", "names", "other", "{\"itisparticipant\":true}", "Other");
	come(&signed_one, "free", "names", "signed",
	     "{\"itisparticipant\":true,\"displayName\":\"Dr. Ada\"}", "Ada");
	page_expect(&other, "newPeer", "displayName", "Dr. Ada");
	assert_int_equal(
	        page_ask_code(&signed_one, "changeDisplayName", "{\"displayName\":\"Chair\"}"), 403
	);
	page_expect_none(&other, "peerDisplayNameChanged");
	assert_int_equal(
	        page_ask_code(&other, "changeDisplayName", "{\"displayName\":\"Eve\"}"), 200
	);
	page_expect(&signed_one, "peerDisplayNameChanged", "displayName", "Eve");
	page_leave(&signed_one);
	page_leave(&other);
}

// Values that would become lines of their own in others' SDP are refused.
static void strings_of_parameters_have_no_controls(void **)
{
	static const struct {
		const char *method, *data;
	} rows[] = {
	        {"join", "{\"rtpCapabilities\":{\"codecs\":[{\"mimeType\":\"x\\r\\ny\"}]}}"},
	        {"join", "{\"sctpCapabilities\":{\"numStreams\":{\"O\\nS\":16}}}"},
	        {"createWebRtcTransport",
	         "{\"producing\":true,\"sctpCapabilities\":{\"a\":[\"\\u0001\"]}}"},
	        {"produce", "{\"rtpParameters\":{\"rtcp\":{\"x\":\"\\u0085\"}}}"},
	        {"produce", "{\"rtpParameters\":{\"codecs\":[{\"parameters\":{\"a\\rb\":1}}]}}"},
	        {"produceData", "{\"sctpStreamParameters\":{\"label\":\"a\\u001fb\"}}"},
	        {"connectWebRtcTransport", "{\"dtlsParameters\":{\"role\":\"\\u007f\"}}"},
	};
	struct page p;

	come(&p, "free", "controls", "p", NULL, NULL);
	json_free(page_notified(&p, "admitted"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (i == 3)
			page_join(&p, "P");
		struct json *answer = page_ask(&p, rows[i].method, rows[i].data);
		const char *why = json_string(answer, "errorReason", 200);
		if (!why || !strstr(why, "control"))
			fail_msg("%s: %s", rows[i].data, why ? why : "accepted");
		json_free(answer);
	}
	page_leave(&p);
}

// proves B01
static void all_are_let_in_or_turned_away_at_once(void **)
{
	// Another round with others: a participant who was declined stays out with this session.
	static const char *const rounds[][3] = {{"x1", "x2", "x3"}, {"y1", "y2", "y3"}};
	struct page host, p[3];

	come(&host, "free", "all", "host", HOST, "Host");
	for (int round = 0; round < 2; round++) {
		const char *const *ids = rounds[round];
		for (int i = 0; i < 3; i++) {
			come(&p[i], "free", "all", ids[i], NULL, NULL);
			page_expect(&p[i], "waiting", "peerId", ids[i]);
		}
		assert_int_equal(
		        page_ask_code(&host, round == 0 ? "declineAll" : "admitAll", "{}"), 200
		);
		for (int i = 0; i < 3; i++) {
			if (round == 0)
				page_expect_end(&p[i], "declined");
			else
				page_expect(&p[i], "admitted", "peerId", ids[i]);
		}
	}
	for (int i = 0; i < 3; i++)
		page_leave(&p[i]);
	page_leave(&host);
}

// The integrator may want someone to wait before any moderator is there.
// proves U18
static void a_participants_own_token_can_make_it_wait(void **)
{
	struct page p, host;
	char ids[64];

	come(&p, "free", "own", "p", "{\"waitingRoom\":true}", NULL);
	page_expect(&p, "waiting", "peerId", "p");
	come(&host, "free", "own", "host", MODERATOR, "Host");
	waiting_peers(&host, ids, sizeof(ids));
	assert_string_equal(ids, "p");
	// The answer reveals nothing about the others.
	struct page q;
	come(&q, "free", "own", "q", NULL, "Q");
	page_leave(&q);
	page_leave(&p);
	page_leave(&host);
}

// proves U18, W05
static void the_waiting_survive_a_crash(void **)
{
	struct page host, p;
	char ids[64], events[64];

	come(&host, "hooked", "crash", "host", HOST, "Host");
	come(&p, "hooked", "crash", "patient", NULL, NULL);
	page_expect(&p, "waiting", "peerId", "patient");
	page_expect(&host, "waitingPeer", "id", "patient");
	server_wait_stored(&integrator.server, "patient", STORE_WAITING);
	server_wait_admission(&integrator.server, "patient");
	server_stop(&integrator.server, SIGKILL);
	page_die(&p);
	page_die(&host);
	server_start(&integrator.server);

	come(&p, "hooked", "crash", "patient", NULL, NULL);
	page_expect(&p, "waiting", "peerId", "patient");
	come(&host, "hooked", "crash", "host", HOST, NULL);
	json_free(page_notified(&host, "admitted"));
	page_join(&host, "Host");
	waiting_peers(&host, ids, sizeof(ids));
	assert_string_equal(ids, "patient");
	assert_int_equal(page_ask_code(&host, "admitPeer", about("patient")), 200);
	page_expect(&p, "admitted", "peerId", "patient");
	// A newcomer has to wait, since the room remembers its waiting room.
	struct page q;
	come(&q, "hooked", "crash", "q", NULL, NULL);
	page_expect(&q, "waiting", "peerId", "q");
	page_leave(&q);
	page_leave(&p);
	page_leave(&host);
	integrator_expect(&integrator, "/closePeer", "patient", 1);
	integrator_events(&integrator, "patient", events, sizeof(events));
	assert_string_equal(events, "joinPeer closePeer");
}

// Also when nobody is there: who comes before the moderator waits, or gives the PIN.
// proves U18, G14
static void an_empty_room_keeps_its_door(void **)
{
	static const char own[] = "{\"role\":\"moderator\",\"waitingRoom\":true,"
	                          "\"pin\":\"4711\"}";
	static const char where[] = "/webinar/?roomId=door&peerId=early&session=e&pin=4711";
	struct page host, early;

	come(&host, "free", "door", "host", own, "Host");
	page_leave(&host);
	come(&early, "free", "door", "nosy", NULL, NULL);
	page_expect_end(&early, "pin-required");
	integrator_open(&integrator, &early, "free", where, "");
	page_expect(&early, "waiting", "peerId", "early");
	page_leave(&early);

	// That holds even after a restart of the server.
	server_wait_kept(&integrator.server, "/door");
	server_stop(&integrator.server, SIGKILL);
	server_start(&integrator.server);
	come(&early, "free", "door", "nosy2", NULL, NULL);
	page_expect_end(&early, "pin-required");
	integrator_open(&integrator, &early, "free", where, "");
	page_expect(&early, "waiting", "peerId", "early");

	// A moderator's token sets the room's rules again; those who wait, wait for a moderator.
	struct page guest;
	come(&host, "free", "door", "host2", MODERATOR, "Host");
	struct json *waiting = page_notified(&host, "waitingPeers");
	assert_int_equal(json_count(json_array(waiting, "peers")), 1);
	json_free(waiting);
	come(&guest, "free", "door", "guest", NULL, "Guest");
	page_leave(&guest);
	page_leave(&early);
	page_leave(&host);
	come(&guest, "free", "door", "guest2", NULL, "Guest");
	page_leave(&guest);
}

// The server may have become another one in the middle of a room, too.
// proves U18, G14
static void kept_rules_are_recognised_after_a_crash(void **)
{
	static const char own[] = "{\"role\":\"moderator\",\"waitingRoom\":true,"
	                          "\"pin\":\"4711\"}";
	static const char where[] = "/webinar/?roomId=kept&peerId=early&session=e&pin=4711";
	struct page host, early, guest;

	come(&host, "free", "kept", "host", own, "Host");
	page_leave(&host);
	integrator_open(&integrator, &early, "free", where, "");
	page_expect(&early, "waiting", "peerId", "early");
	server_wait_kept(&integrator.server, "/kept");
	server_wait_stored(&integrator.server, "early", STORE_WAITING);
	server_stop(&integrator.server, SIGKILL);
	page_die(&early);
	server_start(&integrator.server);
	integrator_open(&integrator, &early, "free", where, "");
	page_expect(&early, "waiting", "peerId", "early");
	come(&host, "free", "kept", "host2", MODERATOR, "Host");
	come(&guest, "free", "kept", "guest", NULL, "Guest"); // neither waits nor has a PIN
	page_leave(&guest);
	page_leave(&early);
	page_leave(&host);
}

// Nobody walks in before the moderator has come, nor by a link that asks for nothing.
// proves U18
static void an_account_may_have_a_waiting_room_everywhere(void **)
{
	struct page host, early, late;

	come(&early, "lobby", "any", "early", NULL, NULL);
	page_expect(&early, "waiting", "peerId", "early");
	come(&host, "lobby", "any", "host", MODERATOR, "Host");
	struct json *waiting = page_notified(&host, "waitingPeers");
	assert_int_equal(json_count(json_array(waiting, "peers")), 1);
	json_free(waiting);
	come(&late, "lobby", "any", "late", "{}", NULL);
	page_expect(&late, "waiting", "peerId", "late");
	assert_int_equal(page_ask_code(&host, "admitPeer", about("early")), 200);
	page_expect(&early, "admitted", "peerId", "early");
	page_leave(&late);
	page_leave(&early);
	page_leave(&host);
}

// Somebody who waits can be let in even while their socket is lost.
static void a_lost_socket_waits_on(void **)
{
	struct page host, p;

	come(&host, "free", "lost", "host", HOST, "Host");
	come(&p, "free", "lost", "p", NULL, NULL);
	page_expect(&host, "waitingPeer", "id", "p");
	page_die(&p);
	assert_int_equal(page_ask_code(&host, "admitPeer", about("p")), 200);
	come(&p, "free", "lost", "p", NULL, NULL);
	page_expect(&p, "admitted", "peerId", "p");
	page_leave(&p);
	page_leave(&host);
}

// Each request by each role. Everyone is in one webinar.
enum role {
	VIEWER,
	SPEAKER,
	MODERATOR_ROLE, // it is also a viewer
	WAITING,
	ADMITTED, // a moderator who has not joined
	ROLE_COUNT,
};

static const char *const role_names[] = {"viewer", "speaker", "moderator", "waiting", "admitted"};

#define NOBODY "{\"peerId\":\"nobody\",\"kind\":\"audio\"}"

// Requests are refused in the same way, whoever they are about.
static const struct {
	const char *method, *data;
	int codes[ROLE_COUNT];
} matrix[] = {
        {"ping", "{}", {200, 200, 200, 200, 200}},
        {"getRouterRtpCapabilities", "{}", {200, 200, 200, 403, 200}},
        {"createWebRtcTransport", "{\"consuming\":true}", {200, 200, 200, 403, 200}},
        {"createWebRtcTransport", "{\"producing\":true}", {403, 200, 403, 403, 403}},
        {"createWebRtcTransport",
         "{\"producing\":true,\"sctpCapabilities\":{}}",
         {200, 200, 200, 403, 200}}, // for the chat
        {"produceData", "{\"transportId\":\"0\",\"label\":\"chat\"}", {404, 404, 404, 403, 400}},
        {"closeDataProducer", "{\"dataProducerId\":\"0\"}", {404, 404, 404, 403, 400}},
        {"join", "{\"displayName\":\"again\"}", {409, 409, 409, 403, 0}},
        {"produce", "{\"transportId\":\"0\",\"kind\":\"audio\"}", {403, 404, 403, 403, 400}},
        {"closeProducer", "{\"producerId\":\"0\"}", {404, 404, 404, 403, 400}},
        {"pauseConsumer", "{\"consumerId\":\"0\"}", {404, 404, 404, 403, 400}},
        {"changeDisplayName", "{\"displayName\":\"New\"}", {200, 200, 200, 403, 400}},
        {"raiseHand", "{\"raised\":true}", {200, 200, 200, 403, 400}},
        {"lowerHand", NOBODY, {403, 403, 404, 403, 400}},
        {"setRoomVideo", "{\"url\":null}", {403, 403, 200, 403, 400}},
        {"setRoomBitrate", "{\"bitrate\":null}", {403, 403, 200, 403, 400}},
        {"admitPeer", NOBODY, {403, 403, 404, 403, 400}},
        {"declinePeer", NOBODY, {403, 403, 404, 403, 400}},
        {"mutePeer", NOBODY, {403, 403, 404, 403, 400}},
        {"mutePeer", "{\"peerId\":\"speaker\",\"kind\":\"nose\"}", {403, 403, 400, 403, 400}},
        {"mutePeer", "{\"peerId\":\"speaker\",\"kind\":\"video\"}", {403, 403, 200, 403, 400}},
        {"mutePeer", "{\"userPeerId\":\"speaker\",\"kind\":\"audio\"}", {403, 403, 200, 403, 400}},
        {"mutePeer", "{\"kind\":\"audio\"}", {403, 403, 404, 403, 400}},
        {"muteAll", "{\"kind\":\"audio\"}", {403, 403, 200, 403, 400}},
        {"muteAll", "{\"kind\":\"video\"}", {403, 403, 200, 403, 400}},
        {"muteAll", "{}", {403, 403, 400, 403, 400}},
        {"removePeer", NOBODY, {403, 403, 404, 403, 400}},
        {"removePeer", "{\"peerId\":[]}", {403, 403, 404, 403, 400}},
        {"promotePeer", NOBODY, {403, 403, 404, 403, 400}},
        {"promotePeer", "{\"peerId\":\"speaker\"}", {403, 403, 200, 403, 400}},
        {"demotePeer", "{\"peerId\":\"viewer\"}", {403, 403, 200, 403, 400}},
        {"admitAll", "{}", {403, 403, 200, 403, 400}}, // from here on nobody waits
        {"declineAll", "{}", {403, 403, 200, 0, 400}},
        {"removePeer", "{\"peerId\":\"speaker\"}", {403, 0, 200, 0, 400}},
        {"closeRoom", "{}", {403, 0, 200, 0, 0}},
        {"nonsense", "{}", {0, 0, 0, 0, 0}},
};

// proves S07, B01–B04, B06, B07, M26–M28
static void each_role_may_do_its_own(void **)
{
	struct page pages[ROLE_COUNT];

	come(&pages[SPEAKER], "free", "matrix", "speaker", "{\"itisparticipant\":true}", "S");
	come(&pages[VIEWER], "free", "matrix", "viewer", NULL, "V");
	come(&pages[MODERATOR_ROLE], "free", "matrix", "moderator", HOST, "M");
	come(&pages[WAITING], "free", "matrix", "waiting", NULL, NULL);
	page_expect(&pages[WAITING], "waiting", "peerId", "waiting");
	come(&pages[ADMITTED], "free", "matrix", "admitted", MODERATOR, NULL);
	json_free(page_notified(&pages[ADMITTED], "admitted"));

	for (size_t i = 0; i < sizeof(matrix) / sizeof(matrix[0]); i++) {
		// The moderator comes last, because its requests change the others.
		static const enum role order[] = {
		        VIEWER, SPEAKER, WAITING, ADMITTED, MODERATOR_ROLE};
		for (int k = 0; k < ROLE_COUNT; k++) {
			enum role role = order[k];
			int want = matrix[i].codes[role];
			if (!want)
				continue;
			int code = page_ask_code(&pages[role], matrix[i].method, matrix[i].data);
			if (code != want)
				fail_msg(
				        "%s %s by the %s: %d, not %d", matrix[i].method,
				        matrix[i].data, role_names[role], code, want
				);
		}
	}
	for (int role = 0; role < ROLE_COUNT; role++)
		page_die(&pages[role]);
}

// proves S07, A22
static void nobody_reaches_into_another_room(void **)
{
	static const char *const methods[] = {"admitPeer",  "declinePeer", "mutePeer",
	                                      "removePeer", "promotePeer", "demotePeer"};
	static const char *const targets[] = {"foreign", "other", "waiting2", "nobody"};
	struct page moderator, foreign, other, waiting;

	come(&moderator, "free", "mine", "moderator", MODERATOR, "M");
	come(&foreign, "free", "theirs", "foreign", "{\"itisparticipant\":true}", "F");
	come(&waiting, "free", "theirs", "waiting2", "{\"waitingRoom\":true}", NULL);
	come(&other, "other", "mine", "other", "{\"itisparticipant\":true}", "O");
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		struct json *first = NULL;
		for (size_t k = 0; k < sizeof(targets) / sizeof(targets[0]); k++) {
			struct json *answer = page_ask(&moderator, methods[i], about(targets[k]));
			int64_t code;
			assert_true(json_int(answer, "errorCode", 404, 404, &code));
			if (first) // the answer is the same for forbidden and absent peers
				assert_string_equal(
				        json_string(answer, "errorReason", 128),
				        json_string(first, "errorReason", 128)
				);
			json_free(first);
			first = answer;
		}
		json_free(first);
	}
	// Requests that apply to everybody do not reach other rooms, either.
	assert_int_equal(page_ask_code(&moderator, "muteAll", "{\"kind\":\"audio\"}"), 200);
	assert_int_equal(page_ask_code(&moderator, "declineAll", "{}"), 200);
	assert_int_equal(page_ask_code(&moderator, "closeRoom", "{}"), 200);
	page_expect_end(&moderator, "room-closed");
	page_expect_none(&foreign, "mutedByModerator");
	page_expect_none(&foreign, "sessionClosed");
	page_expect_none(&other, "sessionClosed");
	page_expect_none(&waiting, "sessionClosed");
	page_leave(&foreign);
	page_leave(&other);
	page_leave(&waiting);
}

static int transports(void)
{
	int count = 0;
	for (int i = 0; i < AM_TRANSPORT_MAX; i++)
		count += integrator.server.dataplane.region.map->transports[i].id != 0;
	return count;
}

// An API token opens its own account's rooms: those of others are as those that do not exist.
// proves R01–R05, G08, S05, S07, A22
static void REST_reaches_into_no_other_account(void **)
{
	static const struct {
		const char *method, *path, *body;
	} rows[] = {
	        {"POST", "/rooms/%s/closePeer", "{\"peerId\":\"guest\"}"},
	        {"POST", "/%s/closePeer", "{\"peerId\":\"nobody\"}"},
	        {"GET", "/rooms/%s/durationOfBroadcast", ""},
	        {"GET", "/rooms/%s/numberPeers", ""},
	        {"GET", "/rooms/%s/existingPeer?peerId=guest", ""},
	        {"GET", "/%s/existingPeer/guest", ""},
	        {"POST", "/rooms/%s/existingPeer", "{\"peerId\":\"guest\"}"},
	        {"GET", "/rooms/%s/exists", ""},
	        {"GET", "/rooms/%s", ""},
	        {"GET", "/vp/api/statistics/peers?room_id=%s", ""},
	        {"GET", "/rooms/%s/closeRoom", ""},
	        {"POST", "/rooms/%s/closeRoom", ""},
	        {"DELETE", "/%s/closeRoom", ""},
	};
	char there[128], nowhere[128], answer[4096], other[4096];
	struct page guest;

	come(&guest, "free", "private", "guest", "{}", "Guest");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(there, sizeof(there), rows[i].path, "private");
		snprintf(nowhere, sizeof(nowhere), rows[i].path, "nothing");
#pragma GCC diagnostic pop
		int status = integrator_rest(
		        &integrator, "other", rows[i].method, there, rows[i].body, answer,
		        sizeof(answer)
		);
		int absent = integrator_rest(
		        &integrator, "other", rows[i].method, nowhere, rows[i].body, other,
		        sizeof(other)
		);
		assert_int_equal(status, absent);
		assert_string_equal(strstr(answer, "\r\n\r\n"), strstr(other, "\r\n\r\n"));
		assert_int_equal(
		        integrator_rest(
		                &integrator, NULL, rows[i].method, there, rows[i].body, answer,
		                sizeof(answer)
		        ),
		        403
		);
	}
	assert_int_equal(number_of_peers("free", "private"), 1);
	page_leave(&guest);
}

// proves B02, B03, M26–M28
static void muting_pauses_the_track_and_tells_its_owner(void **)
{
	struct page speaker, moderator;
	char send[32];

	come(&speaker, "free", "mute", "speaker", "{\"itisparticipant\":true}", "S");
	come(&moderator, "free", "mute", "moderator", MODERATOR, "M");
	transport_make(&speaker, "producing", send);
	assert_int_equal(publish(&speaker, send, MICROPHONE, NULL), 200);
	assert_int_equal(publish(&speaker, send, CAMERA, NULL), 200);
	assert_int_equal(publish(&speaker, send, SCREEN, NULL), 200);
	expect_tracks(3, 0);
	assert_int_equal(page_ask_code(&moderator, "mutePeer", about("speaker")), 200);
	page_expect(&speaker, "mutedByModerator", "kind", "audio");
	expect_tracks(2, 1);
	assert_int_equal(page_ask_code(&moderator, "muteAll", "{\"kind\":\"video\"}"), 200);
	page_expect(&speaker, "mutedByModerator", "kind", "video");
	expect_tracks(1, 2); // a camera is not a screen
	assert_int_equal(
	        page_ask_code(
	                &moderator, "mutePeer", "{\"peerId\":\"speaker\",\"kind\":\"share\"}"
	        ),
	        200
	);
	page_expect(&speaker, "mutedByModerator", "peerId", "moderator"); // it says who muted
	expect_tracks(0, 3);
	page_leave(&speaker);
	expect_tracks(0, 0);
	page_leave(&moderator);
}

// proves B07, S07
static void a_demoted_speaker_publishes_no_more(void **)
{
	struct page speaker, viewer, moderator;
	char send[32], again[32];

	come(&viewer, "free", "stage", "viewer", NULL, "V");
	come(&moderator, "free", "stage", "moderator", MODERATOR, "M");
	come(&speaker, "free", "stage", "speaker", "{\"itisparticipant\":true}", "S");
	page_expect(&viewer, "newPeer", "id", "speaker");
	page_expect(&moderator, "newPeer", "id", "speaker");
	int before = transports();
	transport_make(&speaker, "producing", send);
	assert_int_equal(publish(&speaker, send, MICROPHONE, NULL), 200);
	assert_int_equal(publish(&speaker, send, CAMERA, NULL), 200);
	expect_tracks(2, 0);
	assert_int_equal(page_ask_code(&moderator, "demotePeer", about("speaker")), 200);
	for (int i = 0; i < 2; i++) {
		struct json *closed = page_notified(&speaker, "producerClosed");
		assert_non_null(closed);
		json_free(closed);
	}
	struct json *rights = page_notified(&speaker, "rightsChanged");
	assert_non_null(rights);
	assert_false(json_is_true(rights, "speaker"));
	json_free(rights);
	expect_tracks(0, 0);
	assert_int_equal(transports(), before); // no transport is left that could carry media
	page_expect(&viewer, "peerClosed", "peerId", "speaker");
	page_expect(&moderator, "peerChanged", "id", "speaker"); // moderators know of viewers, too

	// Neither the old transport nor a new one can send.
	assert_int_equal(publish(&speaker, send, MICROPHONE, NULL), 403);
	transport_make(&speaker, "producing", again);
	assert_string_equal(again, "");
	expect_tracks(0, 0);
	page_leave(&speaker);
	page_leave(&viewer);
	page_leave(&moderator);
}

// proves U05, B07
static void a_demoted_speaker_chats_on(void **)
{
	struct page speaker, moderator;
	char send[32], data[256];

	come(&speaker, "free", "talk", "speaker", "{\"itisparticipant\":true}", "S");
	come(&moderator, "free", "talk", "moderator", MODERATOR, "M");
	struct json *answer = page_ask(
	        &speaker, "createWebRtcTransport", "{\"producing\":true,\"sctpCapabilities\":{}}"
	);
	snprintf(send, sizeof(send), "%s", json_string(json_object(answer, "data"), "id", 31));
	json_free(answer);
	assert_int_equal(publish(&speaker, send, MICROPHONE, NULL), 200);
	const struct {
		const char *stream, *label;
		int code;
	} cases[] = {
	        {"1024", "chat", 400}, // one too many
	        {"-1", "chat", 400},   {"2", "other", 404},
	        {"2", "chat", 200},    {"3", "chat", 200}, // repeated, as after a broken connection
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(
		        data, sizeof(data),
		        "{\"transportId\":\"%s\",\"label\":\"%s\","
		        "\"sctpStreamParameters\":{\"streamId\":%s}}",
		        send, cases[i].label, cases[i].stream
		);
		assert_int_equal(page_ask_code(&speaker, "produceData", data), cases[i].code);
	}
	// The envelope of each of its messages: the server alone says who wrote it.
	const struct am_cmd_data_add *add = &integrator.server.dataplane.last.data_add;
	assert_int_equal(integrator.server.dataplane.last.type, AM_CMD_DATA_PRODUCER_ADD);
	assert_int_equal(add->stream, 3);
	const char tag[] = "{\"peerId\":\"speaker\",\"displayName\":\"S\",\"moderator\":false}";
	assert_int_equal(add->tag_len, strlen(tag));
	assert_memory_equal(add->tag, tag, strlen(tag));

	assert_int_equal(page_ask_code(&moderator, "demotePeer", about("speaker")), 200);
	expect_tracks(0, 0);
	snprintf(data, sizeof(data), "{\"dataProducerId\":\"%s\"}", send);
	assert_int_equal(page_ask_code(&speaker, "getDataProducerStats", data), 200);
	assert_int_equal(
	        page_ask_code(&moderator, "getDataProducerStats", data), 404
	); // not its own
	assert_int_equal(publish(&speaker, send, MICROPHONE, NULL), 403);
	assert_int_equal(page_ask_code(&speaker, "closeDataProducer", data), 200);
	assert_int_equal(page_ask_code(&speaker, "getDataProducerStats", data), 404);
	page_leave(&speaker);
	page_leave(&moderator);
}

// proves B07, S07
static void a_promoted_viewer_publishes_on_the_same_connection(void **)
{
	struct page viewer, other, moderator;
	char receive[32], send[32];

	come(&viewer, "free", "up", "viewer", NULL, "V");
	come(&other, "free", "up", "other", NULL, "O");
	come(&moderator, "free", "up", "moderator", MODERATOR, "M");
	transport_make(&viewer, "consuming", receive);
	assert_string_not_equal(receive, "");
	transport_make(&viewer, "producing", send);
	assert_string_equal(send, "");
	assert_int_equal(page_ask_code(&moderator, "promotePeer", about("viewer")), 200);
	struct json *rights = page_notified(&viewer, "rightsChanged");
	assert_true(json_is_true(rights, "speaker"));
	json_free(rights);
	page_expect(&other, "newPeer", "id", "viewer");
	transport_make(&viewer, "producing", send);
	assert_string_not_equal(send, "");
	assert_int_equal(publish(&viewer, send, MICROPHONE, NULL), 200);
	expect_tracks(1, 0);
	// The receiving transport was not touched.
	char data[64];
	snprintf(data, sizeof(data), "{\"transportId\":\"%s\"}", receive);
	assert_int_equal(page_ask_code(&viewer, "restartIce", data), 200);

	// The right outlives the socket, and the process.
	server_wait_stored(&integrator.server, "viewer", STORE_SPEAKER | STORE_JOINED);
	server_stop(&integrator.server, SIGKILL);
	page_die(&viewer);
	server_start(&integrator.server);
	come(&viewer, "free", "up", "viewer", NULL, NULL);
	struct json *place = page_notified(&viewer, "admitted");
	assert_true(json_is_true(place, "speaker"));
	json_free(place);
	struct json *resumed = page_ask(
	        &viewer, "resume",
	        "{\"session\":\"s-viewer\",\"consumerIds\":[],\"producerIds\":[]}"
	);
	assert_true(json_is_true(json_object(resumed, "data"), "resumed"));
	json_free(resumed);
	page_leave(&viewer);
	page_die(&other);
	page_die(&moderator);
}

// proves B07, G04
static void promotion_needs_a_place_and_a_webinar(void **)
{
	struct page viewer, moderator;

	come(&moderator, "free", "place", "moderator",
	     "{\"role\":\"moderator\",\"itisparticipant\":true,\"maxBroadcasters\":1}", "M");
	come(&viewer, "free", "place", "viewer", NULL, "V");
	assert_int_equal(page_ask_code(&moderator, "promotePeer", about("viewer")), 403);
	assert_int_equal(page_ask_code(&moderator, "demotePeer", about("moderator")), 200);
	assert_int_equal(page_ask_code(&moderator, "promotePeer", about("viewer")), 200);
	page_leave(&viewer);
	page_leave(&moderator);

	integrator_open(
	        &integrator, &moderator, "free", "/call/?roomId=flat&peerId=m",
	        integrator_token(&integrator, MODERATOR)
	);
	page_join(&moderator, "M");
	assert_int_equal(page_ask_code(&moderator, "demotePeer", about("m")), 409);
	page_leave(&moderator);
}

// proves B04, B07
static void moderators_see_the_viewers(void **)
{
	struct page viewer, moderator, late;

	come(&viewer, "free", "see", "viewer", NULL, "V");
	come(&moderator, "free", "see", "moderator", MODERATOR, NULL);
	json_free(page_notified(&moderator, "admitted"));
	struct json *answer = page_ask(&moderator, "join", "{\"displayName\":\"M\"}");
	const struct json *first = json_first(json_array(json_object(answer, "data"), "peers"));
	assert_string_equal(json_string(first, "id", 64), "viewer");
	assert_false(json_is_true(first, "speaker"));
	json_free(answer);
	come(&late, "free", "see", "late", NULL, "L");
	page_expect(&moderator, "newPeer", "id", "late");
	page_expect_none(&viewer, "newPeer");
	page_leave(&late);
	page_expect(&moderator, "peerClosed", "peerId", "late");
	page_leave(&viewer);
	page_leave(&moderator);
}

// proves B04, B06
static void a_removed_peer_learns_why(void **)
{
	struct page viewer, speaker, moderator, waiting;

	come(&moderator, "free", "out", "moderator", HOST, "M");
	come(&speaker, "free", "out", "speaker",
	     "{\"role\":\"moderator\",\"itisparticipant\":true}", "S");
	come(&waiting, "free", "out", "waiting", NULL, NULL);
	page_expect(&moderator, "waitingPeer", "id", "waiting");
	come(&viewer, "free", "out", "viewer", MODERATOR, "V");
	assert_int_equal(page_ask_code(&moderator, "removePeer", about("waiting")), 404);
	assert_int_equal(page_ask_code(&moderator, "removePeer", about("viewer")), 200);
	page_expect_end(&viewer, "removed");
	assert_int_equal(page_ask_code(&moderator, "closeRoom", "{}"), 200);
	page_expect_end(&moderator, "room-closed");
	page_expect_end(&speaker, "room-closed");
	page_expect_end(&waiting, "room-closed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_signed_name_stays_as_it_was_signed),
	        cmocka_unit_test(strings_of_parameters_have_no_controls),
	        cmocka_unit_test(waiting_peers_are_admitted_or_declined),
	        cmocka_unit_test(all_are_let_in_or_turned_away_at_once),
	        cmocka_unit_test(a_participants_own_token_can_make_it_wait),
	        cmocka_unit_test(the_waiting_survive_a_crash),
	        cmocka_unit_test(an_empty_room_keeps_its_door),
	        cmocka_unit_test(kept_rules_are_recognised_after_a_crash),
	        cmocka_unit_test(an_account_may_have_a_waiting_room_everywhere),
	        cmocka_unit_test(a_lost_socket_waits_on),
	        cmocka_unit_test(each_role_may_do_its_own),
	        cmocka_unit_test(nobody_reaches_into_another_room),
	        cmocka_unit_test(REST_reaches_into_no_other_account),
	        cmocka_unit_test(muting_pauses_the_track_and_tells_its_owner),
	        cmocka_unit_test(a_demoted_speaker_publishes_no_more),
	        cmocka_unit_test(a_demoted_speaker_chats_on),
	        cmocka_unit_test(a_promoted_viewer_publishes_on_the_same_connection),
	        cmocka_unit_test(promotion_needs_a_place_and_a_webinar),
	        cmocka_unit_test(moderators_see_the_viewers),
	        cmocka_unit_test(a_removed_peer_learns_why),
	};
	return cmocka_run_group_tests(tests, stage_setup, stage_teardown);
}
