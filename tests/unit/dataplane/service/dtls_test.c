// Handshakes: certificates and profiles, bad networks, and deadlines.
#include "dtls_pair.h"

static const uint8_t cm_first[] = {
        SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80, SRTP_PROFILE_AEAD_AES_128_GCM};

static void both_profiles_connect_and_the_server_prefers(void **)
{
	static const struct {
		const uint8_t *server;
		uint8_t server_count;
		const char *client;
		uint8_t profile;
	} rows[] = {
	        {gcm_first, 2, NULL, SRTP_PROFILE_AEAD_AES_128_GCM},
	        {cm_first, 2, NULL, SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80},
	        {cm_first, 2, "SRTP_AEAD_AES_128_GCM", SRTP_PROFILE_AEAD_AES_128_GCM},
	        {gcm_first, 2, "SRTP_AES128_CM_SHA1_80", SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80},
	        {gcm_first, 1, NULL, SRTP_PROFILE_AEAD_AES_128_GCM},
	        {cm_first, 1, NULL, SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80},
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
	assert_false(SSL_SESSION_has_ticket(SSL_get_session(n.client))); // never resumed
	net_fini(&n);

	// Each process has its own certificate.
	struct dtls_context *other = dtls_context_create(gcm_first, 2);
	assert_memory_not_equal(dtls_context_fingerprint(other), digest, 32);
	dtls_context_destroy(other);
}

static void profiles_are_checked(void **)
{
	static const uint8_t unknown[] = {SRTP_PROFILE_AEAD_AES_128_GCM, 8};
	errno = 0;
	assert_null(dtls_context_create(unknown, 2));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(dtls_context_create(unknown, 0));
	assert_int_equal(errno, EINVAL);
	uint8_t many[200];
	for (size_t i = 0; i < 200; i++)
		many[i] = gcm_first[0];
	errno = 0;
	assert_null(dtls_context_create(many, 200));
	assert_int_equal(errno, EINVAL);
}

// proves F12
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

// proves F10
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

// proves F10
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
	n.client_failed = true; // the client is gone
	n.to_server.drop_nth = 1;
	for (int i = 0; i < 100 && dtls_state(n.server) != AM_DTLS_FAILED; i++) {
		n.to_client.count = 0;
		net_run(&n, SECOND);
	}
	assert_failed(&n);
	net_fini(&n);

	// The same with another certificate than the signaled one.
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
	n.client_failed = true; // the client is gone
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

	// Repeating it does not postpone the end.
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

// A client that is never signaled loses its place.
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

// proves F05
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

	// An unknown client is ignored.
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

// proves A10
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

// proves A10
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

// RFC 5764 4.1.1: only media requires a profile.
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
	};
	return cmocka_run_group_tests(tests, create_context, destroy_context);
}
