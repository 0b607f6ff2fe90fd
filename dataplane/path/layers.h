// Which layers of each video a viewer is sent: what its client requests, as far as its link carries
// it (media/allocation.h) and the worker keeps up (media/shed.h).
#pragma once

#include "path/worker.h"

// Whether the weight of the subscription's video is known.
bool layers_are_weighed(const struct worker *, const struct subscription *);

// Sets the selector to what the client requests, its link carries and the worker keeps up with.
void layers_prefer(const struct worker *, struct subscription *);

// True if the worker leaves out a layer that exists, that the client requests and that its link
// carries.
bool layers_are_shed(const struct worker *, const struct subscription *);

// Divides what the viewer's link carries among its videos, and says what a probe should show:
// nothing if probing is not allowed.
void layers_allocate(struct worker *, struct transport *, bool may_probe);

// Applies the worker's level of shedding to the viewer, if it has changed.
void layers_shed(struct worker *, struct transport *);
