#include "service/dtls.c"

#include "dtls_net.h"

#include <malloc.h>
#include <openssl/rand.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECOND         1000000000ull
#define EXPORT_LEN_MAX 60

static const char *const gcm_first[] = {"AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"};
static const char *const cm_first[] = {"AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM"};

static struct dtls_context *context; // gcm_first

// A server that knows the fingerprint and a client, nothing sent yet.
static void start(struct net *n, const struct net_client *how)
{
	net_init(n, context, how);
	dtls_set_fingerprint(n->server, &n->client_fingerprint);
}

static void start_connected(struct net *n)
{
	start(n, NULL);
	net_settle(n);
	assert_int_equal(dtls_state(n->server), AM_DTLS_CONNECTED);
}

// Connected, and both ends hold the same keys.
static void assert_connected(struct net *n)
{
	assert_int_equal(dtls_state(n->server), AM_DTLS_CONNECTED);
	assert_true(SSL_is_init_finished(n->client));
	assert_false(n->client_failed);
	assert_true(n->to_client.len_max <= DTLS_DATAGRAM_MAX);

	struct srtp_keys keys;
	uint8_t want[EXPORT_LEN_MAX];
	assert_int_equal(dtls_srtp_keys(n->server, &keys), 0);
	assert_int_equal(keys.profile, SSL_get_selected_srtp_profile(n->client)->id);
	size_t salt_len = srtp_salt_len(keys.profile);
	assert_true(salt_len > 0);
	assert_int_equal(
	        SSL_export_keying_material(
	                n->client, want, 2 * (16 + salt_len), "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0
	        ),
	        1
	);
	// The DTLS client's come first, whoever that is.
	bool accepts = SSL_is_server(n->client);
	const struct srtp_master *first = accepts ? &keys.server : &keys.client;
	const struct srtp_master *second = accepts ? &keys.client : &keys.server;
	assert_memory_equal(first->key, want, 16);
	assert_memory_equal(second->key, want + 16, 16);
	assert_memory_equal(first->salt, want + 32, salt_len);
	assert_memory_equal(second->salt, want + 32 + salt_len, salt_len);
}

static void assert_no_keys(struct net *n)
{
	static const struct srtp_keys zero;
	struct srtp_keys keys;
	memset(&keys, 0xaa, sizeof(keys));
	assert_int_equal(dtls_srtp_keys(n->server, &keys), -ENOTCONN);
	assert_memory_equal(&keys, &zero, sizeof(keys));
	assert_int_equal(dtls_write(n->server, (const uint8_t *)"x", 1), -ENOTCONN);
}

static void assert_failed(struct net *n)
{
	assert_int_equal(dtls_state(n->server), AM_DTLS_FAILED);
	assert_null(n->server->ssl);
	assert_int_equal(dtls_deadline(n->server), UINT64_MAX);
	assert_no_keys(n);
	int sent = n->to_client.sent;
	dtls_receive(n->server, (const uint8_t *)"\x16\xfe\xfd", 3, n->now_ns);
	assert_int_equal(dtls_timer(n->server, UINT64_MAX), AM_DTLS_FAILED);
	assert_int_equal(n->to_client.sent, sent);
}

static void both_profiles_connect_and_the_server_prefers(void **)
{
	static const struct {
		const char *const *server;
		uint8_t server_count;
		const char *client;
		uint8_t profile;
	} rows[] = {
	        {gcm_first, 2, NULL, SRTP_PROFILE_AEAD_AES_128_GCM},
	        {cm_first, 2, NULL, SRTP_PROFILE_AES128_CM_SHA1_80},
	        {cm_first, 2, "SRTP_AEAD_AES_128_GCM", SRTP_PROFILE_AEAD_AES_128_GCM},
	        {gcm_first, 2, "SRTP_AES128_CM_SHA1_80", SRTP_PROFILE_AES128_CM_SHA1_80},
	        {gcm_first, 1, NULL, SRTP_PROFILE_AEAD_AES_128_GCM},
	        {cm_first, 1, NULL, SRTP_PROFILE_AES128_CM_SHA1_80},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dtls_context *c = dtls_context_create(rows[i].server, rows[i].server_count);
		struct net_client how = {.profiles = rows[i].client, .rsa = i % 2 == 1};
		struct net n;
		struct srtp_keys keys;
		net_init(&n, c, &how);
		dtls_set_fingerprint(n.server, &n.client_fingerprint);
		assert_int_equal(dtls_state(n.server), AM_DTLS_NEW);
		net_settle(&n);
		assert_connected(&n);
		assert_int_equal(dtls_srtp_keys(n.server, &keys), 0);
		assert_int_equal(keys.profile, rows[i].profile);
		net_fini(&n);
		dtls_context_destroy(c);
	}
}

