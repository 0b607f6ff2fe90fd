#include "room/room.h"

#include "base/memory.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rooms_init(struct rooms *r)
{
	map_init(&r->by_key);
	map_init(&r->usages);
}

void rooms_fini(struct rooms *r)
{
	assert(r->by_key.count == 0);
	map_fini(&r->by_key);
	map_fini(&r->usages);
}

struct usage *rooms_usage(const struct rooms *r, uint64_t account_id)
{
	char key[sizeof(((struct usage *)0)->key)];

	snprintf(key, sizeof(key), "%llu", (unsigned long long)account_id);
	struct map_node *n = map_find(&r->usages, key);
	return n ? container_of(n, struct usage, by_account) : NULL;
}

static struct usage *usage_get(struct rooms *r, uint64_t account_id)
{
	struct usage *u = rooms_usage(r, account_id);

	if (!u) {
		u = memory_new(1, sizeof(*u));
		snprintf(u->key, sizeof(u->key), "%llu", (unsigned long long)account_id);
		map_add(&r->usages, &u->by_account, u->key);
	}
	u->count[QUOTA_ROOMS]++;
	return u;
}

static void usage_put(struct rooms *r, struct usage *u)
{
	if (--u->count[QUOTA_ROOMS] > 0)
		return;
	map_remove(&r->usages, &u->by_account);
	free(u);
}

struct room *rooms_next(const struct rooms *r, const struct room *previous)
{
	struct map_node *n = map_next(&r->by_key, previous ? &previous->by_key : NULL);
	return n ? container_of(n, struct room, by_key) : NULL;
}

void room_key_print(char key[ROOM_KEY_SIZE], uint64_t account_id, const char *name)
{
	snprintf(key, ROOM_KEY_SIZE, "%llu/%s", (unsigned long long)account_id, name);
}

struct room *rooms_by_key(const struct rooms *r, const char *key)
{
	struct map_node *n = map_find(&r->by_key, key);
	return n ? container_of(n, struct room, by_key) : NULL;
}

struct room *rooms_find(const struct rooms *r, uint64_t account_id, const char *name)
{
	char key[ROOM_KEY_SIZE];

	if (strlen(name) > ROOM_NAME_MAX)
		return NULL;
	room_key_print(key, account_id, name);
	return rooms_by_key(r, key);
}

struct room *room_create(
        struct rooms *rooms, uint64_t id, uint64_t account_id, const char *name,
        enum room_kind kind, int64_t created_ms
)
{
	struct room *r = memory_new(1, sizeof(*r));

	assert(strlen(name) <= ROOM_NAME_MAX);
	r->id = id;
	r->usage = usage_get(rooms, account_id);
	r->account_id = account_id;
	strcpy(r->name, name);
	room_key_print(r->key, account_id, name);
	r->kind = kind;
	r->created_ms = created_ms;
	map_init(&r->peers);
	TAILQ_INIT(&r->waiting);
	TAILQ_INIT(&r->speakers);
	TAILQ_INIT(&r->viewers);
	TAILQ_INIT(&r->hands);
	map_add(&rooms->by_key, &r->by_key, r->key);
	return r;
}

void room_destroy(struct rooms *rooms, struct room *r)
{
	assert(room_is_empty(r));
	usage_put(rooms, r->usage);
	map_remove(&rooms->by_key, &r->by_key);
	map_fini(&r->peers);
	free(r->rules.video);
	free(r);
}

void room_set_video(struct room *r, const char *url)
{
	char *video = url ? memory_copy_string(url) : NULL;

	free(r->rules.video);
	r->rules.video = video;
}

bool room_add_rules(struct room *r, const struct room_rules *n)
{
	struct room_rules *o = &r->rules;
	struct room_rules before = *o;
	bool new_video = n->video && (!o->video || strcmp(o->video, n->video) != 0);

	o->waiting_room |= n->waiting_room;
	o->auto_record |= n->auto_record;
	if (n->speakers_max)
		o->speakers_max = n->speakers_max;
	if (n->viewers_max)
		o->viewers_max = n->viewers_max;
	if (n->pin[0])
		strcpy(o->pin, n->pin);
	if (n->start_time_ms)
		o->start_time_ms = n->start_time_ms;
	if (new_video)
		room_set_video(r, n->video);
	return new_video || o->start_time_ms != before.start_time_ms ||
	       o->waiting_room != before.waiting_room || o->speakers_max != before.speakers_max ||
	       o->viewers_max != before.viewers_max || strcmp(o->pin, before.pin) != 0;
}

static bool has_place(uint32_t count, uint32_t limit, uint32_t of_room, uint32_t of_token)
{
	uint32_t wanted = of_token ? of_token : of_room;
	return count < (wanted && wanted < limit ? wanted : limit);
}

