// Viewers whose link has little to spare get video at the pace that it carries, so no queue on the
// way holds up their audio. A waiting packet is a place in the track's history: the subscription
// remembers which number is next, and waiting takes no buffer. Audio and repairs are sent at once,
// and count towards the pace.
//
//	round ─▶ pace_turn ─▶ pace_holds ──released──▶ pace, each PACE_US ─▶ copies
//	                          └─ late, or begins another encoding: at once
//
// Only viewers with waiting packets are visited, and of their subscriptions only those with waiting
// packets.
//
// If packets wait too long, upper temporal layers are left out, then all video until the next key
// frame.
#pragma once

#include "path/worker.h"

#define PACE_US 2000 // between two calls of pace

// A subscriber's turn in a round begins: its pacing may begin or end here.
void pace_turn(const struct worker *, struct subscription *, const struct fanout_queue *);

// Whether the packet, which is next in the round, must wait.
bool pace_holds(struct worker *, struct subscription *, const struct track_packet *);

// Pacing continues with this number of the encoding that is sent now; earlier packets are done.
void pace_from(struct subscription *, uint32_t seq);

// Sends a viewer the packets that its pace allows by now.
void pace_some(struct worker *, struct transport *);

// Keeps the pace up to date while nothing waits for it. Call it about every DOWNLINK_TICK_US.
void pace_tick(const struct worker *, struct viewer *);

// Sends to all viewers with waiting packets.
void pace(struct worker *);

// The subscription is about to be removed.
void pace_leave(struct worker *, struct subscription *);

// The viewer is about to be removed, or its path is lost: nothing waits for its pace any more.
void pace_end(struct worker *, struct transport *);
