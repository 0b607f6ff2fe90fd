#include "signaling/entrance.h"

#include "base/json.h"
#include "base/memory.h"
#include "base/tally.h"
#include "signaling/admission.h"
#include "signaling/handlers.h"
#include "signaling/place.h"
#include "signaling/requests.h"
#include "terms/metrics.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define VOCABULARY_VERSION "3.14.16"

#define HELD_MAX     8 // messages while the admission calls other servers
#define HELD_LEN_MAX 65536 // bytes of these

struct held {
	STAILQ_ENTRY(held) next;
	size_t len;
	char text[];
};

// The state of a connection while its admission calls other servers.
struct entrance {
	struct admission *admission; // NULL once it has ended
	bool counted; // counted in `asking` of the signaling
	STAILQ_HEAD(, held) held; // in order
	uint32_t count;
	size_t len;
};

void entrance_hold(struct connection *c, const char *text, size_t len)
{
	static const struct refused too_much = {.refusal = REFUSAL_BAD_REQUEST, .detail = ""};
	struct entrance *e = c->entrance;

	if (e->count == HELD_MAX || len > HELD_LEN_MAX - e->len)
		return connection_kick(c, &too_much);
	struct held *h = memory_new(1, sizeof(*h) + len);
	h->len = len;
	memcpy(h->text, text, len);
	STAILQ_INSERT_TAIL(&e->held, h, next);
	e->count++;
	e->len += len;
}

static struct held *held_take(struct entrance *e)
{
	struct held *h = STAILQ_FIRST(&e->held);

	if (h)
		STAILQ_REMOVE_HEAD(&e->held, next);
	return h;
}

static void entrance_free(struct connection *c)
{
	struct held *h;

	while ((h = held_take(c->entrance)))
		free(h);
	free(c->entrance);
	c->entrance = NULL;
}

// The admission has ended, so it no longer counts as calling other servers.
static void asking_end(struct connection *c)
{
	if (!c->entrance)
		return;
	c->entrance->admission = NULL;
	if (c->entrance->counted)
		tally_leave(signaling_of(c)->asking, c->client);
	c->entrance->counted = false;
}

void entrance_abandon(struct connection *c)
{
	if (!c->entrance)
		return;
	if (c->entrance->admission) {
		admission_abandon(c->entrance->admission);
		asking_end(c);
	}
	entrance_free(c);
}

static void release_held(struct signaling *s, uint64_t number)
{
	struct connection *c;
	struct held *h;

	// Each message may end the connection.
	while ((c = signaling_connection(s, number)) && c->entrance) {
		h = held_take(c->entrance);
		if (!h)
			return entrance_free(c);
		request_read(c, h->text, h->len);
		free(h);
	}
}

static void on_ignored(void *owner, uint64_t number, const struct ignored *list)
{
	struct connection *c = signaling_connection(owner, number);
	struct json *data = json_new_object(), *attributes = json_new_array();

	for (int i = 0; i < list->count; i++) {
		struct json *j = json_new_object();
		json_add_string(j, "name", attribute_name(list->list[i].attribute));
		json_add_string(j, "reason", ignored_reason_code(list->list[i].reason));
		json_push(attributes, j);
	}
	json_add(data, "attributes", attributes);
	connection_notify(c, "attributesIgnored", data);
}

static void on_refused(void *owner, uint64_t number, const struct refused *refused)
{
	struct connection *c = signaling_connection(owner, number);

	asking_end(c);
	metric_count_refusal(refused->refusal);
	connection_kick(c, refused);
}

static void on_entered(void *owner, uint64_t number, struct peer *p)
{
	struct connection *c = signaling_connection(owner, number);

	asking_end(c);
	c->peer = p;
	c->resumable = p->joined;
	place_send(c);
	release_held(owner, number);
}

static const struct refused busy = {.refusal = REFUSAL_BUSY, .detail = ""};

static const struct admission_events admission_events = {
        .ignored = on_ignored,
        .refused = on_refused,
        .entered = on_entered,
};

static void send_version(struct connection *c, const char *method)
{
	struct json *version = json_new_object();

	json_add_string(version, "version", VOCABULARY_VERSION);
	connection_notify(c, method, version);
}

void entrance_begin(struct connection *c, struct application *a)
{
	struct signaling *s = signaling_of(c);
	uint64_t number = c->number;

	strcpy(c->room, application_room(a));
	strcpy(c->peer_id, application_peer_id(a));
	// Sent in both vocabularies, since it is not known yet which one the client speaks.
	send_version(c, "mediasoup-version");
	send_version(c, "mediasoupVersion");
	// At most half of an address's connections may wait for other servers, so that the rest is
	// left for others.
	if (tally_count(s->asking, c->client) >= (s->client_max + 1) / 2) {
		free(a);
		return on_refused(s, number, &busy);
	}
	struct admission *admission =
	        admission_start(s->admissions, a, number, &admission_events, s);
	if (!admission)
		return; // the connection may be gone as well
	c->entrance = memory_new(1, sizeof(*c->entrance));
	c->entrance->admission = admission;
	STAILQ_INIT(&c->entrance->held);
	c->entrance->counted = tally_enter(s->asking, c->client, UINT32_MAX);
}