static void the_certificate_is_the_signaled_one(void **)
{
	struct net n;
	start_connected(&n);
	X509 *cert = SSL_get1_peer_certificate(n.client);
	uint8_t digest[AM_FINGERPRINT_MAX];
	assert_true(certificate_digest(cert, AM_HASH_SHA256, digest));
	assert_memory_equal(digest, dtls_context_fingerprint(context), 32);
	X509_free(cert);
	assert_false(SSL_SESSION_has_ticket(SSL_get_session(n.client))); // nothing to resume with
	net_fini(&n);

	// A process's certificate is its own.
	struct dtls_context *other = dtls_context_create(gcm_first, 2);
	assert_memory_not_equal(dtls_context_fingerprint(other), digest, 32);
	dtls_context_destroy(other);
}

static void profiles_are_checked(void **)
{
	static const char *const unknown[] = {"AEAD_AES_128_GCM", "AEAD_AES_128_GCM "};
	errno = 0;
	assert_null(dtls_context_create(unknown, 2));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(dtls_context_create(unknown, 0));
	assert_int_equal(errno, EINVAL);
	const char *many[200];
	for (size_t i = 0; i < 200; i++)
		many[i] = gcm_first[0];
	errno = 0;
	assert_null(dtls_context_create(many, 200));
	assert_int_equal(errno, EINVAL);
}

static void a_fragmented_client_hello_is_reassembled(void **)
{
	struct net_client how = {.mtu = 256, .alpn_len = 1000};
	struct net n;
	start(&n, &how);
	ERR_clear_error();
	SSL_do_handshake(n.client);
	assert_true(n.to_server.count >= 5);
	assert_true(n.to_server.len_max <= 256);
	net_settle(&n);
	assert_connected(&n);
	net_fini(&n);

	// Last fragment first.
	start(&n, &how);
	SSL_do_handshake(n.client);
	for (unsigned i = n.to_server.count; i-- > 0;) {
		struct net_datagram *d = &n.to_server.slots[i];
		dtls_receive(n.server, d->bytes, d->len, n.now_ns);
	}
	n.to_server.count = 0;
	net_settle(&n);
	assert_connected(&n);
	net_fini(&n);
}

static void any_lost_datagram_is_recovered(void **)
{
	struct net_client how = {.mtu = 256}; // more datagrams to lose
	for (int direction = 0; direction < 2; direction++) {
		for (int nth = 1; nth <= 12; nth++) {
			struct net n;
			start(&n, &how);
			struct net_queue *q = direction == 0 ? &n.to_server : &n.to_client;
			q->drop_nth = nth;
			net_run(&n, 30 * SECOND);
			assert_connected(&n);
			net_fini(&n);
		}
	}
}

static void thirty_percent_loss_is_survived(void **)
{
	for (unsigned seed = 1; seed <= 50; seed++) {
		struct net n;
		start(&n, NULL);
		n.random = seed;
		n.loss_percent = 30;
		net_run(&n, 60 * SECOND);
		if (dtls_state(n.server) != AM_DTLS_CONNECTED)
			print_message("seed %u\n", seed);
		assert_connected(&n);
		net_fini(&n);
	}
}

static void fingerprints_of_three_hashes_are_known(void **)
{
	static const EVP_MD *(*const digests[AM_HASH_COUNT])(void) = {
	        [AM_HASH_SHA256] = EVP_sha256,
	        [AM_HASH_SHA384] = EVP_sha384,
	        [AM_HASH_SHA512] = EVP_sha512,
	};
	for (uint8_t hash = 0; hash < AM_HASH_COUNT; hash++) {
		for (int wrong = 0; wrong < 2; wrong++) {
			struct am_fingerprint f = {.hash = hash};
			unsigned int len = sizeof(f.bytes);
			struct net n;
			net_init(&n, context, NULL);
			X509 *cert = SSL_CTX_get0_certificate(n.client_ctx);
			assert_int_equal(X509_digest(cert, digests[hash](), f.bytes, &len), 1);
			assert_int_equal(len, am_hash_len(hash));
			f.bytes[len - 1] ^= (uint8_t)wrong;
			dtls_set_fingerprint(n.server, &f);
			net_settle(&n);
			assert_int_equal(
			        dtls_state(n.server), wrong ? AM_DTLS_FAILED : AM_DTLS_CONNECTED
			);
			net_fini(&n);
		}
	}
}

// RFC 8842 5: the client has chosen to be the DTLS server.
static void start_client(struct net *n, const struct net_client *how)
{
	struct net_client accepting = *how;
	accepting.accepts = true;
	start(n, &accepting);
	dtls_start(n->server, n->now_ns);
	assert_int_equal(dtls_deadline(n->server), n->now_ns);
}

