#include "service/dtls.h"

#include "crypto/srtp.h"

#include "am_log.h"
#include "am_reader.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#define CERT_LIST_MAX        8192 // bytes; a browser's certificate has less than 1000
#define CERT_DAYS            3650 // nobody checks this: only the fingerprint counts (RFC 8122)
#define GCM_LEN_MIN          24 // RFC 5288 3: explicit nonce and tag around no data
#define HANDSHAKE_BUFFER_LEN 21848 // what OpenSSL 3.0 allocates for 16384
#define PLAIN_LEN_MAX        16384 // RFC 6347 4.1
#define TIMEOUT_US_FIRST     200000 // RFC 6347 4.2.4.1 says 1 s; ICE has just seen the path work
#define BEGIN_AGAIN_NS       1000000000ull // if there were too many handshakes to begin one
#define TIMEOUT_US_MAX       6400000
#define MATERIAL_LEN_MAX     (2 * (SRTP_KEY_LEN + SRTP_SALT_LEN_MAX))
#define CIPHERS_ECDSA        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"
#define CIPHERS_RSA          "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384"
#define EXPORTER_LABEL       "EXTRACTOR-dtls_srtp" // RFC 5764 4.2
#define EXPORTER_LABEL_LEN   (sizeof(EXPORTER_LABEL) - 1)

enum {
	RECORD_CHANGE_CIPHER_SPEC = 20,
	RECORD_HANDSHAKE = 22,
	RECORD_APPLICATION_DATA = 23,
};

struct dtls_context {
	SSL_CTX *server, *client;
	BIO_METHOD *bio_method;
	uint32_t half_open; // sessions in AM_DTLS_CONNECTING
	uint8_t fingerprint[DTLS_FINGERPRINT_LEN];
};

struct dtls {
	struct dtls_context *context;
	SSL *ssl; // NULL in NEW, FAILED and CLOSED
	struct dtls_handler handler;
	const uint8_t
	        *handshake_buffer; // OpenSSL's, in use since the last go_quiet; NULL: not known
	const uint8_t *input; // the record that OpenSSL reads next; NULL: none
	size_t input_len;
	uint64_t deadline_ns; // of the next retransmission or of the handshake
	uint64_t handshake_end_ns; // by when it must be connected
	uint64_t start_ns; // when we begin, as the DTLS client; UINT64_MAX: never, or we have
	uint8_t state; // enum am_dtls_state
	uint8_t early_count; // encrypted records fed to OpenSSL before it had their keys
	bool is_done; // the handshake
	bool is_reading; // within dtls_receive
	bool has_fingerprint;
	struct am_fingerprint fingerprint; // signaled
	X509 *certificate; // the client's, from the handshake's end until it is verified
};

// The BIO: one record in, one datagram out, and never a "try again" when sending, since OpenSSL has
// had bugs with flights suspended halfway.

static int bio_write(BIO *bio, const char *bytes, int len)
{
	struct dtls *d = BIO_get_data(bio);
	d->handler.send(d->handler.user, (const uint8_t *)bytes, (size_t)len);
	return len;
}

static int bio_read(BIO *bio, char *bytes, int size)
{
	struct dtls *d = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	if (d->input == NULL) {
		BIO_set_retry_read(bio);
		return -1;
	}
	size_t n = d->input_len < (size_t)size ? d->input_len : (size_t)size;
	memcpy(bytes, d->input, n);
	d->input = NULL;
	return (int)n;
}

