// What a fan-out keeps of the packets that it has forwarded, for retransmissions and for viewers
// that begin in the past.
#pragma once

#include "path/worker.h"

// Keeps the packet for NACKs, unless it comes too late or there is no room; then each viewer's
// index guard recognises duplicates. Returns false for a packet that is already here; the caller
// keeps it.
[[nodiscard]] bool keep_packet(struct worker *, struct fanout *, struct rte_mbuf *);

// The sequence number, in its encoding, of a packet that a viewer got. It must be among the last
// FANOUT_HISTORY packets of that encoding.
uint16_t keep_seq(struct fanout *, const struct selector_source *);

// Releases packets that are too old to be requested, so that a quiet track holds no buffers.
void keep_expire(struct worker *);

// Releases all packets of the fan-out.
void keep_end(struct worker *, struct fanout *);
