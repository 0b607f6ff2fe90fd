// Viewers whose link has little to spare get their pictures at the pace that it carries, so that no
// queue on the way holds up their sound. A picture that waits is a place in the track's history:
// the subscription remembers which number is next, and waiting costs no buffer. Sound and repairs
// go at once, and are counted.
//
//	round ─▶ pace_turn ─▶ pace_holds ──released──▶ pace, each PACE_US ─▶ copies
//	                          └─ late, or begins another encoding: at once
//
// Only viewers with packets that wait are visited, and of their subscriptions only those whose
// packets they are.
//
// What has waited too long is given up by whole layers, then altogether until the next key frame.
#pragma once

#include "path/worker.h"

#define PACE_US 2000 // between two calls of pace

// A subscriber's turn in a round begins: its pace may begin or end here.
void pace_turn(const struct worker *, struct subscription *, const struct fanout_queue *);

// Whether the packet, which its turn has come to, is to wait.
bool pace_holds(struct worker *, struct subscription *, const struct track_packet *);

// It goes on with this number of the encoding that is sent now; what came before is done with.
void pace_from(struct subscription *, uint32_t seq);

// Whether packets wait for the viewer's pace.
static inline bool pace_has_backlog(const struct transport *t)
{
	return t->viewer->waiting;
}

// Sends a viewer what it may have by now.
void pace_some(struct worker *, struct transport *);

// The pace goes on while nothing waits for it: call it each DOWNLINK_TICK_US, about.
void pace_tick(const struct worker *, struct viewer *);

// All viewers for whose pace packets wait.
void pace(struct worker *);

// The subscription goes.
void pace_leave(struct worker *, struct subscription *);

// The viewer goes, or the way to it is lost: nothing waits for its pace any more.
void pace_end(struct worker *, struct transport *);