static void we_may_begin(void **)
{
	static const struct net_client rows[] = {
	        {0},
	        {.rsa = true},
	        {.mtu = 256},
	        {.profiles = "SRTP_AES128_CM_SHA1_80"},
	        {.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct net n;
		start_client(&n, &rows[i]);
		assert_int_equal(n.to_client.sent, 0);
		net_run(&n, SECOND);
		assert_connected(&n);
		assert_int_equal(dtls_deadline(n.server), UINT64_MAX);
		net_client_write(&n, (const uint8_t *)"data", 4);
		net_settle(&n);
		assert_int_equal(n.data_len, 4);
		assert_int_equal(SSL_shutdown(n.client), 0);
		net_settle(&n);
		assert_int_equal(dtls_state(n.server), AM_DTLS_CLOSED);
		net_fini(&n);
	}
}

static void what_we_began_survives_loss_and_garbage(void **)
{
	static const struct net_client how = {.mtu = 256};
	for (unsigned seed = 1; seed <= 20; seed++) {
		struct net n;
		start_client(&n, &how);
		n.random = seed;
		n.loss_percent = 30;
		net_run(&n, 60 * SECOND);
		assert_connected(&n);
		net_fini(&n);
	}
}

static void what_we_began_ends_by_itself(void **)
{
	static const struct net_client how;
	struct net n;
	start_client(&n, &how);
	n.client_failed = true; // gone
	n.to_server.drop_nth = 1;
	for (int i = 0; i < 100 && dtls_state(n.server) != AM_DTLS_FAILED; i++) {
		n.to_client.count = 0;
		net_run(&n, SECOND);
	}
	assert_failed(&n);
	net_fini(&n);

	// Nor with somebody else than was signaled.
	start_client(&n, &how);
	struct am_fingerprint other = n.client_fingerprint;
	other.bytes[0] ^= 1;
	n.server->fingerprint = other;
	net_run(&n, SECOND);
	assert_failed(&n);
	net_fini(&n);
}

static void whoever_begins_first_is_the_client(void **)
{
	struct net n;
	start(&n, NULL);
	dtls_start(n.server, n.now_ns + SECOND / 2);
	net_run(&n, 2 * SECOND);
	assert_connected(&n);
	assert_true(SSL_is_server(n.server->ssl));
	net_fini(&n);

	const struct net_client accepting = {.accepts = true};
	start(&n, &accepting);
	dtls_start(n.server, n.now_ns + SECOND / 2);
	net_run(&n, SECOND / 2 - 1);
	assert_int_equal(n.to_client.sent, 0);
	net_run(&n, SECOND);
	assert_connected(&n);
	assert_false(SSL_is_server(n.server->ssl));
	net_fini(&n);
}

static void a_silent_client_is_given_up(void **)
{
	struct net n;
	start(&n, NULL);
	SSL_do_handshake(n.client);
	struct net_datagram *hello = &n.to_server.slots[0];
	dtls_receive(n.server, hello->bytes, hello->len, n.now_ns);
	int flight = n.to_client.sent;
	assert_int_equal(flight, 1); // all five messages in one datagram
	assert_int_equal(dtls_state(n.server), AM_DTLS_CONNECTING);
	assert_true(dtls_deadline(n.server) - n.now_ns <= SECOND / 5);

	assert_int_equal(dtls_timer(n.server, dtls_deadline(n.server) - 1), AM_DTLS_CONNECTING);
	assert_int_equal(n.to_client.sent, flight); // not yet
	n.to_server.count = 0;
	n.client_failed = true; // gone
	net_run(&n, 29 * SECOND);
	assert_int_equal(dtls_state(n.server), AM_DTLS_CONNECTING);
	assert_true(n.to_client.sent - flight <= 8 * 5); // five messages, each at most eight times
	net_run(&n, 2 * SECOND);
	assert_failed(&n);
	net_fini(&n);
}

// OpenSSL answers nothing before the ClientHello is whole, so it has no timer.
static void an_incomplete_hello_has_a_deadline(void **)
{
	struct net_client how = {.mtu = 256, .alpn_len = 1000};
	struct net n;
	start(&n, &how);
	SSL_do_handshake(n.client);
	struct net_datagram *part = &n.to_server.slots[0];
	uint64_t began_ns = n.now_ns;
	assert_int_equal(
	        dtls_receive(n.server, part->bytes, part->len, began_ns), AM_DTLS_CONNECTING
	);
	assert_int_equal(n.to_client.sent, 0);
	assert_int_equal(context->half_open, 1);
	assert_int_equal(dtls_deadline(n.server), began_ns + 30 * SECOND);

	// Saying it again does not put the end off.
	assert_int_equal(
	        dtls_receive(n.server, part->bytes, part->len, began_ns + 20 * SECOND),
	        AM_DTLS_CONNECTING
	);
	assert_int_equal(dtls_deadline(n.server), began_ns + 30 * SECOND);
	assert_int_equal(dtls_timer(n.server, began_ns + 30 * SECOND - 1), AM_DTLS_CONNECTING);
	assert_int_equal(dtls_timer(n.server, began_ns + 30 * SECOND), AM_DTLS_FAILED);
	assert_int_equal(context->half_open, 0);
	assert_failed(&n);
	net_fini(&n);
}

// A client that nobody signals holds its place no longer.
static void a_handshake_without_a_fingerprint_has_a_deadline(void **)
{
	struct net n;
	net_init(&n, context, NULL);
	uint64_t began_ns = n.now_ns;
	net_settle(&n);
	assert_true(SSL_is_init_finished(n.client));
	assert_int_equal(dtls_state(n.server), AM_DTLS_CONNECTING);
	assert_int_equal(context->half_open, 1);
	assert_in_range(dtls_deadline(n.server), began_ns + 30 * SECOND, began_ns + 31 * SECOND);
	assert_int_equal(dtls_timer(n.server, dtls_deadline(n.server)), AM_DTLS_FAILED);
	assert_int_equal(context->half_open, 0);
	net_fini(&n);

	// One that is connected has none.
	start_connected(&n);
	assert_int_equal(dtls_timer(n.server, n.now_ns + 3600 * SECOND), AM_DTLS_CONNECTED);
	net_fini(&n);
}

static void a_clock_set_back_does_not_stop_the_timer(void **)
{
	struct net n;
	start(&n, NULL);
	SSL_do_handshake(n.client);
	net_shift_wall_clock(-3600);
	struct net_datagram *hello = &n.to_server.slots[0];
	dtls_receive(n.server, hello->bytes, hello->len, n.now_ns);
	net_shift_wall_clock(-3600);
	dtls_timer(n.server, dtls_deadline(n.server));
	assert_true(dtls_deadline(n.server) <= n.now_ns + 7 * SECOND);
	net_shift_wall_clock(3600 * 24 * 3650ll);
	int flight = n.to_client.sent;
	dtls_timer(n.server, dtls_deadline(n.server) - 1);
	assert_int_equal(n.to_client.sent, flight);
	dtls_timer(n.server, dtls_deadline(n.server));
	assert_true(n.to_client.sent > flight);
	net_run(&n, 10 * SECOND);
	assert_connected(&n);
	net_fini(&n);
}

static void the_fingerprint_may_come_late(void **)
{
	struct net n;
	net_init(&n, context, NULL);
	net_settle(&n);
	assert_int_equal(dtls_state(n.server), AM_DTLS_CONNECTING);
	assert_true(SSL_is_init_finished(n.client));
	assert_no_keys(&n);
	assert_true(dtls_deadline(n.server) > n.now_ns + 20 * SECOND);

	// Nobody listens to a client that nobody knows.
	net_client_write(&n, (const uint8_t *)"early", 5);
	net_settle(&n);
	assert_int_equal(n.data_len, 0);
	assert_int_equal(dtls_set_fingerprint(n.server, &n.client_fingerprint), AM_DTLS_CONNECTED);
	assert_int_equal(dtls_deadline(n.server), UINT64_MAX);
	assert_connected(&n);
	assert_int_equal(dtls_set_fingerprint(n.server, &n.client_fingerprint), AM_DTLS_CONNECTED);
	net_fini(&n);
}

static void the_fingerprint_may_come_in_between(void **)
{
	struct net n;
	net_init(&n, context, NULL);
	SSL_do_handshake(n.client);
	struct net_datagram *hello = &n.to_server.slots[0];
	dtls_receive(n.server, hello->bytes, hello->len, n.now_ns);
	n.to_server.count = 0;
	assert_int_equal(dtls_set_fingerprint(n.server, &n.client_fingerprint), AM_DTLS_CONNECTING);
	net_settle(&n);
	assert_connected(&n);
	net_fini(&n);
}

static void a_wrong_fingerprint_fails(void **)
{
	for (int bit = 0; bit < 256; bit += 51) { // first and last byte among them
		for (int late = 0; late < 2; late++) {
			struct net n;
			net_init(&n, context, NULL);
			struct am_fingerprint wrong = n.client_fingerprint;
			wrong.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (late)
				net_settle(&n);
			dtls_set_fingerprint(n.server, &wrong);
			net_settle(&n);
			assert_failed(&n);
			assert_int_equal(
			        dtls_set_fingerprint(n.server, &n.client_fingerprint),
			        AM_DTLS_FAILED
			);
			net_fini(&n);
		}
	}
}

static void a_second_fingerprint_fails(void **)
{
	static const struct am_fingerprint other;
	struct net n;
	start_connected(&n);
	assert_int_equal(dtls_set_fingerprint(n.server, &other), AM_DTLS_FAILED);
	assert_failed(&n);
	net_fini(&n);

	start(&n, NULL); // half-way
	SSL_do_handshake(n.client);
	struct net_datagram *hello = &n.to_server.slots[0];
	dtls_receive(n.server, hello->bytes, hello->len, n.now_ns);
	assert_int_equal(dtls_set_fingerprint(n.server, &other), AM_DTLS_FAILED);
	assert_failed(&n);
	net_fini(&n);
}

static void what_cannot_be_secured_fails(void **)
{
	static const struct net_client rows[] = {
	        {.no_certificate = true},
	        {.dtls_1_0 = true},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct net n;
		start(&n, &rows[i]);
		net_run(&n, SECOND);
		assert_failed(&n);
		net_fini(&n);
	}
}

// RFC 5764 4.1.1: media alone needs a profile, data does not.
static void without_a_profile_there_is_data_alone(void **)
{
	static const char *const offers[] = {"", "SRTP_AES128_CM_SHA1_32"}; // none, none in common
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		struct net_client how = {.profiles = offers[i]};
		struct srtp_keys keys;
		struct net n;
		start(&n, &how);
		net_settle(&n);
		assert_int_equal(dtls_state(n.server), AM_DTLS_CONNECTED);
		assert_int_equal(dtls_srtp_keys(n.server, &keys), -ENOPROTOOPT);
		net_client_write(&n, (const uint8_t *)"data", 4);
		net_settle(&n);
		assert_int_equal(n.data_len, 4);
		assert_int_equal(dtls_fail(n.server), AM_DTLS_FAILED);
		assert_failed(&n);
		net_fini(&n);
	}
}

