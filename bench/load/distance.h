// How far apart two cores are. In a virtual machine, the host decides, and it may change while a
// benchmark runs: if cores share no cache, every copy that crosses between them costs twice as
// much.
#pragma once

#include <stdint.h>

// Nanoseconds that a cache line takes from one core to the other and back; 0 if we may not use one
// of them. Moves the calling thread to `near`, where it stays.
double distance_ns(uint16_t near, uint16_t far);
