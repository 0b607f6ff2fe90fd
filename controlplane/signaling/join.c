// join and resume: how a page becomes a member, or becomes one again.
#include "signaling/handlers.h"

#include "base/json.h"
#include "base/limit.h"
#include "base/memory.h"
#include "base/text.h"
#include "conference/events.h"
#include "protoo/wire.h"
#include "signaling/activity.h"
#include "signaling/offers.h"
#include "signaling/place.h"
#include "signaling/recording.h"
#include "terms/id.h"
#include "terms/metrics.h"

#include "am_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES_MAX   1024 // before trimming
#define DEVICE_MAX       64
#define CAPABILITIES_MAX 65536 // bytes of rtpCapabilities as JSON

static void peers_push(struct json *list, const struct peer_list *peers, const struct peer *to)
{
	const struct peer *p;

	TAILQ_FOREACH (p, peers, in_room) {
		if (p != to && peer_is_announced(p, to))
			json_push(list, wire_peer(p));
	}
}

static struct json *peers_json(const struct peer *to)
{
	struct json *list = json_new_array();

	peers_push(list, &to->room->speakers, to);
	if (to->rights.moderator)
		peers_push(list, &to->room->viewers, to);
	return list;
}

static char *device_read(const struct json *data)
{
	static const char *const keys[] = {"flag", "name", "version"};
	const struct json *device = json_object(data, "device");
	struct json *j = json_new_object();

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *value = json_string(device, keys[i], DEVICE_MAX);
		if (value && text_is_printable(value, 1, DEVICE_MAX))
			json_add_string(j, keys[i], value);
	}
	char *text = json_print(j);
	json_free(j);
	return text;
}

// Fills in the peer. Returns a reason if the request is malformed, else NULL.
static const char *join_read(struct peer *p, const struct json *data)
{
	const char *name = json_string(data, "displayName", NAME_BYTES_MAX);
	const struct json *caps = json_object(data, "rtpCapabilities");

	// A bad name is ignored, as it is in the URL, since a page may give the same name in both.
	bool is_good = name && (p->name_is_fixed || peer_set_display_name(p, name) == 0);
	if (json_has(data, "displayName") && !is_good)
		am_debug("signaling: bad name ignored; peer=%s", am_log_value(p->id));
	if (json_has(data, "rtpCapabilities") && (!caps || ortc_caps_read(&p->caps, caps) < 0))
		return "bad-request: rtpCapabilities";
	p->consumes = caps != NULL;
	// Newer clients send no sctpCapabilities; a client that does not want data refuses the
	// offer.
	const char *chat = json_string(data, "chat", 16);
	p->reads_envelope = chat && strcmp(chat, "envelope") == 0;
	p->heeds_wanted = json_is_true(data, "encodingsWanted");
	p->takes_lists = json_is_true(data, "newConsumers");
	p->takes_data = p->consumes || json_object(data, "sctpCapabilities");
	peer_set_device(p, device_read(data));
	return NULL;
}

// The capabilities as they are stored; owned by the caller. NULL if they are too large.
static char *capabilities_print(const struct peer *p, const struct json *data)
{
	char *caps = p->consumes ? json_print(json_object(data, "rtpCapabilities"))
	                         : memory_copy_string("");

	if (strlen(caps) <= CAPABILITIES_MAX)
		return caps;
	free(caps);
	return NULL;
}

// Whether the peer's address may join this room once more now.
static bool join_take_turn(const struct connection *c)
{
	const struct signaling *s = signaling_of(c);
	char name[LIMIT_NAME_MAX + 1];
	uint32_t wait_s;

	snprintf(name, sizeof(name), "%llx %s", (unsigned long long)c->peer->room->id, c->client);
	return limit_take(s->joins, name, loop_now_ms(s->loop), &wait_s);
}

void handle_join(struct connection *c, int64_t id, const struct json *data)
{
	struct peer *p = c->peer;

	if (p->joined)
		return connection_reject(c, id, 409, "already: joined");
	enum refusal refusal = room_admits(p->room, p->room->kind, p->rights.speaker, NULL);
	if (refusal != REFUSAL_NONE) {
		metric_count_refusal(refusal);
		return connection_reject_refusal(c, id, refusal);
	}
	const char *why = join_read(p, data);
	if (why)
		return connection_reject(c, id, 400, why);
	char *caps = capabilities_print(p, data);
	if (!caps)
		return connection_reject(c, id, 400, "bad-request: rtpCapabilities too large");
	if (!join_take_turn(c)) {
		free(caps);
		conference_expect_join_anew(conference_of(c), p);
		return connection_reject_errno(c, id, -EAGAIN);
	}
	const struct asker by = {c->number, id};
	conference_join(conference_of(c), p, caps, &by);
	metric_count(METRIC_joins);
	free(caps);
}

