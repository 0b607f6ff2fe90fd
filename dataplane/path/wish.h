// What the subscriptions of a fan-out wish for: the encoding that each would be sent if the
// publisher sent all of them, which is the highest that its client asks for and its link carries.
// What is sent now says nothing: an encoding that is off would never come back.
//
//	subscription ──▶ fanout.wishes ──MESSAGE_WISHES──▶ service thread: demand of the track
#pragma once

#include "path/worker.h"

#define WISH_UNTOLD 0xff // of a fan-out: the service thread knows nothing of it yet

// Call it whenever what is asked, given or paused has changed.
void wish_note(struct subscription *);

// The subscription goes.
void wish_end(struct subscription *);

// Tells the service thread how many encodings are wished for, where that has changed.
void wish_tell(struct worker *);
