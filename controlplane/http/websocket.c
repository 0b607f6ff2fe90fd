#include "http/websocket.h"

#include "base/loop.h"
#include "base/memory.h"
#include "http/http.h"

#include "am_log.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <wslay/wslay.h>

#define KEY_GUID   "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" // RFC 6455 1.3
#define KEY_LEN    24 // base64 of 16 bytes
#define VALUE_SIZE 256 // of a header in the answer
#define REASON_MAX 123 // RFC 6455 5.5, 5.5.1
#define LINGER_MS  3000 // for the other side's close frame
#define WRITE_MAX  65536 // bytes of one write

struct websocket {
	struct loop *loop;
	struct http_socket *socket;
	struct loop_source source;
	struct loop_timer timer; // for the next ping; once closing: for the end
	struct loop_timer rest; // runs until there is credit again
	struct loop_task task; // sends what was queued in this turn
	wslay_event_context_ptr wslay;
	const struct websocket_events *events; // NULL once websocket_close was called
	void *owner;
	char *extra; // bytes that arrived with the handshake, not read yet
	size_t extra_len, extra_read;
	uint64_t heard_ms;
	uint64_t silent_ms; // the silence that ended the connection; 0: it ended otherwise
	int64_t credit; // thousandths of a frame; below 0: nothing is read
	uint64_t credit_ms; // when credit was last earned
	uint8_t *out; // frames of the write that is being assembled; NULL: none
	size_t out_len;
	uint8_t *unsent; // what the kernel did not take of the last write; NULL: nothing
	size_t unsent_len, unsent_at;
	uint32_t frames; // received of the current message
	uint32_t interest; // EPOLL bits
	uint16_t goodbye; // close code to send after what is queued; 0: none
	char goodbye_reason[REASON_MAX + 1];
	uint16_t close_code; // received or caused; 0: none yet
	bool busy; // inside wslay: destruction waits
	bool dead;
};

// True if the comma-separated list has the token.
static bool list_has(const char *list, const char *token)
{
	size_t len = strlen(token);

	while (list && *list) {
		list += strspn(list, " \t,");
		size_t n = strcspn(list, " \t,");
		if (n == len && strncmp(list, token, len) == 0)
			return true;
		list += n;
	}
	return false;
}

static bool accept_value(const char *key, char out[VALUE_SIZE])
{
	char text[KEY_LEN + sizeof(KEY_GUID)];
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len;

	if (strlen(key) != KEY_LEN)
		return false;
	memcpy(text, key, KEY_LEN);
	memcpy(text + KEY_LEN, KEY_GUID, sizeof(KEY_GUID));
	if (EVP_Digest(text, KEY_LEN + sizeof(KEY_GUID) - 1, digest, &len, EVP_sha1(), NULL) != 1)
		return false;
	EVP_EncodeBlock((unsigned char *)out, digest, (int)len);
	return true;
}

bool websocket_accept(const struct http_request *q, const char *protocol, struct http_response *r)
{
	const char *key = http_header(q, "Sec-WebSocket-Key");
	const char *version = http_header(q, "Sec-WebSocket-Version");
	char value[VALUE_SIZE];

	if (strcmp(q->method, "GET") != 0 || !key || !version || strcmp(version, "13") != 0 ||
	    !accept_value(key, value)) {
		http_set_json(r, 400, "{\"error\":\"not a WebSocket handshake of version 13\"}");
		return false;
	}
	if (!list_has(http_header(q, "Sec-WebSocket-Protocol"), protocol)) {
		http_set_json(r, 403, "{\"error\":\"unsupported sub-protocol\"}");
		return false;
	}
	http_add_header(r, "Upgrade", "websocket");
	http_add_header(r, "Sec-WebSocket-Accept", value);
	http_add_header(r, "Sec-WebSocket-Protocol", protocol);
	return true;
}

void websocket_charge(struct websocket *w, uint32_t frames)
{
	w->credit -= (int64_t)frames * 1000;
}

static void credit_earn(struct websocket *w)
{
	uint64_t now = loop_now_ms(w->loop);

	w->credit += (int64_t)(now - w->credit_ms) * WEBSOCKET_CREDIT_PER_S;
	if (w->credit > WEBSOCKET_CREDIT * 1000)
		w->credit = WEBSOCKET_CREDIT * 1000;
	w->credit_ms = now;
}

