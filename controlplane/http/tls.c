#include "http/tls.h"

#include "base/loop.h"
#include "base/memory.h"

#include "am_log.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <unistd.h>

#define CHECK_MS   1000
#define ACCEPT_MAX 64 // connections accepted in one turn

// Bytes that one side has sent and the other has not taken yet. Until it has, the first side is not
// read.
struct rest {
	uint8_t *data; // NULL: none
	size_t len, sent;
};

TAILQ_HEAD(connection_list, connection);

struct connection {
	struct tls *tls;
	SSL *ssl;
	void *context; // from the handler
	struct sockaddr_storage address;
	socklen_t address_len;
	struct loop_source client, server; // TCP, our end of the pair (-1: none yet)
	uint32_t client_events, server_events; // as registered
	struct rest in, out; // to the server, to the client
	bool client_ended, server_ended; // there is no more to read from this side
	bool in_shut, out_shut; // this side was told that the other has ended
	bool server_gone; // the server accepts nothing more
	bool reply_waits; // OpenSSL has something to send of its own
	struct connection_list *list; // the list whose time limit applies; NULL: none
	uint64_t since_ms;
	TAILQ_ENTRY(connection) of_list;
	LIST_ENTRY(connection) next;
};

struct tls {
	struct loop *loop;
	const struct tls_handler *handler;
	SSL_CTX *settings;
	struct loop_source listener;
	struct loop_timer timer;
	uint32_t count, most;
	bool paused; // the listener is not watched
	LIST_HEAD(, connection) all;
	struct connection_list handshakes, closing, lingering; // the oldest first
	uint8_t piece[TLS_PIECE];
};

static void wait_in(struct connection *c, struct connection_list *list)
{
	if (c->list == list)
		return;
	if (c->list)
		TAILQ_REMOVE(c->list, c, of_list);
	c->list = list;
	c->since_ms = loop_now_ms(c->tls->loop);
	if (list)
		TAILQ_INSERT_TAIL(list, c, of_list);
}

static void end(struct connection *c)
{
	struct tls *t = c->tls;

	wait_in(c, NULL);
	LIST_REMOVE(c, next);
	t->count--;
	SSL_free(c->ssl);
	loop_remove(t->loop, &c->client);
	close(c->client.fd);
	t->handler->ended(t->handler->owner, c->context);
	if (c->server.fd >= 0) {
		loop_remove(t->loop, &c->server);
		close(c->server.fd);
	}
	free(c->in.data);
	free(c->out.data);
	free(c);
}

static void rest_keep(struct rest *r, const uint8_t *data, size_t len)
{
	r->data = memory_new(len, 1);
	r->len = len;
	r->sent = 0;
	memcpy(r->data, data, len);
}

static void rest_drop(struct rest *r)
{
	free(r->data);
	*r = (struct rest){0};
}

// Returns how many of the bytes the server took.
static size_t server_send(struct connection *c, const uint8_t *data, size_t len)
{
	ssize_t n = c->server_gone ? (ssize_t)len : send(c->server.fd, data, len, MSG_NOSIGNAL);

	if (n >= 0)
		return (size_t)n;
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	c->server_gone = true;
	return len;
}

