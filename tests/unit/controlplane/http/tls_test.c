// The TLS front: full records, back-pressure on the sender, ends of connections, time limits, and
// clients that keep it busy.
#include "test.h"

#include "base/loop.h"
#include "http/tls.c"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MOST  2 // connections
#define LARGE 60000
#define FLOOD 200 // records

static uint64_t late_ms; // how far the time is ahead of the clock
static uint64_t stopped_ms; // the time at which the clock stands still; 0: it runs
static int calls; // of recv and send, by the front and by the server

uint64_t __real_loop_now_ms(const struct loop *);
uint64_t __wrap_loop_now_ms(const struct loop *);
ssize_t __real_recv(int, void *, size_t, int);
ssize_t __wrap_recv(int, void *, size_t, int);
ssize_t __real_send(int, const void *, size_t, int);
ssize_t __wrap_send(int, const void *, size_t, int);

uint64_t __wrap_loop_now_ms(const struct loop *l)
{
	return (stopped_ms ? stopped_ms : __real_loop_now_ms(l)) + late_ms;
}

ssize_t __wrap_recv(int fd, void *data, size_t len, int flags)
{
	calls++;
	return __real_recv(fd, data, len, flags);
}

ssize_t __wrap_send(int fd, const void *data, size_t len, int flags)
{
	calls++;
	return __real_send(fd, data, len, flags);
}

struct fixture {
	struct loop *loop;
	struct tls *tls;
	struct tls_handler handler;
	int accepted, ended;
	bool unwelcome; // every client is cut off
	int front; // the front's socket for the last client
	int server; // the server's end for the last client; -1: none
	SSL_CTX *settings;
	SSL *client;
	int tcp;
	struct sockaddr_in address;
	uint8_t sent[LARGE], received[LARGE];
};

static void *accepted(void *owner, int fd, const struct sockaddr *from)
{
	struct fixture *f = owner;

	assert_int_equal(from->sa_family, AF_INET);
	f->accepted++;
	f->front = fd;
	return f->unwelcome ? NULL : f;
}

static void secured(void *owner, void *context, int fd, const struct sockaddr *from, socklen_t)
{
	struct fixture *f = owner;

	assert_ptr_equal(context, f);
	assert_int_equal(from->sa_family, AF_INET);
	f->server = fd;
}

static void ended(void *owner, void *context)
{
	struct fixture *f = owner;

	assert_ptr_equal(context, f);
	f->ended++;
}

static char *pem_end(BIO *bio)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);
	char *text = calloc((size_t)len + 1, 1);

	memcpy(text, data, (size_t)len);
	BIO_free(bio);
	return text;
}

static void certificate_make(char **certificate, char **key_text)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());

	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	PEM_write_bio_X509(bio, x);
	*certificate = pem_end(bio);
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	*key_text = pem_end(bio);
	X509_free(x);
	EVP_PKEY_free(key);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	socklen_t len = sizeof(f->address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	char *certificate, *key;

	late_ms = stopped_ms = 0;
	f->server = f->tcp = -1;
	f->loop = loop_create();
	f->address = (struct sockaddr_in){
	        .sin_family = AF_INET,
	        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	assert_int_equal(bind(listener, (struct sockaddr *)&f->address, len), 0);
	assert_int_equal(listen(listener, 16), 0);
	getsockname(listener, (struct sockaddr *)&f->address, &len);
	certificate_make(&certificate, &key);
	f->handler = (struct tls_handler){f, accepted, secured, ended};
	f->tls = tls_create(f->loop, listener, certificate, key, MOST, &f->handler);
	assert_non_null(f->tls);
	free(certificate);
	free(key);
	f->settings = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_mode(
	        f->settings, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
	);
	for (int i = 0; i < LARGE; i++)
		f->sent[i] = (uint8_t)(i * 7 + i / 251);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	tls_destroy(f->tls);
	loop_destroy(f->loop);
	SSL_free(f->client);
	SSL_CTX_free(f->settings);
	if (f->tcp >= 0)
		close(f->tcp);
	if (f->server >= 0)
		close(f->server);
	free(f);
	return 0;
}

static int dial(const struct fixture *f)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)&f->address, sizeof(f->address)), 0);
	return fd;
}

