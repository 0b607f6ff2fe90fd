// A worker's loop: turn after turn it takes what has arrived at its port and its rings, and sends.
#pragma once

// Tells all running workers to return, for good. Safe in a signal handler.
void worker_stop_all(void);

// The thread's function, for rte_eal_remote_launch; the argument is a struct worker. Returns 0
// after worker_stop_all.
int worker_run(void *worker);