// Returns how many of the bytes the client took, or -1 if the connection has failed.
static ssize_t client_send(struct connection *c, const uint8_t *data, size_t len)
{
	ERR_clear_error();
	int n = SSL_write(c->ssl, data, (int)len);
	if (n > 0)
		return n;
	return SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static void in_flush(struct connection *c)
{
	struct rest *r = &c->in;

	if (!r->data)
		return;
	r->sent += server_send(c, r->data + r->sent, r->len - r->sent);
	if (r->sent == r->len)
		rest_drop(r);
}

// False: the connection has failed.
static bool out_flush(struct connection *c)
{
	struct rest *r = &c->out;
	ssize_t n = r->data ? client_send(c, r->data + r->sent, r->len - r->sent) : 0;

	if (n < 0)
		return false;
	r->sent += (size_t)n;
	if (r->data && r->sent == r->len)
		rest_drop(r);
	return true;
}

// Passes one piece from the client to the server. 1: there may be more; 0: not now; -1: the
// connection has failed.
static int in_step(struct connection *c)
{
	uint8_t *piece = c->tls->piece;

	ERR_clear_error();
	int n = SSL_read(c->ssl, piece, TLS_PIECE);
	if (n > 0) {
		size_t taken = server_send(c, piece, (size_t)n);
		if (taken < (size_t)n)
			rest_keep(&c->in, piece + taken, (size_t)n - taken);
		return !c->server_gone; // if the server is gone, nothing else would end the loop
	}
	switch (SSL_get_error(c->ssl, n)) {
	case SSL_ERROR_WANT_READ: return 0;
	case SSL_ERROR_WANT_WRITE: c->reply_waits = true; return 0;
	case SSL_ERROR_ZERO_RETURN: c->client_ended = true; return 0;
	default: return -1;
	}
}

// Goes on until the client has sent nothing more, or the server takes no more. False if the
// connection has failed.
static bool pump_in(struct connection *c)
{
	int more = 1;

	c->reply_waits = false;
	in_flush(c);
	while (more > 0 && !c->in.data && !c->client_ended)
		more = in_step(c);
	if (c->client_ended && !c->in.data && !c->in_shut) {
		shutdown(c->server.fd, SHUT_WR);
		c->in_shut = true;
	}
	return more >= 0;
}

// Passes one piece from the server to the client. 1: there may be more; 0: not now; -1: the
// connection has failed.
static int out_step(struct connection *c)
{
	uint8_t *piece = c->tls->piece;
	ssize_t n = recv(c->server.fd, piece, TLS_PIECE, 0);

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0 && errno == EINTR)
		return 1;
	if (n <= 0) {
		c->server_ended = true;
		wait_in(c, &c->tls->closing);
		return 0;
	}
	ssize_t taken = client_send(c, piece, (size_t)n);
	if (taken >= 0 && taken < n)
		rest_keep(&c->out, piece + taken, (size_t)(n - taken));
	return taken < 0 ? -1 : 1;
}

// RFC 8446 6.1: tells the client that there is no more data, so that nobody else can fake the end.
static bool out_end(struct connection *c)
{
	ERR_clear_error();
	int n = SSL_shutdown(c->ssl);
	if (n < 0) {
		c->reply_waits = SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_WRITE;
		return c->reply_waits;
	}
	shutdown(c->client.fd, SHUT_WR);
	c->out_shut = true;
	wait_in(c, &c->tls->lingering);
	return true;
}

static bool pump_out(struct connection *c)
{
	int more = 1;

	if (!out_flush(c))
		return false;
	while (more > 0 && !c->out.data && !c->server_ended)
		more = out_step(c);
	if (more >= 0 && c->server_ended && !c->out.data && !c->out_shut)
		return out_end(c);
	return more >= 0;
}

// Even if no events are requested, epoll keeps reporting that the other side is gone, unless it is
// edge-triggered.
static uint32_t events_of(bool in, bool out)
{
	return in || out ? (in ? EPOLLIN : 0) | (out ? EPOLLOUT : 0) : EPOLLET;
}

static void events_set(struct loop *l, struct loop_source *s, uint32_t *was, uint32_t events)
{
	if (*was == events)
		return;
	loop_change(l, s, events);
	*was = events;
}

static void pump(struct connection *c)
{
	struct loop *l = c->tls->loop;

	if (!pump_in(c) || !pump_out(c) || (c->client_ended && c->out_shut)) {
		end(c);
		return;
	}
	events_set(
	        l, &c->client, &c->client_events,
	        events_of(!c->client_ended && !c->in.data, c->out.data || c->reply_waits)
	);
	events_set(
	        l, &c->server, &c->server_events,
	        events_of(!c->server_ended && !c->out.data, c->in.data)
	);
}

static void server_ready(void *owner, uint32_t events)
{
	struct connection *c = owner;

	if (events & EPOLLHUP &&
	    !c->out_shut) // the server has closed, even if the client has not taken the rest yet
		wait_in(c, &c->tls->closing);
	pump(c);
}

