// The CPU time that a virtual machine's host steals.
#pragma once

#include <stdint.h>

// Milliseconds since boot in which a CPU had work but the host did not run it, for all CPUs
// together, in steps of 10. 0 if the kernel does not report it.
uint64_t steal_ms(void);
