#include "signaling/signaling.h"

#include "base/json.h"
#include "base/limit.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/tally.h"
#include "http/http.h"
#include "http/websocket.h"
#include "signaling/connection.h"

#include "am_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROTOCOL   "protoo"
#define METHOD_MAX 64
#define ID_MAX     ((int64_t)1 << 53)
#define SHORT_MAX  4096 // bytes of a message that is heard in any case

// WebSockets that one address may open in the long run; as many at once as it may have open, so
// that an office comes back together after a cut.
#define OPENS_PER_S 50
// How often an address may join a room in the long run, since all the room hears of it; as many at
// once as it may have WebSockets, so that a company joins a webinar together.
#define JOINS_PER_S 10
#define WARN_MS     10000 // between two lines of the log about addresses

static void on_message(void *owner, const char *text, size_t len);
static void on_closed(void *owner, uint16_t code, uint64_t silent_ms);

static const struct websocket_events websocket_events = {
        .message = on_message,
        .closed = on_closed,
};

struct connection *signaling_connection(const struct signaling *s, uint64_t number)
{
	struct connection *c = s->connections[number % CONNECTION_MAX];
	return number && c && c->number == number ? c : NULL;
}

void connection_send(struct connection *c, const char *text, size_t len)
{
	connection_offers_flush(c);
	if (c->websocket)
		websocket_send(c->websocket, text, len);
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
	case -EMFILE: return connection_reject(c, id, 409, "too-many: no more of these");
	case -EAGAIN: return connection_reject(c, id, 429, "too-often: try again in some seconds");
	case -EDQUOT:
		return connection_reject(
		        c, id, 503, "busy: this account or address has all it may have"
		);
	case -E2BIG: return connection_reject_ssrcs(c, id);
	case -EALREADY: return connection_reject(c, id, 409, "already: connected before");
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

static void
send_to_members(const struct signaling *s, const struct peer_list *list, const char *text)
{
	const struct peer *p;

	TAILQ_FOREACH (p, list, in_room) {
		struct connection *c = p->joined ? signaling_connection(s, p->connection) : NULL;
		if (c)
			connection_send(c, text, strlen(text));
	}
}

void signaling_notify_room(
        struct signaling *s, const struct room *r, const char *method, struct json *data
)
{
	struct json *message = message_new("notification", method, data);
	char *text = json_print(message);

	send_to_members(s, &r->speakers, text);
	send_to_members(s, &r->viewers, text);
	free(text);
	json_free(message);
}

void connection_request(struct connection *c, uint32_t id, const char *method, struct json *data)
{
	struct json *m = message_new("request", method, data);
	json_add_int(m, "id", id);
	send_json(c, m);
}

void connection_pay(struct connection *c)
{
	if (c->websocket)
		websocket_charge(c->websocket, CONNECTION_PRICE);
}

static void connection_close(struct connection *c, uint16_t code, const char *reason)
{
	if (c->websocket)
		websocket_close(c->websocket, code, reason);
	connection_abandon(c);
	if (c->offers)
		loop_task_cancel(c->signaling->loop, &c->offers_due);
	free(c->offers);
	tally_leave(c->signaling->open, c->client);
	c->signaling->connections[c->number % CONNECTION_MAX] = NULL;
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

static bool ends_with(const char *s, const char *end)
{
	size_t len = strlen(s), end_len = strlen(end);
	return len >= end_len && strcmp(s + len - end_len, end) == 0;
}

// The one check of what SDP is made of, here and in other pages: rtpParameters, rtpCapabilities,
// sctpCapabilities and the like. A line break in them would be a line of its own (RFC 8866 5).
static bool parameters_are_printable(const struct json *data)
{
	for (const struct json *m = json_first(data); m; m = json_next(m)) {
		const char *key = json_key(m);
		bool is_sdp = ends_with(key, "Parameters") || ends_with(key, "Capabilities");
		if (is_sdp && !json_is_printable(m))
			return false;
	}
	return true;
}

static void request_handle(struct connection *c, int64_t id, const struct json *message)
{
	const char *method = json_string(message, "method", METHOD_MAX);
	const struct request *r = signaling_requests;

	if (!method)
		return;
	while (r->method && strcmp(r->method, method) != 0)
		r++;
	c->told = r->told;
	if (r->method && r->grant == TO_ANYONE)
		return r->handle(c, id, NULL);
	if (c->peer->waiting)
		return connection_reject(c, id, 403, "waiting: a moderator has not let you in yet");
	if (!r->method)
		return connection_reject(c, id, 500, "unknown method");
	// A page that was a member before, and does not say so, starts anew.
	if (c->resumable && strcmp(method, "resume") != 0) {
		c->resumable = false;
		conference_reset(c->signaling->conference, c->peer);
	}
	if (r->grant != TO_ADMITTED && !c->peer->joined)
		return connection_reject(c, id, 400, "not-joined: join first");
	if (r->grant == TO_MODERATORS && !c->peer->rights.moderator)
		return connection_reject(c, id, 403, "not-allowed: moderators only");
	const struct json *data = json_object(message, "data");
	if (!parameters_are_printable(data))
		return connection_reject(c, id, 400, "bad-request: control characters");
	r->handle(c, id, data);
}

// The answer to a newConsumer, newConsumers or newDataConsumer: the only requests that we send.
static void response_handle(struct connection *c, const struct json *message)
{
	int64_t id;

	if (json_int(message, "id", 1, UINT32_MAX, &id) &&
	    !connection_offers_answer(c, id, message))
		connection_data_answer(c, id, json_is_true(message, "ok"));
}

void connection_handle(struct connection *c, const char *text, size_t len)
{
	struct json *message = json_parse(text, len);
	int64_t id;

	if (json_is_true(message, "request")) {
		if (json_int(message, "id", 0, ID_MAX, &id))
			request_handle(c, id, message);
	} else if (json_is_true(message, "response")) {
		response_handle(c, message);
	} else if (json_is_true(message, "notification")) {
		request_handle(c, -1, message);
	}
	json_free(message);
}

// Where memory is short only what needs little of it is heard.
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
	if (c->admission)
		connection_hold(c, text, len);
	else
		connection_handle(c, text, len);
}

// Codes by which a page says that it leaves; 1005 is a close() without a code.
static bool is_leave(uint16_t code)
{
	return code == WEBSOCKET_NORMAL || code == WEBSOCKET_GOING_AWAY || code == 1005 ||
	       code == WEBSOCKET_KICKED;
}

static void on_closed(void *owner, uint16_t code, uint64_t silent_ms)
{
	struct connection *c = owner;
	struct conference *conference = c->signaling->conference;
	struct peer *p = c->peer;

	am_debug("signaling: closed; peer=%s code=%u", am_log_value(c->peer_id), code);
	c->websocket = NULL;
	if (p) {
		p->connection = 0;
		if (is_leave(code))
			conference_remove(conference, p, REFUSAL_NONE);
		else
			conference_lose(conference, p, silent_ms);
	}
	connection_close(c, 0, "");
}

static void refuse(struct http_response *r, enum refusal refusal, const char *why)
{
	struct json *j = refusal_json(refusal, why);

	json_add_string(j, "error", why);
	r->status = refusal_status(refusal);
	r->type = "application/json";
	http_clear_headers(r);
	r->body = json_print(j);
	r->body_len = strlen(r->body);
	json_free(j);
}

// A proxy that the configuration does not know looks like one greedy client.
static void client_warn(struct signaling *s, const char *client)
{
	uint64_t now_ms = loop_now_ms(s->loop);

	if (s->warned_ms && now_ms - s->warned_ms < WARN_MS)
		return;
	s->warned_ms = now_ms;
	am_warning(
	        "signaling: an address has, or opens, too many WebSockets; if it is a proxy add it "
	        "to "
	        "controlplane.proxies, else see controlplane.address_websockets; address=%s",
	        client
	);
}

bool signaling_allows(const struct signaling *s, const struct http_request *q, uint32_t *wait_s)
{
	*wait_s = 1;
	return tally_count(s->open, q->client) < s->client_max &&
	       limit_allows(s->opens, q->client, loop_now_ms(s->loop), wait_s);
}

// Whether this address may have one more.
static bool
place_granted(struct signaling *s, const struct http_request *q, struct http_response *r)
{
	uint32_t wait_s;
	char after[16];

	if (signaling_allows(s, q, &wait_s) &&
	    limit_take(s->opens, q->client, loop_now_ms(s->loop), &wait_s))
		return true;
	metric_count(METRIC_websockets_refused);
	client_warn(s, q->client);
	refuse(r, REFUSAL_TOO_MANY_CONNECTIONS, SIGNALING_TOO_MANY);
	snprintf(after, sizeof(after), "%u", wait_s);
	http_add_header(r, "Retry-After", after);
	return false;
}

void *signaling_upgrade(void *owner, const struct http_request *q, struct http_response *r)
{
	struct signaling *s = owner;
	enum refusal refusal;
	const char *why;

	if (!websocket_accept(q, PROTOCOL, r) || !place_granted(s, q, r))
		return NULL;
	struct application *a = admission_apply(s->admissions, q, &refusal, &why);
	if (!a) {
		am_info("signaling: handshake refused; reason=%s why=%s", refusal_code(refusal),
		        am_log_value(why));
		metric_count_refusal(refusal);
		refuse(r, refusal, why);
	}
	return a;
}

// NULL: all places are taken, or this address has its share by now.
static struct connection *place_take(struct signaling *s, const char *client)
{
	for (uint32_t i = 0; i < CONNECTION_MAX; i++) {
		uint32_t at = (s->next + i) % CONNECTION_MAX;
		if (s->connections[at])
			continue;
		if (!tally_enter(s->open, client, s->client_max))
			return NULL;
		struct connection *c = memory_new(1, sizeof(*c));
		c->number = ++s->count * CONNECTION_MAX + at;
		c->signaling = s;
		strcpy(c->client, client);
		s->connections[at] = c;
		s->next = at + 1;
		return c;
	}
	return NULL;
}

void signaling_upgraded(
        void *owner, void *upgrade, struct http_socket *socket, const void *extra, size_t extra_len
)
{
	struct signaling *s = owner;
	struct connection *c = place_take(s, application_client(upgrade));

	metric_count(METRIC_websockets_opened);
	if (!c) {
		am_warning("signaling: too many connections");
		free(upgrade);
		http_socket_close(socket);
		return;
	}
	c->websocket = websocket_create(s->loop, socket, extra, extra_len, &websocket_events, c);
	connection_start(c, upgrade);
}

static void close_all(struct signaling *s)
{
	for (uint32_t i = 0; i < CONNECTION_MAX; i++) {
		if (s->connections[i])
			connection_close(s->connections[i], WEBSOCKET_RESTART, "restart");
	}
}

void signaling_suspend(struct signaling *s)
{
	close_all(s);
}

static void on_superseded(void *owner, uint64_t number)
{
	struct connection *c = signaling_connection(owner, number);
	if (!c)
		return;
	c->peer = NULL;
	connection_close(c, WEBSOCKET_GOING_AWAY, "resumed");
}

static void on_ready(void *owner)
{
	struct signaling *s = owner;
	s->ready(s->owner);
}

static void on_restart(void *owner)
{
	close_all(owner);
}

struct signaling *
signaling_create(struct loop *loop, uint32_t client_max, void (*ready)(void *), void *owner)
{
	struct signaling *s = memory_new(1, sizeof(*s));

	s->loop = loop;
	s->client_max = client_max;
	s->open = tally_create();
	s->asking = tally_create();
	s->opens = limit_create(OPENS_PER_S, client_max);
	s->joins = limit_create(JOINS_PER_S, client_max);
	s->ready = ready;
	s->owner = owner;
	s->events = memory_new(1, sizeof(*s->events));
	signaling_events_init(s->events, s);
	s->events->ready = on_ready;
	s->events->restart = on_restart;
	s->events->superseded = on_superseded;
	return s;
}

void signaling_destroy(struct signaling *s)
{
	limit_destroy(s->joins);
	limit_destroy(s->opens);
	tally_destroy(s->asking);
	tally_destroy(s->open);
	free(s->events);
	free(s);
}

const struct conference_events *signaling_events(struct signaling *s)
{
	return s->events;
}

void signaling_set_admissions(struct signaling *s, const struct admissions *a)
{
	s->admissions = a;
	s->conference = a->conference;
}