// Gives the server its end of a socket pair.
static bool secure(struct connection *c)
{
	struct tls *t = c->tls;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	for (int i = 0; i < 2; i++) // the default of Linux is 208 KiB
		setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &(int){TLS_PAIR_BUFFER}, sizeof(int));
	c->server = (struct loop_source){.fd = pair[0], .ready = server_ready, .owner = c};
	c->server_events = EPOLLIN;
	if (loop_add(t->loop, &c->server, c->server_events) < 0) {
		close(pair[1]);
		return false;
	}
	wait_in(c, NULL);
	t->handler->secured(
	        t->handler->owner, c->context, pair[1], (const struct sockaddr *)&c->address,
	        c->address_len
	);
	return true;
}

static void shake_hands(struct connection *c)
{
	ERR_clear_error();
	int n = SSL_accept(c->ssl);
	int error = n == 1 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, n);

	if (error == SSL_ERROR_NONE && secure(c))
		pump(c); // what followed the handshake is in OpenSSL, not in the socket
	else if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		events_set(
		        c->tls->loop, &c->client, &c->client_events,
		        error == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT
		);
	else
		end(c);
}

static void client_ready(void *owner, uint32_t events)
{
	struct connection *c = owner;

	if (events & EPOLLERR)
		end(c);
	else if (c->server.fd < 0)
		shake_hands(c);
	else
		pump(c);
}

static void listen_to(struct tls *t, bool on)
{
	if (t->paused == !on)
		return;
	t->paused = !on;
	loop_change(t->loop, &t->listener, on ? EPOLLIN : 0);
}

// Takes over the socket. A client that is refused costs no more than accepting and closing.
static void begin(struct tls *t, int fd, const struct sockaddr_storage *a, socklen_t len)
{
	void *context = t->handler->accepted(t->handler->owner, fd, (const struct sockaddr *)a);
	if (!context) {
		close(fd);
		return;
	}
	struct connection *c = memory_new(1, sizeof(*c));
	*c = (struct connection){
	        .tls = t,
	        .ssl = SSL_new(t->settings),
	        .context = context,
	        .address = *a,
	        .address_len = len,
	        .server.fd = -1,
	        .client = {.fd = fd, .ready = client_ready, .owner = c},
	        .client_events = EPOLLIN,
	};
	t->count++;
	LIST_INSERT_HEAD(&t->all, c, next);
	wait_in(c, &t->handshakes);
	// Messages are small and soon followed by others: none should wait for an ACK (RFC 896).
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	if (!c->ssl || SSL_set_fd(c->ssl, fd) != 1 ||
	    loop_add(t->loop, &c->client, c->client_events) < 0)
		end(c);
}

static void listener_ready(void *owner, uint32_t)
{
	struct tls *t = owner;

	for (int i = 0; i < ACCEPT_MAX && t->count < t->most && !memory_is_short(); i++) {
		struct sockaddr_storage a = {0};
		socklen_t len = sizeof(a);
		int fd =
		        accept4(t->listener.fd, (struct sockaddr *)&a, &len,
		                SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			begin(t, fd, &a, len);
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR && errno != ECONNABORTED)
			break; // for example, no descriptors are left
		else
			continue;
		if (i == ACCEPT_MAX - 1)
			return;
	}
	listen_to(t, false); // resumed at the next check
}

static void cut_off(const struct tls *t, struct connection_list *list, uint64_t after_ms)
{
	struct connection *c, *next;

	for (c = TAILQ_FIRST(list); c; c = next) {
		uint64_t age_ms = loop_now_ms(t->loop) - c->since_ms;
		next = TAILQ_NEXT(c, of_list);
		if (age_ms < after_ms)
			return;
		end(c);
	}
}

static void check(void *owner)
{
	struct tls *t = owner;

	cut_off(t, &t->handshakes, TLS_HANDSHAKE_MS);
	cut_off(t, &t->closing, TLS_CLOSING_MS);
	cut_off(t, &t->lingering, TLS_LINGER_MS);
	listen_to(t, true);
	loop_timer_set(t->loop, &t->timer, CHECK_MS);
}