// Everything else, MTU and timeouts included, is not this BIO's business: 0.
static long bio_ctrl(BIO *, int command, long, void *)
{
	return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *bio_method_create(void)
{
	int type = BIO_get_new_index();
	if (type == -1)
		return NULL;
	BIO_METHOD *method = BIO_meth_new(type | BIO_TYPE_SOURCE_SINK, "dtls");
	if (method == NULL)
		return NULL;

	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_ctrl(method, bio_ctrl);
	return method;
}

// Random serial, neutral name: the certificate reveals nothing but its key. NULL if OpenSSL fails.
static X509 *certificate_create(EVP_PKEY *key)
{
	uint64_t serial;
	X509 *cert = X509_new();
	if (cert == NULL || RAND_bytes((uint8_t *)&serial, sizeof(serial)) != 1)
		goto fail;

	X509_NAME *name = X509_get_subject_name(cert);
	if (X509_set_version(cert, X509_VERSION_3) != 1 ||
	    ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1 | 1) != 1 ||
	    X509_NAME_add_entry_by_txt(
	            name, "CN", MBSTRING_ASC, (const uint8_t *)"WebRTC", -1, -1, 0
	    ) != 1 ||
	    X509_set_issuer_name(cert, name) != 1 ||
	    X509_gmtime_adj(X509_getm_notBefore(cert), -86400) == NULL ||
	    X509_gmtime_adj(X509_getm_notAfter(cert), CERT_DAYS * 86400L) == NULL ||
	    X509_set_pubkey(cert, key) != 1 || X509_sign(cert, key, EVP_sha256()) == 0)
		goto fail;
	return cert;

fail:
	X509_free(cert);
	return NULL;
}

static bool
certificate_digest(const X509 *cert, uint8_t hash, uint8_t digest[static AM_FINGERPRINT_MAX])
{
	const EVP_MD *md = hash == AM_HASH_SHA512   ? EVP_sha512()
	                   : hash == AM_HASH_SHA384 ? EVP_sha384()
	                                            : EVP_sha256();
	unsigned int len = AM_FINGERPRINT_MAX;
	return X509_digest(cert, md, digest, &len) == 1;
}

static bool context_use_certificate(SSL_CTX *ctx, X509 *cert, EVP_PKEY *key)
{
	return SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1;
}

// False if OpenSSL fails.
static bool context_add_certificate(struct dtls_context *c)
{
	bool ok = false;
	uint8_t digest[AM_FINGERPRINT_MAX];
	X509 *cert = NULL;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	if (key == NULL)
		goto out;
	cert = certificate_create(key);
	if (cert == NULL)
		goto out;
	ok = context_use_certificate(c->server, cert, key) &&
	     context_use_certificate(c->client, cert, key) &&
	     certificate_digest(cert, AM_HASH_SHA256, digest);
	memcpy(c->fingerprint, digest, DTLS_FINGERPRINT_LEN);
out:
	X509_free(cert);
	EVP_PKEY_free(key);
	return ok;
}

// Any certificate will do here: it is self-signed, and its fingerprint is compared afterwards.
static int accept_certificate(X509_STORE_CTX *, void *)
{
	return 1;
}

// Some servers do not support RFC 5746, which secures renegotiation; since there is none, they are
// accepted.
static bool context_configure(SSL_CTX *ctx, const char *ciphers, const char *srtp_profiles)
{
	SSL_CTX_set_options(
	        ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
	                     SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
	                     SSL_OP_LEGACY_SERVER_CONNECT
	);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_cert_list(ctx, CERT_LIST_MAX);
	SSL_CTX_set_max_send_fragment(ctx, DTLS_DATAGRAM_MAX);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, accept_certificate, NULL);
	return SSL_CTX_set_cipher_list(ctx, ciphers) == 1 &&
	       SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") == 1 &&
	       SSL_CTX_set_tlsext_use_srtp(ctx, srtp_profiles) == 0; // 0 is success, here only
}

// OpenSSL's list of these profiles. 0 or -EINVAL.
static int profiles_list(const uint8_t *ids, uint8_t n, char *list, size_t size)
{
	list[0] = '\0';
	for (uint8_t i = 0; i < n; i++) {
		const struct srtp_profile *p = srtp_profile_find(ids[i]);
		if (p == NULL)
			return -EINVAL;

		size_t used = strlen(list);
		int len = snprintf(
		        list + used, size - used, "%s%s", i > 0 ? ":" : "", p->openssl_name
		);
		if ((size_t)len >= size - used)
			return -EINVAL;
	}
	return n > 0 ? 0 : -EINVAL;
}

// These methods are for one version only, and deprecated because applications should not choose
// one. With the generic ones, SSL_set_session (forget_certificate) would change a live session's
// method and end it.
static void context_create_ssl(struct dtls_context *c)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	c->server = SSL_CTX_new(DTLSv1_2_server_method());
	c->client = SSL_CTX_new(DTLSv1_2_client_method());
#pragma GCC diagnostic pop
}

