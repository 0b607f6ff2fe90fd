#include "ws.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wslay/wslay.h>

#define EVENTS_MAX  256 // per epoll_wait
#define ANSWER_MAX  2047 // bytes of the handshake's answer
#define MESSAGE_MAX 262144
#define KEY         "dGhlIHNhbXBsZSBub25jZQ==" // RFC 6455 1.3: it need not be random here

enum step {
	STEP_CONNECT,
	STEP_TLS,
	STEP_UPGRADE,
	STEP_OPEN,
};

struct ws {
	struct wss *all;
	void *owner;
	int fd;
	SSL *ssl; // NULL: plain
	enum step step;
	wslay_event_context_ptr wslay;
	uint32_t interest; // EPOLL bits
	bool busy; // within wslay: queued data is sent at the end of the turn
	char path[WS_PATH_MAX + 1];
	size_t answer_len, answer_read; // bytes; answer_read: consumed so far
	char answer[ANSWER_MAX + 1];
};

// The number of bytes, 0 if nothing has arrived yet, or -EPIPE.
static ssize_t bytes_read(struct ws *w, void *to, size_t len)
{
	ssize_t n;

	if (!w->ssl) {
		n = recv(w->fd, to, len, MSG_DONTWAIT);
		return n > 0 ? n : n < 0 && errno == EAGAIN ? 0 : -EPIPE;
	}
	ERR_clear_error();
	n = SSL_read(w->ssl, to, (int)len);
	return n > 0 ? n : SSL_get_error(w->ssl, (int)n) == SSL_ERROR_WANT_READ ? 0 : -EPIPE;
}

