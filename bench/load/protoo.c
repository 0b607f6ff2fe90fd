#include "protoo.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <wslay/wslay.h>

#include "am_clock.h"
#include "am_log.h"
#include "base/json.h"
#include "base/memory.h"

#define HOST_MAX    255
#define ANSWER_MAX  4096 // bytes of the handshake's answer
#define KEY_BYTES   16 // of Sec-WebSocket-Key
#define REASON_MAX  256
#define MESSAGE_MAX 262144

struct protoo {
	SSL_CTX *tls; // NULL: plain
	BIO *bio;
	wslay_event_context_ptr wslay;
	int64_t request; // id of the last one
	struct json *answer; // message that answers it
};

static uint64_t now_ms(void)
{
	return am_clock_ns() / 1000000;
}

// --- the WebSocket ---

static ssize_t on_recv(wslay_event_context_ptr ctx, uint8_t *to, size_t len, int, void *owner)
{
	struct protoo *p = owner;
	int n = BIO_read(p->bio, to, (int)len);

	if (n > 0)
		return n;
	wslay_event_set_error(
	        ctx, BIO_should_retry(p->bio) ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE
	);
	return -1;
}

static ssize_t
on_send(wslay_event_context_ptr ctx, const uint8_t *from, size_t len, int, void *owner)
{
	struct protoo *p = owner;
	int n = BIO_write(p->bio, from, (int)len);

	if (n > 0)
		return n;
	wslay_event_set_error(
	        ctx, BIO_should_retry(p->bio) ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE
	);
	return -1;
}

static int on_mask(wslay_event_context_ptr, uint8_t *out, size_t len, void *)
{
	memory_random(out, len);
	return 0;
}

static void
on_message(wslay_event_context_ptr, const struct wslay_event_on_msg_recv_arg *arg, void *owner)
{
	struct protoo *p = owner;
	int64_t id;

	if (arg->opcode != WSLAY_TEXT_FRAME || p->answer)
		return;
	struct json *message = json_parse((const char *)arg->msg, arg->msg_length);
	if (json_is_true(message, "response") && json_int(message, "id", 0, INT32_MAX, &id) &&
	    id == p->request)
		p->answer = message;
	else
		json_free(message);
}

// The answer's header; -EPROTO unless it switches protocols.
static int upgrade_read(struct protoo *p)
{
	char answer[ANSWER_MAX + 1];
	size_t n = 0;

	// Reads byte by byte, so that no frame after the header is swallowed.
	while (n < 4 || memcmp(answer + n - 4, "\r\n\r\n", 4) != 0) {
		if (n == ANSWER_MAX || BIO_read(p->bio, answer + n, 1) != 1)
			return -EPROTO;
		n++;
	}
	return strncmp(answer, "HTTP/1.1 101", 12) == 0 ? 0 : -EPROTO;
}

static int upgrade(struct protoo *p, const char *host, const char *path)
{
	uint8_t key[KEY_BYTES];
	char text[KEY_BYTES * 2];

	memory_random(key, sizeof(key));
	EVP_EncodeBlock((uint8_t *)text, key, sizeof(key));
	int n = BIO_printf(
	        p->bio,
	        "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n"
	        "Sec-WebSocket-Protocol: protoo\r\nOrigin: %s://%s\r\n\r\n",
	        path, host, text, p->tls ? "https" : "http", host
	);
	return n > 0 ? upgrade_read(p) : -EPIPE;
}

