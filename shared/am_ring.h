// Single-producer, single-consumer ring of fixed slots in shared memory.
//
// The indices run freely and are masked on use. The producer writes a slot, then publishes head
// with release; the consumer reads head with acquire, copies the slot, then publishes tail. A
// producer that dies before it publishes leaves nothing behind. Each side checks the other's index:
// a distance that no honest peer can make is -EPROTO, and nothing is read or written.
#pragma once

#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "am_schema.h"

#define AM_RING_SLOTS 8192 // power of two

struct am_ring {
	alignas(64) _Atomic uint32_t head; // producer: w, consumer: r
	alignas(64) _Atomic uint32_t tail; // consumer: w, producer: r
	alignas(64) struct am_msg slots[AM_RING_SLOTS];
};

// 0; -ENOSPC if full; -EPROTO if the consumer's index is impossible.
[[nodiscard]] static inline int am_ring_push(struct am_ring *r, const struct am_msg *msg)
{
	uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	uint32_t used = head - atomic_load_explicit(&r->tail, memory_order_acquire);

	if (used > AM_RING_SLOTS)
		return -EPROTO;
	if (used == AM_RING_SLOTS)
		return -ENOSPC;
	memcpy(&r->slots[head % AM_RING_SLOTS], msg, sizeof(*msg));
	atomic_store_explicit(&r->head, head + 1, memory_order_release);
	return 0;
}

// Empties a ring whose indices no honest peer can have made. Only while the other side is not
// connected.
static inline void am_ring_repair(struct am_ring *r)
{
	uint32_t used = atomic_load_explicit(&r->head, memory_order_acquire) -
	                atomic_load_explicit(&r->tail, memory_order_acquire);

	if (used <= AM_RING_SLOTS)
		return;
	atomic_store_explicit(&r->head, 0, memory_order_relaxed);
	atomic_store_explicit(&r->tail, 0, memory_order_release);
}

// 1 and a copy of the oldest message; 0 if empty; -EPROTO if the producer's index is impossible.
[[nodiscard]] static inline int am_ring_pop(struct am_ring *r, struct am_msg *msg)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	uint32_t used = atomic_load_explicit(&r->head, memory_order_acquire) - tail;

	if (used > AM_RING_SLOTS)
		return -EPROTO;
	if (used == 0)
		return 0;
	memcpy(msg, &r->slots[tail % AM_RING_SLOTS], sizeof(*msg));
	atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
	return 1;
}
