#include "service/room_taps.h"

#include <errno.h>
#include <string.h>

// The room's place, or -1. Room 0: a free one.
static int place_of(const struct room_taps *t, uint64_t room_id)
{
	int i = AM_ROOM_TAP_MAX - 1;

	while (i >= 0 && t->rooms[i] != room_id)
		i--;
	return i;
}

int room_taps_set(struct room_taps *t, struct am_region *r, uint64_t room_id, bool tapped)
{
	int place = place_of(t, room_id);

	if ((place >= 0) == tapped)
		return 0;
	if (tapped)
		place = place_of(t, 0);
	if (place < 0)
		return -ENOSPC;
	t->rooms[place] = tapped ? room_id : 0;
	atomic_store_explicit(
	        &r->map->header.tapped_rooms[place], t->rooms[place], memory_order_relaxed
	);
	return 0;
}

void room_taps_write(
        struct room_taps *t, uint64_t room_id, const uint8_t *message, size_t len, int64_t now_us
)
{
	if (!t->writer.ring || room_id == 0 || place_of(t, room_id) < 0)
		return;
	for (size_t at = 0; at < len;) {
		struct am_tap_entry *e = tap_writer_begin(&t->writer);
		size_t part = len - at < AM_TAP_PAYLOAD_MAX ? len - at : AM_TAP_PAYLOAD_MAX;
		e->kind = AM_TAP_CHAT;
		e->id = room_id;
		e->arrival_us = now_us;
		e->len = (uint16_t)part;
		e->flags = at == 0 ? AM_TAP_FIRST : 0;
		memcpy(e->payload, message + at, part);
		at += part;
		if (at == len)
			e->flags |= AM_TAP_LAST;
		tap_writer_end(&t->writer);
	}
}
