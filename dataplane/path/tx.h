// Frames on their way out: gathered, given to the port in one call, and kept for a while if the
// port is full.
#pragma once

#include <stdint.h>

#include "path/worker.h"

// A buffer for one frame, or NULL, which is counted. Buffers are taken from the pool in bulk.
struct rte_mbuf *tx_take(struct worker *);

// The same, with the payload's place at *payload (after the route's headers) for up to `capacity`
// bytes.
struct rte_mbuf *
tx_alloc(struct worker *, const struct packet_route *, uint16_t capacity, uint8_t **payload);

// Puts the headers of the route before payload_len bytes of payload and queues the frame.
void tx_send(struct worker *, const struct packet_route *, struct rte_mbuf *, uint16_t payload_len);

// Queues a whole frame. One that is too long for the port is dropped and counted, since the port
// would not report it. If the queue is full, its oldest frame is dropped and counted: late frames
// are worth least.
void tx_push(struct worker *, struct rte_mbuf *);

// True while the port is behind, so more frames would only wait.
static inline bool tx_is_full(const struct worker *w)
{
	return w->tx.head - w->tx.tail >= TX_FULL;
}

// Gives queued frames to the port, as many as it takes; the rest wait for the next call.
void tx_flush(struct worker *);

// Frees all waiting frames and spare buffers.
void tx_drain(struct worker *);
