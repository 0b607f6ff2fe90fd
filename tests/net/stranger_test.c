// Who is kept out: strangers, wrong passwords and certificates, bytes of no known protocol.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "binding.h"
#include "scene.h"

static const struct member_options top = {TOP_LAYERS};

// A plain socket of a client that was never signaled.
struct stranger {
	int fd;
	struct sockaddr_storage server;
};

static struct stranger stranger_open(int family)
{
	struct stranger s = {.fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0)};

	assert_true(s.fd >= 0);
	s.server = scene_server(family);
	socklen_t len =
	        family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	assert_int_equal(connect(s.fd, (struct sockaddr *)&s.server, len), 0);
	return s;
}

// True if nothing has come back so far.
static bool heard_nothing(const struct stranger *s)
{
	uint8_t bytes[2048];
	return recv(s->fd, bytes, sizeof(bytes), 0) < 0;
}

// A call that goes on while somebody attacks.
struct call {
	struct party party;
	struct member *speaker, *watcher;
};

static void call_begin(struct call *c)
{
	party_begin(&c->party);
	c->speaker = party_speaker(&c->party, &top);
	c->watcher = party_watcher(&c->party, c->speaker, &top);
	party_connect(&c->party);
	party_run(&c->party, 1000);
}

// Asserts that the call is unharmed: media has flowed all the time and still does.
static void call_end(struct call *c)
{
	uint32_t packets = c->watcher->video->packets;

	party_run(&c->party, 500);
	assert_true(c->watcher->video->packets > packets + 10);
	party_settle(&c->party);
	check_video(c->watcher);
	assert_int_equal(check_sound(c->watcher).gaps, 0);
	party_end(&c->party);
}

static void random_fill(uint8_t *out, size_t n, uint32_t seed)
{
	uint32_t x = seed * 2654435761u | 1;

	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		out[i] = (uint8_t)x;
	}
}

static const uint16_t lengths[] = {0, 1, 2, 3, 11, 12, 13, 19, 20, 21, 28, 60, 576, 1200, 1472};
#define LENGTHS (sizeof(lengths) / sizeof(lengths[0]))

// proves A11
static void strangers_garbage_meets_silence(void **)
{
	struct call c;
	uint8_t bytes[1500];
	struct stranger s[2] = {stranger_open(AF_INET), stranger_open(AF_INET6)};

	call_begin(&c);
	uint64_t drops = driver_drops(&scene.driver), sent = 0;
	for (uint32_t first = 0; first < 256; first++) {
		for (size_t i = 0; i < LENGTHS; i++) {
			random_fill(bytes, lengths[i], first * 100 + (uint32_t)i);
			bytes[0] = (uint8_t)first;
			for (int k = 0; k < 2; k++)
				sent += send(s[k].fd, bytes, lengths[i], 0) == lengths[i];
		}
		party_run(&c.party, 5);
	}
	party_run(&c.party, 300);
	assert_int_equal(sent, 256 * LENGTHS * 2);
	uint64_t counted = driver_drops(&scene.driver) - drops;
	assert_true(counted >= sent - sent / 20); // a busy machine may lose some before us
	for (int k = 0; k < 2; k++) {
		assert_true(heard_nothing(&s[k]));
		close(s[k].fd);
	}
	call_end(&c);
}

// The same from a tuple that is validated and in the middle of a call.
// proves A11
static void garbage_on_a_live_tuple_harms_nobody(void **)
{
	struct call c;
	uint8_t bytes[1500];

	call_begin(&c);
	uint64_t unknown = c.speaker->client.unknown_in + c.speaker->client.peer.unknown_in;
	for (uint32_t first = 0; first < 256; first++) {
		for (size_t i = 0; i < LENGTHS; i++) {
			random_fill(bytes, lengths[i], first * 77 + (uint32_t)i);
			bytes[0] = (uint8_t)first;
			client_raw_send(&c.speaker->client, bytes, lengths[i]);
			client_raw_send(&c.watcher->client, bytes, lengths[i]);
		}
		party_run(&c.party, 5);
	}
	party_run(&c.party, 300);
	assert_int_equal(c.speaker->client.unknown_in + c.speaker->client.peer.unknown_in, unknown);
	assert_int_equal(c.speaker->client.peer.state, PEER_CONNECTED);
	assert_int_equal(c.watcher->client.peer.state, PEER_CONNECTED);
	call_end(&c);
}

struct bad_check {
	const char *what;
	const char *username; // NULL: the good one
	const char *password; // NULL: none; "": the good one
	bool no_fingerprint;
	const char *drop; // its counter; NULL: any
};