static ssize_t bytes_write(struct ws *w, const void *from, size_t len)
{
	ssize_t n;

	if (!w->ssl) {
		n = send(w->fd, from, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		return n >= 0 ? n : errno == EAGAIN ? 0 : -EPIPE;
	}
	ERR_clear_error();
	n = SSL_write(w->ssl, from, (int)len);
	return n > 0 ? n : SSL_get_error(w->ssl, (int)n) == SSL_ERROR_WANT_WRITE ? 0 : -EPIPE;
}

static ssize_t wslay_result(wslay_event_context_ptr ctx, ssize_t n)
{
	if (n > 0)
		return n;
	wslay_event_set_error(ctx, n == 0 ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static ssize_t on_recv(wslay_event_context_ptr ctx, uint8_t *to, size_t len, int, void *owner)
{
	struct ws *w = owner;
	size_t left = w->answer_len - w->answer_read;

	if (left == 0)
		return wslay_result(ctx, bytes_read(w, to, len));
	if (len > left)
		len = left;
	memcpy(to, w->answer + w->answer_read, len);
	w->answer_read += len;
	return (ssize_t)len;
}

static ssize_t
on_send(wslay_event_context_ptr ctx, const uint8_t *from, size_t len, int, void *owner)
{
	return wslay_result(ctx, bytes_write(owner, from, len));
}

// Marsaglia's xorshift: masks protect proxies, of which there are none here.
static int on_mask(wslay_event_context_ptr, uint8_t *out, size_t len, void *owner)
{
	struct wss *all = ((struct ws *)owner)->all;

	all->random ^= all->random << 13;
	all->random ^= all->random >> 7;
	all->random ^= all->random << 17;
	memcpy(out, &all->random, len);
	return 0;
}

static void
on_message(wslay_event_context_ptr, const struct wslay_event_on_msg_recv_arg *arg, void *owner)
{
	struct ws *w = owner;

	if (arg->opcode == WSLAY_TEXT_FRAME)
		w->all->events->message(w->owner, (const char *)arg->msg, arg->msg_length);
}

void ws_close(struct ws *w)
{
	if (w->wslay)
		wslay_event_context_free(w->wslay);
	SSL_free(w->ssl);
	close(w->fd);
	free(w);
}

static void fail(struct ws *w, const char *why)
{
	const struct ws_events *events = w->all->events;
	void *owner = w->owner;

	ws_close(w);
	events->closed(owner, why);
}

static void interest_set(struct ws *w, uint32_t interest)
{
	struct epoll_event e = {.events = interest, .data.ptr = w};

	if (interest != w->interest)
		epoll_ctl(w->all->epoll, EPOLL_CTL_MOD, w->fd, &e);
	w->interest = interest;
}

// NULL, or the reason why the connection is lost.
static const char *flush(struct ws *w)
{
	if (wslay_event_want_write(w->wslay) && wslay_event_send(w->wslay) != 0)
		return "its connection broke";
	interest_set(w, EPOLLIN | (wslay_event_want_write(w->wslay) ? EPOLLOUT : 0u));
	return NULL;
}

static const char *frames_take(struct ws *w)
{
	w->busy = true;
	int ret = wslay_event_recv(w->wslay);
	w->busy = false;
	if (ret != 0)
		return "its connection ended";
	const char *why = flush(w);
	return why ? why : wslay_event_want_read(w->wslay) ? NULL : "the server closed it";
}

static const char *request_send(struct ws *w)
{
	char request[WS_PATH_MAX + 512];
	int n = snprintf(
	        request, sizeof(request),
	        "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY
	        "\r\nSec-WebSocket-Protocol: protoo\r\nOrigin: %s://%s\r\n\r\n",
	        w->path, w->all->host, w->ssl ? "https" : "http", w->all->host
	);

	w->step = STEP_UPGRADE;
	interest_set(w, EPOLLIN);
	return bytes_write(w, request, (size_t)n) == n ? NULL : "its request was not taken";
}

static const char *tls_go_on(struct ws *w)
{
	ERR_clear_error();
	int ret = SSL_do_handshake(w->ssl);
	if (ret == 1)
		return request_send(w);
	interest_set(w, EPOLLIN);
	return SSL_get_error(w->ssl, ret) == SSL_ERROR_WANT_READ ? NULL : "TLS failed";
}

static const char *connected(struct ws *w)
{
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0)
		return "its connection was refused";
	if (!w->all->tls)
		return request_send(w);
	w->ssl = SSL_new(w->all->tls);
	if (!w->ssl || SSL_set_fd(w->ssl, w->fd) != 1)
		return "no memory";
	SSL_set_connect_state(w->ssl);
	w->step = STEP_TLS;
	return tls_go_on(w);
}

static const char *answer_take(struct ws *w)
{
	static const struct wslay_event_callbacks callbacks = {
	        .recv_callback = on_recv,
	        .send_callback = on_send,
	        .genmask_callback = on_mask,
	        .on_msg_recv_callback = on_message,
	};
	ssize_t n = bytes_read(w, w->answer + w->answer_len, ANSWER_MAX - w->answer_len);

	if (n < 0)
		return "the server refused it";
	w->answer_len += (size_t)n;
	w->answer[w->answer_len] = '\0';
	const char *end = strstr(w->answer, "\r\n\r\n");
	if (!end)
		return w->answer_len < ANSWER_MAX ? NULL : "the server's answer is too long";
	if (strncmp(w->answer, "HTTP/1.1 101", 12) != 0)
		return "the server refused it";
	w->answer_read = (size_t)(end + 4 - w->answer);
	if (wslay_event_context_client_init(&w->wslay, &callbacks, w) != 0)
		return "no memory";
	wslay_event_config_set_max_recv_msg_length(w->wslay, MESSAGE_MAX);
	w->step = STEP_OPEN;
	w->busy = true;
	w->all->events->open(w->owner);
	w->busy = false;
	return frames_take(w);
}

static void turn(struct ws *w)
{
	const char *why = NULL;

	switch (w->step) {
	case STEP_CONNECT: why = connected(w); break;
	case STEP_TLS: why = tls_go_on(w); break;
	case STEP_UPGRADE: why = answer_take(w); break;
	case STEP_OPEN: why = frames_take(w); break;
	}
	if (why)
		fail(w, why);
}

void wss_poll(struct wss *all)
{
	struct epoll_event events[EVENTS_MAX];
	int n;

	do {
		n = epoll_wait(all->epoll, events, EVENTS_MAX, 0);
		for (int i = 0; i < n; i++)
			turn(events[i].data.ptr);
	} while (n == EVENTS_MAX);
}

struct ws *ws_open(struct wss *all, const char *path, void *owner)
{
	struct ws *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	*w = (struct ws){.all = all, .owner = owner, .interest = EPOLLOUT};
	snprintf(w->path, sizeof(w->path), "%s", path);
	w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct epoll_event e = {.events = w->interest, .data.ptr = w};
	setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	if (w->fd < 0 ||
	    (connect(w->fd, (struct sockaddr *)&all->server, sizeof(all->server)) < 0 &&
	     errno != EINPROGRESS) ||
	    epoll_ctl(all->epoll, EPOLL_CTL_ADD, w->fd, &e) < 0) {
		int error = errno;
		if (w->fd >= 0)
			close(w->fd);
		free(w);
		errno = error;
		return NULL;
	}
	return w;
}

void ws_send(struct ws *w, const char *text, size_t len)
{
	const struct wslay_event_msg message = {
	        .opcode = WSLAY_TEXT_FRAME,
	        .msg = (const uint8_t *)text,
	        .msg_length = len,
	};

	// An error here shows when the WebSocket is read.
	if (wslay_event_queue_msg(w->wslay, &message) == 0 && !w->busy)
		(void)flush(w);
}

static int url_read(struct wss *all, const char *url, bool *tls)
{
	char ip[WS_HOST_MAX + 1];
	unsigned port;

	*tls = strncmp(url, "https://", 8) == 0;
	const char *rest = url + (*tls ? 8 : 7);
	if ((!*tls && strncmp(url, "http://", 7) != 0) || strlen(rest) > WS_HOST_MAX ||
	    sscanf(rest, "%63[0-9.]:%u", ip, &port) != 2 || port > UINT16_MAX)
		return -EINVAL;
	strcpy(all->host, rest);
	all->server.sin_family = AF_INET;
	all->server.sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, ip, &all->server.sin_addr) == 1 ? 0 : -EINVAL;
}

int wss_init(struct wss *all, const char *url, const struct ws_events *events)
{
	bool tls;

	*all = (struct wss){.events = events, .epoll = -1, .random = 0x9e3779b97f4a7c15ull};
	int ret = url_read(all, url, &tls);
	if (ret < 0)
		return ret;
	all->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (all->epoll < 0)
		return -errno;
	if (!tls)
		return 0;
	all->tls = SSL_CTX_new(TLS_client_method());
	if (!all->tls) {
		close(all->epoll);
		return -ENOMEM;
	}
	SSL_CTX_set_mode(
	        all->tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
	);
	SSL_CTX_set_session_cache_mode(all->tls, SSL_SESS_CACHE_OFF); // no session is resumed
	return 0;
}

void wss_fini(struct wss *all)
{
	SSL_CTX_free(all->tls);
	if (all->epoll >= 0)
		close(all->epoll);
}
