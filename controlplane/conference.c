#include "conference.h"

#include "memory.h"
#include "store.h"

#include "am_log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GONE_CHECK_MS 250

static int64_t clock_real_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// Rooms that were made before a data plane was known are not kept.
bool conference_stores(const struct conference *c, const struct peer *p)
{
	return c->generation != 0 && p->joined;
}

static void transport_changed(void *owner, am_id id, uint8_t ice, uint8_t dtls)
{
	struct conference *c = owner;
	struct transport *t = conference_transport(c, id);

	if (!t)
		return;
	t->ice = ice;
	t->dtls = dtls;
	am_debug("transport: id=%llx ice=%u dtls=%u", (unsigned long long)id, ice, dtls);
	if (dtls == AM_DTLS_FAILED)
		conference_remove(
		        c, t->peer, "server-error",
		        "The encryption of the media could not be set up."
		);
	else if (ice == AM_ICE_EXPIRED && !t->peer->connection)
		conference_remove(c, t->peer, NULL, NULL);
}

static void layers_changed(void *owner, am_id id, uint8_t spatial, uint8_t temporal)
{
	struct conference *c = owner;
	struct subscription *s = conference_subscription(c, id);

	if (!s)
		return;
	s->spatial_layer_now = spatial;
	s->temporal_layer_now = temporal;
	if (s->ready && s->viewer->connection)
		c->events->layers_changed(c->events->owner, s);
}

static void events_lost(void *owner)
{
	conference_verify(owner);
}

static void each_peer(struct conference *c, void (*fn)(void *, struct peer *), void *arg)
{
	for (size_t i = 0; i < c->rooms.by_name.size; i++) {
		for (struct map_node *n = c->rooms.by_name.buckets[i]; n; n = n->next) {
			struct room *r = container_of(n, struct room, by_name);
			struct peer *p;
			TAILQ_FOREACH (p, &r->speakers, in_room)
				fn(arg, p);
			TAILQ_FOREACH (p, &r->viewers, in_room)
				fn(arg, p);
		}
	}
}

