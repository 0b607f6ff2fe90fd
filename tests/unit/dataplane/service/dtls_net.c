#include "dtls_net.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define EPOCH_S 1700000000

static uint64_t clock_ns; // time of the net that runs
static int64_t clock_shift_s;

// Replaces libc's gettimeofday for libssl.
int gettimeofday(struct timeval *restrict tv, void *restrict)
{
	tv->tv_sec = EPOCH_S + clock_shift_s + (time_t)(clock_ns / 1000000000);
	tv->tv_usec = (suseconds_t)(clock_ns / 1000 % 1000000);
	return 0;
}

void net_shift_wall_clock(int64_t seconds)
{
	clock_shift_s += seconds;
}

// splitmix64: neighbouring numbers are independent, so that no one message is lost for ever.
static unsigned next_random(struct net *n)
{
	uint64_t z = n->random += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (unsigned)(z >> 33);
}

static void push(struct net *n, struct net_queue *q, const void *bytes, size_t len)
{
	q->sent++;
	if (len > q->len_max)
		q->len_max = len;
	if (q->sent == q->drop_nth || next_random(n) % 100 < n->loss_percent)
		return;
	assert(q->count < NET_QUEUE_MAX && len <= NET_DATAGRAM_MAX);
	struct net_datagram *d = &q->slots[(q->head + q->count++) % NET_QUEUE_MAX];
	d->len = len;
	memcpy(d->bytes, bytes, len);
}

static struct net_datagram *pop(struct net_queue *q)
{
	if (q->count == 0)
		return NULL;
	struct net_datagram *d = &q->slots[q->head];
	q->head = (q->head + 1) % NET_QUEUE_MAX;
	q->count--;
	return d;
}

static int client_bio_write(BIO *bio, const char *bytes, int len)
{
	struct net *n = BIO_get_data(bio);
	push(n, &n->to_server, bytes, (size_t)len);
	return len;
}

static int client_bio_read(BIO *bio, char *bytes, int size)
{
	struct net *n = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	struct net_datagram *d = pop(&n->to_client);
	if (d == NULL) {
		BIO_set_retry_read(bio);
		return -1;
	}
	assert(d->len <= (size_t)size);
	memcpy(bytes, d->bytes, d->len);
	return (int)d->len;
}

static long client_bio_ctrl(BIO *, int command, long, void *)
{
	return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *client_bio_method(void)
{
	static BIO_METHOD *method;
	if (method == NULL) {
		method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "client");
		BIO_meth_set_write(method, client_bio_write);
		BIO_meth_set_read(method, client_bio_read);
		BIO_meth_set_ctrl(method, client_bio_ctrl);
	}
	return method;
}

static void server_send(void *user, const uint8_t *bytes, size_t len)
{
	struct net *n = user;
	push(n, &n->to_client, bytes, len);
}

static void server_receive(void *user, const uint8_t *bytes, size_t len)
{
	struct net *n = user;
	memcpy(n->data, bytes, len);
	n->data_len = len;
}

// Like browsers, much sooner than OpenSSL's second.
static unsigned int client_timeout(SSL *, unsigned int previous_us)
{
	return previous_us == 0 ? 100000 : previous_us < 3200000 ? 2 * previous_us : previous_us;
}

