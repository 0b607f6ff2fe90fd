// Viewers whose link has little to spare get their pictures at the pace that it carries, so that no
// queue on the way holds up their sound. A picture that waits is a place in the track's history:
// the subscription remembers which number is next, and waiting costs no buffer. Sound and repairs
// go at once, and are counted.
//
//	round ─▶ pace_turn ─▶ pace_holds ──released──▶ pace, each PACE_US ─▶ copies
//	                          └─ late, or begins another encoding: at once
//
// What has waited too long is given up by whole layers, then altogether until the next key frame.
#pragma once

#include "worker.h"

#define PACE_US 2000 // between two calls of pace

// A subscriber's turn in a round begins: its pace may begin or end here.
void pace_turn(const struct worker *, struct subscription *, const struct fanout_queue *);

// Whether the packet, which its turn has come to, is to wait.
bool pace_holds(struct subscription *, const struct track_packet *);

// It goes on with this number of the encoding that is sent now; what came before is done with.
void pace_from(struct subscription *, uint32_t seq);

// Sends a viewer what it may have by now.
void pace_some(struct worker *, struct transport *);

// All viewers that are paced.
void pace(struct worker *);
