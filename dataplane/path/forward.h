// One track to this worker's subscribers, and their retransmissions.
//
// Packets are gathered over a burst and then forwarded viewer by viewer: all packets of a track for
// one viewer, then the next viewer, whose keys and route are fetched meanwhile. Copies are
// encrypted from the one plaintext into their transmit buffers, CIPHER_BURST at a time.
#pragma once

#include "worker.h"

// Takes over one reference of the mbuf, which carries a media_packet, and keeps it for NACKs. It is
// forwarded by forward_flush, or at once where the batch is full.
void forward(struct worker *, struct rte_mbuf *);

// Forwards what was gathered. Call after each burst, and before any fan-out may go.
void forward_flush(struct worker *);

// Answers a viewer's NACK of one sequence number by a retransmission (RFC 4588), where the packet
// is still there. Sent by the next forward_flush.
void forward_repeat(struct worker *, struct subscription *, uint16_t seq);

// A sender report of the publisher, with each subscriber's timestamps, to all of them.
void forward_report(struct worker *, struct fanout *, const struct message_report *);

// Asks the track's worker for a key frame of the layer that this subscription waits for, if any.
void forward_request_key_frame(struct worker *, struct subscription *);

// Lets go of packets that are too old to be asked for, so that a quiet track holds no buffers.
void forward_expire(struct worker *);

// Lets go of all packets that the fan-out keeps for retransmission.
void forward_drain(struct fanout *);