// proves A03
static void checks_of_strangers_meet_silence(void **)
{
	static const struct bad_check checks[] = {
	        {"unknown slot", "00001fffabcdefgh:test", "", false, "stun_unknown_user"},
	        {"unknown ufrag", "zzzzzzzzzzzzzzzz:test", "", false, "stun_unknown_user"},
	        {"short user name", "a:b", "", false, "stun_unknown_user"},
	        {"no colon", "abcdefgh", "", false, NULL},
	        {"wrong password", NULL, "abcdefghijklmnopqrstuvwx", false, "stun_integrity"},
	        {"no MESSAGE-INTEGRITY", NULL, NULL, false, "stun_integrity"},
	        {"no FINGERPRINT", NULL, "", true, "stun_no_fingerprint"},
	};
	struct party p;
	struct stranger s = stranger_open(AF_INET);
	char username[64];

	party_begin(&p);
	struct member *m = party_transport(&p, &top); // signaled, but its client is slow
	snprintf(username, sizeof(username), "%s:test", m->transport.ufrag);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		const struct bad_check *b = &checks[i];
		uint8_t out[BINDING_LEN_MAX];
		struct binding_request check = {
		        .transaction = {1, 2, 3},
		        .username = b->username ? b->username : username,
		        .password = b->password && !b->password[0] ? m->transport.pwd : b->password,
		        .no_fingerprint = b->no_fingerprint,
		        .use_candidate = true,
		};
		uint64_t drops = driver_drops(&scene.driver);
		uint64_t named = b->drop ? driver_drop(&scene.driver, b->drop) : 0;
		assert_true(named != UINT64_MAX);
		for (int k = 0; k < 20; k++)
			send(s.fd, out, binding_request_build(&check, out), 0);
		usleep(200000);
		if (!heard_nothing(&s))
			fail_msg("%s: answered", b->what);
		if (driver_drops(&scene.driver) < drops + 20 ||
		    (b->drop && driver_drop(&scene.driver, b->drop) < named + 20))
			fail_msg("%s: not counted as %s", b->what, b->drop ? b->drop : "a drop");
	}
	struct am_transport_state state;
	assert_true(driver_transport_state(&scene.driver, m->transport.id, &state));
	assert_int_equal(state.ice, AM_ICE_NEW);
	party_connect(&p); // the client itself, at last
	close(s.fd);
	party_end(&p);
}

// USERNAMEs of absurd lengths (RFC 8489 14.3 allows 508 bytes).
// proves A02
static void huge_user_names_meet_silence(void **)
{
	static const uint16_t sizes[] = {0, 509, 513, 1024, 1440, 65535};
	struct stranger s = stranger_open(AF_INET);
	uint8_t bytes[1472];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t body = sizes[i] > 1440 ? 1440 : (sizes[i] + 3u) & ~3u;
		memset(bytes, 'a', sizeof(bytes));
		am_put_u16(bytes, BINDING_REQUEST);
		am_put_u16(bytes + 2, (uint16_t)(body + 4));
		am_put_u32(bytes + 4, 0x2112a442);
		am_put_u16(bytes + 20, 0x0006);
		am_put_u16(bytes + 22, sizes[i]);
		assert_true(send(s.fd, bytes, 24 + body, 0) > 0);
	}
	usleep(200000);
	assert_true(heard_nothing(&s));
	close(s.fd);
}

// A check that is replayed, or sent from a forged address, redirects nothing: media keeps its path,
// and the new source gets only the answer (RFC 9000 8.1).
// proves A02
static void a_replayed_check_redirects_nothing(void **)
{
	struct call c;
	struct stranger victim = stranger_open(AF_INET6);
	char username[64];
	uint8_t out[BINDING_LEN_MAX], in[2048];
	size_t bytes_out = 0, bytes_in = 0;

	call_begin(&c);
	snprintf(username, sizeof(username), "%s:test", c.watcher->transport.ufrag);
	const struct binding_request check = {
	        .transaction = {9},
	        .username = username,
	        .password = c.watcher->transport.pwd,
	        .use_candidate = true};
	uint32_t packets = c.watcher->video->packets;
	for (int turn = 0; turn < 20; turn++) {
		size_t n = binding_request_build(&check, out);
		bytes_out += (size_t)send(victim.fd, out, n, 0);
		party_run(&c.party, 100);
		for (ssize_t len; (len = recv(victim.fd, in, sizeof(in), 0)) > 0;)
			bytes_in += (size_t)len;
	}
	assert_true(bytes_in > 0); // the answers
	assert_true(bytes_in <= 3 * bytes_out);
	assert_true(c.watcher->video->packets > packets + 100); // in 2 s

	// Not even if the client itself no longer sends checks.
	c.watcher->client.peer.checks_off = true;
	for (int turn = 0; turn < 120; turn++) {
		size_t n = binding_request_build(&check, out);
		bytes_out += (size_t)send(victim.fd, out, n, 0);
		party_run(&c.party, 100);
		for (ssize_t len; (len = recv(victim.fd, in, sizeof(in), 0)) > 0;)
			bytes_in += (size_t)len;
	}
	assert_true(bytes_in <= 3 * bytes_out);
	close(victim.fd);
	call_end(&c);
}

