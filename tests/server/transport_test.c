// The life of transports: how they end, what ends with them, and whose place becomes free.
#include "stage.h"

#include "am_clock.h"
#include "base/json.h"
#include "room/peer.h"
#include "store/rooms.h"
#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPEAKER "{\"itisparticipant\":true}"

static const char *of_transport(const char *id)
{
	static char data[64];
	snprintf(data, sizeof(data), "{\"transportId\":\"%s\"}", id);
	return data;
}

// Sets the data plane's state of a transport.
static void tell_state(const char *transport, enum am_ice_state ice, enum am_dtls_state dtls)
{
	const struct am_msg event = {
	        .type = AM_EVENT_TRANSPORT_STATE,
	        .transport_state = {strtoull(transport, NULL, 16), (uint8_t)ice, (uint8_t)dtls},
	};
	assert_int_equal(fake_dataplane_push(&integrator.server.dataplane, &event), 0);
	fake_dataplane_wake(&integrator.server.dataplane);
}

static void expect_closed(struct page *p, const char *transport, const char *reason)
{
	struct json *data = page_notified(p, "transportClosed");
	assert_string_equal(json_string(data, "transportId", 64), transport);
	assert_string_equal(json_string(data, "reason", 64), reason);
	json_free(data);
}

static int transports(void)
{
	int count = 0;
	for (int i = 0; i < AM_TRANSPORT_MAX; i++)
		count += integrator.server.dataplane.region.map->transports[i].id != 0;
	return count;
}

static void expect_transports(int count)
{
	for (int i = 0; i < SERVER_WAIT_MS && transports() != count; i++)
		server_turn(&integrator.server);
	assert_int_equal(transports(), count);
}

static void a_transport_that_ends_takes_nobody_along(void **)
{
	static const struct {
		enum am_dtls_state dtls;
		const char *reason;
	} rows[] = {{AM_DTLS_FAILED, "dtls-failed"}, {AM_DTLS_CLOSED, "dtls-closed"}};
	struct page speaker;
	char media[32], data[32];

	come(&speaker, "free", "ends", "speaker", SPEAKER, "S");
	transport_make(&speaker, "producing", media);
	assert_int_equal(publish(&speaker, media, CAMERA, NULL), 200);
	tell_state(media, AM_ICE_CONNECTED, AM_DTLS_CONNECTED);
	// However often this happens, there is a place for the next transport.
	for (size_t i = 0; i < 6; i++) {
		transport_make(&speaker, "producing", data);
		assert_string_not_equal(data, "");
		tell_state(data, AM_ICE_CONNECTED, rows[i % 2].dtls);
		expect_closed(&speaker, data, rows[i % 2].reason);
		expect_transports(1);
		assert_int_equal(page_ask_code(&speaker, "restartIce", of_transport(data)), 404);
	}
	assert_int_equal(publish(&speaker, media, MICROPHONE, NULL), 200);
	expect_tracks(2, 0);
	page_leave(&speaker);
	expect_transports(0);
}

static void media_ends_with_its_transport(void **)
{
	struct page speaker, moderator;
	char send[32];

	come(&moderator, "free", "carried", "moderator", MODERATOR, "M");
	come(&speaker, "free", "carried", "speaker", SPEAKER, "S");
	transport_make(&speaker, "producing", send);
	assert_int_equal(publish(&speaker, send, CAMERA, NULL), 200);
	assert_int_equal(publish(&speaker, send, MICROPHONE, NULL), 200);
	tell_state(send, AM_ICE_CONNECTED, AM_DTLS_CLOSED);
	expect_closed(&speaker, send, "dtls-closed");
	expect_tracks(0, 0);
	// Nobody has left.
	page_expect_none(&moderator, "peerClosed");
	transport_make(&speaker, "producing", send);
	assert_int_equal(publish(&speaker, send, CAMERA, NULL), 200);
	page_leave(&speaker);
	page_leave(&moderator);
}

