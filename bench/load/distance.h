// How far two cores are apart. In a virtual machine that is the host's choice, and may change while
// a benchmark runs: cores that share no cache make every copy that crosses cost twice as much.
#pragma once

#include <stdint.h>

// Nanoseconds that a cache line takes from one core to the other and back; 0 where a core is not
// ours. The calling thread is moved to `near` and stays there.
double distance_ns(uint16_t near, uint16_t far);