static void turns(struct fixture *f)
{
	for (int i = 0; i < 20; i++)
		loop_turn(f->loop, 1);
}

static void client_open(struct fixture *f)
{
	f->tcp = dial(f);
	assert_int_equal(fcntl(f->tcp, F_SETFL, O_NONBLOCK), 0);
	setsockopt(f->tcp, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)); // RFC 1122 4.2.3.2
	f->client = SSL_new(f->settings);
	SSL_set_fd(f->client, f->tcp);
	for (int i = 0; i < 200 && SSL_connect(f->client) != 1; i++)
		loop_turn(f->loop, 5);
	turns(f);
	assert_true(f->server >= 0);
	calls = 0;
}

// Sends the same `len` bytes again and again until nobody takes more. Returns how much was sent.
static size_t client_write(struct fixture *f, size_t len)
{
	size_t at = 0;

	for (int idle = 0; at < len && idle < 20;) {
		size_t from = at % LARGE, left = LARGE - from;
		int n = SSL_write(
		        f->client, f->sent + from, (int)(len - at < left ? len - at : left)
		);
		idle = n > 0 ? 0 : idle + 1;
		at += n > 0 ? (size_t)n : 0;
		loop_turn(f->loop, 1);
	}
	return at;
}

// Reads what the client receives until the end, or until nothing more arrives.
static size_t client_receive(struct fixture *f)
{
	size_t at = 0;

	for (int idle = 0; at < LARGE && idle < 20;) {
		int n = SSL_read(f->client, f->received + at, (int)(LARGE - at));
		idle = n > 0 ? 0 : idle + 1;
		at += n > 0 ? (size_t)n : 0;
		loop_turn(f->loop, 1);
	}
	return at;
}

static size_t server_receive(struct fixture *f)
{
	size_t at = 0;

	for (int idle = 0; at < LARGE && idle < 20;) {
		ssize_t n = __real_recv(f->server, f->received + at, LARGE - at, 0);
		idle = n > 0 ? 0 : idle + 1;
		at += n > 0 ? (size_t)n : 0;
		loop_turn(f->loop, 1);
	}
	return at;
}

static void bytes_travel_in_whole_records(void **state)
{
	struct fixture *f = *state;

	client_open(f);
	assert_int_equal(client_write(f, LARGE), LARGE);
	assert_int_equal(server_receive(f), LARGE);
	assert_memory_equal(f->received, f->sent, LARGE);
	assert_in_range(calls, LARGE / TLS_PIECE, 40); // with 4 bytes at a time, it would be 15000

	calls = 0;
	memset(f->received, 0, LARGE);
	for (size_t at = 0; at < LARGE;) {
		ssize_t n = __real_send(f->server, f->sent + at, LARGE - at, 0);
		at += n > 0 ? (size_t)n : 0;
		loop_turn(f->loop, 1);
	}
	assert_int_equal(client_receive(f), LARGE);
	assert_memory_equal(f->received, f->sent, LARGE);
	assert_in_range(calls, LARGE / TLS_PIECE, 40);
}

static void a_server_that_does_not_read_stops_its_client(void **state)
{
	struct fixture *f = *state;
	size_t most = 256u << 20, got = 0, n;
	int waiting;

	client_open(f);
	size_t sent = client_write(f, most);
	assert_true(sent < most);
	calls = 0;
	turns(f);
	assert_in_range(calls, 0, 1); // nobody spins meanwhile
	assert_int_equal(ioctl(f->server, FIONREAD, &waiting), 0);
	assert_in_range(
	        waiting, 1, 2 * TLS_PAIR_BUFFER + TLS_PIECE
	); // the kernel's memory is bounded, too
	while ((n = server_receive(f)) > 0)
		got += n;
	assert_true(got > 0);
	assert_true(got <= sent); // OpenSSL may hold back the last record until its next call
	assert_true(got + 2 * TLS_PIECE >= sent);
}

