#include "conference/internal.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/tally.h"
#include "hook/hook.h"
#include "statistics/statistics.h"
#include "store/rooms.h"
#include "terms/metrics.h"

#include "am_log.h"

#include <stdlib.h>
#include <string.h>

// RFC 7675 5.1. A browser's checks end when it loses its network, so it knows; another kind of
// client may not know that it has to send checks.
static void tell_path(struct conference *c, const struct transport *t, bool lost)
{
	const struct peer *p = t->peer;

	am_info("transport: %s; room=%s peer=%s id=%llx",
	        lost ? "consent expired" : "consent is back", p->room->name, am_log_value(p->id),
	        (unsigned long long)t->id);
	if (lost)
		metric_count(METRIC_transports_expired);
	if (p->connection)
		c->events->transport_path(c->events->owner, t, lost);
}

static void transport_changed(void *owner, am_id id, uint8_t ice, uint8_t dtls)
{
	struct conference *c = owner;
	struct transport *t = conference_transport(c, id);

	if (!t)
		return;
	struct peer *p = t->peer;
	uint8_t ice_before = t->ice;
	t->ice = ice;
	t->dtls = dtls;
	am_debug("transport: id=%llx ice=%u dtls=%u", (unsigned long long)id, ice, dtls);
	bool gone = ice == AM_ICE_EXPIRED;
	if (dtls == AM_DTLS_FAILED || dtls == AM_DTLS_CLOSED) {
		conference_transport_end(
		        c, t, dtls == AM_DTLS_FAILED ? TRANSPORT_DTLS_FAILED : TRANSPORT_DTLS_CLOSED
		);
		gone = dtls == AM_DTLS_CLOSED && !peer_has_transport(p);
	} else if (ice != ice_before && (gone || ice_before == AM_ICE_EXPIRED)) {
		tell_path(c, t, gone);
	}
	if (gone && !p->connection && !peer_is_connected(p))
		conference_remove(c, p, REFUSAL_NONE);
}

static void layers_changed(void *owner, const struct am_event_subscription_layers *now)
{
	struct conference *c = owner;
	struct subscription *s = conference_subscription(c, now->subscription_id);

	if (!s || s->track->media.kind == ORTC_AUDIO) // audio has no layers
		return;
	s->spatial_layer_now = now->spatial_layer;
	s->temporal_layer_now = now->temporal_layer;
	s->withheld = now->withheld;
	if (s->withheld == AM_LIMIT_BANDWIDTH &&
	    subscription_is_due(s)) // this may be over before the next look
		s->viewer->down.weak_ms = loop_now_ms(c->loop);
	if (s->ready && s->viewer->connection)
		c->events->layers_changed(c->events->owner, s);
}

static void too_long(void *owner, am_id id, uint32_t payload_len)
{
	struct conference *c = owner;
	struct track *t = conference_track(c, id);

	if (t && t->owner->connection)
		c->events->producer_too_long(c->events->owner, t, payload_len);
}

static void wanted_changed(void *owner, am_id id, uint8_t encodings)
{
	struct conference *c = owner;
	struct track *t = conference_track(c, id);

	if (!t)
		return;
	t->wanted = encodings;
	conference_tell_wanted(c, t);
}

static void events_lost(void *owner)
{
	conference_verify(owner);
}

static void each_of(struct peer_list *list, void (*fn)(void *, struct peer *), void *arg)
{
	struct peer *p;

	TAILQ_FOREACH (p, list, in_room)
		fn(arg, p);
}

static void each_peer(struct conference *c, void (*fn)(void *, struct peer *), void *arg)
{
	for (struct room *r = NULL; (r = rooms_next(&c->rooms, r));) {
		each_of(&r->speakers, fn, arg);
		each_of(&r->viewers, fn, arg);
		each_of(&r->waiting, fn, arg);
	}
}

static void tell_media_down(void *owner, struct peer *p)
{
	struct conference *c = owner;
	if (p->connection)
		c->events->media_down(c->events->owner, p);
}

static void media_lost(void *owner)
{
	each_peer(owner, tell_media_down, owner);
}

