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

#define GONE_CHECK_MS 250

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

static void forget_media(struct conference *c, struct peer *p)
{
	for (int i = 0; i < 2 * PEER_TRANSPORT_MAX; i++) {
		if (p->transports[i].id)
			conference_transport_forget(c, &p->transports[i]);
	}
}

// Tells the webhook that the peer has left.
static void close_admission(struct conference *c, const struct peer *p)
{
	const char *name = p->display_name[0] ? p->display_name : NULL; // NULL: unchanged
	hook_close(c->hooks, p->hook_admission, name);
}

// The last sign of life (CLOCK_REALTIME): now or, for a peer that is gone, when its connection or
// its transports were last heard of.
static int64_t last_seen_ms(const struct conference *c, const struct peer *p)
{
	int64_t now_ms = clock_real_ms(), seen_ms = p->seen_ms;
	uint64_t now_ns = clock_monotonic_ns();
	struct am_transport_state state;

	if (!p->gone_ms)
		return now_ms;
	for (int i = 0; i < 2 * PEER_TRANSPORT_MAX; i++) {
		am_id id = p->transports[i].id;
		if (!id || !media_read_transport(c->media, am_id_slot(id), &state) ||
		    state.id != id || !state.checked_ns || state.checked_ns > now_ns)
			continue;
		int64_t checked_ms = now_ms - (int64_t)((now_ns - state.checked_ns) / 1000000);
		if (checked_ms > seen_ms)
			seen_ms = checked_ms;
	}
	return seen_ms;
}

static void unjoin(struct conference *c, struct peer *p, int64_t left_ms)
{
	conference_set_hand(c, p, false);
	room_unjoin_peer(p);
	conference_end_quality(c, p);
	p->consumes = p->takes_data = p->reads_envelope = p->heeds_wanted = false;
	p->takes_lists = false;
	p->lacks = p->lack_seen = false;
	statistics_left(c->statistics, p->statistics_session, left_ms);
	p->statistics_session = 0;
}

static void idle_end(struct conference *c, struct peer *p)
{
	if (p->idle_ms)
		TAILQ_REMOVE(&c->idle, p, in_idle);
	p->idle_ms = 0;
}

void conference_expect_join(struct conference *c, struct peer *p)
{
	bool idle = !p->joined && !p->waiting && !p->gone_ms;

	if (!idle)
		return idle_end(c, p);
	if (p->idle_ms)
		return;
	p->idle_ms = loop_now_ms(c->loop);
	TAILQ_INSERT_TAIL(&c->idle, p, in_idle);
}

void conference_expect_join_anew(struct conference *c, struct peer *p)
{
	idle_end(c, p);
	conference_expect_join(c, p);
}

void conference_forget_peer(struct conference *c, struct peer *p)
{
	struct room *r = p->room;

	forget_media(c, p);
	if (p->gone_ms)
		TAILQ_REMOVE(&c->gone, p, in_gone);
	idle_end(c, p);
	room_remove_peer(p);
	peer_destroy(p);
	if (room_is_empty(r))
		room_destroy(&c->rooms, r);
}

static struct peer *any_peer(struct room *r)
{
	struct peer *p = TAILQ_FIRST(&r->waiting);

	if (!p) // viewers before speakers, so that they are not told of each speaker that leaves
		p = TAILQ_FIRST(&r->viewers);
	return p ? p : TAILQ_FIRST(&r->speakers);
}

// The data plane is gone, and with it all media. The peers keep their places for as long as with a
// lost WebSocket, and join anew.
static void lose_media(void *owner, struct peer *p)
{
	struct conference *c = owner;

	int64_t left_ms = last_seen_ms(c, p);
	forget_media(c, p);
	unjoin(c, p, left_ms);
	if (!p->gone_ms)
		conference_gone_add(c, p);
}

static void silence(void *, struct peer *p)
{
	p->connection = 0;
}

