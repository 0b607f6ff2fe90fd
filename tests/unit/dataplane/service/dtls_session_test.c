// Sessions: attacks that must fail, how small a session is, and how it ends.
#include "dtls_pair.h"

#include <malloc.h>
#include <openssl/rand.h>

// Datagrams that must not affect a session, in any phase.
static void inject_garbage(struct net *n)
{
	static const uint8_t zeros[13];
	uint8_t junk[NET_DATAGRAM_MAX];
	inject(n, zeros, 0);
	inject(n, zeros, 1);
	inject(n, zeros, sizeof(zeros));
	for (unsigned type = 0; type < 256; type++) {
		if (type == 20 || type == 21 || type == 22)
			continue; // unencrypted, these are valid from anyone: RFC 6347 4.1.2.7
		inject(n, junk, make_record(junk, (uint8_t)type, 0, 200, 40));
		inject(n, junk, make_record(junk, (uint8_t)type, 2, 200, 40));
		inject(n, junk, make_record(junk, (uint8_t)type, 65535, 200, 40));
	}
	for (unsigned type = 20; type <= 23; type++) {
		inject(n, junk, make_record(junk, (uint8_t)type, 2, 201, 40));
		for (size_t len = 0; len <= 40; len++) // up to 24, too short for nonce and tag
			inject(n, junk, make_record(junk, (uint8_t)type, 1, 202, len));
		inject(n, junk, make_record(junk, (uint8_t)type, 1, 204, 1000));
		size_t len = make_record(junk, (uint8_t)type, 0, 205, 1000);
		inject(n, junk, len - 1); // cut off
		inject(n, junk, 12);
	}
	inject(n, junk, make_record(junk, 23, 1, 206, 16384));
	inject(n, junk, make_record(junk, 23, 0, 207, 16384));
}

// proves A08
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

// proves A08
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

// proves A08
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
	assert_int_equal(n.server->early_count, 0); // epoch 2 never comes
	for (unsigned i = 0; i < 1000; i++) {
		inject(&n, junk, make_record(junk, 22, 1, (uint8_t)i, 40));
		assert_true(n.server->early_count <= DTLS_EARLY_MAX);
	}
	assert_int_equal(n.server->early_count, DTLS_EARLY_MAX);
	// The genuine record is not early, so it still passes.
	net_run(&n, 10 * SECOND);
	assert_connected(&n);
	net_fini(&n);
}

// proves A08
static void half_open_handshakes_are_bounded(void **)
{
	struct net a, b;

	start(&a, NULL);
	start(&b, NULL);
	assert_int_equal(context->half_open, 0);
	context->half_open = DTLS_HALF_OPEN_MAX - 1; // other handshakes
	SSL_do_handshake(a.client);
	SSL_do_handshake(b.client);
	inject(&a, a.to_server.slots[0].bytes, a.to_server.slots[0].len);
	inject(&b, b.to_server.slots[0].bytes, b.to_server.slots[0].len);
	assert_int_equal(dtls_state(a.server), AM_DTLS_CONNECTING);
	assert_int_equal(dtls_state(b.server), AM_DTLS_NEW);
	assert_int_equal(b.to_client.sent, 0);
	net_settle(&a); // that one is done, so there is room for another
	assert_connected(&a);
	net_run(&b, 30 * SECOND);
	assert_connected(&b);
	context->half_open -= DTLS_HALF_OPEN_MAX - 1;
	net_fini(&a);
	assert_int_equal(context->half_open, 0);
	net_fini(&b);

	start(&a, NULL); // a handshake that is abandoned halfway
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

// An idle session holds neither buffers nor the client's certificate, and works as before: data in
// both directions, the last flight repeated, the same keys, close_notify.
static void a_quiet_session_is_small(void **)
{
	struct srtp_keys before, after;
	uint8_t got[64];
	struct net n;

	start(&n, NULL);
	SSL_do_handshake(n.client);
	inject(&n, n.to_server.slots[0].bytes, n.to_server.slots[0].len);
	const uint8_t *buffer = n.server->handshake_buffer;
	assert_non_null(buffer); // NULL: OpenSSL has changed, see on_message
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

	// Each record in a datagram of its own, in reverse order, except that the second last (the
	// new epoch) precedes the last.
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
	); // its hello; OpenSSL's client gives up at our answer
	struct net_datagram *hello = &n.to_server.slots[n.to_server.head];
	dtls_receive(n.server, hello->bytes, hello->len, n.now_ns);
	assert_int_equal(dtls_state(n.server), AM_DTLS_CONNECTED);
	assert_int_equal(n.to_client.count, 1);
	assert_int_equal(n.to_client.slots[n.to_client.head].bytes[0], 21); // an alert
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
	ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH); // left in the queue by other code
	inject_garbage(&good);
	assert_connected(&good);
	net_fini(&good);
	net_fini(&bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
