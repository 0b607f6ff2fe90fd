// Two peers connected over memory, one of which plays the server.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "am_clock.h"
#include "binding.h"
#include "client.h"
#include "peer.h"

#define UFRAG     "0000000auvwxyz12"
#define PWD       "abcdefghijklmnopqrstuvwx"
#define QUEUE_MAX 64

struct datagram {
	size_t len;
	uint8_t bytes[1500];
};

// Datagrams that one has sent and the other has not read yet.
struct queue {
	size_t count;
	bool lost; // datagrams sent from now on are lost
	struct datagram in[QUEUE_MAX];
};

struct pair {
	struct peer client, server;
	struct queue to_client, to_server;
	struct sockaddr_in client_address;
};

static void queue_put(void *context, const uint8_t *payload, size_t len)
{
	struct queue *q = context;

	assert_true(len <= sizeof(q->in[0].bytes) && q->count < QUEUE_MAX);
	if (q->lost)
		return;
	struct datagram *d = &q->in[q->count++];
	memcpy(d->bytes, payload, len);
	d->len = len;
}

static void queue_give(struct queue *q, struct peer *to, uint64_t now_ns)
{
	for (size_t i = 0; i < q->count; i++)
		peer_receive(to, q->in[i].bytes, q->in[i].len, now_ns);
	q->count = 0;
}

static struct peer_config client_of(struct pair *p)
{
	return (struct peer_config
	){.ufrag = UFRAG, .pwd = PWD, .send = queue_put, .context = &p->to_server};
}

static struct pair *pair_open(const struct peer_config *client)
{
	struct pair *p = calloc(1, sizeof(*p));
	p->client_address = (struct sockaddr_in
	){.sin_family = AF_INET, .sin_port = htons(4711), .sin_addr = {htonl(0xc6120009)}};
	const struct peer_config server = {
	        .ufrag = UFRAG,
	        .pwd = PWD,
	        .passive = true,
	        .server = (struct sockaddr *)&p->client_address,
	        .send = queue_put,
	        .context = &p->to_client,
	};
	struct peer_config config = client ? *client : client_of(p);
	config.context = &p->to_server;
	assert_int_equal(peer_init(&p->server, &server), 0);
	assert_int_equal(peer_init(&p->client, &config), 0);
	return p;
}

static void pair_close(struct pair *p)
{
	peer_fini(&p->client);
	peer_fini(&p->server);
	free(p);
}

static void pair_step(struct pair *p, uint64_t now_ns)
{
	peer_tick(&p->client, now_ns);
	queue_give(&p->to_server, &p->server, now_ns);
	peer_tick(&p->server, now_ns);
	queue_give(&p->to_client, &p->client, now_ns);
}

static void pair_run(struct pair *p, uint64_t now_ns)
{
	for (int i = 0; i < 20; i++)
		pair_step(p, now_ns);
}

static void both_get_the_same_keys(void **)
{
	static const uint8_t none[HANDSHAKE_MATERIAL_MAX];
	struct pair *p = pair_open(NULL);

	pair_run(p, NS_PER_S);
	assert_int_equal(p->client.state, PEER_CONNECTED);
	assert_int_equal(p->server.state, PEER_CONNECTED);
	assert_int_equal(p->client.profile, 7);
	assert_int_equal(p->server.profile, 7);
	assert_memory_not_equal(p->client.material, none, sizeof(none));
	assert_memory_equal(p->client.material, p->server.material, sizeof(none));
	pair_close(p);
}

static void the_answer_says_how_the_server_sees_us(void **)
{
	struct pair *p = pair_open(NULL);

	pair_step(p, NS_PER_S);
	assert_memory_equal(&p->client.mapped, &p->client_address, sizeof(p->client_address));
	pair_close(p);
}

static void the_asked_fingerprint_is_the_only_one(void **)
{
	for (int wrong = 0; wrong < 2; wrong++) {
		uint8_t fingerprint[32];
		peer_fingerprint(fingerprint);
		fingerprint[31] ^= (uint8_t)wrong;
		struct peer_config config = {
		        .ufrag = UFRAG, .pwd = PWD, .fingerprint = fingerprint, .send = queue_put};
		struct pair *p = pair_open(&config);
		pair_run(p, NS_PER_S);
		assert_int_equal(p->client.state, wrong ? PEER_FAILED : PEER_CONNECTED);
		pair_close(p);
	}
}

