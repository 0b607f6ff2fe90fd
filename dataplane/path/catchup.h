// A viewer without a picture begins with what is at hand: the last key frame and the base layer
// since, out of the history (media/chain.h). So nobody waits for the publisher, and many who come
// together cost it one key frame.
#pragma once

#include "path/worker.h"

// Sends the past of the encoding that the subscription waits for, or of a lower one; what is in the
// queue comes behind it. Nothing, where the past is not whole, or too much for the viewer's way.
void catchup(struct worker *, struct subscription *, const struct fanout_queue *);

// Whether a viewer could begin now with the encoding that this one waits for.
bool catchup_is_at_hand(const struct worker *, const struct subscription *);

// Whether an encoding has a past to begin with, for viewers whose way takes it.
bool catchup_has_past(const struct worker *, const struct fanout *, uint8_t encoding);
