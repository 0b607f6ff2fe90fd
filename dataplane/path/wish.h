// What the subscriptions of a fan-out wish for: the encoding that each would be sent if the
// publisher sent all of them, which is the highest that its client requests and its link carries.
// What is sent now does not matter; otherwise an encoding that is off would never come back.
//
//	subscription ──▶ fanout.wishes ──MESSAGE_WISHES──▶ service thread: demand of the track
#pragma once

#include "path/worker.h"

#define WISH_UNTOLD 0xff // of a fan-out: nothing reported to the service thread yet

// Call it whenever `asked`, `given` or `paused` has changed.
void wish_note(struct subscription *);

// The subscription is about to be removed.
void wish_end(struct subscription *);

// Tells the service thread how many encodings are wished for, if that has changed.
void wish_tell(struct worker *);
