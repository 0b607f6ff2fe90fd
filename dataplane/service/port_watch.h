// Watches the port's link and logs its changes. If the peer of a port that dials is gone, it
// restarts the port once no worker touches it.
//
//	         link down                 all workers have stopped
//	RUNNING ───────────▶ STOPPING ──────────────────────────────▶ STOPPED ─┐ again until
//	   ▲                                                             │     │ the peer is there
//	   └──────────────── started: workers are told ──────────────────┴─────┘
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct port;
struct registry;

enum port_watch_state {
	PORT_WATCH_RUNNING,
	PORT_WATCH_STOPPING,
	PORT_WATCH_STOPPED,
};

// All zero at first.
struct port_watch {
	enum port_watch_state state;
	bool linked; // as last logged
	uint64_t due_ns; // of the next look
};

void port_watch_tick(struct port_watch *, struct port *, struct registry *, uint64_t now_ns);