struct dtls_context *dtls_context_create(const uint8_t *profiles, uint8_t n)
{
	char srtp_profiles[128];
	if (profiles_list(profiles, n, srtp_profiles, sizeof(srtp_profiles)) < 0) {
		errno = EINVAL;
		return NULL;
	}
	struct dtls_context *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;

	context_create_ssl(c);
	c->bio_method = bio_method_create();
	// Our own certificate is ECDSA; that of a client that is the DTLS server may be RSA.
	if (c->server == NULL || c->client == NULL || c->bio_method == NULL ||
	    !context_configure(c->server, CIPHERS_ECDSA, srtp_profiles) ||
	    !context_configure(c->client, CIPHERS_ECDSA ":" CIPHERS_RSA, srtp_profiles) ||
	    !context_add_certificate(c)) {
		char reason[128];
		ERR_error_string_n(ERR_get_error(), reason, sizeof(reason));
		ERR_clear_error();
		am_error("dtls: cannot make a context; error=%s", reason);
		dtls_context_destroy(c);
		errno = EIO;
		return NULL;
	}
	return c;
}

void dtls_context_destroy(struct dtls_context *c)
{
	if (c == NULL)
		return;
	SSL_CTX_free(c->server);
	SSL_CTX_free(c->client);
	BIO_meth_free(c->bio_method);
	free(c);
}

const uint8_t *dtls_context_fingerprint(const struct dtls_context *c)
{
	return c->fingerprint;
}

static unsigned int timeout_next(SSL *, unsigned int previous_us)
{
	if (previous_us == 0)
		return TIMEOUT_US_FIRST;
	return previous_us < TIMEOUT_US_MAX / 2 ? 2 * previous_us : TIMEOUT_US_MAX;
}

struct dtls *dtls_create(struct dtls_context *c, const struct dtls_handler *handler)
{
	struct dtls *d = calloc(1, sizeof(*d));
	if (d == NULL)
		return NULL;

	d->context = c;
	d->handler = *handler;
	d->state = AM_DTLS_NEW;
	d->deadline_ns = d->start_ns = UINT64_MAX;
	return d;
}

// Returns a buffer's whole pages to the kernel: they read as zeros from now on.
static void pages_release(const uint8_t *bytes, size_t len)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t first = ((uintptr_t)bytes + page - 1) / page * page;
	uintptr_t end = ((uintptr_t)bytes + len) / page * page;

	if (first < end)
		madvise((void *)first, end - first, MADV_DONTNEED);
}

// Frees what OpenSSL requires only while it works: 33 kB of record buffers, and the pages of its
// handshake buffer, which it keeps for repeating the last flight and always fills before reading.
static void go_quiet(struct dtls *d)
{
	if (d->ssl == NULL || !d->is_done || d->is_reading)
		return;
	SSL_free_buffers(d->ssl);
	if (d->handshake_buffer != NULL)
		pages_release(d->handshake_buffer, HANDSHAKE_BUFFER_LEN);
	d->handshake_buffer = NULL;
}

// OpenSSL 3.0 passes each handshake message that it sends in place, at the beginning of its buffer
// (dtls1_do_write).
static void on_message(int sent, int, int type, const void *bytes, size_t, SSL *, void *user)
{
	struct dtls *d = user;

	if (sent && type == SSL3_RT_HANDSHAKE && OPENSSL_version_major() == 3 &&
	    OPENSSL_version_minor() == 0)
		d->handshake_buffer = bytes;
}

// The first record begins the handshake, or we do. If memory is short, or too many handshakes are
// under way, that record is lost and the client repeats it.
static void begin(struct dtls *d, bool as_client, uint64_t now_ns)
{
	if (d->context->half_open == DTLS_HALF_OPEN_MAX)
		return;
	SSL *ssl = SSL_new(as_client ? d->context->client : d->context->server);
	BIO *bio = BIO_new(d->context->bio_method);
	if (ssl == NULL || bio == NULL) {
		BIO_free(bio);
		SSL_free(ssl);
		ERR_clear_error();
		return;
	}
	BIO_set_data(bio, d);
	BIO_set_init(bio, 1);
	SSL_set_bio(ssl, bio, bio);
	if (as_client)
		SSL_set_connect_state(ssl);
	else
		SSL_set_accept_state(ssl);
	SSL_set_mtu(ssl, DTLS_DATAGRAM_MAX);
	SSL_set_msg_callback(ssl, on_message);
	SSL_set_msg_callback_arg(ssl, d);
	DTLS_set_timer_cb(ssl, timeout_next);
	d->ssl = ssl;
	d->handshake_end_ns = now_ns + DTLS_HANDSHAKE_NS;
	d->start_ns = UINT64_MAX;
	d->state = AM_DTLS_CONNECTING;
	d->context->half_open++;
}