static void a_transport_is_closed_by_request(void **)
{
	struct page speaker, other;
	char transport[32];

	come(&speaker, "free", "asked", "speaker", SPEAKER, "S");
	come(&other, "free", "asked", "other", SPEAKER, "O");
	for (int i = 0; i < 6; i++) {
		transport_make(&speaker, i % 2 ? "consuming" : "producing", transport);
		assert_string_not_equal(transport, "");
		tell_state(transport, AM_ICE_CONNECTED, AM_DTLS_CONNECTED);
		if (i == 0)
			assert_int_equal(publish(&speaker, transport, CAMERA, NULL), 200);
		assert_int_equal(
		        page_ask_code(&other, "closeTransport", of_transport(transport)), 404
		);
		assert_int_equal(
		        page_ask_code(&speaker, "closeTransport", of_transport(transport)), 200
		);
		assert_int_equal(
		        page_ask_code(&speaker, "closeTransport", of_transport(transport)), 404
		);
		expect_transports(0);
	}
	expect_tracks(0, 0);
	assert_int_equal(page_ask_code(&speaker, "closeTransport", "{}"), 404);
	page_expect_none(&speaker, "transportClosed"); // it has closed the transport itself
	page_leave(&speaker);
	page_leave(&other);
}

static void a_publisher_is_told_of_packets_that_are_too_long(void **)
{
	struct page speaker;
	char send[32];
	am_id track;
	int64_t value;

	come(&speaker, "free", "long", "speaker", SPEAKER, "S");
	transport_make(&speaker, "producing", send);
	assert_int_equal(publish(&speaker, send, CAMERA, &track), 200);
	const struct am_msg event = {
	        .type = AM_EVENT_TRACK_TOO_LONG, .track_too_long = {track, 1450}};
	assert_int_equal(fake_dataplane_push(&integrator.server.dataplane, &event), 0);
	fake_dataplane_wake(&integrator.server.dataplane);
	struct json *data = page_notified(&speaker, "producerTooLong");
	assert_int_equal(strtoull(json_string(data, "producerId", 31), NULL, 16), track);
	assert_true(json_int(data, "payloadBytes", 0, 9999, &value));
	assert_int_equal(value, 1450);
	json_free(data);
	page_leave(&speaker);
}

// Each receiving transport costs the speakers a key frame.
static void a_peer_that_keeps_making_receiving_transports_waits(void **)
{
	static const char consuming[] = "{\"consuming\":true,\"producing\":false}";
	struct page viewer;
	char transport[32];

	come(&viewer, "free", "anew", "viewer", SPEAKER, "V");
	for (int i = 0; i < PEER_RECEIVING_BURST; i++) {
		transport_make(&viewer, "consuming", transport);
		assert_int_equal(
		        page_ask_code(&viewer, "closeTransport", of_transport(transport)), 200
		);
	}
	assert_int_equal(page_ask_code(&viewer, "createWebRtcTransport", consuming), 429);
	transport_make(&viewer, "producing", transport); // a sending one costs nobody anything
	page_leave(&viewer);
}

// Makes a viewer with a receiving transport and two tracks to receive.
static void watch(struct page *p, const char *room, char receive[32])
{
	static const char join[] =
	        "{\"displayName\":\"V\",\"device\":{},\"rtpCapabilities\":{\"codecs\":["
	        "{\"kind\":\"video\",\"mimeType\":\"video/VP8\",\"preferredPayloadType\":101,"
	        "\"clockRate\":90000,\"rtcpFeedback\":[]}],\"headerExtensions\":[]}}";

	come(p, "free", room, "viewer", NULL, NULL);
	json_free(page_notified(p, "admitted"));
	transport_make(p, "consuming", receive);
	assert_int_equal(page_ask_code(p, "join", join), 200);
}

static void expect_consumer(struct page *p, const char *transport)
{
	struct json *data = page_requested(p, "newConsumer");
	assert_string_equal(json_string(data, "transportId", 64), transport);
	json_free(data);
}

static void media_moves_to_the_next_transport(void **)
{
	struct page speaker, viewer;
	char send[32], receive[32], next[32];

	come(&speaker, "free", "received", "speaker", SPEAKER, "S");
	transport_make(&speaker, "producing", send);
	assert_int_equal(publish(&speaker, send, CAMERA, NULL), 200);
	watch(&viewer, "received", receive);
	expect_consumer(&viewer, receive);
	// The page makes the next transport first …
	transport_make(&viewer, "consuming", next);
	assert_int_equal(page_ask_code(&viewer, "closeTransport", of_transport(receive)), 200);
	expect_consumer(&viewer, next);
	// … or last.
	tell_state(next, AM_ICE_CONNECTED, AM_DTLS_FAILED);
	expect_closed(&viewer, next, "dtls-failed");
	transport_make(&viewer, "consuming", receive);
	expect_consumer(&viewer, receive);
	page_leave(&viewer);
	page_leave(&speaker);
}