static void add_certificate(struct net *n, bool rsa)
{
	unsigned int len = DTLS_FINGERPRINT_LEN;
	EVP_PKEY *key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_set_pubkey(cert, key);
	assert(X509_sign(cert, key, EVP_sha256()) != 0);
	assert(X509_digest(cert, EVP_sha256(), n->client_fingerprint.bytes, &len) == 1);
	assert(SSL_CTX_use_certificate(n->client_ctx, cert) == 1);
	assert(SSL_CTX_use_PrivateKey(n->client_ctx, key) == 1);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static int any_certificate(int, X509_STORE_CTX *)
{
	return 1;
}

static void client_init(struct net *n, const struct net_client *how)
{
	int version = how->dtls_1_0 ? DTLS1_VERSION : DTLS1_2_VERSION;
	n->client_ctx = SSL_CTX_new(how->accepts ? DTLS_server_method() : DTLS_client_method());
	SSL_CTX_set_min_proto_version(n->client_ctx, version);
	SSL_CTX_set_max_proto_version(n->client_ctx, version);
	SSL_CTX_set_options(n->client_ctx, SSL_OP_NO_QUERY_MTU);
	if (how->dtls_1_0) // OpenSSL 3 allows it at level 0 only
		SSL_CTX_set_security_level(n->client_ctx, 0);
	const char *profiles = how->profiles;
	if (profiles == NULL)
		profiles = "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM";
	if (profiles[0] != '\0')
		assert(SSL_CTX_set_tlsext_use_srtp(n->client_ctx, profiles) == 0);
	if (how->ciphers != NULL)
		assert(SSL_CTX_set_cipher_list(n->client_ctx, how->ciphers) == 1);
	if (!how->no_certificate)
		add_certificate(n, how->rsa);

	n->client = SSL_new(n->client_ctx);
	uint8_t alpn[1024];
	for (uint16_t i = 0; i < how->alpn_len; i++) // names of one letter
		alpn[i] = i % 2 == 0 ? 1 : 'x';
	if (how->alpn_len > 0)
		SSL_set_alpn_protos(n->client, alpn, how->alpn_len);
	BIO *bio = BIO_new(client_bio_method());
	BIO_set_data(bio, n);
	BIO_set_init(bio, 1);
	SSL_set_bio(n->client, bio, bio);
	SSL_set_mtu(n->client, how->mtu > 0 ? how->mtu : DTLS_DATAGRAM_MAX);
	DTLS_set_timer_cb(n->client, client_timeout);
	if (how->accepts) {
		SSL_set_verify(n->client, SSL_VERIFY_PEER, any_certificate);
		SSL_set_accept_state(n->client);
	} else {
		SSL_set_connect_state(n->client);
	}
}

void net_init(struct net *n, struct dtls_context *context, const struct net_client *how)
{
	static const struct net_client browser;
	memset(n, 0, sizeof(*n));
	n->context = context;
	n->random = 1;
	n->to_server.drop_nth = n->to_client.drop_nth = NET_NEVER;
	n->to_server.slots = calloc(NET_QUEUE_MAX, sizeof(struct net_datagram));
	n->to_client.slots = calloc(NET_QUEUE_MAX, sizeof(struct net_datagram));
	clock_ns = n->now_ns = 1000000000;
	clock_shift_s = 0;
	struct dtls_handler handler = {server_send, server_receive, n};
	n->server = dtls_create(context, &handler);
	assert(n->server != NULL);
	client_init(n, how != NULL ? how : &browser);
}

void net_fini(struct net *n)
{
	dtls_destroy(n->server);
	SSL_free(n->client);
	SSL_CTX_free(n->client_ctx);
	free(n->to_server.slots);
	free(n->to_client.slots);
}

static void client_step(struct net *n)
{
	uint8_t byte;
	ERR_clear_error();
	int ret = SSL_do_handshake(n->client);
	if (ret == 1)
		ret = SSL_peek(n->client, &byte, 1);
	if (ret <= 0 && SSL_get_error(n->client, ret) != SSL_ERROR_WANT_READ)
		n->client_failed = true;
	ERR_clear_error();
}

void net_settle(struct net *n)
{
	struct net_datagram *d;
	do {
		if (!n->client_failed)
			client_step(n);
		else
			n->to_client.count = 0;
		while ((d = pop(&n->to_server)) != NULL) {
			if (n->before_server != NULL)
				n->before_server(n);
			// A buffer of exactly this length, so that sanitizers detect overruns.
			uint8_t *bytes = malloc(d->len);
			memcpy(bytes, d->bytes, d->len);
			dtls_receive(n->server, bytes, d->len, n->now_ns);
			free(bytes);
		}
	} while (n->to_client.count > 0);
}

static uint64_t client_deadline(struct net *n)
{
	struct timeval left;
	if (n->client_failed || DTLSv1_get_timeout(n->client, &left) != 1)
		return UINT64_MAX;
	return n->now_ns + (uint64_t)left.tv_sec * 1000000000 + (uint64_t)left.tv_usec * 1000;
}

void net_run(struct net *n, uint64_t duration_ns)
{
	uint64_t end_ns = n->now_ns + duration_ns;
	net_settle(n);
	for (;;) {
		uint64_t client_ns = client_deadline(n);
		uint64_t server_ns = dtls_deadline(n->server);
		uint64_t next_ns = client_ns < server_ns ? client_ns : server_ns;
		if (next_ns > end_ns) {
			clock_ns = n->now_ns = end_ns;
			return;
		}
		clock_ns = n->now_ns = next_ns;
		dtls_timer(n->server, n->now_ns);
		if (client_ns == next_ns && DTLSv1_handle_timeout(n->client) < 0)
			n->client_failed = true;
		ERR_clear_error();
		net_settle(n);
	}
}

void net_client_write(struct net *n, const uint8_t *data, size_t len)
{
	assert(SSL_write(n->client, data, (int)len) == (int)len);
}

size_t net_client_read(struct net *n, uint8_t *data, size_t size)
{
	int ret = SSL_read(n->client, data, (int)size);
	ERR_clear_error();
	return ret > 0 ? (size_t)ret : 0;
}