static void on_joined(void *owner, const struct asker *by, const struct peer *p)
{
	struct connection *c = signaling_connection(owner, by->connection);
	struct json *answer = json_new_object();

	json_add(answer, "peers", peers_json(p));
	connection_accept(c, by->request_id, answer);
	place_send_waiting(c);
	activity_send(c);
}

// Notes which consumers the page still has. Returns those that are alive, and lists those of them
// in `paused` that their publishers have paused.
static struct json *consumers_note(
        const struct connection *c, const struct json *data, struct page_objects *page,
        struct json *paused
)
{
	struct json *alive = json_new_array();

	for (const struct json *e = json_first(json_array(data, "consumerIds")); e;
	     e = json_next(e)) {
		const char *text = json_text(e, 64);
		const struct subscription *s =
		        conference_subscription(conference_of(c), id_read(text));
		if (!s || s->viewer != c->peer || !s->ready ||
		    !page_objects_add(page->subscriptions, s->id))
			continue;
		json_push(alive, json_new_string(text));
		if (s->track->paused)
			json_push(paused, json_new_string(text));
	}
	return alive;
}

static struct json *
producers_note(const struct connection *c, const struct json *data, struct page_objects *page)
{
	struct json *alive = json_new_array();

	for (const struct json *e = json_first(json_array(data, "producerIds")); e;
	     e = json_next(e)) {
		const char *text = json_text(e, 64);
		const struct track *t = conference_track(conference_of(c), id_read(text));
		if (!t || t->owner != c->peer || !t->ready ||
		    !page_objects_add(page->tracks, t->id))
			continue;
		json_push(alive, json_new_string(text));
	}
	return alive;
}

// Lists the transports that are alive. A speaker that was made a viewer and a speaker again while
// its socket was lost has one that is not.
static struct json *transports_alive(const struct peer *p)
{
	struct json *alive = json_new_array();
	char id[ID_TEXT_SIZE];

	for (int i = 0; i < 2 * PEER_TRANSPORT_MAX; i++) {
		if (!p->transports[i].id || !p->transports[i].ready)
			continue;
		id_print(p->transports[i].id, id);
		json_push(alive, json_new_string(id));
	}
	return alive;
}

void handle_resume(struct connection *c, int64_t id, const struct json *data)
{
	const char *session = json_string(data, "session", PEER_SESSION_MAX);
	bool resumed = c->resumable && session && strcmp(session, c->peer->session) == 0 &&
	               peer_has_transport(c->peer);
	struct json *answer = json_new_object(), *paused = json_new_array();

	c->resumable = false;
	if (c->peer->joined)
		connection_pay(c);
	json_add_bool(answer, "resumed", resumed);
	if (!resumed) {
		json_free(paused);
		conference_reset(conference_of(c), c->peer);
		return connection_accept(c, id, answer);
	}
	struct page_objects *page = memory_new(1, sizeof(*page));
	json_add(answer, "peers", peers_json(c->peer));
	json_add(answer, "consumerIds", consumers_note(c, data, page, paused));
	json_add(answer, "pausedConsumerIds", paused);
	json_add(answer, "producerIds", producers_note(c, data, page));
	json_add(answer, "transportIds", transports_alive(c->peer));
	connection_accept(c, id, answer);
	place_send_waiting(c);
	activity_send(c);
	recording_ask(c);
	offers_drop(c);
	conference_resume(conference_of(c), c->peer, page);
	free(page);
}

void handle_display_name(struct connection *c, int64_t id, const struct json *data)
{
	const char *name = json_string(data, "displayName", NAME_BYTES_MAX);

	if (c->peer->name_is_fixed)
		return connection_reject(c, id, 403, "not-allowed: the name is signed");
	if (!name || conference_rename(conference_of(c), c->peer, name) < 0)
		return connection_reject(
		        c, id, 400, "bad-name: 1 to 64 characters, no control characters"
		);
	connection_accept(c, id, NULL);
}

void join_events_init(struct conference_events *e)
{
	e->joined = on_joined;
}