// The only way out of AM_DTLS_CONNECTING and into a final state: frees the handshake's place.
static void state_set(struct dtls *d, enum am_dtls_state state)
{
	if (d->state == AM_DTLS_CONNECTING)
		d->context->half_open--;
	d->state = (uint8_t)state;
}

static bool is_over(const struct dtls *d)
{
	return d->state == AM_DTLS_FAILED || d->state == AM_DTLS_CLOSED;
}

// The end of a session. OpenSSL wipes its keys as it frees them.
static void stop(struct dtls *d, enum am_dtls_state state)
{
	SSL_free(d->ssl);
	X509_free(d->certificate);
	ERR_clear_error();
	d->ssl = NULL;
	d->certificate = NULL;
	d->input = NULL;
	d->deadline_ns = d->start_ns = UINT64_MAX;
	state_set(d, state);
}

// Like stop, and sends the client a close_notify.
static void stop_politely(struct dtls *d, enum am_dtls_state state)
{
	ERR_clear_error();
	SSL_alloc_buffers(d->ssl);
	SSL_shutdown(d->ssl);
	stop(d, state);
}

void dtls_destroy(struct dtls *d)
{
	if (d == NULL)
		return;
	if (d->ssl != NULL && d->is_done)
		stop_politely(d, AM_DTLS_CLOSED);
	else
		stop(d, AM_DTLS_CLOSED);
	free(d);
}

enum am_dtls_state dtls_fail(struct dtls *d)
{
	if (d->ssl != NULL)
		stop_politely(d, AM_DTLS_FAILED);
	else if (!is_over(d))
		stop(d, AM_DTLS_FAILED);
	return d->state;
}

enum am_dtls_state dtls_state(const struct dtls *d)
{
	return d->state;
}

// Connects once both halves are complete: the handshake, and the fingerprint from signaling.
static void verify_fingerprint(struct dtls *d)
{
	uint8_t digest[AM_FINGERPRINT_MAX];

	if (d->certificate == NULL || !d->has_fingerprint)
		return;
	const struct am_fingerprint *f = &d->fingerprint;
	if (!certificate_digest(d->certificate, f->hash, digest) ||
	    CRYPTO_memcmp(f->bytes, digest, am_hash_len(f->hash)) != 0) {
		stop_politely(d, AM_DTLS_FAILED);
		return;
	}
	X509_free(d->certificate);
	d->certificate = NULL;
	d->deadline_ns = UINT64_MAX;
	state_set(d, AM_DTLS_CONNECTED);
}

// Frees the client's certificate, 4 kB, with OpenSSL's session that holds it, of which only the
// master secret is still required. False if out of memory; then it stays.
static bool forget_certificate(struct dtls *d)
{
	const SSL_SESSION *old = SSL_get_session(d->ssl);
	SSL_SESSION *s = SSL_SESSION_new();
	uint8_t secret[SSL_MAX_MASTER_KEY_LENGTH];
	size_t len = SSL_SESSION_get_master_key(old, secret, sizeof(secret));

	bool ok = s != NULL && SSL_SESSION_set1_master_key(s, secret, len) == 1 &&
	          SSL_SESSION_set_cipher(s, SSL_SESSION_get0_cipher(old)) == 1 &&
	          SSL_SESSION_set_protocol_version(s, SSL_SESSION_get_protocol_version(old)) == 1 &&
	          SSL_set_session(d->ssl, s) == 1;
	SSL_SESSION_free(s);
	OPENSSL_cleanse(secret, sizeof(secret));
	return ok;
}

static void finish_handshake(struct dtls *d)
{
	d->certificate = SSL_get1_peer_certificate(d->ssl);
	if (d->certificate == NULL) {
		stop_politely(d, AM_DTLS_FAILED);
		return;
	}
	d->is_done = true;
	(void)forget_certificate(d);
	verify_fingerprint(d);
}

