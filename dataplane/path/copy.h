// Copies of a track's packet for its viewers: header and picture numbers of their own, the payload
// encrypted from the one plaintext into the transmit buffer, CIPHER_BURST at a time.
#pragma once

#include <rte_mbuf.h>

#include "worker.h"

// What the publisher's worker noted of a packet.
static inline const struct media_packet *media_packet_of(const struct rte_mbuf *m)
{
	return rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
}

// Queues one copy for encryption. roc: of the SSRC and sequence number that the copy goes out with;
// rtx: behind an RTX header (RFC 4588 4). The packet stays until copy_flush. False where the copy
// was dropped, which is counted.
bool copy_queue(
        struct worker *, struct subscription *, const struct rte_mbuf *,
        const struct selector_out *, uint32_t roc, bool rtx
);

// Queues a packet of padding alone, as much as one holds, on the subscription's stream of
// retransmissions: receivers drop it, and tell when it came. False where it was dropped, which is
// counted.
bool copy_queue_padding(struct worker *, struct subscription *);

// Lets go of a packet's reference once the copies that wait are made.
void copy_spend(struct worker *, struct rte_mbuf *);

// Encrypts all copies that wait and sends them. Before it returns to anything that may end a
// transport, the worker calls it.
void copy_flush(struct worker *);
