// DPDK's environment: memory, the one device, and the threads. Lcore 0 is the calling thread (the
// service), which runs on the CPUs that the workers leave free; lcores 1..N are the workers, each
// on its core.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define EAL_SERVICE_LCORE 0u
#define EAL_WORKER_LCORE  1u // of worker 0; worker i runs on lcore EAL_WORKER_LCORE + i

struct config;

// Starts the environment; the workers' threads wait for rte_eal_remote_launch. Once per process. 0
// or -errno, logged: -ENOMEM if hugepages are required but missing.
[[nodiscard]] int eal_start(const struct config *);
