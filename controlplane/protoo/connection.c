#include "protoo/connection.h"

#include "base/json.h"
#include "base/memory.h"
#include "base/tally.h"
#include "http/http.h"
#include "http/websocket.h"

#include "am_log.h"
#include "am_schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHORT_MAX  4096 // bytes of a message that is handled even if memory is short
#define LIST_BYTES 131072 // of one request with a list; a longer list continues in another request
#define FRAME_MAX  128 // bytes around the list

struct connections {
	struct loop *loop;
	const struct connection_events *events;
	void *owner;
	uint32_t client_max; // connections that one address may have at once
	struct tally *open; // by address
	uint32_t next; // where the search for a free place starts
	uint64_t count; // connections that were ever opened
	struct connection *at[CONNECTION_MAX]; // by number
};

struct connection *connections_find(const struct connections *all, uint64_t number)
{
	struct connection *c = all->at[number % CONNECTION_MAX];
	return number && c && c->number == number ? c : NULL;
}

uint32_t connection_request_id(struct connection *c)
{
	return ++c->request_id;
}

static void send_now(struct connection *c, const char *text, size_t len)
{
	if (c->websocket)
		websocket_send(c->websocket, text, len);
}

static void list_send(void *owner)
{
	struct connection *c = owner;
	char *text = c->list;

	if (!text)
		return;
	c->list = NULL;
	loop_task_cancel(c->all->loop, &c->list_due);
	size_t len = c->list_len;
	len += (size_t)snprintf(text + len, FRAME_MAX, "]},\"id\":%u}", c->list_id);
	send_now(c, text, len);
	free(text);
}

void connection_send(struct connection *c, const char *text, size_t len)
{
	list_send(c);
	send_now(c, text, len);
}

static void list_begin(struct connection *c, const char *head)
{
	c->list_size = LIST_BYTES / 16;
	c->list = memory_new(1, c->list_size);
	c->list_len = strlen(head);
	memcpy(c->list, head, c->list_len);
	c->list_id = connection_request_id(c);
	c->list_due = (struct loop_task){.run = list_send, .owner = c};
	loop_task_set(c->all->loop, &c->list_due);
}

char *connection_list_room(struct connection *c, const char *head, size_t len_max, uint32_t *id)
{
	size_t needed = len_max + FRAME_MAX;

	if (c->list && c->list_len + needed > LIST_BYTES)
		list_send(c);
	if (!c->list)
		list_begin(c, head);
	else
		c->list[c->list_len++] = ',';
	while (c->list_len + needed > c->list_size) {
		c->list_size *= 2;
		c->list = memory_grow(c->list, c->list_size, 1);
	}
	*id = c->list_id;
	return c->list + c->list_len;
}

void connection_list_added(struct connection *c, size_t len)
{
	c->list_len += len;
}

static void send_json(struct connection *c, struct json *message)
{
	char *text = json_print(message);

	connection_send(c, text, strlen(text));
	free(text);
	json_free(message);
}

static struct json *answer_new(int64_t id)
{
	struct json *m = json_new_object();
	json_add_bool(m, "response", true);
	json_add_int(m, "id", id);
	return m;
}

void connection_accept(struct connection *c, int64_t id, struct json *data)
{
	if (c->told)
		connection_pay(c);
	c->told = false;
	if (id < 0)
		return json_free(data);
	struct json *m = answer_new(id);
	json_add_bool(m, "ok", true);
	json_add(m, "data", data ? data : json_new_object());
	send_json(c, m);
}

void connection_reject(struct connection *c, int64_t id, int code, const char *reason)
{
	am_info("signaling: refused; room=%s peer=%s code=%d reason=%s", c->room,
	        am_log_value(c->peer_id), code, reason);
	c->told = false;
	if (id < 0)
		return;
	struct json *m = answer_new(id);
	json_add_bool(m, "ok", false);
	json_add_int(m, "errorCode", code);
	json_add_string(m, "errorReason", reason);
	send_json(c, m);
}

void connection_reject_refusal(struct connection *c, int64_t id, enum refusal r)
{
	char reason[256];

	snprintf(reason, sizeof(reason), "%s: %s", refusal_code(r), refusal_text(r));
	connection_reject(c, id, (int)refusal_status(r), reason);
}

static void connection_reject_ssrcs(struct connection *c, int64_t id)
{
	char reason[128];

	snprintf(
	        reason, sizeof(reason),
	        "too-many-ssrcs: a transport sends from at most %d, all encodings and their RTX "
	        "together",
	        AM_SSRC_MAX
	);
	connection_reject(c, id, 409, reason);
}

void connection_reject_errno(struct connection *c, int64_t id, int error)
{
	switch (error) {
	case -EPERM: return connection_reject(c, id, 403, "not-allowed: viewers do not publish");
	case -ENOTCONN:
		return connection_reject(c, id, 503, "media-down: media is not available now");
	case -ENOBUFS:
	case -ENOSPC:
	case -EBUSY: return connection_reject(c, id, 503, "busy: the server is at its limit");
	case -EMFILE: return connection_reject(c, id, 409, "too-many: the limit is reached");
	case -EAGAIN: return connection_reject(c, id, 429, "too-often: try again in a few seconds");
	case -EDQUOT:
		return connection_reject(
		        c, id, 503, "busy: this account or address has reached its limit"
		);
	case -E2BIG: return connection_reject_ssrcs(c, id);
	case -EALREADY: return connection_reject(c, id, 409, "already: connected");
	case -EPROTO:
		return connection_reject(
		        c, id, 409,
		        "no-srtp: the transport's DTLS has no SRTP profile, so it carries data "
		        "alone"
		);
	case -EEXIST: return connection_reject(c, id, 400, "bad-request: ssrc or mid in use");
	case -ENOENT: return connection_reject(c, id, 404, "not-found: no such object");
	case -ESRCH: return connection_reject(c, id, 404, "not-found: no such participant");
	case -EINVAL: return connection_reject(c, id, 400, "bad-request: malformed");
	default: return connection_reject(c, id, 500, "server-error: media failed");
	}
}

