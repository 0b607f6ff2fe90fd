// One thread's end of the tap (am_tap.h): a ring that it alone writes. It reads nothing back, so
// that no reader can harm it, and keeps its own count of what it has written.
#pragma once

#include <stdint.h>

#include "am_tap.h"

// Bytes of the next slot that are fetched as soon as this one is written: most packets. Otherwise
// each of its lines would be waited for, since the ring is larger than the caches.
#define TAP_WRITER_AHEAD 1280

// All zero: there is no tap, and nothing may be written.
struct tap_writer {
	struct am_tap_ring *ring;
	uint64_t next; // position of the next entry
};

// The next entry, to be filled: all but its payload is zero. tap_writer_end publishes it.
static inline struct am_tap_entry *tap_writer_begin(struct tap_writer *t)
{
	struct am_tap_entry *e = am_tap_begin(t->ring, t->next);

	memset(e, 0, offsetof(struct am_tap_entry, payload));
	return e;
}

static inline void tap_writer_end(struct tap_writer *t)
{
	am_tap_end(t->ring, t->next++);
	const uint8_t *slot = (const uint8_t *)&t->ring->slots[t->next % AM_TAP_SLOTS];
	for (int i = 0; i < TAP_WRITER_AHEAD; i += 64)
		__builtin_prefetch(slot + i, 1);
}
