// What happens to a participant while its WebSocket is gone, and what it finds on coming back, on
// the real server.
#include "stage.h"
#include "test.h"

#include "base/json.h"
#include "store/rooms.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SPEAKER "{\"itisparticipant\":true}"

static int rest(const char *method, const char *path, const char *body)
{
	char answer[4096];

	return integrator_rest(&integrator, "free", method, path, body, answer, sizeof(answer));
}

static void expect_refused(const char *room, const char *id, const char *reason)
{
	struct page p;

	come(&p, "free", room, id, NULL, NULL);
	page_expect_end(&p, reason);
}

// proves B04, R01
static void a_peer_removed_while_away_stays_out(void **)
{
	struct page moderator, p, other;

	come(&moderator, "free", "out", "m", MODERATOR, "M");
	come(&p, "free", "out", "a", NULL, "A");
	page_die(&p);
	assert_int_equal(page_ask_code(&moderator, "removePeer", about("a")), 200);
	for (int i = 0; i < 2; i++)
		expect_refused("out", "a", "removed");

	come(&p, "free", "out", "b", NULL, "B");
	page_die(&p);
	assert_int_equal(rest("POST", "/rooms/out/closePeer", "{\"peerId\":\"b\"}"), 200);
	expect_refused("out", "b", "removed");
	// Only the session was removed: a page that is reloaded has a new one.
	integrator_open(
	        &integrator, &other, "free", "/webinar/?roomId=out&peerId=b&session=reloaded", ""
	);
	json_free(page_notified(&other, "admitted"));
	page_leave(&other);
	page_leave(&moderator);
}

// The network is gone, but nobody has noticed: what the server says goes nowhere.
// proves B04
static void a_peer_removed_on_a_dead_socket_stays_out(void **)
{
	struct page moderator, p;

	come(&moderator, "free", "dead", "m", MODERATOR, "M");
	come(&p, "free", "dead", "a", NULL, "A");
	assert_int_equal(page_ask_code(&moderator, "removePeer", about("a")), 200);
	expect_refused("dead", "a", "removed");
	page_die(&p);
	page_leave(&moderator);
}

// proves B06, R03
static void a_closed_room_stays_closed_to_its_sessions(void **)
{
	struct page moderator, p;

	come(&moderator, "free", "shut", "m", MODERATOR, "M");
	come(&p, "free", "shut", "a", NULL, "A");
	page_die(&p);
	assert_int_equal(page_ask_code(&moderator, "closeRoom", "{}"), 200);
	page_expect_end(&moderator, "room-closed");
	expect_refused("shut", "a", "room-closed");
	assert_int_equal(rest("GET", "/rooms/shut/numberPeers", ""), 400); // nobody has opened it

	come(&p, "free", "shut2", "a", NULL, "A");
	page_die(&p);
	assert_int_equal(rest("POST", "/rooms/shut2/closeRoom", "{}"), 200);
	expect_refused("shut2", "a", "room-closed");
	assert_int_equal(rest("GET", "/rooms/shut2/numberPeers", ""), 400);
}

// proves U18, U11
static void a_peer_declined_or_replaced_while_away_stays_out(void **)
{
	struct page moderator, p, next;

	come(&moderator, "free", "no", "m", "{\"role\":\"moderator\",\"waitingRoom\":true}", "M");
	come(&p, "free", "no", "a", NULL, NULL);
	page_expect(&moderator, "waitingPeer", "id", "a");
	page_die(&p);
	assert_int_equal(page_ask_code(&moderator, "declinePeer", about("a")), 200);
	expect_refused("no", "a", "declined");
	page_leave(&moderator);

	come(&p, "free", "two", "a", NULL, "A");
	page_die(&p);
	integrator_open(
	        &integrator, &next, "free", "/webinar/?roomId=two&peerId=a&session=newer", ""
	);
	json_free(page_notified(&next, "admitted"));
	expect_refused("two", "a", "replaced");
	page_expect_none(&next, "sessionClosed");
	page_leave(&next);
}

// proves B04
static void a_refusal_outlives_the_control_plane(void **)
{
	struct page moderator, p;

	come(&moderator, "free", "kill", "m", MODERATOR, "M");
	come(&p, "free", "kill", "a", NULL, "A");
	page_die(&p);
	assert_int_equal(page_ask_code(&moderator, "removePeer", about("a")), 200);
	server_wait_turned_away(&integrator.server, "s-a");
	server_stop(&integrator.server, SIGKILL);
	page_die(&moderator);
	server_start(&integrator.server);
	expect_refused("kill", "a", "removed");
}

// microphone: data of a request about the microphone.
static void begin(struct page *moderator, struct page *p, const char *room, char microphone[64])
{
	char send[32];
	am_id id;

	come(moderator, "free", room, "m", MODERATOR, "Mo");
	come(p, "free", room, "a", SPEAKER, "A");
	transport_make(p, "producing", send);
	assert_int_equal(publish(p, send, MICROPHONE, &id), 200);
	snprintf(microphone, 64, "{\"producerId\":\"%016llx\"}", (unsigned long long)id);
	assert_int_equal(publish(p, send, CAMERA, NULL), 200);
}