// An encrypted key is refused: there is nobody to ask for its password.
static int no_password(char *, int, int, void *)
{
	return -1;
}

static bool certificate_use(SSL_CTX *s, const char *text)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	X509 *x = bio ? PEM_read_bio_X509_AUX(bio, NULL, no_password, NULL) : NULL;
	bool ok = x && SSL_CTX_use_certificate(s, x) == 1;

	X509_free(x);
	while (ok && (x = PEM_read_bio_X509(bio, NULL, no_password, NULL)))
		ok = SSL_CTX_add0_chain_cert(s, x) == 1; // takes over the certificate
	// The end of the file is not an error; anything else that is not a certificate is.
	ok = ok && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	if (ok)
		ERR_clear_error();
	BIO_free(bio);
	return ok;
}

static bool key_use(SSL_CTX *s, const char *text)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
	bool ok = key && SSL_CTX_use_PrivateKey(s, key) == 1;

	EVP_PKEY_free(key);
	BIO_free(bio);
	return ok;
}

static void settings_explain(const char *what)
{
	char reason[256];

	ERR_error_string_n(ERR_peek_error(), reason, sizeof(reason));
	ERR_clear_error();
	am_error("tls: cannot use controlplane.%s; error=%s", what, reason);
}

static SSL_CTX *settings_make(const char *certificate, const char *private_key)
{
	SSL_CTX *s = SSL_CTX_new(TLS_server_method());

	if (!s)
		return NULL;
	ERR_clear_error();
	SSL_CTX_set_min_proto_version(s, TLS1_2_VERSION);
	// A client that closes without close_notify has ended, too: HTTP and WebSocket messages
	// delimit themselves.
	SSL_CTX_set_options(
	        s, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
	                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF
	);
	SSL_CTX_set_num_tickets(s, 0);
	SSL_CTX_set_session_cache_mode(s, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(
	        s, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
	                   SSL_MODE_RELEASE_BUFFERS
	);
	// After a record without data, such as KeyUpdate, control returns to the loop, and the next
	// record waits for epoll: otherwise, a client that sends nothing else would hold everybody
	// up. Read-ahead would undo that.
	SSL_CTX_clear_mode(s, SSL_MODE_AUTO_RETRY);
	if (!certificate_use(s, certificate))
		settings_explain("certificate");
	else if (!key_use(s, private_key))
		settings_explain("private_key, check that it belongs to the certificate");
	else
		return s;
	SSL_CTX_free(s);
	return NULL;
}

struct tls *tls_create(
        struct loop *loop, int listener, const char *certificate, const char *private_key,
        uint32_t most, const struct tls_handler *handler
)
{
	SSL_CTX *settings = settings_make(certificate, private_key);
	if (!settings)
		return NULL;

	struct tls *t = memory_new(1, sizeof(*t));
	*t = (struct tls){
	        .loop = loop,
	        .handler = handler,
	        .settings = settings,
	        .most = most,
	        .listener = {.fd = listener, .ready = listener_ready, .owner = t},
	        .timer = {.expired = check, .owner = t},
	};
	TAILQ_INIT(&t->handshakes);
	TAILQ_INIT(&t->closing);
	TAILQ_INIT(&t->lingering);
	if (loop_add(loop, &t->listener, EPOLLIN) == 0) {
		loop_timer_set(loop, &t->timer, CHECK_MS);
		return t;
	}
	SSL_CTX_free(settings);
	free(t);
	return NULL;
}

void tls_destroy(struct tls *t)
{
	struct connection *c, *next;

	for (c = LIST_FIRST(&t->all); c; c = next) {
		next = LIST_NEXT(c, next);
		if (c->server.fd >= 0)
			pump_out(c);
		end(c);
	}
	loop_timer_cancel(t->loop, &t->timer);
	loop_remove(t->loop, &t->listener);
	close(t->listener.fd);
	SSL_CTX_free(t->settings);
	free(t);
}