static void fail_or_wait(struct dtls *d, int ret)
{
	switch (SSL_get_error(d->ssl, ret)) {
	case SSL_ERROR_WANT_READ: break;
	case SSL_ERROR_ZERO_RETURN: stop_politely(d, AM_DTLS_CLOSED); break;
	default: // OpenSSL has sent or received an alert
		stop(d, AM_DTLS_FAILED);
		break;
	}
	ERR_clear_error();
}

// Lets OpenSSL read d->input, and whatever it had kept back.
static void run(struct dtls *d)
{
	ERR_clear_error();
	if (!d->is_done) {
		int ret = SSL_do_handshake(d->ssl);
		if (ret != 1) {
			fail_or_wait(d, ret);
			return;
		}
		finish_handshake(d);
	}

	uint8_t data[PLAIN_LEN_MAX];
	while (d->ssl != NULL) {
		int ret = SSL_read(d->ssl, data, sizeof(data));
		if (ret <= 0) {
			fail_or_wait(d, ret);
			return;
		}
		// The peer is unknown until its fingerprint is verified.
		if (d->state == AM_DTLS_CONNECTED && d->handler.receive != NULL)
			d->handler.receive(d->handler.user, data, (size_t)ret);
	}
}

// Keeps records from OpenSSL that would end a session or bloat it: unknown record types are fatal,
// encrypted records too short for their cipher, too (seen with 3.0.19), and records of a future
// epoch are kept by the hundred, at 16 kB each. Without renegotiation there are only two epochs,
// and once the second is in use, records of the first are worthless.
static bool record_is_wanted(struct dtls *d, uint8_t type, uint16_t epoch, size_t body_len)
{
	if (type < RECORD_CHANGE_CIPHER_SPEC || type > RECORD_APPLICATION_DATA || epoch > 1)
		return false;
	if (d->ssl == NULL)
		return epoch == 0 && type == RECORD_HANDSHAKE;
	if (epoch == 0)
		return !d->is_done && type != RECORD_APPLICATION_DATA;
	if (body_len < GCM_LEN_MIN) // our suites are all GCM
		return false;

	OSSL_HANDSHAKE_STATE state = SSL_get_state(d->ssl);
	if (d->is_done || state == TLS_ST_SR_CHANGE || state == TLS_ST_CR_CHANGE) // it has the keys
		return true;
	if (d->early_count == DTLS_EARLY_MAX)
		return false;
	d->early_count++;
	return true;
}

// OpenSSL's timer runs on the wall clock, so it is asked only how long, not when. It has no timer
// until it has answered a whole ClientHello. The handshake's time limit holds from the first byte
// until the fingerprint is verified.
static void arm_timer(struct dtls *d, uint64_t now_ns)
{
	struct timeval left;

	d->deadline_ns = d->state == AM_DTLS_CONNECTING ? d->handshake_end_ns : d->start_ns;
	if (d->ssl == NULL || d->is_done || DTLSv1_get_timeout(d->ssl, &left) != 1)
		return;

	uint64_t left_us = (uint64_t)left.tv_sec * 1000000 + (uint64_t)left.tv_usec;
	if (left_us > TIMEOUT_US_MAX) // the wall clock was set back
		left_us = TIMEOUT_US_MAX;
	if (now_ns + left_us * 1000 < d->deadline_ns)
		d->deadline_ns = now_ns + left_us * 1000;
}

enum am_dtls_state dtls_receive(struct dtls *d, const uint8_t *bytes, size_t len, uint64_t now_ns)
{
	d->is_reading = true;
	// RFC 6347 4.1: a datagram holds whole records; truncated ones are dropped.
	struct am_reader reader = am_reader_init(bytes, len);
	while (!is_over(d) && am_reader_left(&reader) > 0) {
		const uint8_t *record = reader.next;
		uint8_t type = am_read_u8(&reader);
		am_read_u16(&reader); // version: OpenSSL checks it
		uint16_t epoch = am_read_u16(&reader);
		am_reader_take(&reader, 6); // sequence number
		size_t body_len = am_read_u16(&reader);
		am_reader_take(&reader, body_len);
		if (reader.failed)
			break;
		if (!record_is_wanted(d, type, epoch, body_len))
			continue;

		if (d->ssl == NULL)
			begin(d, false, now_ns);
		if (d->ssl == NULL)
			break;
		d->input = record;
		d->input_len = (size_t)(reader.next - record);
		run(d);
		d->input = NULL;
	}
	d->is_reading = false;
	go_quiet(d);
	arm_timer(d, now_ns);
	return d->state;
}