static size_t make_record(uint8_t *to, uint8_t type, uint16_t epoch, uint8_t seq, size_t len)
{
	memset(to, 0, 13);
	to[0] = type;
	am_put_u16(to + 1, 0xfefd);
	am_put_u16(to + 3, epoch);
	to[10] = seq;
	am_put_u16(to + 11, (uint16_t)len);
	RAND_bytes(to + 13, (int)len);
	return 13 + len;
}

static void inject(struct net *n, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = calloc(1, len + 1); // one byte more than it says, for len 0
	memcpy(copy, bytes, len);
	dtls_receive(n->server, copy, len, n->now_ns);
	free(copy);
}

// What no session may notice, in whatever phase.
static void inject_garbage(struct net *n)
{
	static const uint8_t zeros[13];
	uint8_t junk[NET_DATAGRAM_MAX];
	inject(n, zeros, 0);
	inject(n, zeros, 1);
	inject(n, zeros, sizeof(zeros));
	for (unsigned type = 0; type < 256; type++) {
		if (type == 20 || type == 21 || type == 22)
			continue; // valid and not encrypted: whoever writes it is believed, RFC
			          // 6347 4.1.2.7
		inject(n, junk, make_record(junk, (uint8_t)type, 0, 200, 40));
		inject(n, junk, make_record(junk, (uint8_t)type, 2, 200, 40));
		inject(n, junk, make_record(junk, (uint8_t)type, 65535, 200, 40));
	}
	for (unsigned type = 20; type <= 23; type++) {
		inject(n, junk, make_record(junk, (uint8_t)type, 2, 201, 40));
		for (size_t len = 0; len <= 40; len++) // too short for nonce and tag, up to 24
			inject(n, junk, make_record(junk, (uint8_t)type, 1, 202, len));
		inject(n, junk, make_record(junk, (uint8_t)type, 1, 204, 1000));
		size_t len = make_record(junk, (uint8_t)type, 0, 205, 1000);
		inject(n, junk, len - 1); // cut off
		inject(n, junk, 12);
	}
	inject(n, junk, make_record(junk, 23, 1, 206, 16384));
	inject(n, junk, make_record(junk, 23, 0, 207, 16384));
}