// The notice comes before the page has said anything on its new socket.
// proves M26, M27
static void a_peer_muted_while_away_is_told(void **)
{
	struct page moderator, p;
	char microphone[64];

	begin(&moderator, &p, "mute", microphone);
	page_die(&p);
	assert_int_equal(page_ask_code(&moderator, "mutePeer", about("a")), 200);
	expect_tracks(1, 1);
	come(&p, "free", "mute", "a", SPEAKER, NULL);
	json_free(page_notified(&p, "admitted"));
	struct json *data = page_notified(&p, "mutedByModerator");
	assert_string_equal(json_string(data, "kind", 8), "audio");
	assert_string_equal(json_string(data, "displayName", 64), "Mo");
	assert_string_equal(json_string(data, "peerId", 64), "m");
	json_free(data);
	page_leave(&p);
	page_leave(&moderator);

	begin(&moderator, &p, "muteall", microphone);
	page_die(&p);
	assert_int_equal(page_ask_code(&moderator, "muteAll", "{\"kind\":\"audio\"}"), 200);
	assert_int_equal(page_ask_code(&moderator, "muteAll", "{\"kind\":\"video\"}"), 200);
	come(&p, "free", "muteall", "a", SPEAKER, NULL);
	page_expect(&p, "mutedByModerator", "kind", "audio");
	page_expect(&p, "mutedByModerator", "kind", "video");
	page_leave(&p);
	page_leave(&moderator);
}

// What nobody has turned on, nobody has turned off.
// proves M27
static void a_peer_without_tracks_is_told_of_no_mute(void **)
{
	struct page moderator, p;
	char microphone[64];

	begin(&moderator, &p, "nothing", microphone);
	page_die(&p);
	assert_int_equal(page_ask_code(&moderator, "muteAll", "{\"kind\":\"share\"}"), 200);
	come(&p, "free", "nothing", "a", SPEAKER, NULL);
	json_free(page_notified(&p, "admitted"));
	page_expect_none(&p, "mutedByModerator");
	page_leave(&p);
	page_leave(&moderator);
}

// A page says what it does about it: until then the notice may have gone nowhere, and afterwards
// it is not repeated.
// proves M26
static void a_mute_is_told_until_the_page_has_heard_of_it(void **)
{
	struct page moderator, p;
	char microphone[64];

	begin(&moderator, &p, "again", microphone);
	assert_int_equal(page_ask_code(&moderator, "mutePeer", about("a")), 200);
	page_die(&p); // the page has not read the message
	server_wait_stored(&integrator.server, "a", STORE_MUTED_AUDIO);
	server_stop(&integrator.server, SIGKILL);
	page_die(&moderator);
	server_start(&integrator.server);
	come(&p, "free", "again", "a", SPEAKER, NULL);
	page_expect(&p, "mutedByModerator", "kind", "audio"); // the moderator's name is forgotten
	assert_int_equal(
	        page_ask_code(
	                &p, "resume", "{\"session\":\"s-a\",\"consumerIds\":[],\"producerIds\":[]}"
	        ),
	        200
	);
	page_leave(&p);

	begin(&moderator, &p, "heard", microphone);
	assert_int_equal(page_ask_code(&moderator, "mutePeer", about("a")), 200);
	page_expect(&p, "mutedByModerator", "kind", "audio");
	assert_int_equal(page_ask_code(&p, "pauseProducer", microphone), 200);
	page_die(&p);
	come(&p, "free", "heard", "a", SPEAKER, NULL);
	json_free(page_notified(&p, "admitted"));
	page_expect_none(&p, "mutedByModerator");
	page_leave(&p);
	page_leave(&moderator);
}

// proves U16
static void members_stay_when_their_token_expires(void **)
{
	static const char where[] = "/call/?roomId=stay&peerId=p&session=s1";
	char token[16384];
	struct page p;

	strcpy(token, integrator_token(&integrator, "{\"jti\":\"stay\",\"tokenLifetime\":1500}"));
	integrator_open(&integrator, &p, "free", where, token);
	json_free(page_notified(&p, "admitted"));
	page_join(&p, "P");
	server_wait_stored(&integrator.server, "p", STORE_JOINED);
	usleep(1600000);
	server_stop(&integrator.server, SIGKILL);
	page_die(&p);
	server_start(&integrator.server);
	integrator_open(&integrator, &p, "free", where, token);
	page_expect(&p, "admitted", "peerId", "p");
	page_leave(&p);
	// After leaving, the session cannot come back.
	integrator_open(&integrator, &p, "free", where, token);
	page_expect_end(&p, "token-used-up");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_peer_removed_while_away_stays_out),
	        cmocka_unit_test(a_peer_removed_on_a_dead_socket_stays_out),
	        cmocka_unit_test(a_closed_room_stays_closed_to_its_sessions),
	        cmocka_unit_test(a_peer_declined_or_replaced_while_away_stays_out),
	        cmocka_unit_test(a_refusal_outlives_the_control_plane),
	        cmocka_unit_test(a_peer_muted_while_away_is_told),
	        cmocka_unit_test(a_peer_without_tracks_is_told_of_no_mute),
	        cmocka_unit_test(a_mute_is_told_until_the_page_has_heard_of_it),
	        cmocka_unit_test(members_stay_when_their_token_expires),
	};
	return cmocka_run_group_tests(tests, stage_setup, stage_teardown);
}
