// One track to this worker's subscribers, and their retransmissions.
#pragma once

#include "worker.h"

// Copies a packet to every subscriber that is to have it. Takes over one reference of the mbuf,
// which carries a media_packet.
void forward(struct worker *, struct rte_mbuf *);

// Answers a viewer's NACK of one sequence number by a retransmission (RFC 4588), where the packet
// is still there.
void forward_repeat(struct worker *, struct subscription *, uint16_t seq);

// A sender report of the publisher, with each subscriber's timestamps, to all of them.
void forward_report(struct worker *, struct fanout *, const struct message_report *);

// Asks the track's worker for a key frame of the layer that this subscription waits for, if any.
void forward_request_key_frame(struct worker *, struct subscription *);

// Lets go of all packets that the fan-out keeps for retransmission.
void forward_drain(struct fanout *);