// The client sends only checks: these are trusted once nothing arrives from its old address.
static void a_client_that_moves_and_sends_no_reports_is_followed(void **)
{
	struct call c;

	call_begin(&c);
	c.watcher->client.events.tick = NULL; // no reports
	c.watcher->client.config.server = scene_server(AF_INET6);
	assert_int_equal(client_rebind(&c.watcher->client), 0);
	uint32_t packets = c.watcher->video->packets;
	for (int i = 0; i < 400 && c.watcher->video->packets < packets + 100; i++)
		party_run(&c.party, 50);
	assert_true(c.watcher->video->packets >= packets + 100);
	party_run(&c.party, 500);
	party_settle(&c.party);
	assert_int_equal(c.watcher->client.srtp_refused, 0);
	party_end(&c.party);
}

// The client itself moves to another address: its reports prove that it is there.
// proves F14
static void a_client_that_moves_is_followed(void **)
{
	struct call c;

	call_begin(&c);
	c.watcher->client.config.server = scene_server(AF_INET6);
	assert_int_equal(client_rebind(&c.watcher->client), 0);
	uint32_t packets = c.watcher->video->packets;
	for (int i = 0; i < 100 && c.watcher->video->packets < packets + 100; i++)
		party_run(&c.party, 50);
	assert_true(c.watcher->video->packets >= packets + 100);
	party_run(&c.party, 1000);
	party_settle(&c.party);
	assert_int_equal(c.watcher->client.srtp_refused, 0);
	party_end(&c.party);

	// A speaker is proven by its media.
	call_begin(&c);
	c.speaker->client.config.server = scene_server(AF_INET6);
	assert_int_equal(client_rebind(&c.speaker->client), 0);
	uint32_t feedback = c.speaker->publisher.transport_feedback;
	party_run(&c.party, 1000);
	assert_true(c.speaker->publisher.transport_feedback > feedback + 5);
	party_settle(&c.party);
	party_end(&c.party);
}

// RFC 8445 7.3.1.1: a lite server is always controlled; a client that claims that role gets 487.
static void a_role_conflict_is_answered_with_487(void **)
{
	struct party p;
	struct stranger s = stranger_open(AF_INET);
	char username[64];
	uint8_t out[BINDING_LEN_MAX], in[1500];
	struct binding_message answer;

	party_begin(&p);
	struct member *m = party_transport(&p, &top);
	snprintf(username, sizeof(username), "%s:test", m->transport.ufrag);
	const struct binding_request check = {
	        .transaction = {7},
	        .username = username,
	        .password = m->transport.pwd,
	        .controlled = true};
	send(s.fd, out, binding_request_build(&check, out), 0);
	usleep(300000);
	ssize_t n = recv(s.fd, in, sizeof(in), 0);
	assert_true(n > 0);
	assert_int_equal(binding_parse(&answer, in, (size_t)n, m->transport.pwd), 0);
	assert_int_equal(answer.type, BINDING_ERROR);
	assert_int_equal(answer.error, 487);
	assert_true(answer.integrity_ok);
	struct am_transport_state state;
	assert_true(driver_transport_state(&scene.driver, m->transport.id, &state));
	assert_int_equal(state.ice, AM_ICE_NEW);
	close(s.fd);
	party_end(&p);
}

static void the_answer_names_our_address(void **)
{
	struct party p;

	for (int v6 = 0; v6 < 2; v6++) {
		const struct member_options o = {.family = v6 ? AF_INET6 : AF_INET};
		party_begin(&p);
		struct member *m = party_transport(&p, &o);
		party_connect(&p);
		struct sockaddr_storage own;
		socklen_t len = sizeof(own);
		assert_int_equal(getsockname(m->client.fd, (struct sockaddr *)&own, &len), 0);
		// The port is at the same offset in both families.
		assert_int_equal(
		        ((struct sockaddr_in *)&m->client.peer.mapped)->sin_port,
		        ((struct sockaddr_in *)&own)->sin_port
		);
		assert_int_equal(m->client.peer.mapped.ss_family, own.ss_family);
		uint8_t fingerprint[32];
		memcpy(fingerprint, scene.driver.region.map->header.dtls_fingerprint, 32);
		assert_memory_equal(m->client.peer.server_fingerprint, fingerprint, 32);
		party_end(&p);
	}
}

