// Ids of one of the region's tables. Free slots are reused in the order in which they became free,
// so that a slot rests as long as possible. Each slot has an epoch, so that an id is never given
// out twice in a region's life. A table does not remember the ids that it held, so each connection
// to the data plane starts its epochs above those of all earlier connections: the upper half of an
// epoch is the connection's number.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "am_schema.h"

struct ids {
	uint32_t slots;
	uint32_t first; // of the queue of free slots
	uint32_t count; // of free slots
	uint32_t *queue;
	uint32_t base; // no new id has this epoch or a lower one
	uint32_t *epochs; // last used, or being used
	uint8_t *used; // bool
	bool stale; // the queue holds slots that ids_take took
};

void ids_init(struct ids *, uint32_t slots);
void ids_fini(struct ids *);

// Frees all slots and starts the epochs above link_epoch << 16.
void ids_reset(struct ids *, uint16_t link_epoch);

// Marks an id that the table already holds as used. Call this for all such ids before the first
// ids_new.
void ids_take(struct ids *, am_id);

// A new id, or 0 if none is left.
[[nodiscard]] am_id ids_new(struct ids *);
void ids_free(struct ids *, am_id);