static void silence(void *, struct peer *p)
{
	p->connection = 0;
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

void conference_forget_peer(struct conference *c, struct peer *p)
{
	struct room *r = p->room;

	forget_media(c, p);
	if (p->gone_ms)
		TAILQ_REMOVE(&c->gone, p, in_gone);
	room_remove_peer(p);
	peer_destroy(p);
	if (room_is_empty(r))
		room_destroy(&c->rooms, r);
}

static void drop_all(struct conference *c)
{
	struct room *r;

	each_peer(c, silence, c); // nobody is to be told
	while ((r = rooms_next(&c->rooms, NULL))) {
		struct peer *p = TAILQ_FIRST(&r->viewers);
		conference_forget_peer(c, p ? p : TAILQ_FIRST(&r->speakers));
	}
}

static void media_found(void *owner, uint64_t generation)
{
	struct conference *c = owner;
	bool first = c->generation == 0;

	if (generation != c->generation) {
		// What there is has no media behind it.
		bool had_rooms = rooms_next(&c->rooms, NULL) != NULL;
		drop_all(c);
		c->generation = generation;
		if (first && store_generation(c->store) == generation)
			conference_restore(c);
		else
			store_reset(c->store, generation);
		if (had_rooms)
			c->events->restart(c->events->owner);
	}
	conference_verify(c);
	if (first)
		c->events->ready(c->events->owner);
}

static void gone_check(void *owner)
{
	struct conference *c = owner;
	struct peer *p;

	while ((p = TAILQ_FIRST(&c->gone)) && loop_now_ms(c->loop) - p->gone_ms >= PEER_RESUME_MS)
		conference_remove(c, p, NULL, NULL);
	loop_timer_set(c->loop, &c->timer, GONE_CHECK_MS);
}

struct conference *conference_create(
        struct loop *loop, const char *socket, struct store *store,
        const struct conference_events *events
)
{
	struct conference *c = memory_new(1, sizeof(*c));

	c->loop = loop;
	c->store = store;
	c->events = events;
	c->media_events = (struct media_events){
	        .owner = c,
	        .up = media_found,
	        .down = media_lost,
	        .transport_state = transport_changed,
	        .layers = layers_changed,
	        .resync = events_lost,
	};
	rooms_init(&c->rooms);
	TAILQ_INIT(&c->gone);
	c->timer = (struct loop_timer){.expired = gone_check, .owner = c};
	c->media = media_create(loop, socket, &c->media_events);
	if (!c->media) {
		rooms_fini(&c->rooms);
		free(c);
		return NULL;
	}
	loop_timer_set(loop, &c->timer, GONE_CHECK_MS);
	return c;
}

void conference_destroy(struct conference *c)
{
	drop_all(c);
	rooms_fini(&c->rooms);
	loop_timer_cancel(c->loop, &c->timer);
	media_destroy(c->media);
	free(c);
}

void conference_gone_add(struct conference *c, struct peer *p)
{
	p->connection = 0;
	p->gone_ms = loop_now_ms(c->loop);
	TAILQ_INSERT_TAIL(&c->gone, p, in_gone);
}

static struct room *room_make(struct conference *c, const struct admission *a)
{
	uint64_t id;

	memory_random(&id, sizeof(id));
	struct room *r = room_create(&c->rooms, id, a->room, a->kind, clock_real_ms());
	if (c->generation)
		store_room_put(
		        c->store, &(struct store_room){id, r->name, (int)r->kind, r->created_ms}
		);
	am_info("room: opened; room=%s kind=%s", r->name,
	        r->kind == ROOM_CALL ? "call" : "webinar");
	return r;
}

static struct peer *take_up(struct conference *c, struct peer *p, uint64_t connection)
{
	if (p->gone_ms)
		TAILQ_REMOVE(&c->gone, p, in_gone);
	p->gone_ms = 0;
	p->connection = connection;
	return p;
}

struct peer *conference_enter(
        struct conference *c, const struct admission *a, uint64_t connection, enum refusal *refusal
)
{
	struct room *r = rooms_find(&c->rooms, a->room);
	struct peer *p = r ? room_find_peer(r, a->peer_id) : NULL;

	*refusal = REFUSAL_NONE;
	if (r && r->kind != a->kind)
		*refusal = REFUSAL_WRONG_ROOM_KIND;
	else if (p && a->session[0] && strcmp(p->session, a->session) == 0 && p->speaker == a->speaker)
		return take_up(c, p, connection);
	else if (r && !(p && p->joined && p->speaker == a->speaker)) // its place is taken over
		*refusal = room_admits(r, a->kind, a->speaker);
	if (*refusal != REFUSAL_NONE)
		return NULL;
	if (p)
		conference_remove(
		        c, p, "replaced", "You have joined from another window or device."
		);
	r = rooms_find(&c->rooms, a->room); // it may have gone with its only peer
	if (!r)
		r = room_make(c, a);
	p = peer_create(a->peer_id, a->session, a->speaker);
	p->connection = connection;
	room_add_peer(r, p);
	return p;
}

void conference_join(struct conference *c, struct peer *p, const char *capabilities)
{
	room_join_peer(p);
	am_info("room: join; room=%s peer=%s name=%s speakers=%u viewers=%u", p->room->name, p->id,
	        p->display_name, p->room->speaker_count, p->room->viewer_count);
	if (!conference_stores(c, p))
		return;
	store_peer_put(
	        c->store,
	        &(struct store_peer){
	                .room_id = p->room->id,
	                .id = p->id,
	                .session = p->session,
	                .speaker = p->speaker,
	                .display_name = p->display_name,
	                .device = p->device,
	                .capabilities = capabilities,
	        }
	);
	for (int i = 0; i < 2 * PEER_TRANSPORT_MAX; i++) {
		if (p->transports[i].id)
			conference_store_transport(c, &p->transports[i]);
	}
}

// Calls fn for each member with a connection but p itself.
static void
others(struct peer_list *list, const struct peer *but, void (*fn)(void *, struct peer *), void *arg)
{
	struct peer *p;

	TAILQ_FOREACH (p, list, in_room) {
		if (p != but && p->joined && p->connection)
			fn(arg, p);
	}
}

struct news {
	const struct conference_events *events;
	const struct peer *who;
	const char *old;
};

static void tell_joined(void *arg, struct peer *to)
{
	const struct news *n = arg;
	n->events->peer_joined(n->events->owner, to, n->who);
}

static void tell_left(void *arg, struct peer *to)
{
	const struct news *n = arg;
	n->events->peer_left(n->events->owner, to, n->who->id);
}

static void tell_renamed(void *arg, struct peer *to)
{
	const struct news *n = arg;
	n->events->peer_renamed(n->events->owner, to, n->who, n->old);
}

static void tell_others(
        struct conference *c, const struct peer *p, void (*fn)(void *, struct peer *),
        const char *old
)
{
	struct news n = {.events = c->events, .who = p, .old = old};

	if (!peer_is_announced(p))
		return;
	others(&p->room->speakers, p, fn, &n);
	others(&p->room->viewers, p, fn, &n);
}

void conference_welcome(struct conference *c, struct peer *p)
{
	tell_others(c, p, tell_joined, NULL);
	conference_subscribe_all(c, p);
}

void conference_lose(struct conference *c, struct peer *p)
{
	if (!p->joined || !p->session[0])
		return conference_remove(c, p, NULL, NULL);
	am_info("room: gone; room=%s peer=%s", p->room->name, p->id);
	conference_gone_add(c, p);
}

void conference_reset(struct conference *c, struct peer *p)
{
	tell_others(c, p, tell_left, NULL);
	for (int i = 0; i < 2 * PEER_TRANSPORT_MAX; i++) {
		if (p->transports[i].id)
			conference_transport_remove(c, &p->transports[i]);
	}
	if (conference_stores(c, p))
		store_peer_remove(c->store, p->room->id, p->id);
	if (!p->joined)
		return;
	struct room *r = p->room;
	room_remove_peer(p);
	p->consumes = false;
	room_add_peer(r, p);
}

void conference_remove(struct conference *c, struct peer *p, const char *code, const char *text)
{
	struct room *r = p->room;

	am_info("room: leave; room=%s peer=%s joined=%d reason=%s", r->name, p->id, p->joined,
	        code ? code : "left");
	if (code && p->connection)
		c->events->removed(c->events->owner, p, code, text);
	p->connection = 0;
	conference_reset(c, p);
	if (c->generation && r->peers.count == 1) {
		store_room_remove(c->store, r->id);
		am_info("room: closed; room=%s", r->name);
	}
	conference_forget_peer(c, p);
}

void conference_close_room(struct conference *c, struct room *r)
{
	char name[ROOM_NAME_MAX + 1];

	strcpy(name, r->name);
	while ((r = rooms_find(&c->rooms, name))) {
		struct peer *p = TAILQ_FIRST(&r->viewers);
		if (!p) // viewers first: they are not told of each speaker's leave
			p = TAILQ_FIRST(&r->speakers);
		conference_remove(c, p, "room-closed", "The room was closed.");
	}
}

void conference_rename(struct conference *c, struct peer *p, const char *old)
{
	tell_others(c, p, tell_renamed, old);
	if (conference_stores(c, p))
		store_peer_rename(c->store, p->room->id, p->id, p->display_name);
}