static void a_transport_without_a_path_gives_way(void **)
{
	struct page speaker;
	char media[32], first[32], second[32], third[32];

	come(&speaker, "free", "gives", "speaker", SPEAKER, "S");
	transport_make(&speaker, "producing", media);
	assert_int_equal(publish(&speaker, media, CAMERA, NULL), 200);
	transport_make(&speaker, "producing", first);
	// The network is gone, but a transport with media may get its path back.
	tell_state(media, AM_ICE_EXPIRED, AM_DTLS_CONNECTED);
	transport_make(&speaker, "producing", second);
	expect_closed(&speaker, first, "replaced");
	transport_make(&speaker, "producing", third);
	expect_closed(&speaker, second, "replaced");
	expect_transports(2);
	// Connected transports stay.
	tell_state(media, AM_ICE_CONNECTED, AM_DTLS_CONNECTED);
	tell_state(third, AM_ICE_CONNECTED, AM_DTLS_CONNECTED);
	page_expect_none(&speaker, "transportClosed");
	assert_int_equal(
	        page_ask_code(&speaker, "createWebRtcTransport", "{\"producing\":true}"), 409
	);
	// A transport that has lost its path is the last to go before the client is refused.
	tell_state(media, AM_ICE_EXPIRED, AM_DTLS_CONNECTED);
	page_expect_none(&speaker, "transportClosed");
	transport_make(&speaker, "producing", first);
	expect_closed(&speaker, media, "replaced");
	expect_tracks(0, 0);
	page_leave(&speaker);
}

static void expect_ice(struct page *p, const char *transport, const char *state, const char *reason)
{
	struct json *data = page_notified(p, "transportIceStateChanged");
	assert_string_equal(json_string(data, "transportId", 64), transport);
	assert_string_equal(json_string(data, "iceState", 64), state);
	assert_int_equal(json_has(data, "reason"), reason != NULL);
	if (reason)
		assert_string_equal(json_string(data, "reason", 64), reason);
	json_free(data);
}

// Media alone is not consent, and a client that sends nothing else is told so.
static void a_client_without_checks_is_told(void **) // RFC 7675 5.1
{
	struct page speaker;
	char send[32];

	come(&speaker, "free", "silent", "speaker", SPEAKER, "S");
	transport_make(&speaker, "producing", send);
	assert_int_equal(publish(&speaker, send, CAMERA, NULL), 200);
	tell_state(send, AM_ICE_CONNECTED, AM_DTLS_CONNECTED);
	page_expect_none(&speaker, "transportIceStateChanged");
	for (int i = 0; i < 2; i++) {
		tell_state(send, AM_ICE_EXPIRED, AM_DTLS_CONNECTED);
		expect_ice(&speaker, send, "disconnected", "consent-expired");
		tell_state(send, AM_ICE_EXPIRED, AM_DTLS_CONNECTED); // it was told once already
		tell_state(send, AM_ICE_CONNECTED, AM_DTLS_CONNECTED);
		expect_ice(&speaker, send, "connected", NULL);
	}
	expect_tracks(1, 0);
	page_expect_none(&speaker, "transportIceStateChanged");
	page_leave(&speaker);
}

static struct json *ask_resume(struct page *p, const char *id)
{
	char data[256];

	snprintf(
	        data, sizeof(data), "{\"session\":\"s-%s\",\"producerIds\":[],\"consumerIds\":[]}",
	        id
	);
	struct json *answer = page_ask(p, "resume", data);
	struct json *found = json_copy(json_object(answer, "data"));
	json_free(answer);
	assert_true(json_is_true(found, "resumed"));
	return found;
}

// While its WebSocket is away, one of its transports loses its path: the other still has one.
static void a_peer_with_another_connected_transport_stays(void **)
{
	struct page speaker, other;
	char send[32], receive[32];

	come(&other, "free", "half", "other", SPEAKER, "O");
	come(&speaker, "free", "half", "speaker", SPEAKER, "S");
	transport_make(&speaker, "producing", send);
	transport_make(&speaker, "consuming", receive);
	tell_state(send, AM_ICE_CONNECTED, AM_DTLS_CONNECTED);
	tell_state(receive, AM_ICE_CONNECTED, AM_DTLS_CONNECTED);
	page_die(&speaker);
	page_expect_none(&other, "peerClosed"); // even after the server has noticed
	tell_state(receive, AM_ICE_EXPIRED, AM_DTLS_CONNECTED);
	page_expect_none(&other, "peerClosed");
	expect_transports(2);
	come(&speaker, "free", "half", "speaker", SPEAKER, NULL);
	struct json *answer = ask_resume(&speaker, "speaker");
	assert_int_equal(json_count(json_array(answer, "transportIds")), 2);
	json_free(answer);
	// Without any connected transport, the peer is removed.
	page_die(&speaker);
	page_expect_none(&other, "peerClosed");
	tell_state(send, AM_ICE_EXPIRED, AM_DTLS_CONNECTED);
	page_expect(&other, "peerClosed", "peerId", "speaker");
	expect_transports(0);
	page_leave(&other);
}