static void lose_media(void *owner, struct peer *p)
{
	conference_lose_media(owner, p);
}

static void silence(void *, struct peer *p)
{
	p->connection = 0;
}

static void store_peer(void *owner, struct peer *p)
{
	conference_store_peer(owner, p, "");
}

static void store_all(struct conference *c)
{
	store_rooms_reset(c->store, c->generation);
	for (const struct room *r = NULL; (r = rooms_next(&c->rooms, r));)
		conference_store_room(c, r);
	each_peer(c, store_peer, c);
}

static bool keep_admission(void *owner, const struct hook_admission *a)
{
	struct conference *c = owner;
	struct room *r = rooms_find(&c->rooms, a->account_id, a->room_id);
	struct peer *p = r ? room_find_peer(r, a->peer_id) : NULL;

	if (!p || p->hook_admission)
		return false;
	p->hook_admission = a->id;
	return true;
}

static void media_found(void *owner, uint64_t generation)
{
	struct conference *c = owner;
	bool first = c->generation == 0;

	if (first)
		conference_recall_restore(c);
	if (generation != c->generation) {
		bool had_rooms = rooms_next(&c->rooms, NULL) != NULL;
		bool same = first && store_rooms_generation(c->store) == generation;
		each_peer(c, silence, NULL); // so that nobody is told
		if (same)
			conference_drop_all(c);
		else
			each_peer(c, lose_media, c);
		c->generation = generation;
		if (same)
			conference_restore(c);
		else
			store_all(c);
		if (had_rooms)
			c->events->restart(c->events->owner);
	}
	conference_verify(c);
	if (!first)
		return;
	hooks_restore(c->hooks, keep_admission, c);
	statistics_restore(c->statistics);
	c->events->ready(c->events->owner);
}

struct conference *conference_create(const struct conference_settings *set)
{
	struct conference *c = memory_new(1, sizeof(*c));

	c->loop = set->loop;
	c->store = set->store;
	c->hooks = set->hooks;
	c->statistics = set->statistics;
	c->accounts = set->accounts;
	c->events = set->events;
	c->join_ms = set->join_ms;
	memcpy(c->voices, set->voices, sizeof(c->voices));
	c->client_transports = set->client_transports;
	c->media_events = (struct media_events){
	        .owner = c,
	        .up = media_found,
	        .down = media_lost,
	        .transport_state = transport_changed,
	        .layers = layers_changed,
	        .too_long = too_long,
	        .wanted = wanted_changed,
	        .resync = events_lost,
	};
	rooms_init(&c->rooms);
	TAILQ_INIT(&c->gone);
	TAILQ_INIT(&c->idle);
	c->transports_of = tally_create();
	conference_recall_init(c);
	c->media = media_create(c->loop, set->socket, &c->media_events);
	if (!c->media) {
		conference_recall_fini(c);
		rooms_fini(&c->rooms);
		tally_destroy(c->transports_of);
		free(c);
		return NULL;
	}
	conference_watch_absent(c);
	conference_watch_activity(c);
	return c;
}

void conference_destroy(struct conference *c)
{
	conference_forget_all(c);
	rooms_fini(&c->rooms);
	conference_recall_fini(c);
	loop_timer_cancel(c->loop, &c->absence);
	loop_timer_cancel(c->loop, &c->activity);
	media_destroy(c->media);
	tally_destroy(c->transports_of);
	free(c);
}

const struct rooms *conference_rooms(const struct conference *c)
{
	return &c->rooms;
}

const struct media *conference_media(const struct conference *c)
{
	return c->media;
}

int conference_rename(struct conference *c, struct peer *p, const char *name)
{
	char old[PEER_NAME_SIZE];

	strcpy(old, p->display_name);
	int ret = peer_set_display_name(p, name);
	if (ret < 0)
		return ret;
	conference_tell_renamed(c, p, old);
	conference_data_rename(c, p);
	if (c->generation)
		store_peer_rename(c->store, p->room->id, p->id, p->display_name);
	return 0;
}