static void ends_go_through_and_answers_still_come_behind_them(void **state)
{
	struct fixture *f = *state;
	char byte;

	client_open(f);
	SSL_shutdown(f->client);
	turns(f);
	assert_int_equal(__real_recv(f->server, &byte, 1, 0), 0);
	assert_int_equal(__real_send(f->server, f->sent, 1000, 0), 1000);
	close(f->server);
	f->server = -1;
	assert_int_equal(client_receive(f), 1000);
	assert_int_equal(
	        SSL_get_shutdown(f->client) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN
	);
	assert_int_equal(f->tls->count, 0);
}

static void a_client_that_dies_takes_its_connection_along(void **state)
{
	struct fixture *f = *state;
	char byte;

	client_open(f);
	setsockopt(f->tcp, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
	close(f->tcp);
	f->tcp = -1;
	turns(f);
	assert_int_equal(f->tls->count, 0);
	assert_int_equal(__real_recv(f->server, &byte, 1, 0), 0);
}

// Waits for the check that runs every second.
static void check_await(struct fixture *f)
{
	for (int i = 0; i < 110; i++)
		loop_turn(f->loop, 10);
}

static void handshakes_that_do_not_end_are_ended(void **state)
{
	struct fixture *f = *state;
	int silent = dial(f);
	char byte;

	turns(f);
	assert_int_equal(f->accepted, 1);
	late_ms = TLS_HANDSHAKE_MS - 5000;
	check_await(f);
	assert_int_equal(f->ended, 0);
	late_ms = TLS_HANDSHAKE_MS;
	check_await(f);
	assert_int_equal(f->ended, 1);
	assert_int_equal(__real_recv(silent, &byte, 1, 0), 0);
	close(silent);
}

// The server sends until nobody accepts more, then ends. The kernel's buffers do not grow
// meanwhile, and an ACK may be late by 40 ms (RFC 1122 4.2.3.2).
static void server_fill(struct fixture *f)
{
	setsockopt(f->front, SOL_SOCKET, SO_SNDBUF, &(int){TLS_PIECE}, sizeof(int));
	for (int idle = 0; idle < 100;) {
		ssize_t n = __real_send(f->server, f->sent, LARGE, MSG_NOSIGNAL);
		idle = n > 0 ? 0 : idle + 1;
		loop_turn(f->loop, 1);
	}
	close(f->server);
	f->server = -1;
}

static void a_client_that_takes_no_more_does_not_stay(void **state)
{
	struct fixture *f = *state;

	client_open(f);
	server_fill(f);
	calls = 0;
	turns(f);
	assert_in_range(calls, 0, 1); // nobody spins meanwhile
	assert_int_equal(f->tls->count, 1);
	assert_int_equal(f->ended, 0); // the server has ended, but the client is still there
	late_ms = TLS_CLOSING_MS;
	check_await(f);
	assert_int_equal(f->tls->count, 0);
	assert_int_equal(f->ended, 1);
}

static void a_client_that_reads_late_still_has_time_to_close(void **state)
{
	struct fixture *f = *state;

	client_open(f);
	stopped_ms = __real_loop_now_ms(f->loop);
	server_fill(f);
	turns(f);
	late_ms = TLS_CLOSING_MS - 1;
	while (client_receive(f) > 0)
		;
	check_await(f);
	assert_int_equal(f->ended, 0);
	late_ms += TLS_LINGER_MS;
	check_await(f);
	assert_int_equal(f->ended, 1);
}

static void one_too_many_waits_until_another_goes(void **state)
{
	struct fixture *f = *state;
	int fds[MOST + 1];

	for (int i = 0; i < MOST + 1; i++)
		fds[i] = dial(f);
	turns(f);
	assert_int_equal(f->tls->count, MOST);
	assert_int_equal(f->accepted, MOST);
	close(fds[0]);
	check_await(f);
	assert_int_equal(f->accepted, MOST + 1);
	close(fds[1]);
	close(fds[2]);
}

// How many bytes from the client the front has not read.
static int unread(const struct fixture *f)
{
	int n;

	assert_int_equal(ioctl(f->front, FIONREAD, &n), 0);
	return n;
}

// FLOOD records of this size have been sent. Each turn takes one, since they contain no data.
static void expect_paced(struct fixture *f, int record)
{
	int all = FLOOD * record;

	for (int ms = 0; ms < 10000 && unread(f) < all; ms++) // the kernel's windows must grow
		usleep(1000);
	assert_int_equal(unread(f), all);
	loop_turn(f->loop, 10);
	assert_int_equal(all - unread(f), record);
	for (int i = 0; i < 10 * FLOOD && unread(f) > 0; i++)
		loop_turn(f->loop, 1);
	assert_int_equal(unread(f), 0);
}

static void a_flood_of_key_updates_waits_its_turns(void **state) // RFC 8446 4.6.3
{
	struct fixture *f = *state;

	client_open(f);
	uint64_t before = BIO_number_written(SSL_get_wbio(f->client));
	for (int i = 0; i < FLOOD; i++) {
		assert_int_equal(SSL_key_update(f->client, SSL_KEY_UPDATE_REQUESTED), 1);
		assert_int_equal(SSL_do_handshake(f->client), 1);
	}
	uint64_t bytes = BIO_number_written(SSL_get_wbio(f->client)) - before;
	expect_paced(f, (int)(bytes / FLOOD));
	assert_int_equal(client_write(f, LARGE), LARGE);
	assert_int_equal(server_receive(f), LARGE);
	assert_memory_equal(f->received, f->sent, LARGE);
}

static void client_open_1_2(struct fixture *f)
{
	SSL_CTX_set_max_proto_version(f->settings, TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(f->settings, "ECDHE-ECDSA-AES128-GCM-SHA256");
	client_open(f);
	assert_int_equal(SSL_version(f->client), TLS1_2_VERSION);
}

static void nobody_renegotiates(void **state) // RFC 5746 4.5
{
	struct fixture *f = *state;
	int ret = -1;

	client_open_1_2(f);
	assert_int_equal(SSL_renegotiate(f->client), 1);
	ERR_clear_error();
	for (int i = 0; i < 50 && ERR_peek_error() == 0 && ret != 1; i++) {
		ret = SSL_do_handshake(f->client);
		loop_turn(f->loop, 1);
	}
	assert_int_equal(ret, -1);
	int reason = ERR_GET_REASON(ERR_peek_error());
	assert_true(
	        reason == SSL_R_NO_RENEGOTIATION || reason == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE
	);
	ERR_clear_error();
}

// The state that protects a client's records in TLS 1.2 with AES-128-GCM (RFC 5246 6.3, RFC 5288
// 3).
struct protection {
	uint8_t key[16], salt[4];
	uint64_t sequence;
};

static void protection_take(struct protection *p, const SSL *ssl)
{
	uint8_t master[48], seed[64], block[40];
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
	size_t len = SSL_SESSION_get_master_key(SSL_get_session(ssl), master, sizeof(master));

	SSL_get_server_random(ssl, seed, 32);
	SSL_get_client_random(ssl, seed + 32, 32);
	const OSSL_PARAM settings[] = {
	        OSSL_PARAM_construct_utf8_string("digest", (char[]){"SHA256"}, 0),
	        OSSL_PARAM_construct_octet_string("secret", master, len),
	        OSSL_PARAM_construct_octet_string("seed", (char[]){"key expansion"}, 13),
	        OSSL_PARAM_construct_octet_string("seed", seed, sizeof(seed)),
	        OSSL_PARAM_construct_end(),
	};
	assert_int_equal(EVP_KDF_derive(context, block, sizeof(block), settings), 1);
	memcpy(p->key, block, 16);
	memcpy(p->salt, block + 32, 4);
	p->sequence = 1; // after Finished
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
}

static void u64_put(uint8_t out[8], uint64_t n)
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)(n >> (56 - 8 * i));
}

