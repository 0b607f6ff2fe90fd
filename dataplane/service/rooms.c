#include "service/rooms.h"

#include <errno.h>
#include <stdlib.h>

#include "path/track.h"

struct room {
	uint64_t id;
	uint32_t voice_count;
	struct voices voices;
	LIST_ENTRY(room) entry;
};

static struct room *room_of(struct voices *v)
{
	return (struct room *)((uint8_t *)v - offsetof(struct room, voices));
}

static struct room *room_get(struct rooms *rooms, uint64_t id)
{
	struct room *r;

	LIST_FOREACH (r, &rooms->buckets[id % ROOMS_BUCKETS], entry) {
		if (r->id == id)
			return r;
	}
	r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->id = id;
	LIST_INSERT_HEAD(&rooms->buckets[id % ROOMS_BUCKETS], r, entry);
	return r;
}

int rooms_join(struct rooms *rooms, uint64_t room_id, struct track *t)
{
	if (!t->params.voices || t->params.codec != AM_CODEC_OPUS)
		return 0;
	struct room *r = room_get(rooms, room_id);
	if (!r)
		return -ENOMEM;
	int place = voices_take(&r->voices);
	if (place < 0)
		return 0;
	r->voice_count++;
	t->voice.place = (uint8_t)place;
	t->voices = &r->voices;
	return 0;
}

void rooms_leave(struct track *t)
{
	if (!t->voices)
		return;
	struct room *r = room_of(t->voices);
	voices_give(&r->voices, t->voice.place);
	if (--r->voice_count > 0)
		return;
	LIST_REMOVE(r, entry);
	free(r);
}
