// Passes received frames on: media to the transport's worker, which may be this one; what the
// service thread handles to that thread; and the rest to a named drop counter.
#pragma once

#include "path/worker.h"

// Sorts a burst. Takes every packet.
void rx_burst(struct worker *, struct rte_mbuf **, uint16_t n);

// Takes a packet that another worker received for a transport of this one.
void rx_handover(struct worker *, struct rte_mbuf *);