// The data of a client that floods stays in its own socket: nothing is lost, and nobody else has to
// wait.
static bool is_resting(const struct websocket *w)
{
	return w->credit < 0;
}

static ssize_t on_recv(wslay_event_context_ptr ctx, uint8_t *to, size_t len, int, void *owner)
{
	struct websocket *w = owner;
	ssize_t n;

	if (is_resting(w)) {
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	if (w->extra_read < w->extra_len) {
		n = (ssize_t
		)(len < w->extra_len - w->extra_read ? len : w->extra_len - w->extra_read);
		memcpy(to, w->extra + w->extra_read, (size_t)n);
		w->extra_read += (size_t)n;
		return n;
	}
	do
		n = recv(w->source.fd, to, len, 0);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		w->heard_ms = loop_now_ms(w->loop);
		return n;
	}
	bool later = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
	if (!later)
		w->dead = true;
	wslay_event_set_error(ctx, later ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

// Collects frames, so that the messages of a turn leave in one write.
static ssize_t
on_send(wslay_event_context_ptr ctx, const uint8_t *from, size_t len, int, void *owner)
{
	struct websocket *w = owner;
	size_t room = w->out ? WRITE_MAX - w->out_len : 0;

	if (room == 0) {
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	if (len > room)
		len = room;
	memcpy(w->out + w->out_len, from, len);
	w->out_len += len;
	return (ssize_t)len;
}

// Ends the connection with a close frame, whatever else arrives.
void websocket_refuse(struct websocket *w, uint16_t code)
{
	wslay_event_queue_close(w->wslay, code, NULL, 0);
	wslay_event_shutdown_read(w->wslay);
}

static void on_frame(
        wslay_event_context_ptr, const struct wslay_event_on_frame_recv_start_arg *arg, void *owner
)
{
	struct websocket *w = owner;

	websocket_charge(w, 1 + (uint32_t)(arg->payload_length / 1024));
	if (wslay_is_ctrl_frame(arg->opcode))
		return;
	w->frames = arg->opcode == WSLAY_CONTINUATION_FRAME ? w->frames + 1 : 1;
	if (w->frames > WEBSOCKET_FRAMES_MAX)
		websocket_refuse(w, WEBSOCKET_TOO_BIG);
}

static void
on_message(wslay_event_context_ptr, const struct wslay_event_on_msg_recv_arg *arg, void *owner)
{
	struct websocket *w = owner;

	if (arg->opcode == WSLAY_CONNECTION_CLOSE) {
		if (w->close_code == 0) // the frame had no code: RFC 6455 7.1.5
			w->close_code = arg->status_code ? arg->status_code : 1005;
		return;
	}
	if (!w->events || w->close_code)
		return;
	if (arg->opcode == WSLAY_TEXT_FRAME)
		w->events->message(w->owner, (const char *)arg->msg, arg->msg_length);
	else if (arg->opcode == WSLAY_BINARY_FRAME)
		websocket_refuse(w, WEBSOCKET_UNSUPPORTED);
}

// A socket that is closed with bytes unread resets the connection, and the client never sees the
// close frame that was sent before (RFC 6455 7.1.1).
static void discard_unread(int fd)
{
	char bytes[4096];
	int reads = 0;

	shutdown(fd, SHUT_WR);
	while (reads++ < WEBSOCKET_MESSAGE_MAX / (int)sizeof(bytes) &&
	       recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

static void release(struct websocket *w)
{
	loop_remove(w->loop, &w->source);
	loop_timer_cancel(w->loop, &w->timer);
	loop_timer_cancel(w->loop, &w->rest);
	loop_task_cancel(w->loop, &w->task);
	wslay_event_context_free(w->wslay);
	discard_unread(w->source.fd);
	http_socket_close(w->socket);
	free(w->unsent);
	free(w->extra);
	free(w);
}

// Reports the end and frees w, once nobody up the stack uses it.
static void finish(struct websocket *w)
{
	const struct websocket_events *events = w->events;
	uint16_t code = w->close_code ? w->close_code : WEBSOCKET_ABNORMAL;
	uint64_t silent_ms = w->silent_ms;
	void *owner = w->owner;

	w->events = NULL;
	release(w);
	if (events)
		events->closed(owner, code, silent_ms);
}

// wslay lets control frames overtake messages; a close frame must not.
static void goodbye_queue(struct websocket *w)
{
	if (w->goodbye == 0 || wslay_event_get_queued_msg_count(w->wslay) > 0)
		return;
	wslay_event_queue_close(
	        w->wslay, w->goodbye, (const uint8_t *)w->goodbye_reason, strlen(w->goodbye_reason)
	);
	w->goodbye = 0;
}

static bool wants_write(const struct websocket *w)
{
	return w->unsent || wslay_event_want_write(w->wslay);
}

static void interest_update(struct websocket *w)
{
	uint32_t want = 0;

	if (wslay_event_want_read(w->wslay) && !is_resting(w))
		want |= EPOLLIN;
	if (wants_write(w))
		want |= EPOLLOUT;
	if (want != w->interest)
		loop_change(w->loop, &w->source, want);
	w->interest = want;
}

static uint64_t rest_ms(const struct websocket *w)
{
	return (uint64_t)-w->credit / WEBSOCKET_CREDIT_PER_S + 1;
}

// For an unreadable frame, wslay queues a close frame without a code: sends 1002 instead (RFC
// 6455 7.4.1).
static void refuse_unreadable(struct websocket *w)
{
	static const uint8_t close_1002[] = {0x88, 2, 0x03, 0xea};

	if (!w->dead && !w->unsent && wslay_event_get_queued_msg_count(w->wslay) == 1)
		send(w->source.fd, close_1002, sizeof(close_1002), MSG_NOSIGNAL);
	w->dead = true;
}

// Returns how many of the bytes the kernel took.
static size_t bytes_send(struct websocket *w, const uint8_t *bytes, size_t len)
{
	ssize_t n;

	do
		n = send(w->source.fd, bytes, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
		w->dead = true;
	return n < 0 ? 0 : (size_t)n;
}

// True if nothing is left of the last write.
static bool unsent_send(struct websocket *w)
{
	if (!w->unsent)
		return true;
	w->unsent_at += bytes_send(w, w->unsent + w->unsent_at, w->unsent_len - w->unsent_at);
	if (w->unsent_at < w->unsent_len)
		return false;
	free(w->unsent);
	w->unsent = NULL;
	return true;
}

// Writes what is queued, once: the rest waits for EPOLLOUT, so that one reader cannot hold up the
// loop.
static void flush(struct websocket *w)
{
	uint8_t out[WRITE_MAX];

	if (w->dead || !unsent_send(w) || !wslay_event_want_write(w->wslay))
		return;
	w->out = out;
	w->out_len = 0;
	if (wslay_event_send(w->wslay) != 0)
		w->dead = true;
	w->out = NULL;
	size_t sent = w->out_len > 0 ? bytes_send(w, out, w->out_len) : 0;
	if (w->dead || sent == w->out_len)
		return;
	w->unsent_at = 0;
	w->unsent_len = w->out_len - sent;
	w->unsent = memory_new(w->unsent_len, 1);
	memcpy(w->unsent, out + sent, w->unsent_len);
}

static void pump(struct websocket *w, bool readable)
{
	w->busy = true;
	credit_earn(w);
	flush(w);
	if (readable && !w->dead && wslay_event_recv(w->wslay) != 0)
		refuse_unreadable(w);
	flush(w);
	w->busy = false;
	goodbye_queue(w);
	if (wslay_event_get_queued_msg_length(w->wslay) > WEBSOCKET_QUEUE_MAX ||
	    wslay_event_get_queued_msg_count(w->wslay) > WEBSOCKET_UNSENT_MAX) {
		am_info("websocket: the client does not read, closing");
		w->close_code = WEBSOCKET_TOO_BIG;
		w->dead = true;
	}
	if (w->dead || (!wslay_event_want_read(w->wslay) && !wants_write(w)))
		return finish(w);
	if (is_resting(w))
		loop_timer_set(w->loop, &w->rest, rest_ms(w));
	interest_update(w);
}

static void rest_expired(void *owner)
{
	pump(owner, true);
}

static bool has_extra(const struct websocket *w)
{
	return w->extra_read < w->extra_len;
}

static void task_due(void *owner)
{
	pump(owner, has_extra(owner));
}

static void source_ready(void *owner, uint32_t events)
{
	struct websocket *w = owner;

	// Both directions are closed: what was not read yet will not be answered.
	if (is_resting(w) && events & (EPOLLHUP | EPOLLERR))
		w->dead = true;
	pump(w, events & (EPOLLIN | EPOLLHUP | EPOLLERR) || has_extra(w));
}

static void die_later(struct websocket *w, uint16_t code)
{
	if (w->close_code == 0)
		w->close_code = code;
	w->dead = true;
	if (!w->busy)
		loop_timer_set(w->loop, &w->timer, 0);
}

static void timer_expired(void *owner)
{
	struct websocket *w = owner;
	const struct wslay_event_msg ping = {.opcode = WSLAY_PING};
	uint64_t silent_ms = loop_now_ms(w->loop) - w->heard_ms;

	if (w->dead || !w->events)
		return finish(w);
	if (silent_ms >= WEBSOCKET_SILENCE_MS) {
		w->silent_ms = silent_ms;
		return finish(w);
	}
	wslay_event_queue_msg(w->wslay, &ping);
	uint64_t left_ms = WEBSOCKET_SILENCE_MS - silent_ms;
	loop_timer_set(
	        w->loop, &w->timer, left_ms < WEBSOCKET_PING_MS ? left_ms : WEBSOCKET_PING_MS
	);
	pump(w, false);
}

// The server is stopping, and nobody is left to be told.
static void cut_off(void *owner)
{
	struct websocket *w = owner;

	w->events = NULL;
	finish(w);
}

struct websocket *websocket_create(
        struct loop *loop, struct http_socket *socket, const void *extra, size_t extra_len,
        const struct websocket_events *events, void *owner
)
{
	static const struct wslay_event_callbacks callbacks = {
	        .recv_callback = on_recv,
	        .send_callback = on_send,
	        .on_frame_recv_start_callback = on_frame,
	        .on_msg_recv_callback = on_message,
	};
	struct websocket *w = memory_new(1, sizeof(*w));

	*w = (struct websocket){
	        .loop = loop,
	        .socket = socket,
	        .source = {.fd = http_socket_fd(socket), .ready = source_ready, .owner = w},
	        .timer = {.expired = timer_expired, .owner = w},
	        .rest = {.expired = rest_expired, .owner = w},
	        .task = {.run = task_due, .owner = w},
	        .events = events,
	        .owner = owner,
	        .heard_ms = loop_now_ms(loop),
	        .credit = WEBSOCKET_CREDIT * 1000,
	        .credit_ms = loop_now_ms(loop),
	        .interest = EPOLLIN | EPOLLOUT, // the first turn reads `extra`
	};
	if (wslay_event_context_server_init(&w->wslay, &callbacks, w) != 0)
		abort(); // no memory
	wslay_event_config_set_max_recv_msg_length(w->wslay, WEBSOCKET_MESSAGE_MAX);
	if (extra_len > 0) {
		w->extra = memory_new(extra_len, 1);
		memcpy(w->extra, extra, extra_len);
		w->extra_len = extra_len;
	}
	http_socket_own(socket, cut_off, w);
	loop_timer_set(loop, &w->timer, WEBSOCKET_PING_MS);
	if (loop_add(loop, &w->source, w->interest) < 0)
		die_later(w, WEBSOCKET_ABNORMAL);
	return w;
}

void websocket_send(struct websocket *w, const char *text, size_t len)
{
	const struct wslay_event_msg msg = {
	        .opcode = WSLAY_TEXT_FRAME, .msg = (const uint8_t *)text, .msg_length = len};

	if (w->dead || w->close_code)
		return;
	if (wslay_event_get_queued_msg_length(w->wslay) + len > WEBSOCKET_QUEUE_MAX)
		return die_later(w, WEBSOCKET_TOO_BIG);
	if (wslay_event_queue_msg(w->wslay, &msg) == 0 && !w->busy)
		loop_task_set(w->loop, &w->task);
}

void websocket_close(struct websocket *w, uint16_t code, const char *reason)
{
	w->events = NULL;
	w->goodbye = code;
	snprintf(w->goodbye_reason, sizeof(w->goodbye_reason), "%s", reason);
	loop_timer_set(w->loop, &w->timer, LINGER_MS);
	if (w->busy)
		return; // pump goes on
	loop_task_set(w->loop, &w->task);
}
