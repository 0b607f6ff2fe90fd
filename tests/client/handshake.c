#include "handshake.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct handshake {
	SSL *ssl;
	void (*send)(void *owner, const uint8_t *bytes, size_t len);
	void (*receive)(void *owner, const uint8_t *bytes, size_t len); // of data; may be NULL
	void *owner;
	const uint8_t *in; // the datagram being read, or NULL
	size_t in_len;
	uint16_t mtu;
	bool done;
};

// The context for a role and profiles, shared by all sessions that use them.
struct shared_context {
	SSL_CTX *ssl;
	char profiles[128];
	bool server;
};

#define CONTEXTS_MAX   8
#define TIMEOUT_US     50000u // of the first flight, as Chrome; OpenSSL's is a second
#define TIMEOUT_US_MAX 60000000u // RFC 6347 4.2.4.1

static pthread_mutex_t contexts_lock = PTHREAD_MUTEX_INITIALIZER;
static struct shared_context contexts[CONTEXTS_MAX];
static EVP_PKEY *key;
static X509 *certificate;
static BIO_METHOD *method;

static int bio_write(BIO *bio, const char *bytes, int len)
{
	struct handshake *d = BIO_get_data(bio);
	d->send(d->owner, (const uint8_t *)bytes, (size_t)len);
	return len; // a datagram is sent or lost, never blocked
}

static int bio_read(BIO *bio, char *out, int size)
{
	struct handshake *d = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (!d->in) {
		BIO_set_retry_read(bio);
		return -1;
	}
	int n = d->in_len < (size_t)size ? (int)d->in_len : size;
	memcpy(out, d->in, (size_t)n);
	d->in = NULL;
	return n;
}

static long bio_ctrl(BIO *bio, int command, long, void *)
{
	const struct handshake *d = BIO_get_data(bio);

	switch (command) {
	case BIO_CTRL_FLUSH: return 1;
	case BIO_CTRL_DGRAM_QUERY_MTU:
	case BIO_CTRL_DGRAM_GET_FALLBACK_MTU: return d->mtu;
	default: return 0;
	}
}

static void globals_make(void)
{
	key = EVP_EC_gen("P-256");
	certificate = X509_new();
	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -86400);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 30 * 86400);
	X509_NAME *name = X509_get_subject_name(certificate);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"client", -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	X509_set_pubkey(certificate, key);
	X509_sign(certificate, key, EVP_sha256());
	method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "datagrams");
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_ctrl(method, bio_ctrl);
}

static void globals_need(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, globals_make);
}

static void fingerprint_of(const X509 *x, uint8_t out[32])
{
	unsigned int len = 32;
	X509_digest(x, EVP_sha256(), out, &len);
}

void handshake_fingerprint(uint8_t out[32])
{
	globals_need();
	fingerprint_of(certificate, out);
}

bool handshake_peer_fingerprint(struct handshake *d, uint8_t out[32])
{
	X509 *x = SSL_get1_peer_certificate(d->ssl);
	if (!x)
		return false;
	fingerprint_of(x, out);
	X509_free(x);
	return true;
}

// The owner verifies the fingerprint (RFC 8122) instead of the chain.
static int accept_any(int, X509_STORE_CTX *)
{
	return 1;
}

static SSL_CTX *context_make(const char *profiles)
{
	SSL_CTX *ssl = SSL_CTX_new(DTLS_method());

	if (ssl && SSL_CTX_set_min_proto_version(ssl, DTLS1_2_VERSION) == 1 &&
	    SSL_CTX_use_certificate(ssl, certificate) == 1 &&
	    SSL_CTX_use_PrivateKey(ssl, key) == 1 &&
	    (!profiles[0] || SSL_CTX_set_tlsext_use_srtp(ssl, profiles) == 0)) { // 0: success
		SSL_CTX_set_verify(
		        ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any
		);
		SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
		SSL_CTX_set_options(ssl, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET);
		return ssl;
	}
	SSL_CTX_free(ssl);
	return NULL;
}

// The context of this role and these profiles, created for the first session that uses it.
static SSL_CTX *context_get(bool server, const char *profiles)
{
	SSL_CTX *found = NULL;

	if (strlen(profiles) >= sizeof(contexts[0].profiles))
		return NULL;
	pthread_mutex_lock(&contexts_lock);
	for (struct shared_context *c = contexts; c < contexts + CONTEXTS_MAX && !found; c++) {
		if (!c->ssl) {
			c->ssl = context_make(profiles);
			c->server = server;
			strcpy(c->profiles, profiles);
			found = c->ssl;
			break;
		}
		if (c->server == server && strcmp(c->profiles, profiles) == 0)
			found = c->ssl;
	}
	pthread_mutex_unlock(&contexts_lock);
	return found;
}

