// What a room is told without a request: who speaks, how many peers there are, how good connections
// are, raised hands, and the room's video and bitrate. Runs the real server; the test writes the
// data plane's measurements.
#include "stage.h"

#include "am_clock.h"
#include "base/json.h"
#include "room/talk.h"
#include "store/rooms.h"
#include "test.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SPEAKER "{\"itisparticipant\":true}"
#define LOUD    (127 - 20)

static struct am_region_layout *region(void)
{
	return integrator.server.dataplane.region.map;
}

static void loudness_set(am_id track, uint8_t loudness)
{
	am_gauge_set(region()->gauges.tracks, track, loudness);
}

// Waits for a notification in which `key` is this number; others of the name are dropped.
static struct json *notified_number(struct page *p, const char *method, const char *key, int want)
{
	for (;;) {
		struct json *data = page_notified(p, method);
		int64_t n;
		if (!data)
			fail_msg("no %s with %s %d", method, key, want);
		if (json_int(data, key, INT32_MIN, INT32_MAX, &n) && n == want)
			return data;
		json_free(data);
	}
}

// Waits until this many speak, `first` before all others.
static void expect_speaking(struct page *p, int count, const char *first)
{
	for (;;) {
		struct json *data = page_notified(p, "speakingPeers");
		int n = 0;
		if (!data)
			fail_msg("never %d who speak", count);
		const struct json *j = json_first(json_array(data, "peerVolumes"));
		const char *id = json_string(j, "peerId", 64);
		bool is_first = !first || (id && strcmp(id, first) == 0);
		for (; j; j = json_next(j))
			n++;
		json_free(data);
		if (n == count && is_first)
			return;
	}
}

static void expect_silence(struct page *p)
{
	for (;;) {
		struct json *data = page_notified(p, "activeSpeaker");
		assert_non_null(data);
		bool nobody = !json_has(data, "peerId");
		json_free(data);
		if (nobody)
			return;
	}
}

static void everyone_is_told_who_leads_the_talk(void **)
{
	struct page speaker, other, viewer, late;
	char send[32], send_other[32];
	am_id microphone, second, screen;

	come(&viewer, "free", "talk", "viewer", NULL, "V");
	come(&speaker, "free", "talk", "speaker", SPEAKER, "S");
	come(&other, "free", "talk", "other", SPEAKER, "O");
	transport_make(&speaker, "producing", send);
	transport_make(&other, "producing", send_other);
	assert_int_equal(publish(&speaker, send, MICROPHONE, &microphone), 200);
	assert_int_equal(publish(&other, send_other, MICROPHONE, &second), 200);
	assert_int_equal(publish(&other, send_other, SCREEN, &screen), 200);

	loudness_set(microphone, LOUD);
	page_expect(&viewer, "activeSpeaker", "peerId", "speaker");
	page_expect(&speaker, "activeSpeaker", "peerId", "speaker"); // the speaker is told, too
	expect_speaking(&viewer, 1, "speaker");
	loudness_set(screen, 127); // a screen does not count as a voice
	loudness_set(second, LOUD + 10);
	expect_speaking(&viewer, 2, "other");
	page_expect(&viewer, "activeSpeaker", "peerId", "other");

	// A latecomer is told at once.
	come(&late, "free", "talk", "late", NULL, "L");
	page_expect(&late, "activeSpeaker", "peerId", "other");
	expect_speaking(&late, 2, "other");

	// The leader stays first, even while another is louder.
	struct page later;
	loudness_set(second, LOUD - TALK_LOUDER + 1);
	usleep(3 * TALK_LOOK_MS * 1000); // until it has been looked at
	come(&later, "free", "talk", "later", NULL, "L");
	page_expect(&later, "activeSpeaker", "peerId", "other");
	expect_speaking(&later, 2, "other");
	page_leave(&later);

	// A muted microphone is silent, whatever is measured.
	struct page moderator;
	come(&moderator, "free", "talk", "moderator", MODERATOR, "M");
	assert_int_equal(page_ask_code(&moderator, "mutePeer", about("other")), 200);
	page_expect(&viewer, "activeSpeaker", "peerId", "speaker");
	expect_speaking(&viewer, 1, "speaker");
	loudness_set(microphone, 0);
	expect_speaking(&viewer, 0, NULL);
	expect_silence(&viewer);
	page_leave(&moderator);

	// A speaker who leaves in mid-sentence no longer leads.
	loudness_set(microphone, LOUD);
	page_expect(&viewer, "activeSpeaker", "peerId", "speaker");
	page_leave(&speaker);
	expect_silence(&viewer);
	page_leave(&other);
	page_leave(&viewer);
	page_leave(&late);
}

