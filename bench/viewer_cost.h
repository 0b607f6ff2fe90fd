// What a worker pays for viewers apart from their copies: reading their transport-wide feedback,
// and the periodic look at each of them: its estimate, and what it is sent because of that.
#pragma once

#include <stdio.h>

struct rig;

// The rig is empty before and after. 0 or -errno.
[[nodiscard]] int viewer_cost(struct rig *, FILE *json);
