// What a worker pays for viewers beside their copies: reading their transport-wide feedback, and
// looking at them for their estimates and what they are sent for these.
#pragma once

#include <stdio.h>

struct rig;

// The rig is empty before and after. 0 or -errno.
[[nodiscard]] int viewer_cost(struct rig *, FILE *json);