static uint64_t now_s(void)
{
	return am_clock_ns() / 1000000000;
}

// Its plug was pulled: nothing comes from it, and nobody says so.
// proves F16
static void a_ghost_goes_within_30_s(void **)
{
	struct page ghost, other;
	char answer[4096];
	int64_t duration_s;

	come(&other, "free", "ghost", "other", SPEAKER, "O");
	uint64_t since_s = now_s();
	int pings = other.pings;
	come(&ghost, "free", "ghost", "ghost", SPEAKER, "G");
	struct json *closed = page_notified(&other, "peerClosed");
	if (!closed) // the server waits 30 s
		closed = page_notified(&other, "peerClosed");
	assert_string_equal(json_string(closed, "peerId", 64), "ghost");
	json_free(closed);
	assert_in_range(now_s() - since_s, 29, UINT64_MAX);
	assert_in_range(other.pings - pings, 5, 7); // one every 5 s by the server's clock

	// The peer was there for a moment, which is reported in steps of 30 s, on either side.
	int status = integrator_rest(
	        &integrator, "free", "GET", "/vp/api/statistics/peers?room_id=ghost", "", answer,
	        sizeof(answer)
	);
	assert_int_equal(status, 200);
	const char *text = strstr(answer, "\r\n\r\n");
	assert_non_null(text);
	struct json *body = json_parse(text, strlen(text));
	bool found = false;
	for (const struct json *s = json_first(json_array(body, "data")); s; s = json_next(s)) {
		if (strcmp(json_string(s, "person_id", 64), "ghost") != 0)
			continue;
		found = true;
		assert_true(json_int(s, "duration", 0, INT32_MAX, &duration_s));
		assert_in_range(duration_s, 30, 60);
	}
	assert_true(found);
	json_free(body);
	page_die(&ghost);
	page_leave(&other);
}

// The data plane has ended the transport while no control plane was there.
static void transports_that_ended_meanwhile_are_not_restored(void **)
{
	struct page speaker;
	char send[32], receive[32];

	come(&speaker, "free", "meanwhile", "speaker", SPEAKER, "S");
	transport_make(&speaker, "producing", send);
	transport_make(&speaker, "consuming", receive);
	server_wait_stored(&integrator.server, "speaker", STORE_JOINED);
	server_stop(&integrator.server, SIGKILL);
	page_die(&speaker);
	uint32_t slot = (uint32_t)strtoull(send, NULL, 16);
	integrator.server.dataplane.region.map->transports[slot].dtls = AM_DTLS_CLOSED;
	server_start(&integrator.server);
	come(&speaker, "free", "meanwhile", "speaker", SPEAKER, NULL);
	struct json *answer = ask_resume(&speaker, "speaker");
	const struct json *alive = json_array(answer, "transportIds");
	assert_int_equal(json_count(alive), 1);
	assert_string_equal(json_text(json_first(alive), 64), receive);
	json_free(answer);
	expect_transports(1);
	transport_make(&speaker, "producing", send);
	assert_int_equal(publish(&speaker, send, CAMERA, NULL), 200);
	page_leave(&speaker);
}

static const char *connect_data(const char *transport, const char *role, const char *fingerprints)
{
	static char data[1024];
	snprintf(
	        data, sizeof(data),
	        "{\"transportId\":\"%s\",\"dtlsParameters\":{%s%s%s\"fingerprints\":[%s]}}",
	        transport, role ? "\"role\":\"" : "", role ? role : "", role ? "\"," : "",
	        fingerprints
	);
	return data;
}

// Adds {"algorithm":…,"value":…} with this many bytes.
static void fingerprint_add(char *list, const char *algorithm, int len, int byte)
{
	sprintf(list + strlen(list), "%s{\"algorithm\":\"%s\",\"value\":\"", list[0] ? "," : "",
	        algorithm);
	for (int i = 0; i < len; i++)
		sprintf(list + strlen(list), "%s%02X", i ? ":" : "", byte);
	strcat(list, "\"}");
}

