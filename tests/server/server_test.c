// The real control plane over TCP, with a fake data plane in the test's process.
#include "test.h"

#include "page.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct server server;

static int group_setup(void **)
{
	server_make(&server, "unknown_hosts = \"default\";");
	server_set_default(&server, "rest-addresses", "127.0.0.1");
	server_start(&server);
	return 0;
}

static int group_teardown(void **)
{
	return server_remove(&server);
}

// Reads up to the message that has `pattern`, and asserts that it is there.
static void expect(int fd, const char *pattern)
{
	char answer[16384];
	size_t len = server_read_until(&server, fd, answer, sizeof(answer), pattern);
	if (!memmem(answer, len, pattern, strlen(pattern)))
		fail_msg("not received: %s", pattern);
}

static int ask(const char *request, const char *last, char *answer, size_t size)
{
	return server_ask(&server, request, last, answer, size);
}

#define TAIL " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"

static void pages_and_errors_have_their_status(void **)
{
	static const struct {
		const char *request;
		int status;
		const char *has;
	} rows[] = {
	        {"GET /" TAIL "\r\n", 200, "doctype"},
	        {"GET /call/?roomId=a" TAIL "\r\n", 200, "Content-Security-Policy"},
	        {"GET /webinar" TAIL "\r\n", 200, "nosniff"},
	        {"GET /amphi.conf/" TAIL "\r\n", 404, ""},
	        {"GET /../etc/passwd" TAIL "\r\n", 404, ""},
	        {"GET /%2e%2e/etc/passwd" TAIL "\r\n", 404, ""},
	        {"GET /config.json" TAIL "\r\n", 200, "{\"node\":1}"},
	        {"GET /rooms/none/numberPeers" TAIL "\r\n", 400, "{\"error\":\"room not found\"}"},
	        {"GET /none/durationOfBroadcast" TAIL "\r\n", 400, "no-store"},
	        {"PUT /none/closeRoom" TAIL "Content-Length: 0\r\n\r\n", 405,
	         "Allow: GET, POST, DELETE"},
	        {"POST /" TAIL "Content-Length: 0\r\n\r\n", 405, "Allow: GET, HEAD"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char answer[4096];
		assert_int_equal(
		        ask(rows[i].request, NULL, answer, sizeof(answer)), rows[i].status
		);
		assert_non_null(strstr(answer, rows[i].has));
	}
}

static void no_path_leads_out_of_the_pages(void **)
{
	static const char *const ways[] = {"..", "%2e%2e", ".%2e", "assets/../.."};
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		char request[256], answer[4096];
		snprintf(
		        request, sizeof(request), "GET /%s/%s/index.html" TAIL "\r\n", ways[i],
		        strrchr(server.directory, '/') + 1
		);
		assert_int_equal(ask(request, NULL, answer, sizeof(answer)), 404);
	}
}

#define WS(query, extra)                                                                           \
	"GET /call/" query " HTTP/1.1\r\nHost: meet.example:1\r\nUpgrade: websocket\r\n"           \
	"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"                                     \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" extra "\r\n"
#define SPOKEN      "Sec-WebSocket-Protocol: protoo\r\n"
#define LETTERS_43  "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq"
#define LETTERS_129 LETTERS_43 LETTERS_43 LETTERS_43
#define PROTOO      SPOKEN "Origin: https://meet.example\r\n"

// proves A16
static void handshakes_are_refused(void **)
{
	static const struct {
		const char *request;
		int status;
	} rows[] = {
	        {WS("?roomId=r&peerId=p", ""), 403},
	        {WS("?roomId=r&peerId=p", "Sec-WebSocket-Protocol: protoo2, xprotoo\r\n"), 403},
	        {WS("?roomId=r&peerId=p", SPOKEN), 403}, // pages of another site; so are the next
	        {WS("?roomId=r&peerId=p", SPOKEN "Origin: null\r\n"), 403},
	        {WS("?roomId=r&peerId=p", SPOKEN "Origin: https://evil.example\r\n"), 403},
	        {WS("?roomId=r&peerId=p", SPOKEN "Origin: https://meet\r\n"), 403},
	        {WS("?roomId=r&peerId=p", SPOKEN "Origin: https://meet.example.evil.example\r\n"),
	         403},
	        {WS("?roomId=r&peerId=p", SPOKEN "Origin: https://evil-meet.example\r\n"), 403},
	        {WS("?roomId=r&peerId=p", SPOKEN "Origin: file://meet.example\r\n"), 403},
	        {WS("?peerId=p", PROTOO), 400},
	        {WS("?roomId=r", PROTOO), 400},
	        {WS("?roomId=r&peerId=", PROTOO), 400},
	        {WS("?roomId=a%2Fb&peerId=p", PROTOO), 400},
	        {WS("?roomId=r&peerId=%ff", PROTOO), 400},
	        {WS("?roomId=r&peerId=a%0Ab", PROTOO), 400},
	        {WS("?roomId=r&peerId=p&session=%20", PROTOO), 400},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char answer[4096];
		assert_int_equal(ask(rows[i].request, "}", answer, sizeof(answer)), rows[i].status);
	}
}