// Removes the peers that came before the data plane: the rooms for which it has media are older.
static void drop_all(struct conference *c)
{
	struct room *r;

	while ((r = rooms_next(&c->rooms, NULL))) {
		struct peer *p = any_peer(r);
		close_admission(c, p);
		unjoin(c, p, clock_real_ms());
		conference_forget_peer(c, p);
	}
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
			drop_all(c);
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

// Without a data plane, nobody can join, so the time to join begins anew.
static void idle_check(struct conference *c)
{
	uint64_t now_ms = loop_now_ms(c->loop);
	struct peer *p;

	while (c->join_ms && (p = TAILQ_FIRST(&c->idle)) && now_ms - p->idle_ms >= c->join_ms) {
		if (media_is_up(c->media)) {
			conference_remove(c, p, REFUSAL_NOT_JOINED);
		} else {
			conference_expect_join_anew(c, p);
		}
	}
}

static void gone_check(void *owner)
{
	struct conference *c = owner;
	struct peer *p;

	while ((p = TAILQ_FIRST(&c->gone)) && loop_now_ms(c->loop) - p->gone_ms >= PEER_RESUME_MS)
		conference_remove(c, p, REFUSAL_NONE);
	idle_check(c);
	loop_timer_set(c->loop, &c->timer, GONE_CHECK_MS);
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
	c->timer = (struct loop_timer){.expired = gone_check, .owner = c};
	c->media = media_create(c->loop, set->socket, &c->media_events);
	if (!c->media) {
		conference_recall_fini(c);
		rooms_fini(&c->rooms);
		tally_destroy(c->transports_of);
		free(c);
		return NULL;
	}
	loop_timer_set(c->loop, &c->timer, GONE_CHECK_MS);
	conference_watch(c);
	return c;
}

void conference_destroy(struct conference *c)
{
	struct room *r;

	while ((r = rooms_next(&c->rooms, NULL)))
		conference_forget_peer(c, any_peer(r));
	rooms_fini(&c->rooms);
	conference_recall_fini(c);
	loop_timer_cancel(c->loop, &c->timer);
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

void conference_gone_add(struct conference *c, struct peer *p)
{
	p->connection = 0;
	p->gone_ms = loop_now_ms(c->loop);
	p->seen_ms = clock_real_ms();
	TAILQ_INSERT_TAIL(&c->gone, p, in_gone);
	conference_expect_join(c, p);
}

void conference_lose(struct conference *c, struct peer *p, uint64_t silent_ms)
{
	am_info("room: gone; room=%s peer=%s silent_ms=%llu", p->room->name, am_log_value(p->id),
	        (unsigned long long)silent_ms);
	conference_gone_add(c, p);
	p->seen_ms -= (int64_t)silent_ms;
	if (!p->session[0])
		conference_remove(c, p, REFUSAL_NONE);
}

void conference_reset(struct conference *c, struct peer *p)
{
	bool joined = p->joined;
	int64_t left_ms = last_seen_ms(c, p);

	conference_tell_left(c, p);
	for (int i = 0; i < 2 * PEER_TRANSPORT_MAX; i++) {
		if (p->transports[i].id)
			conference_transport_remove(c, &p->transports[i]);
	}
	unjoin(c, p, left_ms);
	if (joined && c->generation) {
		store_peer_remove(c->store, p->room->id, p->id);
		conference_store_peer(c, p, "");
	}
	conference_expect_join(c, p);
}

void conference_remove(struct conference *c, struct peer *p, enum refusal refusal)
{
	struct room *r = p->room;

	am_info("room: leave; room=%s peer=%s joined=%d reason=%s", r->name, am_log_value(p->id),
	        p->joined, refusal == REFUSAL_NONE ? "left" : refusal_code(refusal));
	if (refusal != REFUSAL_NONE)
		conference_turn_away(c, p, refusal);
	if (refusal != REFUSAL_NONE && p->connection)
		c->events->removed(c->events->owner, p, refusal);
	p->connection = 0;
	close_admission(c, p);
	conference_reset(c, p);
	if (p->waiting)
		conference_tell_waiting(c, p, false);
	if (c->generation)
		store_peer_remove(c->store, r->id, p->id);
	if (r->peers.count == 1) {
		if (c->generation)
			store_room_remove(c->store, r->id);
		conference_keep_rules(c, r);
		am_info("room: closed; room=%s", r->name);
	}
	conference_forget_peer(c, p);
}

void conference_close_room(struct conference *c, struct room *r)
{
	size_t left = r->peers.count;

	while (left-- > 0) // with the last peer, the room is gone, too
		conference_remove(c, any_peer(r), REFUSAL_ROOM_CLOSED);
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