static void checks_go_out_each_50_ms_until_answered(void **)
{
	struct pair *p = pair_open(NULL);
	uint64_t now = NS_PER_S;

	p->to_server.lost = true;
	for (; now < 2 * NS_PER_S; now += NS_PER_MS) {
		assert_true(peer_deadline(&p->client) <= now + 50 * NS_PER_MS);
		peer_tick(&p->client, now);
	}
	assert_int_equal(p->client.checks_sent, 20);
	p->to_server.lost = false;
	pair_run(p, now);
	assert_int_equal(p->client.checks_answered, 1);
	assert_int_equal(p->client.checks_sent, 21);
	for (; now < 13 * NS_PER_S; now += NS_PER_MS)
		pair_step(p, now);
	assert_in_range(p->client.checks_sent, 25, 26);
	assert_int_equal(p->client.checks_answered + 20, p->client.checks_sent); // the lost ones
	pair_close(p);
}

static void a_late_answer_is_as_good(void **)
{
	struct pair *p = pair_open(NULL);

	peer_tick(&p->client, NS_PER_S);
	queue_give(&p->to_server, &p->server, NS_PER_S);
	for (uint64_t i = 1; i < 10; i++)
		peer_tick(&p->client, NS_PER_S + i * 50 * NS_PER_MS);
	assert_int_equal(p->client.checks_sent, 10);
	queue_give(&p->to_client, &p->client, 2 * NS_PER_S);
	assert_int_equal(p->client.checks_answered, 1);
	pair_close(p);
}

// Before the restart's own checks, answers to the old ones do not count.
static void an_answer_of_before_a_restart_is_not(void **)
{
	struct pair *p = pair_open(NULL);

	peer_tick(&p->client, NS_PER_S);
	queue_give(&p->to_server, &p->server, NS_PER_S);
	peer_restart(&p->client, UFRAG, PWD);
	peer_tick(&p->client, NS_PER_S);
	queue_give(&p->to_client, &p->client, NS_PER_S);
	assert_int_equal(p->client.checks_answered, 0);
	assert_int_equal(p->client.state, PEER_CHECKING);
	pair_close(p);
}

// Gives the peer a check from a full-ICE server at `address`.
static void request_give(struct peer *p, const char *pwd)
{
	uint8_t out[BINDING_LEN_MAX];
	char username[2 * PEER_WORD_MAX];
	const struct binding_request request = {
	        .transaction = {1, 2, 3},
	        .username = username,
	        .password = pwd,
	        .priority = 1,
	};

	snprintf(username, sizeof(username), "%s:%s", p->ufrag, UFRAG);
	peer_receive(p, out, binding_request_build(&request, out), 0);
}

static void a_full_server_gets_answers(void **)
{
	struct sockaddr_storage servers[2] = {0};
	*(struct sockaddr_in *)&servers[0] = (struct sockaddr_in
	){.sin_family = AF_INET, .sin_port = htons(5000), .sin_addr = {htonl(0xc6120002)}};
	*(struct sockaddr_in6 *)&servers[1] = (struct sockaddr_in6
	){.sin6_family = AF_INET6, .sin6_port = htons(5001), .sin6_addr = IN6ADDR_LOOPBACK_INIT};

	for (int i = 0; i < 2; i++) {
		struct peer_config config = {
		        .ufrag = UFRAG,
		        .pwd = PWD,
		        .server = (struct sockaddr *)&servers[i],
		        .send = queue_put,
		};
		struct pair *p = pair_open(&config);
		struct binding_message m;
		request_give(&p->client, PWD); // not the client's password
		assert_int_equal(p->to_server.count, 0);
		request_give(&p->client, p->client.pwd);
		assert_int_equal(p->to_server.count, 1);
		const struct datagram *d = &p->to_server.in[0];
		assert_int_equal(binding_parse(&m, d->bytes, d->len, p->client.pwd), 0);
		assert_int_equal(m.type, BINDING_SUCCESS);
		assert_true(m.integrity_ok && m.fingerprint_ok);
		assert_memory_equal(&m.mapped, &servers[i], sizeof(m.mapped));
		pair_close(p);
	}
}

static void a_lite_servers_peer_answers_nobody(void **)
{
	struct pair *p = pair_open(NULL);

	request_give(&p->client, p->client.pwd);
	assert_int_equal(p->to_server.count, 0);
	pair_close(p);
}

