#include "media/ids.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void ids_init(struct ids *i, uint32_t slots)
{
	*i = (struct ids){
	        .slots = slots,
	        .queue = memory_new(slots, sizeof(*i->queue)),
	        .epochs = memory_new(slots, sizeof(*i->epochs)),
	        .used = memory_new(slots, sizeof(*i->used)),
	};
	ids_reset(i, 0);
}

void ids_fini(struct ids *i)
{
	free(i->queue);
	free(i->epochs);
	free(i->used);
}

static void queue_fill(struct ids *i)
{
	i->first = i->count = 0;
	i->stale = false;
	for (uint32_t s = 0; s < i->slots; s++) {
		if (!i->used[s])
			i->queue[i->count++] = s;
	}
}

void ids_reset(struct ids *i, uint16_t link_epoch)
{
	memset(i->used, 0, i->slots);
	i->base = (uint32_t)link_epoch << 16;
	queue_fill(i);
}

void ids_take(struct ids *i, am_id id)
{
	uint32_t slot = am_id_slot(id);

	assert(slot < i->slots);
	i->used[slot] = 1;
	i->stale = true;
	i->epochs[slot] = am_id_epoch(id);
}

am_id ids_new(struct ids *i)
{
	if (i->stale)
		queue_fill(i);
	if (i->count == 0)
		return 0;
	uint32_t slot = i->queue[i->first];
	i->first = (i->first + 1) % i->slots;
	i->count--;
	i->used[slot] = 1;
	if (i->epochs[slot] < i->base)
		i->epochs[slot] = i->base;
	return am_id_make(slot, ++i->epochs[slot]);
}

void ids_free(struct ids *i, am_id id)
{
	uint32_t slot = am_id_slot(id);

	assert(slot < i->slots);
	if (i->stale)
		queue_fill(i);
	if (!i->used[slot] || i->epochs[slot] != am_id_epoch(id))
		return; // from before the last ids_reset
	i->used[slot] = 0;
	i->queue[(i->first + i->count) % i->slots] = slot;
	i->count++;
}