// Doubles the time until a flight is sent again.
static unsigned int timeout_next(SSL *, unsigned int last_us)
{
	if (last_us == 0)
		return TIMEOUT_US;
	return last_us < TIMEOUT_US_MAX / 2 ? 2 * last_us : TIMEOUT_US_MAX;
}

struct handshake *handshake_create(
        bool server, const char *profiles, uint16_t mtu,
        void (*send)(void *owner, const uint8_t *bytes, size_t len), void *owner
)
{
	struct handshake *d = calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	globals_need();
	*d = (struct handshake){.send = send, .owner = owner, .mtu = mtu};
	SSL_CTX *context = context_get(server, profiles);
	d->ssl = context ? SSL_new(context) : NULL;
	BIO *bio = d->ssl ? BIO_new(method) : NULL;
	if (!bio) {
		handshake_destroy(d);
		return NULL;
	}
	BIO_set_data(bio, d);
	BIO_set_init(bio, 1);
	SSL_set_bio(d->ssl, bio, bio);
	DTLS_set_link_mtu(d->ssl, mtu);
	DTLS_set_timer_cb(d->ssl, timeout_next);
	if (server)
		SSL_set_accept_state(d->ssl);
	else
		SSL_set_connect_state(d->ssl);
	return d;
}

void handshake_destroy(struct handshake *d)
{
	if (!d)
		return;
	SSL_free(d->ssl);
	free(d);
}

static enum handshake_result handshake(struct handshake *d)
{
	int ret = SSL_do_handshake(d->ssl);

	if (ret == 1) {
		d->done = true;
		return HANDSHAKE_DONE;
	}
	return SSL_get_error(d->ssl, ret) == SSL_ERROR_WANT_READ ? HANDSHAKE_BUSY
	                                                         : HANDSHAKE_FAILED;
}

enum handshake_result handshake_step(struct handshake *d, const uint8_t *bytes, size_t len)
{
	uint8_t data[2048];

	ERR_clear_error();
	d->in = bytes;
	d->in_len = len;
	if (!d->done) {
		enum handshake_result result = HANDSHAKE_FAILED;
		if (bytes || DTLSv1_handle_timeout(d->ssl) >= 0)
			result = handshake(d);
		d->in = NULL;
		return result;
	}
	if (!bytes)
		return HANDSHAKE_DONE;
	int n = SSL_read(d->ssl, data, sizeof(data));
	d->in = NULL;
	if (n > 0 && d->receive)
		d->receive(d->owner, data, (size_t)n);
	if (n <= 0 && SSL_get_error(d->ssl, n) == SSL_ERROR_ZERO_RETURN)
		return HANDSHAKE_CLOSED;
	return HANDSHAKE_DONE;
}

uint64_t handshake_timeout_ns(struct handshake *d)
{
	struct timeval left;

	if (DTLSv1_get_timeout(d->ssl, &left) != 1)
		return UINT64_MAX;
	return (uint64_t)left.tv_sec * 1000000000u + (uint64_t)left.tv_usec * 1000u;
}

size_t
handshake_material(struct handshake *d, uint8_t out[HANDSHAKE_MATERIAL_MAX], uint8_t *profile)
{
	static const char label[] = "EXTRACTOR-dtls_srtp";
	const SRTP_PROTECTION_PROFILE *p = SSL_get_selected_srtp_profile(d->ssl);

	if (!p)
		return 0;
	*profile = (uint8_t)p->id;
	size_t len = p->id == SRTP_AEAD_AES_128_GCM ? 2 * (16 + 12) : 2 * (16 + 14);
	return SSL_export_keying_material(d->ssl, out, len, label, strlen(label), NULL, 0, 0) == 1
	               ? len
	               : 0;
}

void handshake_on_data(
        struct handshake *d, void (*receive)(void *owner, const uint8_t *bytes, size_t len)
)
{
	d->receive = receive;
}

void handshake_send(struct handshake *d, const uint8_t *bytes, size_t len)
{
	ERR_clear_error();
	SSL_write(d->ssl, bytes, (int)len);
}

void handshake_close(struct handshake *d)
{
	ERR_clear_error();
	SSL_shutdown(d->ssl);
}
