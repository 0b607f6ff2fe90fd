// What viewers cost a worker apart from their copies: reading their transport-wide feedback, and
// the periodic look at each viewer's estimate and at what it is sent.
#pragma once

#include <stdio.h>

struct rig;

// The rig must be empty, and is empty afterwards. 0 or -errno.
[[nodiscard]] int viewer_cost(struct rig *, FILE *json);
