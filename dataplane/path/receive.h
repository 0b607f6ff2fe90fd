// RTP from publishers: authenticate, find the track, count, and make of it one read-only packet of
// the track for all workers with subscribers.
#pragma once

#include "path/worker.h"

struct packet_view;

// Takes the mbuf, in which the SRTP packet is the UDP payload.
void receive_rtp(struct worker *, struct transport *, struct rte_mbuf *, const struct packet_view *);

#define RECEIVE_TICK_US 2000 // between two calls of receive_tick

// Of encodings whose packets wait: asks for what is missing once that is due, and lets go on what
// has waited long enough.
void receive_tick(struct worker *);

// The track goes: what waits of it goes nowhere.
void receive_end(struct worker *, struct track *);
