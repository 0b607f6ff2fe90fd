// A viewer without a picture begins with its *past*: the last key frame and the base layer since,
// out of the history (media/chain.h). So nobody waits for the publisher, and many viewers that join
// together cost it one key frame.
#pragma once

#include "path/worker.h"

// Sends the past of the encoding that the subscription waits for, or of a lower one; the queue's
// packets follow it. Does nothing if the past is incomplete or too much for the viewer's link.
void catchup(struct worker *, struct subscription *, const struct fanout_queue *);

// Whether the viewer could begin now with the encoding that it waits for.
bool catchup_is_at_hand(const struct worker *, const struct subscription *);

// Whether an encoding has a past to begin with, for viewers whose links can take it.
bool catchup_has_past(const struct worker *, const struct fanout *, uint8_t encoding);
