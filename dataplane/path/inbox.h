// What a worker does on the messages of the service thread and of other workers: its objects come,
// change and go by these alone.
#pragma once

#include <stdint.h>

#include "path/worker.h"

// Handles up to n messages of the service thread. Returns how many it handled.
unsigned inbox_service(struct worker *, unsigned n);

// Handles up to n messages of each other worker. Returns how many it handled.
unsigned inbox_workers(struct worker *, unsigned n);