// The start of a ClientHello; the rest is not checked.
#define HELLO_RECORD 33
static void hello_write(struct protection *p, uint8_t out[HELLO_RECORD])
{
	static const uint8_t hello[4] = {1}, header[5] = {22, 3, 3, 0, HELLO_RECORD - 5};
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t nonce[12], aad[13] = {[8] = 22, 3, 3, 0, sizeof(hello)};
	int len;

	memcpy(out, header, 5);
	u64_put(out + 5, p->sequence);
	u64_put(aad, p->sequence++);
	memcpy(nonce, p->salt, 4);
	memcpy(nonce + 4, out + 5, 8);
	EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), NULL, p->key, nonce);
	EVP_EncryptUpdate(context, NULL, &len, aad, sizeof(aad));
	EVP_EncryptUpdate(context, out + 13, &len, hello, sizeof(hello));
	EVP_EncryptFinal_ex(context, out + 17, &len);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, out + 17), 1);
	EVP_CIPHER_CTX_free(context);
}

static void a_flood_of_hellos_waits_its_turns(void **state)
{
	uint8_t records[FLOOD][HELLO_RECORD];
	struct fixture *f = *state;
	struct protection p;

	client_open_1_2(f);
	protection_take(&p, f->client);
	for (int i = 0; i < FLOOD; i++)
		hello_write(&p, records[i]);
	assert_int_equal(__real_send(f->tcp, records, sizeof(records), 0), sizeof(records));
	expect_paced(f, HELLO_RECORD);
	assert_int_equal(f->tls->count, 1); // each was refused, without any other effect
}

