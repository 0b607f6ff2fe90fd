// Passes messages to another thread.
#pragma once

#include <stdbool.h>

#include <rte_ring_elem.h>

#include "path/message.h"

// Copies a message into a ring of which this thread is the producer. False: the ring is full.
[[nodiscard]] static inline bool message_post(struct rte_ring *ring, const struct message *msg)
{
	return rte_ring_sp_enqueue_elem(ring, (void *)(uintptr_t)msg, sizeof(*msg)) == 0;
}
