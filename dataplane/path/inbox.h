// Handles messages from the service thread and from other workers. Only these add, change and
// remove the worker's objects.
#pragma once

#include <stdint.h>

#include "path/worker.h"

// Handles up to n messages from the service thread. Returns how many it handled.
unsigned inbox_service(struct worker *, unsigned n);

// Handles up to n messages from each other worker. Returns how many it handled.
unsigned inbox_workers(struct worker *, unsigned n);