#define ASK(query, origin)                                                                         \
	"POST /api/handshake?" query " HTTP/1.1\r\nHost: meet.example:1\r\nConnection: close\r\n"  \
	"Content-Length: 0\r\nOrigin: " origin "\r\n\r\n"

// Browsers hide from a page why its WebSocket was refused.
static void a_page_can_ask_why_its_handshake_is_refused(void **)
{
	static const struct {
		const char *request;
		int status;
		const char *has;
	} rows[] = {
	        {ASK("roomId=r&peerId=p", "https://meet.example"), 200, "{\"ok\":true}"},
	        {ASK("roomId=r&peerId=" LETTERS_129, "https://meet.example"), 400,
	         "{\"reason\":\"bad-request\",\"status\":400,\"message\":\"peerId must be"},
	        {ASK("roomId=r&peerId=p", "https://evil.example"), 403,
	         "\"reason\":\"origin-not-allowed\""},
	        {ASK("roomId=r&peerId=p", "https://evil.example"), 403, "\"messageRu\":\"С"},
	        {ASK("roomId=r&peerId=p", "null"), 403, "origin-not-allowed"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char answer[4096];
		assert_int_equal(
		        ask(rows[i].request, NULL, answer, sizeof(answer)), rows[i].status
		);
		assert_non_null(strstr(answer, rows[i].has));
		assert_null(strstr(answer, "Access-Control-Allow-Origin"));
	}
	// Other clients find the same reason in the refusal itself.
	char answer[4096];
	ask(WS("?roomId=r&peerId=" LETTERS_129, PROTOO), "}", answer, sizeof(answer));
	assert_non_null(strstr(answer, "\"reason\":\"bad-request\""));
}

static int ws_open(const char *request)
{
	char answer[4096];
	int fd = server_dial(&server);
	assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
	server_read_until(&server, fd, answer, sizeof(answer), "mediasoup-version");
	assert_non_null(strstr(answer, "101 Switching"));
	// RFC 6455 1.3: its own example
	assert_non_null(strstr(answer, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
	assert_non_null(strstr(answer, "Sec-WebSocket-Protocol: protoo"));
	return fd;
}

static void ws_send(int fd, uint8_t first, const char *payload, size_t len)
{
	uint8_t frame[2048] = {first};
	size_t n = 2; // header length; RFC 6455 5.2 requires the shortest form

	assert_true(len + 8 <= sizeof(frame));
	frame[1] = 0x80 | (uint8_t)(len < 126 ? len : 126);
	if (len >= 126) {
		frame[n++] = (uint8_t)(len >> 8);
		frame[n++] = (uint8_t)len;
	}
	n += 4; // mask 0
	memcpy(frame + n, payload, len);
	assert_int_equal(send(fd, frame, n + len, MSG_NOSIGNAL), n + len);
}

static void ws_text(int fd, const char *text)
{
	ws_send(fd, 0x81, text, strlen(text));
}

#define REQUEST(id, method, data)                                                                  \
	"{\"request\":true,\"id\":" id ",\"method\":\"" method "\",\"data\":" data "}"

static void a_page_talks_protoo(void **)
{
	int fd = ws_open(WS("?roomId=talk&peerId=p", SPOKEN "Origin: https://MEET.example\r\n"));
	ws_text(fd, REQUEST("7", "getRouterRtpCapabilities", "{}"));
	expect(fd, "{\"response\":true,\"id\":7,\"ok\":true,\"data\":{\"codecs\":[");
	ws_text(fd,
	        REQUEST("8", "createWebRtcTransport", "{\"consuming\":true,\"producing\":false}"));
	expect(fd, "\"ip\":\"198.18.0.2\",\"address\":\"198.18.0.2\",\"protocol\":\"udp\",\"port\":"
	           "40000");
	ws_text(fd, REQUEST("10", "pauseConsumer", "{}"));
	expect(fd, "\"errorReason\":\"not-joined");
	ws_text(fd, REQUEST("9", "nonsense", "{}"));
	expect(fd, "{\"response\":true,\"id\":9,\"ok\":false,\"errorCode\":500,");
	close(fd);
}

static void expect_close(int fd, uint16_t code)
{
	const char frame[] = {(char)0x88, 2, (char)(code >> 8), (char)code, '\0'};
	expect(fd, frame);
}

static void bad_frames_close_the_connection(void **)
{
	static const struct {
		uint8_t first;
		const char *payload;
		size_t len;
		uint16_t code;
	} rows[] = {
	        {0x82, "binary", 6, 1003},
	        {0x81, "\xff\xfe", 2, 1007}, // not UTF-8
	        {0xf1, "reserved", 8, 1002},
	        {0x83, "opcode", 6, 1002},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = ws_open(WS("?roomId=bad&peerId=p", PROTOO));
		ws_send(fd, rows[i].first, rows[i].payload, rows[i].len);
		expect_close(fd, rows[i].code);
		close(fd);
	}
}

static void frames_without_a_mask_are_refused(void **) // RFC 6455 5.1
{
	int fd = ws_open(WS("?roomId=bad&peerId=p", PROTOO));
	assert_int_equal(send(fd, "\x81\x02{}", 4, MSG_NOSIGNAL), 4);
	expect_close(fd, 1002);
	close(fd);
}

// proves A17
static void hostile_messages_are_survived(void **)
{
	static const char *const rows[] = {
	        "",
	        "{}",
	        "[]",
	        "null",
	        "{\"request\":true}",
	        "{\"request\":true,\"id\":-1,\"method\":\"join\"}",
	        "{\"request\":true,\"id\":1e99,\"method\":\"join\"}",
	        "{\"request\":true,\"id\":1,\"method\":5}",
	        REQUEST("1", "join", "[]"),
	        REQUEST("1", "produce", "{\"rtpParameters\":1}"),
	        REQUEST("1", "resume", "{\"session\":[]}"),
	        REQUEST("1", "connectWebRtcTransport", "{\"transportId\":\"ffffffffffffffff\"}"),
	        "{\"response\":true,\"id\":1,\"ok\":true}",
	        "{\"notification\":true,\"method\":\"closeProducer\"}",
	};
	int fd = ws_open(WS("?roomId=hostile&peerId=p", PROTOO));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ws_text(fd, rows[i]);
	ws_text(fd, REQUEST("77", "getTransportStats", "{}"));
	expect(fd, "{\"response\":true,\"id\":77,\"ok\":true,\"data\":[]}");
	close(fd);
}

static void too_long_a_message_is_1009(void **)
{
	int fd = ws_open(WS("?roomId=long&peerId=p", PROTOO));
	const uint8_t header[32] = {0x81, 0x80 | 127, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x40};
	assert_int_equal(send(fd, header, sizeof(header), MSG_NOSIGNAL), sizeof(header));
	expect_close(fd, 1009);
	close(fd);
}

// proves F01
static void a_killed_server_takes_its_rooms_up_again(void **)
{
	static const char request[] = WS("?roomId=kept&peerId=p&session=s1", PROTOO);
	char answer[4096];
	int fd = ws_open(request);
	ws_text(fd, REQUEST("1", "createWebRtcTransport", "{\"consuming\":true}"));
	expect(fd, "fingerprints");
	ws_text(fd, REQUEST("2", "join", "{\"displayName\":\"Ada\"}"));
	expect(fd, "{\"response\":true,\"id\":2,\"ok\":true");
	usleep(100000); // until the store's thread has written
	server_stop(&server, SIGKILL);
	close(fd);
	server_start(&server);
	fd = ws_open(request);
	ws_text(fd, REQUEST("3", "resume",
	                    "{\"session\":\"s1\",\"consumerIds\":[],\"producerIds\":[]}"));
	expect(fd, "{\"resumed\":true");
	assert_int_equal(
	        ask("GET /kept/numberPeers" TAIL "\r\n", NULL, answer, sizeof(answer)), 200
	);
	assert_non_null(strstr(answer, "\"numberPeers\":1"));
	assert_int_equal(ask("GET /kept/closeRoom" TAIL "\r\n", NULL, answer, sizeof(answer)), 200);
	// The reason, and only then the close frame.
	size_t len = server_read_until(&server, fd, answer, sizeof(answer), "\x0f\xa0room-closed");
	const char *reason = memmem(answer, len, "\"reason\":\"room-closed\"", 22);
	const char *frame = memmem(answer, len, "\x0f\xa0room-closed", 13);
	assert_true(reason && frame && reason < frame);
	close(fd);
}

// SIGHUP reloads nothing, so it must not end anything either.
static void a_hangup_ends_nothing(void **)
{
	char answer[4096];

	assert_int_equal(kill(server.pid, SIGHUP), 0);
	usleep(100000);
	assert_int_equal(ask("GET /healthz" TAIL "\r\n", NULL, answer, sizeof(answer)), 200);
}

// Sends the room a request with a body of this type; without a type if type is NULL.
static int ask_room(
        const char *method, const char *path, const char *type, const char *body, char answer[4096]
)
{
	char request[2048];

	snprintf(
	        request, sizeof(request), "%s %s" TAIL "%s%s%sContent-Length: %zu\r\n\r\n%s",
	        method, path, type ? "Content-Type: " : "", type ? type : "", type ? "\r\n" : "",
	        strlen(body), body
	);
	return ask(request, NULL, answer, 4096);
}

#define JSON_TYPE "application/json"
#define FORM_TYPE "application/x-www-form-urlencoded"
#define PARTS                                                                                      \
	"--part\r\nContent-Disposition: form-data; name=\"peerId\"\r\n\r\n4711\r\n--part--\r\n"

// A client may say who it means in the query or in the body, which may be JSON or a form.
// proves R05
static void a_peer_can_be_named_in_several_ways(void **)
{
	static const struct {
		const char *method, *path, *type, *body;
	} rows[] = {
	        {"GET", "/rooms/ids/existingPeer?peerId=4711", NULL, ""},
	        {"GET", "/rooms/ids/existingPeer/4711", NULL, ""},
	        {"POST", "/rooms/ids/existingPeer", JSON_TYPE, "{\"peerId\":\"4711\"}"},
	        {"POST", "/rooms/ids/existingPeer", JSON_TYPE, "{\"peerId\":4711}"},
	        {"POST", "/rooms/ids/existingPeer", FORM_TYPE, "peerId=4711"},
	        {"POST", "/rooms/ids/existingPeer", FORM_TYPE, "{\"peerId\":4711}"}, // curl -d
	        {"POST", "/rooms/ids/existingPeer", "multipart/form-data; boundary=part", PARTS},
	        {"POST", "/ids/existingPeer?peerId=4711", NULL, ""},
	        {"GET", "/ids/existingPeer", JSON_TYPE, "{\"peerId\":\"4711\"}"},
	        {"GET", "/ids/existingPeer", JSON_TYPE, "{\"peerId\":4711}"},
	        {"GET", "/ids/existingPeer", FORM_TYPE, "peerId=4711"},
	};
	struct page p;
	char answer[4096];

	page_open(&p, &server, "localhost", "/call/?roomId=ids&peerId=4711");
	page_join(&p, "Number");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int status =
		        ask_room(rows[i].method, rows[i].path, rows[i].type, rows[i].body, answer);
		if (status != 200 || !strstr(answer, "{\"exists\":true}"))
			fail_msg("row %zu: %s", i, answer);
	}
	static const char *const bad[] = {
	        "{\"peerId\":47.11}", "{\"peerId\":-1}", "{\"peerId\":1e99}",
	        "{\"peerId\":true}",  "{\"peerId\":[]}", "{}",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
		        ask_room("POST", "/ids/existingPeer", JSON_TYPE, bad[i], answer), 400
		);
	assert_int_equal(
	        ask_room("POST", "/ids/closePeer", JSON_TYPE, "{\"peerId\":4711}", answer), 200
	);
	page_expect_end(&p, "removed");
}

// An id is the text between two slashes of the request, unescaped afterwards.
static void ids_are_matched_before_they_are_unescaped(void **)
{
	static const struct {
		const char *path;
		int status;
		const char *has;
	} rows[] = {
	        {"/rooms/odd/existingPeer/a%2Fb%20c%25d", 200, "{\"exists\":true}"},
	        {"/odd/existingPeer/a%2fb%20c%25d", 200, "{\"exists\":true}"},
	        {"/odd/existingPeer/a%252Fb%20c%25d", 200, "{\"exists\":false}"},
	        {"/rooms/o%64d/numberPeer%73", 200, "\"numberPeers\":1"},
	        {"/rooms/a%2Fb/numberPeers", 400, "{\"error\":\"room not found\"}"},
	        {"/a%2Fb/durationOfBroadcast", 400, "{\"error\":\"room not found\"}"},
	        {"/rooms/odd%00x/numberPeers", 404, "{\"error\":\"not found\"}"},
	        // The whole API reports errors as JSON.
	        {"/rooms/a/b/numberPeers", 404, "{\"error\":\"not found\"}"},
	        {"/rooms//numberPeers", 404, "{\"error\":\"not found\"}"},
	        {"//numberPeers", 404, "{\"error\":\"not found\"}"},
	        {"/rooms/odd/unknown", 404, "{\"error\":\"not found\"}"},
	        {"/api/unknown", 404, "{\"error\":\"not found\"}"},
	        {"/vp/api/statistics", 404, "{\"error\":\"not found\"}"},
	        {"/streaming/statistics/nothing", 404, "{\"error\":\"not found\"}"},
	};
	struct page p;
	char request[512], answer[4096];

	page_open(&p, &server, "localhost", "/call/?roomId=odd&peerId=a%2Fb%20c%25d");
	page_join(&p, "Odd");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(request, sizeof(request), "GET %s" TAIL "\r\n", rows[i].path);
		int status = ask(request, NULL, answer, sizeof(answer));
		if (status != rows[i].status || !strstr(answer, rows[i].has) ||
		    !strstr(answer, "application/json"))
			fail_msg("%s: %s", rows[i].path, answer);
	}
	// An id that is too long only means that there is no such room.
	char long_id[1200];
	memset(long_id, 'x', sizeof(long_id));
	long_id[sizeof(long_id) - 1] = '\0';
	char long_request[1400];
	snprintf(long_request, sizeof(long_request), "GET /%s/numberPeers" TAIL "\r\n", long_id);
	assert_int_equal(ask(long_request, NULL, answer, sizeof(answer)), 404);
	assert_non_null(strstr(answer, "{\"error\":\"not found\"}"));
	page_leave(&p);
}

// An unescaped '+' of a time zone arrives as a space.
static void a_zone_east_of_greenwich_needs_no_escape(void **)
{
	char answer[4096];

	assert_int_equal(
	        ask("GET /vp/api/statistics/peers/summary?room_id=none&"
	            "from=2021-06-21T00:00:00.0+03:00&to=2021-06-21T23:59:59+0300" TAIL "\r\n",
	            NULL, answer, sizeof(answer)),
	        404
	);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(pages_and_errors_have_their_status),
	        cmocka_unit_test(no_path_leads_out_of_the_pages),
	        cmocka_unit_test(handshakes_are_refused),
	        cmocka_unit_test(a_page_can_ask_why_its_handshake_is_refused),
	        cmocka_unit_test(a_page_talks_protoo),
	        cmocka_unit_test(bad_frames_close_the_connection),
	        cmocka_unit_test(frames_without_a_mask_are_refused),
	        cmocka_unit_test(hostile_messages_are_survived),
	        cmocka_unit_test(too_long_a_message_is_1009),
	        cmocka_unit_test(a_hangup_ends_nothing),
	        cmocka_unit_test(a_peer_can_be_named_in_several_ways),
	        cmocka_unit_test(ids_are_matched_before_they_are_unescaped),
	        cmocka_unit_test(a_zone_east_of_greenwich_needs_no_escape),
	        cmocka_unit_test(a_killed_server_takes_its_rooms_up_again),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
