#include "signaling/signaling.h"

#include "base/json.h"
#include "base/limit.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/tally.h"
#include "conference/events.h"
#include "http/http.h"
#include "http/websocket.h"
#include "signaling/admission.h"
#include "signaling/data.h"
#include "signaling/entrance.h"
#include "signaling/events.h"
#include "signaling/handlers.h"
#include "signaling/offers.h"
#include "signaling/requests.h"

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

bool signaling_allows(const struct signaling *s, const struct http_request *q, uint32_t *wait_s)
{
	*wait_s = 1;
	return connections_allow(s->connections, q->client) &&
	       limit_allows(s->opens, q->client, loop_now_ms(s->loop), wait_s);
}

// Whether this address may have one more WebSocket; if not, writes the refusal.
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
