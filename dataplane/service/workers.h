// Creates workers before their threads run, and destroys them afterwards. Slow work is done here,
// so that their loop need not do it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct port;
struct worker;

// Allocates the tables and rings of worker `index`. 0 or -errno.
[[nodiscard]] int
worker_init(struct worker *, uint16_t index, uint16_t count, const struct port *, bool adaptive);

void worker_fini(struct worker *);