static void only_who_controls_nominates(void **)
{
	for (int controlled = 0; controlled < 2; controlled++) {
		struct peer_config config = {
		        .ufrag = UFRAG, .pwd = PWD, .controlled = controlled, .send = queue_put};
		struct pair *p = pair_open(&config);
		struct binding_message m;
		peer_tick(&p->client, NS_PER_S);
		const struct datagram *d = &p->to_server.in[0];
		assert_int_equal(binding_parse(&m, d->bytes, d->len, PWD), 0);
		assert_int_equal(m.use_candidate, !controlled);
		pair_run(p, NS_PER_S);
		assert_int_equal(p->client.state, PEER_CONNECTED);
		pair_close(p);
	}
}

// RFC 6347 4.2.4: the server repeats the last flight when the client repeats its own, so a client
// that has seen it may forget DTLS; before that it must not.
static void a_lost_last_flight_is_asked_for_again(void **)
{
	struct pair *p = pair_open(NULL);

	while (p->server.state != PEER_CONNECTED) {
		peer_tick(&p->client, am_clock_ns());
		queue_give(&p->to_server, &p->server, am_clock_ns());
		if (p->server.state != PEER_CONNECTED)
			queue_give(&p->to_client, &p->client, am_clock_ns());
	}
	p->to_client.count = 0; // the last flight
	assert_int_equal(p->client.state, PEER_HANDSHAKE);
	for (int i = 0; i < 300 && p->client.state != PEER_CONNECTED; i++) {
		pair_step(p, am_clock_ns());
		usleep(10000); // for OpenSSL's clock, which is the real one
	}
	assert_int_equal(p->client.state, PEER_CONNECTED);
	pair_close(p);
}

static void close_notify_is_seen_where_dtls_is_kept(void **)
{
	for (int keep = 0; keep < 2; keep++) {
		struct peer_config config = {
		        .ufrag = UFRAG, .pwd = PWD, .keep_dtls = keep, .send = queue_put};
		struct pair *p = pair_open(&config);
		pair_run(p, NS_PER_S);
		assert_int_equal(p->client.dtls != NULL, keep);
		peer_close(&p->server);
		pair_run(p, NS_PER_S);
		assert_int_equal(p->client.state, keep ? PEER_CLOSED : PEER_CONNECTED);
		pair_close(p);
	}
}

static void hostile_bytes_change_nothing(void **)
{
	struct pair *p = pair_open(NULL);
	uint8_t bytes[64];

	for (int first = 0; first < 256; first++) {
		memset(bytes, first, sizeof(bytes));
		for (size_t len = 0; len <= sizeof(bytes); len++)
			assert_int_equal(peer_receive(&p->client, bytes, len, 0), PEER_CHECKING);
	}
	pair_run(p, NS_PER_S);
	assert_int_equal(p->client.state, PEER_CONNECTED);
	pair_close(p);
}

static void words_too_long_are_refused(void **)
{
	char word[PEER_WORD_MAX + 2];
	struct peer p;

	memset(word, 'a', sizeof(word));
	word[PEER_WORD_MAX + 1] = '\0';
	struct peer_config config = {.ufrag = word, .pwd = PWD, .send = queue_put};
	assert_int_equal(peer_init(&p, &config), -EINVAL);
	word[PEER_WORD_MAX] = '\0';
	assert_int_equal(peer_init(&p, &config), 0);
	peer_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(both_get_the_same_keys),
	        cmocka_unit_test(the_answer_says_how_the_server_sees_us),
	        cmocka_unit_test(the_asked_fingerprint_is_the_only_one),
	        cmocka_unit_test(checks_go_out_each_50_ms_until_answered),
	        cmocka_unit_test(a_late_answer_is_as_good),
	        cmocka_unit_test(an_answer_of_before_a_restart_is_not),
	        cmocka_unit_test(a_full_server_gets_answers),
	        cmocka_unit_test(a_lite_servers_peer_answers_nobody),
	        cmocka_unit_test(only_who_controls_nominates),
	        cmocka_unit_test(a_lost_last_flight_is_asked_for_again),
	        cmocka_unit_test(close_notify_is_seen_where_dtls_is_kept),
	        cmocka_unit_test(hostile_bytes_change_nothing),
	        cmocka_unit_test(words_too_long_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