// A connected BIO, plain or with TLS.
static int connect_to(struct protoo *p, const char *host, bool tls)
{
	if (tls) {
		p->tls = SSL_CTX_new(TLS_client_method());
		p->bio = p->tls ? BIO_new_ssl_connect(p->tls) : NULL;
	} else {
		p->bio = BIO_new(BIO_s_connect());
	}
	if (!p->bio)
		return -ENOMEM;
	BIO_set_conn_hostname(p->bio, host);
	if (BIO_do_connect(p->bio) != 1)
		return -ECONNREFUSED;
	const struct timeval patience = {.tv_sec = PROTOO_TIMEOUT_MS / 1000};
	setsockopt(protoo_fd(p), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return 0;
}

// Splits a URL without a path. False if it is not one.
static bool url_read(const char *url, char host[HOST_MAX + 1], bool *tls)
{
	const char *rest = strstr(url, "://");

	*tls = strncmp(url, "https:", 6) == 0;
	if (!rest || (!*tls && strncmp(url, "http:", 5) != 0) || strlen(rest + 3) > HOST_MAX)
		return false;
	strcpy(host, rest + 3);
	return true;
}

struct protoo *protoo_open(const char *url, const char *path)
{
	static const struct wslay_event_callbacks callbacks = {
	        .recv_callback = on_recv,
	        .send_callback = on_send,
	        .genmask_callback = on_mask,
	        .on_msg_recv_callback = on_message,
	};
	char host[HOST_MAX + 1];
	bool tls;
	struct protoo *p = memory_new(1, sizeof(*p));
	int ret = url_read(url, host, &tls) ? connect_to(p, host, tls) : -EINVAL;

	if (ret == 0)
		ret = upgrade(p, host, path);
	if (ret == 0 && wslay_event_context_client_init(&p->wslay, &callbacks, p) != 0)
		ret = -ENOMEM;
	if (ret < 0) {
		protoo_close(p);
		errno = -ret;
		return NULL;
	}
	wslay_event_config_set_max_recv_msg_length(p->wslay, MESSAGE_MAX);
	fcntl(protoo_fd(p), F_SETFL, O_NONBLOCK);
	return p;
}

void protoo_close(struct protoo *p)
{
	if (!p)
		return;
	if (p->wslay)
		wslay_event_context_free(p->wslay);
	BIO_free_all(p->bio);
	SSL_CTX_free(p->tls);
	json_free(p->answer);
	free(p);
}

int protoo_fd(const struct protoo *p)
{
	return (int)BIO_get_fd(p->bio, NULL);
}

int protoo_step(struct protoo *p)
{
	if (wslay_event_recv(p->wslay) != 0 || wslay_event_send(p->wslay) != 0)
		return -EPIPE;
	// This happens not only after a close frame: wslay refuses one with code 1012, and then
	// reads no more.
	return wslay_event_want_read(p->wslay) ? 0 : -EPIPE;
}

// --- protoo ---

static void request_queue(struct protoo *p, const char *method, struct json *data)
{
	struct json *request = json_new_object();

	json_add_bool(request, "request", true);
	json_add_int(request, "id", ++p->request);
	json_add_string(request, "method", method);
	json_add(request, "data", data);
	char *text = json_print(request);
	const struct wslay_event_msg message = {
	        .opcode = WSLAY_TEXT_FRAME, .msg = (uint8_t *)text, .msg_length = strlen(text)};
	wslay_event_queue_msg(p->wslay, &message);
	free(text);
	json_free(request);
}

// Waits until the answer has arrived.
static int wait(struct protoo *p)
{
	uint64_t end = now_ms() + PROTOO_TIMEOUT_MS;

	while (true) {
		struct pollfd fd = {.fd = protoo_fd(p), .events = POLLIN};
		int ret = protoo_step(p);
		if (p->answer)
			return 0;
		if (ret < 0)
			return ret;
		if (wslay_event_want_write(p->wslay))
			fd.events |= POLLOUT;
		uint64_t now = now_ms();
		if (now >= end)
			return -ETIMEDOUT;
		poll(&fd, 1, (int)(end - now));
	}
}

int protoo_request(struct protoo *p, const char *method, struct json *data, struct json **answer)
{
	request_queue(p, method, data);
	int ret = wait(p);
	if (ret < 0)
		return ret;
	if (json_is_true(p->answer, "ok")) {
		*answer = json_copy(json_object(p->answer, "data"));
	} else {
		const char *reason = json_string(p->answer, "errorReason", REASON_MAX);
		am_warning(
		        "protoo: refused; method=%s reason=\"%s\"", method, reason ? reason : ""
		);
		ret = -EPROTO;
	}
	json_free(p->answer);
	p->answer = NULL;
	return ret;
}
