// A data plane without media: keeps the tables and acknowledges commands, in the test's own thread.
#pragma once

#include <stdint.h>

#include "am_link.h"
#include "am_region.h"

struct fake_dataplane {
	struct am_region region;
	struct am_link_fds fds;
	int listener;
	int connection; // -1: none
	uint16_t epoch;
	uint32_t commands; // handled so far
	struct am_msg last; // the last command
	int result; // the result for ADD commands
	int subscription_result; // of SUBSCRIPTION_ADD only; 0: same as result
	int mute; // bool: acknowledges no command
};

// Listens at path. Aborts on failure.
void fake_dataplane_start(struct fake_dataplane *, const char *path);
void fake_dataplane_stop(struct fake_dataplane *);

// Accepts a waiting connection, and executes the commands in the ring.
void fake_dataplane_turn(struct fake_dataplane *);

// Writes an event. Returns 0 or -ENOSPC.
int fake_dataplane_push(struct fake_dataplane *, const struct am_msg *);
void fake_dataplane_wake(struct fake_dataplane *);
