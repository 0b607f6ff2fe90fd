#include "ids.h"

#include "memory.h"

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

void ids_reset(struct ids *i, uint16_t link_epoch)
{
	i->first = 0;
	i->count = i->slots;
	memset(i->used, 0, i->slots);
	for (uint32_t s = 0; s < i->slots; s++) {
		i->queue[s] = s;
		i->epochs[s] = (uint32_t)link_epoch << 16;
	}
}

void ids_take(struct ids *i, am_id id)
{
	uint32_t slot = am_id_slot(id);

	assert(slot < i->slots);
	i->used[slot] = 1;
	if (am_id_epoch(id) > i->epochs[slot])
		i->epochs[slot] = am_id_epoch(id);
}

am_id ids_new(struct ids *i)
{
	while (i->count > 0) {
		uint32_t slot = i->queue[i->first];
		i->first = (i->first + 1) % i->slots;
		i->count--;
		if (i->used[slot])
			continue; // taken by ids_take while it was queued
		i->used[slot] = 1;
		return am_id_make(slot, ++i->epochs[slot]);
	}
	return 0;
}

void ids_free(struct ids *i, am_id id)
{
	uint32_t slot = am_id_slot(id);

	assert(slot < i->slots);
	if (!i->used[slot] || i->epochs[slot] != am_id_epoch(id))
		return; // of a region's life before this one
	i->used[slot] = 0;
	i->queue[(i->first + i->count) % i->slots] = slot;
	i->count++;
}
