#include "signaling/connection.h"

#include "base/json.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/tally.h"

#include "am_log.h"

#include <stdlib.h>
#include <string.h>

#define VOCABULARY_VERSION "3.14.16"

struct held {
	STAILQ_ENTRY(held) next;
	size_t len;
	char text[];
};

void connection_hold(struct connection *c, const char *text, size_t len)
{
	static const struct refused too_much = {.refusal = REFUSAL_BAD_REQUEST, .detail = ""};

	if (c->held_count == CONNECTION_HELD_MAX || len > CONNECTION_HELD_LEN - c->held_len)
		return connection_kick(c, &too_much);
	struct held *h = memory_new(1, sizeof(*h) + len);
	h->len = len;
	memcpy(h->text, text, len);
	STAILQ_INSERT_TAIL(&c->held, h, next);
	c->held_count++;
	c->held_len += len;
}

static void release_held(struct signaling *s, uint64_t number)
{
	struct connection *c;

	// A message may end its connection.
	while ((c = signaling_connection(s, number)) && !STAILQ_EMPTY(&c->held)) {
		struct held *h = STAILQ_FIRST(&c->held);
		STAILQ_REMOVE_HEAD(&c->held, next);
		connection_handle(c, h->text, h->len);
		free(h);
	}
}

static void asking_end(struct connection *c)
{
	c->admission = NULL;
	if (c->asking)
		tally_leave(c->signaling->asking, c->client);
	c->asking = false;
}

void connection_abandon(struct connection *c)
{
	if (c->admission)
		admission_abandon(c->admission);
	asking_end(c);
	while (!STAILQ_EMPTY(&c->held)) {
		struct held *h = STAILQ_FIRST(&c->held);
		STAILQ_REMOVE_HEAD(&c->held, next);
		free(h);
	}
}

void signaling_add_rights(struct json *j, const struct rights *r)
{
	json_add_bool(j, "speaker", r->speaker);
	json_add_bool(j, "moderator", r->moderator);
	json_add_bool(j, "canRecord", r->can_record);
	json_add_bool(j, "chat", r->chat);
	json_add_bool(j, "hand", r->hand);
}

struct json *signaling_room_json(const struct signaling *s, const struct room *r)
{
	struct json *j = json_new_object();

	json_add_bool(j, "waitingRoom", conference_has_waiting_room(s->conference, r));
	if (r->rules.video)
		json_add_string(j, "video", r->rules.video);
	if (r->rules.start_time_ms)
		json_add_int(j, "startTime", r->rules.start_time_ms);
	if (r->bitrate)
		json_add_int(j, "bitrate", r->bitrate);
	return j;
}

void connection_send_place(struct connection *c)
{
	const struct peer *p = c->peer;
	struct json *data = json_new_object();

	json_add_string(data, "peerId", p->id);
	if (p->waiting)
		return connection_notify(c, "waiting", data);
	if (p->display_name[0])
		json_add_string(data, "displayName", p->display_name);
	json_add_bool(data, "nameIsFixed", p->name_is_fixed);
	signaling_add_rights(data, &p->rights);
	json_add(data, "room", signaling_room_json(c->signaling, p->room));
	json_add_string(data, "capabilities", ortc_router_version());
	connection_notify(c, "admitted", data);
	// Before the page asks for anything: it would turn on again what is off.
	for (int kind = 0; kind < TRACK_KIND_COUNT; kind++) {
		if (p->muted & 1u << kind)
			connection_send_muted(c, (enum track_kind)kind);
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
	connection_send_place(c);
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

void connection_start(struct connection *c, struct application *a)
{
	struct signaling *s = c->signaling;
	uint64_t number = c->number;

	strcpy(c->room, application_room(a));
	strcpy(c->peer_id, application_peer_id(a));
	STAILQ_INIT(&c->held);
	// In both vocabularies: which one the client speaks is not known yet.
	send_version(c, "mediasoup-version");
	send_version(c, "mediasoupVersion");
	// Half of what the address may have open at most, so that others find a place where it
	// waits.
	if (tally_count(s->asking, c->client) >= (s->client_max + 1) / 2) {
		free(a);
		return on_refused(s, number, &busy);
	}
	struct admission *admission =
	        admission_start(s->admissions, a, number, &admission_events, s);
	if (!admission)
		return; // with or without the connection
	c->admission = admission;
	c->asking = tally_enter(s->asking, c->client, UINT32_MAX);
}
