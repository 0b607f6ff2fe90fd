// Forwards tracks to this worker's subscribers.
//
//	forward ──▶ fanout_queue ──▶ round: all packets for one viewer, ──▶ copies ──▶ tx
//	                             then the next viewer, whose keys
//	                             and route are fetched meanwhile
//
// A round may be long, so it is done in slices: one of audio and one of video per turn of the
// worker, which serves its port and inboxes in between. While the port does not take copies, none
// are made: packets wait instead of their copies. Packets that have waited too long are given up.
#pragma once

#include "path/worker.h"

// Takes over one reference of the mbuf, which carries a media_packet, queues it for forwarding, and
// keeps it for NACKs.
void forward(struct worker *, struct rte_mbuf *);

// Makes and sends some of the copies that are due. Call it each turn. Returns how many it handled:
// 0 if nothing waits, or everything waits for the port.
unsigned forward_some(struct worker *);

// A sender report from the publisher: each subscriber gets it along with the next packet, with the
// subscriber's own timestamps.
void forward_report(struct fanout *, const struct message_report *);

// The viewer's path has opened: sends the past that it can begin with, if there is one. If the port
// is behind, the past goes out with the track's next packet.
void forward_begin(struct worker *, struct subscription *);

// Releases all packets of the fan-out, which is about to be removed.
void forward_end(struct worker *, struct fanout *);
