// Which transport of a peer gives way to a new one.
#pragma once

#include <stdbool.h>

struct peer;
struct transport;

// The transport of this direction that gives way if none is free: one without a path, preferably
// one without media, and the oldest of these. NULL if one is free, or if all are in use.
struct transport *transport_replaceable(struct peer *, bool consuming);
