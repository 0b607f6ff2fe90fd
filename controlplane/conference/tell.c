#include "conference/tell.h"

#include "conference/state.h"

#include <errno.h>

static void each_member(struct room *r, void (*fn)(void *, struct peer *), void *arg)
{
	struct peer *p;

	TAILQ_FOREACH (p, &r->speakers, in_room)
		fn(arg, p);
	TAILQ_FOREACH (p, &r->viewers, in_room)
		fn(arg, p);
}

struct news {
	const struct conference_events *events;
	const struct peer *who;
	const char *old;
	bool waits;
};

static void tell_room(void *arg, struct peer *to)
{
	const struct news *n = arg;
	if (to->joined && to->connection)
		n->events->room_changed(n->events->owner, to);
}

void conference_tell_room(struct conference *c, struct room *r)
{
	each_member(r, tell_room, &(struct news){.events = c->events});
}

// Whether the member may know of the other.
static bool is_told(const struct peer *to, const struct peer *who)
{
	return to != who && to->joined && to->connection && peer_is_announced(who, to);
}

static void tell_joined(void *arg, struct peer *to)
{
	const struct news *n = arg;
	if (is_told(to, n->who))
		n->events->peer_joined(n->events->owner, to, n->who);
}

static void tell_left(void *arg, struct peer *to)
{
	const struct news *n = arg;
	if (is_told(to, n->who))
		n->events->peer_left(n->events->owner, to, n->who->id);
}

static void tell_renamed(void *arg, struct peer *to)
{
	const struct news *n = arg;
	if (is_told(to, n->who))
		n->events->peer_renamed(n->events->owner, to, n->who, n->old);
}

void conference_tell_joined(struct conference *c, const struct peer *p)
{
	if (p->joined)
		each_member(p->room, tell_joined, &(struct news){.events = c->events, .who = p});
}

void conference_tell_left(struct conference *c, const struct peer *p)
{
	if (p->joined)
		each_member(p->room, tell_left, &(struct news){.events = c->events, .who = p});
}

void conference_tell_renamed(struct conference *c, const struct peer *p, const char *old)
{
	struct news n = {.events = c->events, .who = p, .old = old};

	if (p->joined)
		each_member(p->room, tell_renamed, &n);
}

// Only moderators know of viewers. For the others, a speaker comes or goes.
static void tell_changed(void *arg, struct peer *to)
{
	const struct news *n = arg;
	const struct conference_events *e = n->events;

	if (to == n->who || !to->joined || !to->connection)
		return;
	if (to->rights.moderator)
		e->peer_changed(e->owner, to, n->who);
	else if (n->who->rights.speaker)
		e->peer_joined(e->owner, to, n->who);
	else
		e->peer_left(e->owner, to, n->who->id);
}

void conference_tell_changed(struct conference *c, const struct peer *p)
{
	if (p->joined)
		each_member(p->room, tell_changed, &(struct news){.events = c->events, .who = p});
}

static void tell_waiting(void *arg, struct peer *to)
{
	const struct news *n = arg;
	if (to->rights.moderator && to->joined && to->connection)
		n->events->waiting(n->events->owner, to, n->who, n->waits);
}

void conference_tell_waiting(struct conference *c, const struct peer *who, bool waits)
{
	struct news n = {.events = c->events, .who = who, .waits = waits};
	each_member(who->room, tell_waiting, &n);
}

static void tell_hand(void *arg, struct peer *to)
{
	const struct news *n = arg;
	if (to->connection && peer_sees_hand(to, n->who))
		n->events->hand(n->events->owner, to, n->who);
}

void conference_tell_hand(struct conference *c, const struct peer *who)
{
	each_member(who->room, tell_hand, &(struct news){.events = c->events, .who = who});
}

void conference_tell_wanted(struct conference *c, const struct track *t)
{
	if (t->ready && t->encoding_count > 1 && t->owner->heeds_wanted && t->owner->connection)
		c->events->encodings_wanted(c->events->owner, t);
}

void conference_tell_unfit(struct conference *c, const struct track *t)
{
	if (t->ready && t->unfit && t->owner->connection)
		c->events->producer_unfit(c->events->owner, t);
}

void conference_tell_failed(struct conference *c, const struct media_call *call, int result)
{
	const struct asker by = conference_asker(call);

	c->events->failed(c->events->owner, &by, result < 0 ? result : -ENOENT);
}
