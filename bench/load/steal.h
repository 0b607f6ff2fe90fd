// What a virtual machine's host takes of its CPUs.
#pragma once

#include <stdint.h>

// Milliseconds since the machine's start in which a CPU had work and the host did not run it, of
// all CPUs together; in steps of 10. 0 where the kernel does not tell.
uint64_t steal_ms(void);