static void garbage_is_harmless_in_every_phase(void **)
{
	static const struct net_client rows[] = {
	        {.mtu = 256, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"},
	        {.mtu = 256, .ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct net n;
		start(&n, &rows[i]);
		n.before_server = inject_garbage;
		net_run(&n, 30 * SECOND);
		assert_connected(&n);
		inject_garbage(&n);
		assert_connected(&n);
		net_client_write(&n, (const uint8_t *)"alive", 5);
		n.before_server = NULL;
		net_settle(&n);
		assert_int_equal(n.data_len, 5);
		net_fini(&n);
	}
}

static void a_live_session_ignores_the_first_epoch(void **)
{
	static const uint8_t fatal[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 1, 0, 0, 2, 2, 40};
	static const uint8_t close[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 1, 1, 0, 2, 1, 0};
	struct net n, other;
	uint8_t junk[200];
	start_connected(&n);
	int sent = n.to_client.sent;
	inject(&n, fatal, sizeof(fatal));
	inject(&n, close, sizeof(close));
	for (uint8_t type = 20; type < 24; type++)
		inject(&n, junk, make_record(junk, type, 0, 250, 100));

	// Another client's hello, as when a tuple is taken over.
	start(&other, NULL);
	SSL_do_handshake(other.client);
	inject(&n, other.to_server.slots[0].bytes, other.to_server.slots[0].len);
	assert_int_equal(n.to_client.sent, sent);
	assert_connected(&n);
	net_fini(&n);
	net_fini(&other);
}

static void early_records_are_bounded(void **)
{
	struct net n;
	uint8_t junk[64];
	start(&n, NULL);
	SSL_do_handshake(n.client);
	struct net_datagram *hello = &n.to_server.slots[0];
	dtls_receive(n.server, hello->bytes, hello->len, n.now_ns);
	n.to_server.count = 0;
	inject(&n, junk, make_record(junk, 22, 2, 0, 40));
	assert_int_equal(n.server->early_count, 0); // of an epoch that never comes
	for (unsigned i = 0; i < 1000; i++) {
		inject(&n, junk, make_record(junk, 22, 1, (uint8_t)i, 40));
		assert_true(n.server->early_count <= DTLS_EARLY_MAX);
	}
	assert_int_equal(n.server->early_count, DTLS_EARLY_MAX);
	// The true one is not early, so it still passes.
	net_run(&n, 10 * SECOND);
	assert_connected(&n);
	net_fini(&n);
}

static void half_open_handshakes_are_bounded(void **)
{
	struct net a, b;

	start(&a, NULL);
	start(&b, NULL);
	assert_int_equal(context->half_open, 0);
	context->half_open = DTLS_HALF_OPEN_MAX - 1; // others
	SSL_do_handshake(a.client);
	SSL_do_handshake(b.client);
	inject(&a, a.to_server.slots[0].bytes, a.to_server.slots[0].len);
	inject(&b, b.to_server.slots[0].bytes, b.to_server.slots[0].len);
	assert_int_equal(dtls_state(a.server), AM_DTLS_CONNECTING);
	assert_int_equal(dtls_state(b.server), AM_DTLS_NEW);
	assert_int_equal(b.to_client.sent, 0);
	net_settle(&a); // done, so there is room for one
	assert_connected(&a);
	net_run(&b, 30 * SECOND);
	assert_connected(&b);
	context->half_open -= DTLS_HALF_OPEN_MAX - 1;
	net_fini(&a);
	assert_int_equal(context->half_open, 0);
	net_fini(&b);

	start(&a, NULL); // one that ends half-way
	SSL_do_handshake(a.client);
	inject(&a, a.to_server.slots[0].bytes, a.to_server.slots[0].len);
	assert_int_equal(context->half_open, 1);
	net_fini(&a);
	assert_int_equal(context->half_open, 0);
}

// Resident pages of a buffer.
static size_t resident(const uint8_t *bytes, size_t len)
{
	uintptr_t page = 4096, first = ((uintptr_t)bytes + page - 1) / page * page;
	unsigned char in_core[64];
	size_t pages = ((uintptr_t)bytes + len - first) / page, n = 0;

	assert_true(pages > 0 && pages <= sizeof(in_core));
	assert_int_equal(mincore((void *)first, pages * page, in_core), 0);
	for (size_t i = 0; i < pages; i++)
		n += in_core[i] & 1;
	return n;
}

// A session in which nothing moves holds neither buffers nor the client's certificate, and works as
// before: data both ways, the last flight once more, the same keys, a farewell.
static void a_quiet_session_is_small(void **)
{
	struct srtp_keys before, after;
	uint8_t got[64];
	struct net n;

	start(&n, NULL);
	SSL_do_handshake(n.client);
	inject(&n, n.to_server.slots[0].bytes, n.to_server.slots[0].len);
	const uint8_t *buffer = n.server->handshake_buffer;
	assert_non_null(buffer); // else OpenSSL has changed: see on_message
	assert_true(malloc_usable_size((void *)(uintptr_t)buffer) >= HANDSHAKE_BUFFER_LEN);
	n.to_server.count = n.to_server.head = 0;
	net_settle(&n);
	assert_connected(&n);
	for (int round = 0; round < 3; round++) {
		assert_int_equal(resident(buffer, HANDSHAKE_BUFFER_LEN), 0);
		assert_null(SSL_get0_peer_certificate(n.server->ssl));
		assert_int_equal(dtls_srtp_keys(n.server, &before), 0);
		int sent = n.to_client.sent;
		assert_int_equal(dtls_write(n.server, (const uint8_t *)"to the client", 13), 0);
		assert_int_equal(n.to_client.sent, sent + 1);
		assert_int_equal(net_client_read(&n, got, sizeof(got)), 13);
		n.data_len = 0;
		net_client_write(&n, (const uint8_t *)"to the server", 13);
		net_settle(&n);
		assert_int_equal(n.data_len, 13);
		assert_int_equal(dtls_srtp_keys(n.server, &after), 0);
		assert_memory_equal(&before, &after, sizeof(before));
	}
	dtls_destroy(n.server);
	n.server = NULL;
	net_settle(&n);
	assert_int_equal(SSL_get_shutdown(n.client), SSL_RECEIVED_SHUTDOWN);
	net_fini(&n);
}

// RFC 6347 4.2.4: a client that has not got our last flight sends its own again.
static void the_last_flight_is_repeated_from_a_quiet_session(void **)
{
	struct net n;

	start(&n, NULL);
	SSL_do_handshake(n.client);
	inject(&n, n.to_server.slots[0].bytes, n.to_server.slots[0].len);
	n.to_server.count = n.to_server.head = 0;
	SSL_do_handshake(n.client);
	for (unsigned i = 0; i < n.to_server.count; i++)
		inject(&n, n.to_server.slots[i].bytes, n.to_server.slots[i].len);
	n.to_server.count = n.to_server.head = 0;
	assert_int_equal(dtls_state(n.server), AM_DTLS_CONNECTED);
	for (int lost = 0; lost < 3; lost++) {
		n.to_client.count = n.to_client.head = 0; // the network drops our flight
		n.now_ns += 10 * SECOND;
		net_shift_wall_clock(10);
		DTLSv1_handle_timeout(n.client);
		assert_true(n.to_server.count > 0);
		while (n.to_server.count > 0) {
			struct net_datagram *d = &n.to_server.slots[n.to_server.head];
			inject(&n, d->bytes, d->len);
			n.to_server.head = (n.to_server.head + 1) % NET_QUEUE_MAX;
			n.to_server.count--;
		}
		assert_true(n.to_client.count > 0);
	}
	net_settle(&n);
	assert_connected(&n);
	net_fini(&n);
}

static void a_finished_that_overtakes_is_kept(void **)
{
	struct net n;
	start(&n, NULL);
	SSL_do_handshake(n.client);
	dtls_receive(n.server, n.to_server.slots[0].bytes, n.to_server.slots[0].len, n.now_ns);
	n.to_server.count = 0;
	n.to_server.head = 0;
	SSL_do_handshake(n.client); // certificate to finished, in one datagram or two

	// Every record a datagram, last first, but the second last (the new epoch) before the last.
	struct {
		const uint8_t *bytes;
		size_t len;
	} records[16];
	unsigned count = 0;
	for (unsigned i = 0; i < n.to_server.count; i++) {
		struct net_datagram *d = &n.to_server.slots[i];
		for (size_t at = 0; at < d->len;) {
			size_t len = 13u + (size_t)(d->bytes[at + 11] << 8 | d->bytes[at + 12]);
			records[count].bytes = d->bytes + at;
			records[count++].len = len;
			at += len;
		}
	}
	assert_true(count >= 4);
	dtls_receive(n.server, records[count - 1].bytes, records[count - 1].len, n.now_ns);
	assert_int_equal(n.server->early_count, 1);
	for (unsigned i = 0; i < count - 1; i++)
		dtls_receive(n.server, records[i].bytes, records[i].len, n.now_ns);
	n.to_server.count = 0;
	assert_int_equal(dtls_state(n.server), AM_DTLS_CONNECTED);
	net_settle(&n);
	assert_connected(&n);
	net_fini(&n);
}

static void close_notify_closes(void **)
{
	struct net n;
	start_connected(&n);
	SSL_shutdown(n.client);
	n.client_failed = true;
	net_settle(&n);
	assert_int_equal(dtls_state(n.server), AM_DTLS_CLOSED);
	assert_no_keys(&n);
	assert_int_equal(dtls_deadline(n.server), UINT64_MAX);
	int sent = n.to_client.sent;
	inject_garbage(&n);
	assert_int_equal(dtls_timer(n.server, UINT64_MAX), AM_DTLS_CLOSED);
	assert_int_equal(n.to_client.sent, sent);
	net_fini(&n);
}

static void destroying_says_close_notify(void **)
{
	struct net n;
	start_connected(&n);
	dtls_destroy(n.server);
	n.server = NULL;
	net_settle(&n);
	assert_int_equal(SSL_get_shutdown(n.client), SSL_RECEIVED_SHUTDOWN);
	net_fini(&n);
}

static void data_goes_both_ways(void **)
{
	struct net n;
	uint8_t sent[NET_DATAGRAM_MAX], got[NET_DATAGRAM_MAX];
	RAND_bytes(sent, sizeof(sent));
	start_connected(&n);
	net_client_write(&n, sent, 16384); // RFC 6347 4.1: the largest record
	net_settle(&n);
	assert_int_equal(n.data_len, 16384);
	assert_memory_equal(n.data, sent, 16384);

	n.to_client.len_max = 0;
	assert_int_equal(dtls_write(n.server, sent, DTLS_DATA_MAX), 0);
	assert_true(n.to_client.len_max <= DTLS_DATAGRAM_MAX);
	assert_int_equal(net_client_read(&n, got, sizeof(got)), DTLS_DATA_MAX);
	assert_memory_equal(got, sent, DTLS_DATA_MAX);
	assert_int_equal(dtls_write(n.server, sent, DTLS_DATA_MAX + 1), -EMSGSIZE);
	assert_int_equal(dtls_write(n.server, sent, 0), -EMSGSIZE);
	net_fini(&n);
}

static void renegotiation_is_refused(void **)
{
	struct net n;
	start_connected(&n);
	struct srtp_keys before, after;
	assert_int_equal(dtls_srtp_keys(n.server, &before), 0);
	SSL_renegotiate(n.client);
	SSL_do_handshake(n.client);
	assert_int_equal(
	        n.to_server.count, 1
	); // its hello; at our answer OpenSSL's client gives up
	struct net_datagram *hello = &n.to_server.slots[n.to_server.head];
	dtls_receive(n.server, hello->bytes, hello->len, n.now_ns);
	assert_int_equal(dtls_state(n.server), AM_DTLS_CONNECTED);
	assert_int_equal(n.to_client.count, 1);
	assert_int_equal(n.to_client.slots[n.to_client.head].bytes[0], 21); // an alert, no flight
	assert_int_equal(dtls_srtp_keys(n.server, &after), 0);
	assert_memory_equal(&before, &after, sizeof(before));
	net_fini(&n);
}

static void errors_do_not_spread_between_sessions(void **)
{
	struct net good, bad;
	struct net_client how = {.no_certificate = true};
	start_connected(&good);
	start(&bad, &how);
	net_run(&bad, SECOND);
	assert_failed(&bad);
	assert_int_equal(ERR_peek_error(), 0);
	ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH); // left by somebody else
	inject_garbage(&good);
	assert_connected(&good);
	net_fini(&good);
	net_fini(&bad);
}

static int create_context(void **)
{
	context = dtls_context_create(gcm_first, 2);
	return context != NULL ? 0 : -1;
}

static int destroy_context(void **)
{
	dtls_context_destroy(context);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(both_profiles_connect_and_the_server_prefers),
	        cmocka_unit_test(the_certificate_is_the_signaled_one),
	        cmocka_unit_test(profiles_are_checked),
	        cmocka_unit_test(a_fragmented_client_hello_is_reassembled),
	        cmocka_unit_test(any_lost_datagram_is_recovered),
	        cmocka_unit_test(thirty_percent_loss_is_survived),
	        cmocka_unit_test(fingerprints_of_three_hashes_are_known),
	        cmocka_unit_test(we_may_begin),
	        cmocka_unit_test(what_we_began_survives_loss_and_garbage),
	        cmocka_unit_test(what_we_began_ends_by_itself),
	        cmocka_unit_test(whoever_begins_first_is_the_client),
	        cmocka_unit_test(a_silent_client_is_given_up),
	        cmocka_unit_test(an_incomplete_hello_has_a_deadline),
	        cmocka_unit_test(a_handshake_without_a_fingerprint_has_a_deadline),
	        cmocka_unit_test(a_clock_set_back_does_not_stop_the_timer),
	        cmocka_unit_test(the_fingerprint_may_come_late),
	        cmocka_unit_test(the_fingerprint_may_come_in_between),
	        cmocka_unit_test(a_wrong_fingerprint_fails),
	        cmocka_unit_test(a_second_fingerprint_fails),
	        cmocka_unit_test(what_cannot_be_secured_fails),
	        cmocka_unit_test(without_a_profile_there_is_data_alone),
	        cmocka_unit_test(garbage_is_harmless_in_every_phase),
	        cmocka_unit_test(a_live_session_ignores_the_first_epoch),
	        cmocka_unit_test(early_records_are_bounded),
	        cmocka_unit_test(half_open_handshakes_are_bounded),
	        cmocka_unit_test(a_quiet_session_is_small),
	        cmocka_unit_test(the_last_flight_is_repeated_from_a_quiet_session),
	        cmocka_unit_test(a_finished_that_overtakes_is_kept),
	        cmocka_unit_test(close_notify_closes),
	        cmocka_unit_test(destroying_says_close_notify),
	        cmocka_unit_test(data_goes_both_ways),
	        cmocka_unit_test(renegotiation_is_refused),
	        cmocka_unit_test(errors_do_not_spread_between_sessions),
	};
	return cmocka_run_group_tests(tests, create_context, destroy_context);
}