static struct json *message_new(const char *kind, const char *method, struct json *data)
{
	struct json *m = json_new_object();
	json_add_bool(m, kind, true);
	json_add_string(m, "method", method);
	json_add(m, "data", data ? data : json_new_object());
	return m;
}

void connection_notify(struct connection *c, const char *method, struct json *data)
{
	send_json(c, message_new("notification", method, data));
}

char *notification_text(const char *method, struct json *data)
{
	struct json *message = message_new("notification", method, data);
	char *text = json_print(message);

	json_free(message);
	return text;
}

uint32_t connection_request(struct connection *c, const char *method, struct json *data)
{
	struct json *m = message_new("request", method, data);
	uint32_t id = connection_request_id(c);

	json_add_int(m, "id", id);
	send_json(c, m);
	return id;
}

void connection_charge(struct connection *c, uint32_t frames)
{
	if (c->websocket)
		websocket_charge(c->websocket, frames);
}

void connection_pay(struct connection *c)
{
	connection_charge(c, CONNECTION_PRICE);
}

void connection_close(struct connection *c, uint16_t code, const char *reason)
{
	struct connections *all = c->all;

	if (c->websocket)
		websocket_close(c->websocket, code, reason);
	all->events->ending(c);
	if (c->list)
		loop_task_cancel(all->loop, &c->list_due);
	free(c->list);
	tally_leave(all->open, c->client);
	all->at[c->number % CONNECTION_MAX] = NULL;
	free(c);
}

void connection_kick(struct connection *c, const struct refused *r)
{
	struct json *data = refusal_json(r->refusal, refusal_text(r->refusal));
	const char *code = refusal_code(r->refusal);

	am_info("signaling: closed; room=%s peer=%s reason=%s detail=%s", c->room,
	        am_log_value(c->peer_id), code, am_log_value(r->detail));
	if (r->detail[0])
		json_add_string(data, "detail", r->detail);
	if (r->start_time_ms)
		json_add_int(data, "startTime", r->start_time_ms);
	connection_notify(c, "sessionClosed", data);
	connection_close(c, WEBSOCKET_KICKED, code);
}

// If memory is short, only short messages are handled.
static void on_message(void *owner, const char *text, size_t len)
{
	struct connection *c = owner;

	if (len > SHORT_MAX && memory_is_short()) {
		am_warning(
		        "signaling: no memory for a message; peer=%s bytes=%zu",
		        am_log_value(c->peer_id), len
		);
		return websocket_refuse(c->websocket, WEBSOCKET_RESTART);
	}
	c->all->events->message(c, text, len);
}

// True for codes by which a page says that it leaves; 1005 is a close() without a code.
static bool is_leave(uint16_t code)
{
	return code == WEBSOCKET_NORMAL || code == WEBSOCKET_GOING_AWAY || code == 1005 ||
	       code == WEBSOCKET_KICKED;
}

static void on_closed(void *owner, uint16_t code, uint64_t silent_ms)
{
	struct connection *c = owner;

	am_debug("signaling: closed; peer=%s code=%u", am_log_value(c->peer_id), code);
	c->websocket = NULL;
	c->all->events->lost(c, is_leave(code), silent_ms);
	connection_close(c, 0, "");
}

static struct connection *place_take(struct connections *all, const char *client)
{
	for (uint32_t i = 0; i < CONNECTION_MAX; i++) {
		uint32_t at = (all->next + i) % CONNECTION_MAX;
		if (all->at[at])
			continue;
		if (!tally_enter(all->open, client, all->client_max))
			return NULL;
		struct connection *c = memory_new(1, sizeof(*c));
		c->number = ++all->count * CONNECTION_MAX + at;
		c->all = all;
		strcpy(c->client, client);
		all->at[at] = c;
		all->next = at + 1;
		return c;
	}
	return NULL;
}

struct connection *connection_open(
        struct connections *all, const char *client, struct http_socket *socket, const void *extra,
        size_t extra_len
)
{
	static const struct websocket_events events = {
	        .message = on_message,
	        .closed = on_closed,
	};
	struct connection *c = place_take(all, client);

	if (c)
		c->websocket = websocket_create(all->loop, socket, extra, extra_len, &events, c);
	else
		http_socket_close(socket);
	return c;
}

bool connections_allow(const struct connections *all, const char *client)
{
	return tally_count(all->open, client) < all->client_max;
}

void *connections_owner(const struct connections *all)
{
	return all->owner;
}

void connections_close(struct connections *all, uint16_t code, const char *reason)
{
	for (uint32_t i = 0; i < CONNECTION_MAX; i++) {
		if (all->at[i])
			connection_close(all->at[i], code, reason);
	}
}

struct connections *connections_create(
        struct loop *loop, uint32_t client_max, const struct connection_events *events, void *owner
)
{
	struct connections *all = memory_new(1, sizeof(*all));

	all->loop = loop;
	all->client_max = client_max;
	all->events = events;
	all->owner = owner;
	all->open = tally_create();
	return all;
}

void connections_destroy(struct connections *all)
{
	tally_destroy(all->open);
	free(all);
}
