// RTP from publishers: authenticate, find the track, count, and make of it one read-only packet of
// the track for all workers with subscribers.
#pragma once

#include "worker.h"

struct packet_view;

// Takes the mbuf, in which the SRTP packet is the UDP payload.
void receive_rtp(struct worker *, struct transport *, struct rte_mbuf *, const struct packet_view *);