// proves A01
static void dtls_before_a_check_meets_silence(void **)
{
	// A handshake record that claims to be a ClientHello; the rest is never read.
	static const uint8_t hello[] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40, 1, 0, 0, 28};
	uint8_t bytes[53] = {0};
	struct stranger s = stranger_open(AF_INET);
	uint64_t drops = driver_drop(&scene.driver, "unknown_flow") +
	                 driver_drop(&scene.driver, "dtls_early");

	memcpy(bytes, hello, sizeof(hello));
	for (int i = 0; i < 50; i++)
		send(s.fd, bytes, sizeof(bytes), 0);
	usleep(300000);
	assert_true(heard_nothing(&s));
	assert_true(
	        driver_drop(&scene.driver, "unknown_flow") +
	                driver_drop(&scene.driver, "dtls_early") >=
	        drops + 50
	);
	close(s.fd);
}

// proves A10
static void a_wrong_fingerprint_gets_no_media(void **)
{
	const struct member_options wrong = {.wrong_fingerprint = true, TOP_LAYERS};
	struct party p;

	party_begin(&p);
	struct member *speaker = party_speaker(&p, &top);
	struct member *impostor = party_watcher(&p, speaker, &wrong);
	check_dtls(&p, impostor, AM_DTLS_FAILED, 5000);
	party_run(&p, 1500);
	assert_int_equal(impostor->client.rtp_in, 0);
	assert_int_equal(impostor->client.rtcp_in, 0);
	struct am_transport_state state;
	assert_true(driver_transport_state(&scene.driver, impostor->transport.id, &state));
	assert_int_equal(state.dtls, AM_DTLS_FAILED);
	party_end(&p);
}

// The browser may be faster than its signaling.
static void a_hello_before_the_connect_command_waits(void **)
{
	const struct member_options early = {.no_connect = true};
	struct party p;
	uint8_t fingerprint[32];

	party_begin(&p);
	struct member *m = party_transport(&p, &early);
	party_run(&p, 700);
	assert_int_equal(m->client.rtcp_in + m->client.rtp_in, 0);
	struct am_transport_state state;
	assert_true(driver_transport_state(&scene.driver, m->transport.id, &state));
	assert_int_equal(state.ice, AM_ICE_CONNECTED);
	assert_int_not_equal(state.dtls, AM_DTLS_CONNECTED);
	peer_fingerprint(fingerprint);
	assert_int_equal(driver_transport_connect(&scene.driver, m->transport.id, fingerprint), 0);
	party_connect(&p);
	check_dtls(&p, m, AM_DTLS_CONNECTED, 1000);
	party_end(&p);
}

// proves F12
static void a_split_hello_is_put_together(void **)
{
	const struct member_options small = {.dtls_mtu = 256};
	struct party p;

	party_begin(&p);
	struct member *m = party_transport(&p, &small);
	party_connect(&p);
	check_dtls(&p, m, AM_DTLS_CONNECTED, 1000);
	party_end(&p);
}

#define HALF_OPEN 600 // clients at one address, of which 512 may be in a handshake