// The command by which the data plane is told of a new track.
static const struct am_cmd_track_add *
track_told(struct page *p, const char *transport, enum published kind)
{
	const struct am_msg *last = &integrator.server.dataplane.last;

	assert_int_equal(publish(p, transport, kind, NULL), 200);
	assert_int_equal(last->type, AM_CMD_TRACK_ADD); // there is nobody to subscribe
	return &last->track_add;
}

// How many voices are forwarded in the track's room, as the data plane is told.
static int voices_told(struct page *p, const char *transport, enum published kind)
{
	return track_told(p, transport, kind)->voices;
}

static void the_data_plane_learns_the_kind_of_a_track(void **)
{
	struct page speaker, caller;
	char send[32];

	come(&speaker, "free", "voices", "speaker", SPEAKER, "S");
	transport_make(&speaker, "producing", send);
	assert_int_equal(voices_told(&speaker, send, MICROPHONE), 3);
	assert_int_equal(voices_told(&speaker, send, SCREEN_SOUND), 0); // music is not a voice
	assert_int_equal(track_told(&speaker, send, CAMERA)->screen, 0);
	assert_int_equal(track_told(&speaker, send, SCREEN)->screen, 1);
	page_leave(&speaker);

	integrator_open(
	        &integrator, &caller, "free", "/call/?roomId=ring&peerId=c&displayName=C", ""
	);
	json_free(page_notified(&caller, "admitted"));
	page_join(&caller, "C");
	transport_make(&caller, "producing", send);
	assert_int_equal(voices_told(&caller, send, MICROPHONE), 5);
	page_leave(&caller);
}

// proves R04
static void everyone_hears_how_many_there_are(void **)
{
	struct page speaker, viewers[3];
	static const char *const ids[] = {"a", "b", "c"};

	come(&speaker, "free", "many", "speaker", SPEAKER, "S");
	for (int i = 0; i < 3; i++)
		come(&viewers[i], "free", "many", ids[i], NULL, ids[i]);
	struct json *counts = notified_number(&speaker, "roomCounts", "viewers", 3);
	int64_t speakers;
	assert_true(json_int(counts, "speakers", 1, 1, &speakers));
	json_free(counts);
	json_free(notified_number(&viewers[0], "roomCounts", "viewers", 3));
	page_leave(&viewers[2]);
	json_free(notified_number(&viewers[0], "roomCounts", "viewers", 2));
	page_leave(&speaker);
	json_free(notified_number(&viewers[1], "roomCounts", "speakers", 0));
	page_leave(&viewers[0]);
	page_leave(&viewers[1]);
}

// Makes the data plane show this transport as connected to a browser.
static void transport_connect(const char *text)
{
	am_id id = strtoull(text, NULL, 16);
	struct am_transport_state *t = &region()->transports[am_id_slot(id)];

	am_table_begin(&t->version);
	t->ice = AM_ICE_CONNECTED;
	t->dtls = AM_DTLS_CONNECTED;
	t->checked_ns = am_clock_ns();
	am_table_end(&t->version);
}

static void link_set(const char *text, uint8_t lost)
{
	am_gauge_set(
	        region()->gauges.transports, strtoull(text, NULL, 16), am_gauge_link(lost, 0, 0)
	);
}

// Waits for the quality of somebody.
static void expect_quality(struct page *p, const char *id, int quality)
{
	for (;;) {
		struct json *data = notified_number(p, "peerQuality", "quality", quality);
		bool same = strcmp(json_string(data, "peerId", 64), id) == 0;
		json_free(data);
		if (same)
			return;
	}
}

static void a_bad_connection_is_told(void **)
{
	struct page speaker, viewer, late;
	char send[32], receive[32];

	come(&speaker, "free", "link", "speaker", SPEAKER, "S");
	come(&viewer, "free", "link", "viewer", NULL, "V");
	transport_make(&speaker, "producing", send);
	transport_make(&viewer, "consuming", receive);
	transport_connect(send);
	transport_connect(receive);
	link_set(send, 128);
	expect_quality(&speaker, "speaker", 1); // its owner is told, too
	expect_quality(&viewer, "speaker", 1);
	come(&late, "free", "link", "late", NULL, "L");
	expect_quality(&late, "speaker", 1);
	page_leave(&late);
	transport_connect(send); // its last check must not be too old
	transport_connect(receive);
	link_set(send, 0);
	link_set(receive, 10);
	expect_quality(&viewer, "viewer", 2);
	expect_quality(&speaker, "speaker", 3);
	page_expect_none(&speaker, "peerQuality"); // a viewer's quality is told to that viewer only
	page_leave(&speaker);
	page_leave(&viewer);
}

static const char raise_hand[] = "{\"raised\":true}";

