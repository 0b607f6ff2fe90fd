// Shared by the tests of handshakes and of sessions: a server, connected or not, and its client.
// They access the internals of dtls.c.
#pragma once

#include "service/dtls.c"

#include "dtls_net.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECOND         1000000000ull
#define EXPORT_LEN_MAX 60

static const uint8_t gcm_first[] = {
        SRTP_PROFILE_AEAD_AES_128_GCM, SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80};

static struct dtls_context *context; // gcm_first

// A server that knows the fingerprint, and a client; nothing has been sent yet.
static inline void start(struct net *n, const struct net_client *how)
{
	net_init(n, context, how);
	dtls_set_fingerprint(n->server, &n->client_fingerprint);
}

static inline void start_connected(struct net *n)
{
	start(n, NULL);
	net_settle(n);
	assert_int_equal(dtls_state(n->server), AM_DTLS_CONNECTED);
}

// Asserts that the session is connected and both ends have the same keys.
static inline void assert_connected(struct net *n)
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
	// The DTLS client's keys come first, in either role.
	bool accepts = SSL_is_server(n->client);
	const struct srtp_master *first = accepts ? &keys.server : &keys.client;
	const struct srtp_master *second = accepts ? &keys.client : &keys.server;
	assert_memory_equal(first->key, want, 16);
	assert_memory_equal(second->key, want + 16, 16);
	assert_memory_equal(first->salt, want + 32, salt_len);
	assert_memory_equal(second->salt, want + 32 + salt_len, salt_len);
}

static inline void assert_no_keys(struct net *n)
{
	static const struct srtp_keys zero;
	struct srtp_keys keys;
	memset(&keys, 0xaa, sizeof(keys));
	assert_int_equal(dtls_srtp_keys(n->server, &keys), -ENOTCONN);
	assert_memory_equal(&keys, &zero, sizeof(keys));
	assert_int_equal(dtls_write(n->server, (const uint8_t *)"x", 1), -ENOTCONN);
}

static inline void assert_failed(struct net *n)
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

static inline size_t make_record(uint8_t *to, uint8_t type, uint16_t epoch, uint8_t seq, size_t len)
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

static inline void inject(struct net *n, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = calloc(1, len + 1); // one byte more, for len 0
	memcpy(copy, bytes, len);
	dtls_receive(n->server, copy, len, n->now_ns);
	free(copy);
}

// cmocka's group setup and teardown.
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