static int connect_with(struct page *p, const char *role, const char *fingerprints)
{
	char transport[32];

	transport_make(p, "producing", transport);
	int code = page_ask_code(
	        p, "connectWebRtcTransport", connect_data(transport, role, fingerprints)
	);
	struct am_msg last = integrator.server.dataplane.last;
	assert_int_equal(page_ask_code(p, "closeTransport", of_transport(transport)), 200);
	integrator.server.dataplane.last = last;
	return code;
}

static void the_dtls_role_is_the_clients_choice(void **) // RFC 8842 5
{
	static const struct {
		const char *role;
		enum am_dtls_role ours;
	} rows[] = {
	        {"client", AM_DTLS_SERVER},
	        {"server", AM_DTLS_CLIENT},
	        {"auto", AM_DTLS_EITHER},
	        {NULL, AM_DTLS_EITHER},
	};
	char list[512] = "";
	struct page p;

	fingerprint_add(list, "sha-256", 32, 0xab);
	come(&p, "free", "roles", "speaker", SPEAKER, "S");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(connect_with(&p, rows[i].role, list), 200);
		const struct am_msg *m = &integrator.server.dataplane.last;
		assert_int_equal(m->type, AM_CMD_TRANSPORT_CONNECT);
		assert_int_equal(m->transport_connect.role, rows[i].ours);
	}
	assert_int_equal(connect_with(&p, "active", list), 400);
	assert_int_equal(connect_with(&p, "", list), 400);
	page_leave(&p);
}

static void the_strongest_fingerprint_counts(void **) // RFC 8122 5
{
	static const struct {
		const char *algorithm[3];
		int code;
		enum am_hash hash;
	} rows[] = {
	        {{"sha-256"}, 200, AM_HASH_SHA256},
	        {{"SHA-384"}, 200, AM_HASH_SHA384},
	        {{"sha-512"}, 200, AM_HASH_SHA512},
	        {{"sha-1", "sha-384", "sha-256"}, 200, AM_HASH_SHA384},
	        {{"sha-512", "sha-256"}, 200, AM_HASH_SHA512},
	        {{"sha-1"}, 400, 0},
	        {{"sha-1", "sha-224", "md5"}, 400, 0},
	        {{NULL}, 400, 0},
	};
	struct page p;

	come(&p, "free", "hashes", "speaker", SPEAKER, "S");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char list[768] = "";
		for (int k = 0; k < 3 && rows[i].algorithm[k]; k++) {
			const char *a = rows[i].algorithm[k];
			int len = strstr(a, "384") ? 48 : strstr(a, "512") ? 64 : 32;
			fingerprint_add(list, a, len, len);
		}
		assert_int_equal(connect_with(&p, "client", list), rows[i].code);
		if (rows[i].code != 200)
			continue;
		const struct am_fingerprint *f =
		        &integrator.server.dataplane.last.transport_connect.fingerprint;
		assert_int_equal(f->hash, rows[i].hash);
		uint32_t len = am_hash_len(f->hash);
		assert_int_equal(f->bytes[0], len);
		assert_int_equal(f->bytes[len - 1], len);
	}
	// Values of the wrong length.
	for (int len = 31; len <= 65; len++) {
		char list[512] = "";
		fingerprint_add(list, "sha-384", len, 1);
		assert_int_equal(connect_with(&p, "client", list), len == 48 ? 200 : 400);
	}
	page_leave(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_transport_that_ends_takes_nobody_along),
	        cmocka_unit_test(media_ends_with_its_transport),
	        cmocka_unit_test(a_transport_is_closed_by_request),
	        cmocka_unit_test(a_publisher_is_told_of_packets_that_are_too_long),
	        cmocka_unit_test(a_peer_that_keeps_making_receiving_transports_waits),
	        cmocka_unit_test(media_moves_to_the_next_transport),
	        cmocka_unit_test(a_transport_without_a_path_gives_way),
	        cmocka_unit_test(transports_that_ended_meanwhile_are_not_restored),
	        cmocka_unit_test(a_client_without_checks_is_told),
	        cmocka_unit_test(a_peer_with_another_connected_transport_stays),
	        cmocka_unit_test(a_ghost_goes_within_30_s),
	        cmocka_unit_test(the_dtls_role_is_the_clients_choice),
	        cmocka_unit_test(the_strongest_fingerprint_counts),
	};
	return cmocka_run_group_tests(tests, stage_setup, stage_teardown);
}
