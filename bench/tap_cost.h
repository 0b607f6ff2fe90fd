// What the tap costs a worker.
#pragma once

#include <stdio.h>

struct rig;

// Measures a publisher's packets on their way to viewers with and without the tap, in turn. 0 or
// -errno.
[[nodiscard]] int tap_cost(struct rig *, FILE *json);
