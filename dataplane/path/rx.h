// Takes received frames to their next stage: media here or to the transport's worker, what the
// service thread handles to that, and the rest to a named drop counter.
#pragma once

#include "path/worker.h"

// Sorts a burst. Takes every packet.
void rx_burst(struct worker *, struct rte_mbuf **, uint16_t n);

// A packet that another worker received for a transport of this one. Takes it.
void rx_handover(struct worker *, struct rte_mbuf *);
