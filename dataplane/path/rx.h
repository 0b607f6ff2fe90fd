// Received frames to their next stage: media here or to the transport's worker, everything else to
// the service thread, the rest dropped under its name.
#pragma once

#include "path/worker.h"

// Sorts a burst. Takes every packet.
void rx_burst(struct worker *, struct rte_mbuf **, uint16_t n);

// A packet that another worker received for a transport of this one. Takes it.
void rx_handover(struct worker *, struct rte_mbuf *);
