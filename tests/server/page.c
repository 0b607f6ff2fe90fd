#include "page.h"

#include "test.h"

#include "am_clock.h"
#include "base/json.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX 16384

static uint64_t now_ms(void)
{
	return am_clock_ns() / 1000000;
}

static int handshake(struct page *p, const char *host, const char *where, char *answer, size_t size)
{
	char request[REQUEST_MAX];
	int status = 0;
	size_t len = 0;

	p->fd = server_dial(p->server);
	int n = snprintf(
	        request, sizeof(request),
	        "GET %s HTTP/1.1\r\nHost: %s\r\nOrigin: https://%s\r\nUpgrade: websocket\r\n"
	        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	        "Sec-WebSocket-Protocol: protoo\r\n\r\n",
	        where, host, host
	);
	assert_true(n > 0 && (size_t)n < sizeof(request));
	assert_int_equal(send(p->fd, request, (size_t)n, MSG_NOSIGNAL), n);
	// Reads up to the empty line, since frames may follow at once.
	for (int i = 0; i < SERVER_WAIT_MS && len == 0; i++) {
		server_turn(p->server);
		ssize_t k = recv(p->fd, answer, size - 1, MSG_PEEK | MSG_DONTWAIT);
		const char *end = k > 0 ? memmem(answer, (size_t)k, "\r\n\r\n", 4) : NULL;
		if (end)
			len = (size_t)(end + 4 - answer);
	}
	assert_int_equal(recv(p->fd, answer, len, 0), len);
	answer[len] = '\0';
	assert_int_equal(sscanf(answer, "HTTP/1.1 %d", &status), 1);
	return status;
}

void page_open(struct page *p, struct server *s, const char *host, const char *where)
{
	char answer[4096];

	*p = (struct page){.server = s, .next_id = 1};
	assert_int_equal(handshake(p, host, where, answer, sizeof(answer)), 101);
}

int page_refused(struct server *s, const char *host, const char *where)
{
	struct page p = {.server = s};
	char answer[4096];
	int status = handshake(&p, host, where, answer, sizeof(answer));

	close(p.fd);
	return status;
}

static void frame_send(struct page *p, uint8_t opcode, const char *payload, size_t len)
{
	uint8_t header[8] = {(uint8_t)(0x80 | opcode), 0x80};
	size_t n = 2; // RFC 6455 5.2 requires the shortest form

	assert_true(len <= UINT16_MAX);
	if (len < 126) {
		header[1] |= (uint8_t)len;
	} else {
		header[1] |= 126;
		header[n++] = (uint8_t)(len >> 8);
		header[n++] = (uint8_t)len;
	}
	n += 4; // mask 0
	if (send(p->fd, header, n, MSG_NOSIGNAL | MSG_MORE) == (ssize_t)n)
		send(p->fd, payload, len, MSG_NOSIGNAL); // the server may have closed by now
}

// A message goes to the inbox.
static void frame_handle(struct page *p, uint8_t opcode, const char *payload, size_t len)
{
	if (opcode == 9) {
		p->pings++;
		frame_send(p, 10, payload, len);
	}
	if (opcode == 8)
		p->close_code = (uint16_t)((uint8_t)payload[0] << 8 | (uint8_t)payload[1]);
	if (opcode != 1)
		return;
	assert_true(p->inbox_count < PAGE_INBOX_MAX);
	p->inbox[p->inbox_count] = json_parse(payload, len);
	assert_non_null(p->inbox[p->inbox_count++]);
}

static void frames_take(struct page *p)
{
	while (p->in_len >= 2) {
		const uint8_t *b = (const uint8_t *)p->in;
		size_t header = b[1] == 127 ? 10 : b[1] == 126 ? 4 : 2, len = b[1];
		if (p->in_len < header)
			return;
		if (header > 2)
			len = 0;
		for (size_t i = 2; i < header; i++)
			len = len << 8 | b[i];
		if (p->in_len < header + len)
			return;
		frame_handle(p, b[0] & 15, p->in + header, len);
		p->in_len -= header + len;
		memmove(p->in, p->in + header + len, p->in_len);
	}
}

// Reads what arrives within a moment.
static void page_read(struct page *p)
{
	struct pollfd f = {.fd = p->fd, .events = POLLIN};

	server_turn(p->server);
	if (p->close_code || poll(&f, 1, 1) == 0)
		return;
	if (p->in_size - p->in_len < 65536) {
		p->in_size += 262144;
		p->in = realloc(p->in, p->in_size);
	}
	ssize_t n = recv(p->fd, p->in + p->in_len, p->in_size - p->in_len, 0);
	if (n <= 0 && p->close_code == 0) {
		p->close_code = 1006;
		return;
	}
	p->in_len += (size_t)n;
	frames_take(p);
}

static struct json *inbox_take(struct page *p, int i)
{
	struct json *m = p->inbox[i];
	memmove(&p->inbox[i], &p->inbox[i + 1], (size_t)(--p->inbox_count - i) * sizeof(m));
	return m;
}

static int request_send(struct page *p, const char *method, const char *data)
{
	char text[REQUEST_MAX];
	int id = p->next_id++;
	int n = snprintf(
	        text, sizeof(text), "{\"request\":true,\"id\":%d,\"method\":\"%s\",\"data\":%s}",
	        id, method, data
	);
	assert_true(n > 0 && (size_t)n < sizeof(text));
	frame_send(p, 1, text, (size_t)n);
	return id;
}

