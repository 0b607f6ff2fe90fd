// RTCP in both directions: what browsers report and request, and what we report to publishers and
// request from them.
#pragma once

#include "path/worker.h"

struct packet_view;

#define FEEDBACK_TICK_US   5000 // between two calls of feedback_tick
#define FEEDBACK_REPORT_US 1000000 // between two receiver reports; RFC 3550 6.2 sets the maximum
#define FEEDBACK_TWCC_US   50000
#define FEEDBACK_LEVELS_US 100000 // between two calls of feedback_levels

// Takes the mbuf, in which the SRTCP packet is the UDP payload.
void feedback_receive(struct worker *, struct transport *, struct rte_mbuf *, const struct packet_view *);

// Awaits a new path: its first authentic packet is to be reported to the service thread.
void feedback_path_await(struct transport *, const struct flow_key *);

// An authentic packet has arrived on a transport that awaits new paths: reports it if it came over
// one of them.
void feedback_path_seen(struct worker *, struct transport *, const struct packet_view *);

// Sends the NACKs, receiver reports, key frame requests and transport-wide feedback that are due.
void feedback_tick(struct worker *);

// Requests missing packets of an encoding from the publisher, as far as requests are due.
void feedback_nack(struct worker *, struct track *, uint8_t stream);

// Writes how loud publishers are into the region.
void feedback_levels(struct worker *);

// The viewer of a subscription requires a key frame of what it is sent, unless it was just sent
// one.
void feedback_refresh(struct worker *, struct subscription *);
