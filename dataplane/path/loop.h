// A worker's life: turn after turn it takes what has come to its port and its rings, and sends.
#pragma once

// Tells all running workers to return, once. Safe in a signal handler.
void worker_stop_all(void);

// The thread's life, for rte_eal_remote_launch: a struct worker. Returns 0 after worker_stop_all.
int worker_run(void *worker);
