// RTP from publishers: authenticates a packet, finds its track, counts it, and turns it into one
// read-only packet of the track for all workers with subscribers.
#pragma once

#include "path/worker.h"

struct packet_view;

// Takes the mbuf, in which the SRTP packet is the UDP payload.
void receive_rtp(struct worker *, struct transport *, struct rte_mbuf *, const struct packet_view *);

#define RECEIVE_TICK_US 2000 // between two calls of receive_tick

// For encodings with waiting packets: requests missing ones when due, and passes on those that have
// waited long enough.
void receive_tick(struct worker *);

// The track is about to be removed: drops its waiting packets.
void receive_end(struct worker *, struct track *);