// Clients send the first part of a ClientHello and nothing more. They keep only their own address
// from connecting.
// proves A01
static void half_open_handshakes_keep_nobody_else_out(void **)
{
	// A handshake message of 1000 bytes, of which this fragment has 28.
	static const uint8_t hello[53] = {22, 0xfe, 0xfd, 0,   0, 0, 0, 0, 0, 0, 0, 0, 40,
	                                  1,  0,    3,    232, 0, 0, 0, 0, 0, 0, 0, 28};
	const struct member_options neighbour = {.family = AF_INET6};
	static struct stranger s[HALF_OPEN];
	struct party p;
	uint8_t out[BINDING_LEN_MAX], in[1500];
	char username[64];

	party_begin(&p);
	uint64_t refused = driver_drop(&scene.driver, "dtls_refused");
	am_id ids[HALF_OPEN];
	for (int i = 0; i < HALF_OPEN; i++) {
		struct driver_transport t;
		s[i] = stranger_open(AF_INET);
		assert_int_equal(driver_transport_add(&scene.driver, p.room, &t), 0);
		ids[i] = t.id;
		snprintf(username, sizeof(username), "%s:test", t.ufrag);
		const struct binding_request check = {
		        .transaction = {7}, .username = username, .password = t.pwd};
		send(s[i].fd, out, binding_request_build(&check, out), 0);
		for (int k = 0; k < 1000 && recv(s[i].fd, in, sizeof(in), 0) < 0; k++)
			usleep(1000);
		send(s[i].fd, hello, sizeof(hello), 0);
	}
	const uint64_t refused_least = HALF_OPEN - 512 - 20;
	for (int k = 0;
	     k < 10000 && driver_drop(&scene.driver, "dtls_refused") - refused < refused_least; k++)
		usleep(1000);
	usleep(100000); // then nothing more will come
	uint32_t connecting = 0, turned_away = 0;
	for (int i = 0; i < HALF_OPEN; i++) {
		struct am_transport_state state;
		assert_true(driver_transport_state(&scene.driver, ids[i], &state));
		connecting += state.dtls == AM_DTLS_CONNECTING;
		turned_away += state.dtls == AM_DTLS_NEW && state.ice == AM_ICE_CONNECTED;
	}
	// The datagram of any client may get lost.
	assert_in_range(connecting, 512 - 20, 512);
	assert_in_range(turned_away, refused_least, HALF_OPEN - 512 + 20);
	assert_in_range(
	        driver_drop(&scene.driver, "dtls_refused") - refused, refused_least, HALF_OPEN - 512
	);
	struct member *m = party_transport(&p, &neighbour); // in the same room
	party_connect(&p);
	check_dtls(&p, m, AM_DTLS_CONNECTED, 1000);
	for (int i = 0; i < HALF_OPEN; i++) {
		close(s[i].fd);
		assert_int_equal(driver_remove(&scene.driver, AM_CMD_TRANSPORT_REMOVE, ids[i]), 0);
	}
	// The places are free again.
	party_end(&p);
	party_begin(&p);
	party_transport(&p, &top);
	party_connect(&p);
	party_end(&p);
}

static void a_close_notify_is_seen(void **)
{
	struct party p;

	party_begin(&p);
	struct member *m = party_transport(&p, &top);
	party_connect(&p);
	check_dtls(&p, m, AM_DTLS_CONNECTED, 1000);
	peer_close(&m->client.peer);
	check_dtls(&p, m, AM_DTLS_CLOSED, 3000);
	party_end(&p);
}

// A flood of SRTP with wrong tags from a live tuple, on the speaker's own SSRC.
// proves A05
static void unauthentic_media_changes_nothing(void **)
{
	struct call c;
	uint8_t bytes[400];

	call_begin(&c);
	uint64_t refused = driver_drop(&scene.driver, "srtp_auth");
	assert_true(refused != UINT64_MAX);
	for (int turn = 0; turn < 50; turn++) {
		for (uint16_t i = 0; i < 20; i++) {
			random_fill(bytes, sizeof(bytes), (uint32_t)turn * 100 + i);
			bytes[0] = 0x80;
			bytes[1] = PUBLISHER_PT_VP8;
			am_put_u16(
			        bytes + 2,
			        (uint16_t)(c.speaker->publisher.video[2].sequence + i * 500)
			);
			am_put_u32(bytes + 8, c.speaker->publisher.video[2].ssrc);
			client_raw_send(&c.speaker->client, bytes, sizeof(bytes));
		}
		party_run(&c.party, 10);
	}
	assert_true(driver_drop(&scene.driver, "srtp_auth") - refused >= 900);
	call_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_answer_names_our_address),
	        cmocka_unit_test(checks_of_strangers_meet_silence),
	        cmocka_unit_test(huge_user_names_meet_silence),
	        cmocka_unit_test(a_replayed_check_redirects_nothing),
	        cmocka_unit_test(a_client_that_moves_is_followed),
	        cmocka_unit_test(a_client_that_moves_and_sends_no_reports_is_followed),
	        cmocka_unit_test(a_role_conflict_is_answered_with_487),
	        cmocka_unit_test(dtls_before_a_check_meets_silence),
	        cmocka_unit_test(a_wrong_fingerprint_gets_no_media),
	        cmocka_unit_test(a_hello_before_the_connect_command_waits),
	        cmocka_unit_test(a_split_hello_is_put_together),
	        cmocka_unit_test(half_open_handshakes_keep_nobody_else_out),
	        cmocka_unit_test(a_close_notify_is_seen),
	        cmocka_unit_test(strangers_garbage_meets_silence),
	        cmocka_unit_test(garbage_on_a_live_tuple_harms_nobody),
	        cmocka_unit_test(unauthentic_media_changes_nothing),
	};
	return SCENE_RUN(tests);
}
