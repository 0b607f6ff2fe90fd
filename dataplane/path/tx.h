// Frames on their way out. Gathered over a turn, given to the port in one call.
#pragma once

#include <stdint.h>

#include "worker.h"

// A buffer for a frame of its own, with the payload's place at *payload (after the route's headers)
// for up to `capacity` bytes; NULL if there are no buffers, which is counted.
struct rte_mbuf *
tx_alloc(struct worker *, const struct packet_route *, uint16_t capacity, uint8_t **payload);

// Puts the headers of the route before payload_len bytes of payload and queues the frame.
void tx_send(struct worker *, const struct packet_route *, struct rte_mbuf *, uint16_t payload_len);

// Queues a whole frame.
void tx_push(struct worker *, struct rte_mbuf *);

// Gives all queued frames to the port; what it does not take is dropped and counted.
void tx_flush(struct worker *);
