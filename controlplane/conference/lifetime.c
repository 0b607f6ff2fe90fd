// Starts and stops the conference, and recovers its rooms after either process has died.
#include "conference/conference.h"

#include "base/memory.h"
#include "base/tally.h"
#include "conference/activity.h"
#include "conference/leave.h"
#include "conference/media_events.h"
#include "conference/recall.h"
#include "conference/recording.h"
#include "conference/restore.h"
#include "conference/state.h"
#include "conference/store.h"
#include "conference/verify.h"
#include "hook/hook.h"
#include "statistics/statistics.h"
#include "store/rooms.h"

#include <stdlib.h>
#include <string.h>

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
	recordings_media_up(c->recordings, generation);
	if (!first)
		return;
	hooks_restore(c->hooks, keep_admission, c);
	statistics_restore(c->statistics);
	c->events->ready(c->events->owner);
}

static void events_lost(void *owner)
{
	conference_verify(owner);
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
	        .resync = events_lost,
	};
	conference_media_events_init(c);
	rooms_init(&c->rooms);
	TAILQ_INIT(&c->gone);
	TAILQ_INIT(&c->idle);
	c->transports_of = tally_create();
	conference_recall_init(c);
	c->media = media_create(c->loop, set->socket, &c->media_events);
	if (!c->media)
		goto fini;
	if (conference_recording_init(c, set) < 0)
		goto destroy_media;
	conference_watch_absent(c);
	conference_watch_activity(c);
	return c;

destroy_media:
	media_destroy(c->media);
fini:
	conference_recall_fini(c);
	rooms_fini(&c->rooms);
	tally_destroy(c->transports_of);
	free(c);
	return NULL;
}

void conference_destroy(struct conference *c)
{
	recordings_leave(c->recordings);
	conference_forget_all(c);
	rooms_fini(&c->rooms);
	conference_recall_fini(c);
	loop_timer_cancel(c->loop, &c->absence);
	loop_timer_cancel(c->loop, &c->activity);
	recordings_destroy(c->recordings);
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
