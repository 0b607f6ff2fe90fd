#include "signaling/signaling.h"

#include "base/json.h"
#include "base/limit.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/tally.h"
#include "conference/events.h"
#include "http/http.h"
#include "http/websocket.h"
#include "signaling/admission.h"
#include "signaling/chat.h"
#include "signaling/entrance.h"
#include "signaling/events.h"
#include "signaling/handlers.h"
#include "signaling/offers.h"
#include "signaling/requests.h"
#include "terms/metrics.h"

#include "am_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROTOCOL "protoo"

// WebSockets that one address may open per second in the long run. At once, it may open as many as
// it may have, so that a whole office can come back together after an outage.
#define OPENS_PER_S 50
// How often an address may join a room in the long run, since the whole room is told of it. At
// once, it may join as often as it may have WebSockets, so that a whole company can join a webinar
// together.
#define JOINS_PER_S 10
#define WARN_MS     10000 // between two lines in the log about addresses

// Logs a warning: a proxy that the configuration does not know looks like one greedy client.
static void client_warn(struct signaling *s, const char *client)
{
	uint64_t now_ms = loop_now_ms(s->loop);

	if (s->warned_ms && now_ms - s->warned_ms < WARN_MS)
		return;
	s->warned_ms = now_ms;
	am_warning(
	        "signaling: an address has, or opens, too many WebSockets; if it is a proxy, add "
	        "it to controlplane.proxies, else see controlplane.address_websockets; address=%s",
	        client
	);
}

// Whether this address may have one more WebSocket; if not, writes the refusal.
static bool
place_granted(const struct signaling *s, const char *client, bool opens, uint32_t *wait_s)
{
	uint64_t now_ms = loop_now_ms(s->loop);

	*wait_s = 1;
	return connections_allow(s->connections, client) &&
	       limit_allows(s->opens, client, now_ms, wait_s) &&
	       (!opens || limit_take(s->opens, client, now_ms, wait_s));
}

struct application *signaling_apply(
        const struct signaling *s, const struct http_request *q, bool opens,
        struct handshake_refusal *out
)
{
	*out = (struct handshake_refusal
	){.refusal = REFUSAL_TOO_MANY_CONNECTIONS, .why = "too many connections from this address"};
	if (!place_granted(s, q->client, opens, &out->wait_s))
		return NULL;
	out->wait_s = 0;
	return admission_apply(s->admissions, q, &out->refusal, &out->why);
}

struct json *signaling_refuse(const struct handshake_refusal *h, struct http_response *r)
{
	char after[16];

	r->status = refusal_status(h->refusal);
	snprintf(after, sizeof(after), "%u", h->wait_s);
	if (h->wait_s > 0)
		http_add_header(r, "Retry-After", after);
	return refusal_json(h->refusal, h->why);
}

static void upgrade_refuse(const struct handshake_refusal *h, struct http_response *r)
{
	http_clear_headers(r);
	struct json *j = signaling_refuse(h, r);
	json_add_string(j, "error", h->why);
	char *body = json_print(j);
	http_set_json(r, r->status, body);
	free(body);
	json_free(j);
}

void *signaling_upgrade(void *owner, const struct http_request *q, struct http_response *r)
{
	struct signaling *s = owner;
	struct handshake_refusal refused;

	if (!websocket_accept(q, PROTOCOL, r))
		return NULL;
	struct application *a = signaling_apply(s, q, true, &refused);
	if (a)
		return a;
	if (refused.refusal == REFUSAL_TOO_MANY_CONNECTIONS) {
		metric_count(METRIC_websockets_refused);
		client_warn(s, q->client);
	} else {
		am_info("signaling: handshake refused; reason=%s why=%s",
		        refusal_code(refused.refusal), am_log_value(refused.why));
		metric_count_refusal(refused.refusal);
	}
	upgrade_refuse(&refused, r);
	return NULL;
}

void signaling_upgraded(
        void *owner, void *upgrade, struct http_socket *socket, const void *extra, size_t extra_len
)
{
	struct signaling *s = owner;
	struct connection *c = connection_open(
	        s->connections, application_client(upgrade), socket, extra, extra_len
	);

	metric_count(METRIC_websockets_opened);
	if (!c) {
		am_warning("signaling: too many connections");
		free(upgrade);
		return;
	}
	entrance_begin(c, upgrade);
}

static void on_message(struct connection *c, const char *text, size_t len)
{
	if (c->entrance)
		entrance_hold(c, text, len);
	else
		request_read(c, text, len);
}

static void on_lost(struct connection *c, bool left, uint64_t silent_ms)
{
	struct peer *p = c->peer;

	if (!p)
		return;
	p->connection = 0;
	if (left)
		conference_remove(conference_of(c), p, REFUSAL_NONE);
	else
		conference_lose(conference_of(c), p, silent_ms);
}

static void on_ending(struct connection *c)
{
	entrance_abandon(c);
	offers_drop(c);
	data_forget(c);
}

static const struct connection_events connection_events = {
        .message = on_message,
        .lost = on_lost,
        .ending = on_ending,
};

void signaling_suspend(struct signaling *s)
{
	connections_close(s->connections, WEBSOCKET_RESTART, "restart");
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
	signaling_suspend(owner);
}

struct signaling *
signaling_create(struct loop *loop, uint32_t client_max, void (*ready)(void *), void *owner)
{
	struct signaling *s = memory_new(1, sizeof(*s));

	s->loop = loop;
	s->client_max = client_max;
	s->connections = connections_create(loop, client_max, &connection_events, s);
	s->asking = tally_create();
	s->opens = limit_create(OPENS_PER_S, client_max);
	s->joins = limit_create(JOINS_PER_S, client_max);
	s->ready = ready;
	s->owner = owner;
	s->events = memory_new(1, sizeof(*s->events));
	events_init(s->events, s);
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
	connections_destroy(s->connections);
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