// Expects raisedHands with these ids in this order.
static void expect_hands(struct page *p, const char *want)
{
	char ids[128] = "";
	struct json *data = page_notified(p, "raisedHands");

	assert_non_null(data);
	for (const struct json *j = json_first(json_array(data, "peers")); j; j = json_next(j)) {
		strcat(ids, ids[0] ? " " : "");
		strcat(ids, json_string(j, "id", 64));
	}
	json_free(data);
	assert_string_equal(ids, want);
}

// proves G02, B07
static void a_raised_hand_is_seen_by_those_who_give_the_floor(void **)
{
	struct page speaker, moderator, viewer, other;

	come(&speaker, "free", "hand", "speaker", SPEAKER, "S");
	come(&moderator, "free", "hand", "moderator", MODERATOR, "M");
	come(&viewer, "free", "hand", "viewer", NULL, "V");
	come(&other, "free", "hand", "other", NULL, "O");
	expect_hands(&other, "");
	assert_int_equal(page_ask_code(&other, "raiseHand", raise_hand), 200);
	assert_int_equal(page_ask_code(&viewer, "raiseHand", raise_hand), 200);
	assert_int_equal(page_ask_code(&viewer, "raiseHand", raise_hand), 200); // is raised already
	page_expect(&moderator, "handRaised", "id", "other");
	page_expect(&moderator, "handRaised", "displayName", "V");
	page_expect(&speaker, "handRaised", "id", "viewer");
	page_expect(&viewer, "handRaised", "id", "viewer"); // its owner is told, too
	page_expect_none(&moderator, "handRaised");
	page_expect(&other, "handRaised", "id", "other");
	page_expect_none(&other, "handRaised");

	// A latecomer sees them in order; a viewer does not.
	struct page late;
	come(&late, "free", "hand", "late", SPEAKER, "L");
	expect_hands(&late, "other viewer");
	page_leave(&late);
	come(&late, "free", "hand", "late", NULL, "L");
	expect_hands(&late, "");
	page_leave(&late);

	// A promotion lowers a hand, and so do a moderator and its owner's leaving.
	assert_int_equal(page_ask_code(&moderator, "promotePeer", about("viewer")), 200);
	page_expect(&viewer, "handLowered", "peerId", "viewer");
	page_expect(&moderator, "handLowered", "peerId", "viewer");
	assert_int_equal(page_ask_code(&viewer, "lowerHand", about("other")), 403);
	assert_int_equal(page_ask_code(&moderator, "lowerHand", about("other")), 200);
	page_expect(&other, "handLowered", "peerId", "other");
	assert_int_equal(page_ask_code(&moderator, "lowerHand", about("nobody")), 404);
	assert_int_equal(page_ask_code(&other, "raiseHand", raise_hand), 200);
	page_expect(&speaker, "handRaised", "id", "other");
	page_leave(&other);
	page_expect(&speaker, "handLowered", "peerId", "other");
	page_leave(&viewer);
	page_leave(&moderator);
	page_leave(&speaker);
}

// proves G02
static void in_a_call_all_see_hands_and_some_may_not_raise_any(void **)
{
	struct page a, b, c;

	integrator_open(&integrator, &a, "free", "/call/?roomId=calm&peerId=a&session=s-a", "");
	page_join(&a, "A");
	integrator_open(&integrator, &b, "free", "/call/?roomId=calm&peerId=b", "");
	page_join(&b, "B");
	integrator_open(
	        &integrator, &c, "free", "/call/?roomId=calm&peerId=c&handEnabled=false", ""
	);
	struct json *place = page_notified(&c, "admitted");
	assert_true(json_has(place, "hand") && !json_is_true(place, "hand"));
	json_free(place);
	page_join(&c, "C");
	assert_int_equal(page_ask_code(&c, "raiseHand", raise_hand), 403);
	assert_int_equal(page_ask_code(&a, "raiseHand", raise_hand), 200);
	page_expect(&b, "handRaised", "id", "a");
	page_expect(&c, "handRaised", "id", "a");

	// A hand stays up while its owner's socket is lost, and while the server is down.
	server_wait_stored(
	        &integrator.server, "a",
	        STORE_SPEAKER | STORE_CHAT | STORE_JOINED | STORE_HAND_ENABLED | STORE_HAND
	);
	server_stop(&integrator.server, SIGKILL);
	page_die(&a);
	page_die(&b);
	page_die(&c);
	server_start(&integrator.server);
	integrator_open(&integrator, &b, "free", "/call/?roomId=calm&peerId=b2", "");
	page_join(&b, "B");
	expect_hands(&b, "a");
	// A participant who starts afresh starts with the hand down.
	integrator_open(&integrator, &a, "free", "/call/?roomId=calm&peerId=a&session=s-a", "");
	page_join(&a, "A");
	page_expect(&b, "handLowered", "peerId", "a");
	page_leave(&a);
	page_leave(&b);
}