void page_tell(struct page *p, const char *method, const char *data)
{
	char text[REQUEST_MAX];
	int n = snprintf(
	        text, sizeof(text), "{\"notification\":true,\"method\":\"%s\",\"data\":%s}", method,
	        data
	);
	assert_true(n > 0 && (size_t)n < sizeof(text));
	frame_send(p, 1, text, (size_t)n);
}

void page_send(struct page *p, const char *method, const char *data)
{
	request_send(p, method, data);
}

struct json *page_ask(struct page *p, const char *method, const char *data)
{
	int id = request_send(p, method, data);
	int64_t answered;

	for (uint64_t end = now_ms() + SERVER_WAIT_MS; now_ms() < end;) {
		for (int i = 0; i < p->inbox_count; i++) {
			if (json_is_true(p->inbox[i], "response") &&
			    json_int(p->inbox[i], "id", 0, INT32_MAX, &answered) && answered == id)
				return inbox_take(p, i);
		}
		if (p->close_code)
			return NULL;
		page_read(p);
	}
	fail_msg("no answer to %s", method);
	return NULL;
}

int page_ask_code(struct page *p, const char *method, const char *data)
{
	struct json *answer = page_ask(p, method, data);
	int64_t code = 200;

	if (!answer)
		return 0;
	if (!json_is_true(answer, "ok"))
		assert_true(json_int(answer, "errorCode", 1, 999, &code));
	json_free(answer);
	return (int)code;
}

static struct json *message_take(struct page *p, const char *kind, const char *method, int64_t *id)
{
	for (int i = 0; i < p->inbox_count; i++) {
		const char *name = json_string(p->inbox[i], "method", 64);
		if (!json_is_true(p->inbox[i], kind) || !name || strcmp(name, method) != 0)
			continue;
		struct json *m = inbox_take(p, i), *data = json_copy(json_object(m, "data"));
		if (id)
			assert_true(json_int(m, "id", 0, UINT32_MAX, id));
		json_free(m);
		return data;
	}
	return NULL;
}

static struct json *message_wait(struct page *p, const char *kind, const char *method, int64_t *id)
{
	for (uint64_t end = now_ms() + SERVER_WAIT_MS; now_ms() < end;) {
		struct json *data = message_take(p, kind, method, id);
		if (data || p->close_code)
			return data;
		page_read(p);
	}
	return NULL;
}

struct json *page_notified(struct page *p, const char *method)
{
	return message_wait(p, "notification", method, NULL);
}

struct json *page_question(struct page *p, const char *method, int64_t *id)
{
	struct json *data = message_wait(p, "request", method, id);

	if (!data)
		fail_msg("no %s", method);
	return data;
}

static void answer_send(struct page *p, int64_t id, const char *rest)
{
	char answer[512];
	int n = snprintf(
	        answer, sizeof(answer), "{\"response\":true,\"id\":%lld,%s}", (long long)id, rest
	);

	assert_true(n < (int)sizeof(answer));
	frame_send(p, 1, answer, (size_t)n);
}

void page_answer(struct page *p, int64_t id, const char *data)
{
	char rest[512];

	snprintf(rest, sizeof(rest), "\"ok\":true,\"data\":%s", data);
	answer_send(p, id, rest);
}

void page_answer_error(struct page *p, int64_t id)
{
	answer_send(p, id, "\"ok\":false,\"errorCode\":500,\"errorReason\":\"no\"");
}

struct json *page_requested(struct page *p, const char *method)
{
	int64_t id;
	struct json *data = page_question(p, method, &id);

	page_answer(p, id, "{}");
	return data;
}

void page_expect(struct page *p, const char *method, const char *key, const char *value)
{
	for (;;) {
		struct json *data = page_notified(p, method);
		if (!data)
			fail_msg("no %s with %s %s", method, key, value);
		const char *text = json_string(data, key, 4096);
		bool same = text && strcmp(text, value) == 0;
		json_free(data);
		if (same)
			return;
	}
}

void page_expect_none(struct page *p, const char *method)
{
	// The answer to this request arrives after everything that the server has sent so far.
	int code = page_ask_code(p, "getTransportStats", "{}");
	assert_true(code == 200 || code == 403);
	struct json *data = message_take(p, "notification", method, NULL);
	if (data)
		fail_msg("%s came", method);
}

void page_expect_end(struct page *p, const char *reason)
{
	page_expect(p, "sessionClosed", "reason", reason);
	for (uint64_t end = now_ms() + SERVER_WAIT_MS; !p->close_code && now_ms() < end;)
		page_read(p);
	assert_int_equal(p->close_code, 4000);
	page_die(p);
}

void page_join(struct page *p, const char *name)
{
	char data[256];
	snprintf(data, sizeof(data), "{\"displayName\":\"%s\",\"device\":{}}", name);
	assert_int_equal(page_ask_code(p, "join", data), 200);
}

void page_leave(struct page *p)
{
	if (p->fd < 0)
		return;
	frame_send(p, 8, "\x03\xe8", 2);
	for (uint64_t end = now_ms() + SERVER_WAIT_MS; !p->close_code && now_ms() < end;)
		page_read(p);
	page_die(p);
}

void page_die(struct page *p)
{
	if (p->fd < 0)
		return;
	close(p->fd);
	p->fd = -1;
	for (int i = 0; i < p->inbox_count; i++)
		json_free(p->inbox[i]);
	p->inbox_count = 0;
	free(p->in);
	p->in = NULL;
}
