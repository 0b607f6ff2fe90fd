#include "room.h"

#include "memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void rooms_init(struct rooms *r)
{
	map_init(&r->by_name);
}

void rooms_fini(struct rooms *r)
{
	assert(r->by_name.count == 0);
	map_fini(&r->by_name);
}

struct room *rooms_next(const struct rooms *r, const struct room *previous)
{
	struct map_node *n = map_next(&r->by_name, previous ? &previous->by_name : NULL);
	return n ? container_of(n, struct room, by_name) : NULL;
}

struct room *rooms_find(const struct rooms *r, const char *name)
{
	struct map_node *n = map_find(&r->by_name, name);
	return n ? container_of(n, struct room, by_name) : NULL;
}

struct room *room_create(
        struct rooms *rooms, uint64_t id, const char *name, enum room_kind kind, int64_t created_ms
)
{
	struct room *r = memory_new(1, sizeof(*r));

	assert(strlen(name) <= ROOM_NAME_MAX);
	r->id = id;
	strcpy(r->name, name);
	r->kind = kind;
	r->created_ms = created_ms;
	map_init(&r->peers);
	TAILQ_INIT(&r->speakers);
	TAILQ_INIT(&r->viewers);
	map_add(&rooms->by_name, &r->by_name, r->name);
	return r;
}

void room_destroy(struct rooms *rooms, struct room *r)
{
	assert(room_is_empty(r));
	map_remove(&rooms->by_name, &r->by_name);
	map_fini(&r->peers);
	free(r);
}

enum refusal room_admits(const struct room *r, enum room_kind path, bool speaker)
{
	if (path != r->kind)
		return REFUSAL_WRONG_ROOM_KIND;
	if (r->kind == ROOM_CALL)
		return r->speaker_count < ROOM_PARTICIPANT_MAX ? REFUSAL_NONE : REFUSAL_ROOM_FULL;
	if (speaker)
		return r->speaker_count < ROOM_SPEAKER_MAX ? REFUSAL_NONE : REFUSAL_SPEAKERS_FULL;
	return r->viewer_count < ROOM_VIEWER_MAX ? REFUSAL_NONE : REFUSAL_VIEWERS_FULL;
}

static const struct {
	const char *code, *text;
} refusals[] = {
        [REFUSAL_NONE] = {"none", ""},
        [REFUSAL_ROOM_FULL] = {"room-full", "The room is full: 50 participants are in it."},
        [REFUSAL_SPEAKERS_FULL] =
                {"speakers-full", "The webinar has all the 20 speakers that it may have."},
        [REFUSAL_VIEWERS_FULL] =
                {"viewers-full", "The webinar has all the 2000 viewers that it may have."},
        [REFUSAL_WRONG_ROOM_KIND] =
                {"wrong-room-kind",
                 "This room is of the other kind: call and webinar have addresses of their own."},
};

const char *refusal_code(enum refusal r)
{
	return refusals[r].code;
}

const char *refusal_text(enum refusal r)
{
	return refusals[r].text;
}

struct peer *room_find_peer(const struct room *r, const char *peer_id)
{
	struct map_node *n = map_find(&r->peers, peer_id);
	return n ? container_of(n, struct peer, by_id) : NULL;
}

static struct peer_list *list_of(struct room *r, const struct peer *p)
{
	return p->speaker ? &r->speakers : &r->viewers;
}

void room_add_peer(struct room *r, struct peer *p)
{
	assert(!room_find_peer(r, p->id));
	p->room = r;
	map_add(&r->peers, &p->by_id, p->id);
	TAILQ_INSERT_TAIL(list_of(r, p), p, in_room);
}

void room_join_peer(struct peer *p)
{
	assert(!p->joined);
	p->joined = true;
	if (p->speaker)
		p->room->speaker_count++;
	else
		p->room->viewer_count++;
}

void room_remove_peer(struct peer *p)
{
	struct room *r = p->room;

	if (p->joined && p->speaker)
		r->speaker_count--;
	else if (p->joined)
		r->viewer_count--;
	p->joined = false;
	map_remove(&r->peers, &p->by_id);
	TAILQ_REMOVE(list_of(r, p), p, in_room);
	p->room = NULL;
}

bool room_is_empty(const struct room *r)
{
	return r->peers.count == 0;
}

bool peer_is_announced(const struct peer *p)
{
	return p->joined && p->speaker;
}