// roomChanged, or `admitted`'s room: its video, or "", and its bitrate.
static void expect_room(const struct json *room, const char *video, int bitrate)
{
	const char *url = json_string(room, "video", 1024);
	int64_t n = 0;

	assert_string_equal(url ? url : "", video);
	if (json_has(room, "bitrate"))
		assert_true(json_int(room, "bitrate", 1, INT32_MAX, &n));
	assert_int_equal(n, bitrate);
}

static void expect_room_change(struct page *p, const char *video, int bitrate)
{
	struct json *room = page_notified(p, "roomChanged");

	assert_non_null(room);
	expect_room(room, video, bitrate);
	json_free(room);
}

// proves U17, M19
static void moderators_set_the_rooms_video_and_bitrate(void **)
{
	static const char *const bad_videos[] = {
	        "{\"url\":\"http://player.example/\"}", "{\"url\":\"javascript:alert(1)\"}",
	        "{\"url\":\"\"}", "{\"url\":7}", "{\"url\":\"https://a b/\"}"};
	static const char *const bad_bitrates[] = {
	        "{\"bitrate\":9999}", "{\"bitrate\":1000000001}", "{\"bitrate\":\"1000000\"}",
	        "{\"bitrate\":-1}", "{\"bitrate\":100000.5}"};
	static const char player[] = "https://player.example/live?x=1";
	struct page moderator, viewer, late;

	come(&moderator, "hooked", "set", "moderator", MODERATOR, "M");
	come(&viewer, "hooked", "set", "viewer", NULL, "V");
	for (size_t i = 0; i < sizeof(bad_videos) / sizeof(bad_videos[0]); i++)
		assert_int_equal(page_ask_code(&moderator, "setRoomVideo", bad_videos[i]), 400);
	for (size_t i = 0; i < sizeof(bad_bitrates) / sizeof(bad_bitrates[0]); i++)
		assert_int_equal(page_ask_code(&moderator, "setRoomBitrate", bad_bitrates[i]), 400);
	assert_int_equal(page_ask_code(&viewer, "setRoomBitrate", "{\"bitrate\":500000}"), 403);
	assert_int_equal(page_ask_code(&viewer, "setRoomVideo", "{\"url\":null}"), 403);
	page_expect_none(&viewer, "roomChanged");
	assert_int_equal(
	        page_ask_code(
	                &moderator, "setRoomVideo", "{\"url\":\"https://player.example/live?x=1\"}"
	        ),
	        200
	);
	expect_room_change(&viewer, player, 0);
	assert_int_equal(page_ask_code(&moderator, "setRoomBitrate", "{\"bitrate\":500000}"), 200);
	expect_room_change(&viewer, player, 500000);
	assert_int_equal(page_ask_code(&moderator, "setRoomBitrate", "{\"bitrate\":500000}"), 200);
	page_expect_none(&viewer, "roomChanged"); // nothing has changed

	// A latecomer is told, even by the next process.
	server_wait_stored(
	        &integrator.server, "viewer", STORE_CHAT | STORE_JOINED | STORE_HAND_ENABLED
	);
	server_wait_admission(&integrator.server, "viewer");
	server_stop(&integrator.server, SIGKILL);
	page_die(&moderator);
	server_start(&integrator.server);
	come(&late, "hooked", "set", "late", NULL, NULL);
	struct json *place = page_notified(&late, "admitted");
	expect_room(json_object(place, "room"), player, 500000);
	json_free(place);
	page_join(&late, "L");
	come(&moderator, "hooked", "set", "moderator", MODERATOR, "M");
	assert_int_equal(page_ask_code(&moderator, "setRoomVideo", "{\"url\":null}"), 200);
	expect_room_change(&late, "", 500000);
	assert_int_equal(page_ask_code(&moderator, "setRoomBitrate", "{}"), 200);
	expect_room_change(&late, "", 0);
	page_die(&viewer);
	page_leave(&late);
	page_leave(&moderator);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(everyone_is_told_who_leads_the_talk),
	        cmocka_unit_test(the_data_plane_learns_the_kind_of_a_track),
	        cmocka_unit_test(everyone_hears_how_many_there_are),
	        cmocka_unit_test(a_bad_connection_is_told),
	        cmocka_unit_test(a_raised_hand_is_seen_by_those_who_give_the_floor),
	        cmocka_unit_test(in_a_call_all_see_hands_and_some_may_not_raise_any),
	        cmocka_unit_test(moderators_set_the_rooms_video_and_bitrate),
	};
	return cmocka_run_group_tests(tests, stage_setup, stage_teardown);
}