// A client sends a byte of its ClientHello now and then.
static void a_handshake_in_small_bites_takes_no_longer(void **state)
{
	struct fixture *f = *state;
	SSL *slow = SSL_new(f->settings);
	BIO *out = BIO_new(BIO_s_mem());
	char *hello;

	SSL_set_bio(slow, BIO_new(BIO_s_mem()), out);
	assert_int_equal(SSL_connect(slow), -1);
	long len = BIO_get_mem_data(out, &hello);
	int fd = dial(f);
	turns(f);
	stopped_ms = __real_loop_now_ms(f->loop);
	for (long i = 0; i < len - 1; i++) {
		late_ms = (uint64_t)(TLS_HANDSHAKE_MS * i / len);
		assert_int_equal(__real_send(fd, hello + i, 1, 0), 1);
		loop_turn(f->loop, 1);
	}
	assert_int_equal(f->ended, 0);
	client_open(f); // another one, meanwhile
	late_ms = TLS_HANDSHAKE_MS;
	check_await(f);
	assert_int_equal(f->ended, 1);
	assert_int_equal(f->tls->count, 1);
	close(fd);
	SSL_free(slow);
}

// The client has no TLS session yet, and nothing has to be undone.
static void an_unwelcome_client_is_cut_off_at_once(void **state)
{
	struct fixture *f = *state;
	char byte;

	f->unwelcome = true;
	int fd = dial(f);
	turns(f);
	assert_int_equal(f->accepted, 1);
	assert_int_equal(f->ended, 0);
	assert_int_equal(f->tls->count, 0);
	assert_int_equal(__real_recv(fd, &byte, 1, 0), 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(bytes_travel_in_whole_records, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                a_server_that_does_not_read_stops_its_client, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                ends_go_through_and_answers_still_come_behind_them, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                a_client_that_dies_takes_its_connection_along, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                handshakes_that_do_not_end_are_ended, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                a_client_that_takes_no_more_does_not_stay, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                a_client_that_reads_late_still_has_time_to_close, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                one_too_many_waits_until_another_goes, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                an_unwelcome_client_is_cut_off_at_once, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                a_flood_of_key_updates_waits_its_turns, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(nobody_renegotiates, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_flood_of_hellos_waits_its_turns, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                a_handshake_in_small_bites_takes_no_longer, setup, teardown
	        ),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