enum refusal
room_admits(const struct room *r, enum room_kind path, bool speaker, const struct room_rules *n)
{
	uint32_t speakers = n ? n->speakers_max : 0, viewers = n ? n->viewers_max : 0;
	const struct room_rules *o = &r->rules;

	if (path != r->kind)
		return REFUSAL_WRONG_ROOM_KIND;
	if (r->kind == ROOM_CALL)
		return has_place(r->speaker_count, ROOM_PARTICIPANT_MAX, o->speakers_max, speakers)
		               ? REFUSAL_NONE
		               : REFUSAL_ROOM_FULL;
	if (speaker)
		return has_place(r->speaker_count, ROOM_SPEAKER_MAX, o->speakers_max, speakers)
		               ? REFUSAL_NONE
		               : REFUSAL_SPEAKERS_FULL;
	return has_place(r->viewer_count, ROOM_VIEWER_MAX, o->viewers_max, viewers)
	               ? REFUSAL_NONE
	               : REFUSAL_VIEWERS_FULL;
}

struct peer *room_find_peer(const struct room *r, const char *peer_id)
{
	struct map_node *n = map_find(&r->peers, peer_id);
	return n ? container_of(n, struct peer, by_id) : NULL;
}

static bool decodes_pictures(const struct ortc_caps *caps)
{
	for (int i = 0; i < AM_CODEC_COUNT; i++) {
		if (ortc_codecs[i].kind == ORTC_VIDEO && caps->codecs[i].usable)
			return true;
	}
	return false;
}

static bool all_decode(const struct peer_list *list, enum am_codec codec)
{
	const struct peer *p;

	TAILQ_FOREACH (p, list, in_room) {
		if (p->joined && p->consumes && !p->caps.codecs[codec].usable &&
		    decodes_pictures(&p->caps))
			return false;
	}
	return true;
}

enum am_codec room_screen_codec(const struct room *r)
{
	bool all = all_decode(&r->speakers, AM_CODEC_AV1) && all_decode(&r->viewers, AM_CODEC_AV1);
	return all ? AM_CODEC_AV1 : AM_CODEC_VP8;
}

static struct peer_list *list_of(struct room *r, const struct peer *p)
{
	return p->waiting ? &r->waiting : p->rights.speaker ? &r->speakers : &r->viewers;
}

static uint32_t *count_of(const struct peer *p)
{
	return p->rights.speaker ? &p->room->speaker_count : &p->room->viewer_count;
}

void room_add_peer(struct room *r, struct peer *p)
{
	assert(!room_find_peer(r, p->id));
	p->room = r;
	p->usage = r->usage;
	peer_use(p, QUOTA_PEERS, 1);
	map_add(&r->peers, &p->by_id, p->id);
	TAILQ_INSERT_TAIL(list_of(r, p), p, in_room);
}

void room_join_peer(struct peer *p)
{
	assert(!p->joined && !p->waiting);
	p->joined = true;
	(*count_of(p))++;
}

void room_unjoin_peer(struct peer *p)
{
	if (p->joined)
		(*count_of(p))--;
	p->joined = false;
	talk_forget(&p->room->talk, p);
	room_lower_hand(p);
}

void room_raise_hand(struct peer *p)
{
	assert(p->joined && !p->hand);
	p->hand = true;
	TAILQ_INSERT_TAIL(&p->room->hands, p, in_hands);
}

void room_lower_hand(struct peer *p)
{
	if (p->hand)
		TAILQ_REMOVE(&p->room->hands, p, in_hands);
	p->hand = false;
}

void room_admit_peer(struct peer *p)
{
	assert(p->waiting);
	TAILQ_REMOVE(&p->room->waiting, p, in_room);
	p->waiting = false;
	TAILQ_INSERT_TAIL(list_of(p->room, p), p, in_room);
}

void room_set_speaker(struct peer *p, bool speaker)
{
	bool joined = p->joined;

	room_unjoin_peer(p);
	TAILQ_REMOVE(list_of(p->room, p), p, in_room);
	p->rights.speaker = speaker;
	TAILQ_INSERT_TAIL(list_of(p->room, p), p, in_room);
	if (joined)
		room_join_peer(p);
}

void room_remove_peer(struct peer *p)
{
	struct room *r = p->room;

	room_unjoin_peer(p);
	map_remove(&r->peers, &p->by_id);
	TAILQ_REMOVE(list_of(r, p), p, in_room);
	peer_use(p, QUOTA_PEERS, -1);
	p->room = NULL;
	p->usage = NULL;
}

bool room_is_empty(const struct room *r)
{
	return r->peers.count == 0;
}