static bool fingerprint_equal(const struct am_fingerprint *a, const struct am_fingerprint *b)
{
	return a->hash == b->hash && CRYPTO_memcmp(a->bytes, b->bytes, am_hash_len(a->hash)) == 0;
}

enum am_dtls_state dtls_set_fingerprint(struct dtls *d, const struct am_fingerprint *fingerprint)
{
	if (is_over(d))
		return d->state;
	if (d->has_fingerprint && !fingerprint_equal(&d->fingerprint, fingerprint)) {
		stop(d, AM_DTLS_FAILED);
		return d->state;
	}
	d->fingerprint = *fingerprint;
	d->has_fingerprint = true;
	verify_fingerprint(d);
	return d->state;
}

void dtls_start(struct dtls *d, uint64_t at_ns)
{
	if (d->state == AM_DTLS_NEW && at_ns < d->start_ns)
		d->deadline_ns = d->start_ns = at_ns;
}

uint64_t dtls_deadline(const struct dtls *d)
{
	return d->deadline_ns;
}

// Sends the ClientHello.
static void begin_client(struct dtls *d, uint64_t now_ns)
{
	begin(d, true, now_ns);
	if (d->ssl == NULL)
		d->start_ns = now_ns + BEGIN_AGAIN_NS;
	else
		run(d);
}

enum am_dtls_state dtls_timer(struct dtls *d, uint64_t now_ns)
{
	if (is_over(d) || now_ns < d->deadline_ns)
		return d->state;
	ERR_clear_error();
	if (d->ssl == NULL)
		begin_client(d, now_ns);
	else if (now_ns >= d->handshake_end_ns || DTLSv1_handle_timeout(d->ssl) < 0)
		stop(d, AM_DTLS_FAILED);
	ERR_clear_error();
	arm_timer(d, now_ns);
	return d->state;
}

int dtls_srtp_keys(struct dtls *d, struct srtp_keys *keys)
{
	srtp_keys_wipe(keys);
	if (d->state != AM_DTLS_CONNECTED)
		return -ENOTCONN;

	const SRTP_PROTECTION_PROFILE *selected = SSL_get_selected_srtp_profile(d->ssl);
	if (selected == NULL)
		return -ENOPROTOOPT;

	// RFC 5764 4.2: both keys, then both salts, the DTLS client's first.
	uint8_t material[MATERIAL_LEN_MAX];
	uint8_t profile = (uint8_t)selected->id;
	size_t salt_len = srtp_salt_len(profile);
	int ret = SSL_export_keying_material(
	        d->ssl, material, 2 * (SRTP_KEY_LEN + salt_len), EXPORTER_LABEL, EXPORTER_LABEL_LEN,
	        NULL, 0, 0
	);
	if (ret == 1) {
		const uint8_t *salts = material + 2 * SRTP_KEY_LEN;
		keys->profile = profile;
		bool is_server = SSL_is_server(d->ssl);
		struct srtp_master *first = is_server ? &keys->client : &keys->server;
		struct srtp_master *second = is_server ? &keys->server : &keys->client;
		memcpy(first->key, material, SRTP_KEY_LEN);
		memcpy(second->key, material + SRTP_KEY_LEN, SRTP_KEY_LEN);
		memcpy(first->salt, salts, salt_len);
		memcpy(second->salt, salts + salt_len, salt_len);
	}
	OPENSSL_cleanse(material, sizeof(material));
	ERR_clear_error();
	return ret == 1 ? 0 : -ENOTCONN;
}

int dtls_write(struct dtls *d, const uint8_t *data, size_t len)
{
	if (d->state != AM_DTLS_CONNECTED)
		return -ENOTCONN;
	if (len == 0 || len > DTLS_DATA_MAX)
		return -EMSGSIZE;
	ERR_clear_error();
	int ret = SSL_alloc_buffers(d->ssl) == 1 ? SSL_write(d->ssl, data, (int)len) : 0;
	go_quiet(d);
	ERR_clear_error();
	return ret > 0 ? 0 : -ENOTCONN;
}
