// The pictures of one encoding that a viewer can begin with: its last key frame, and the base layer
// since. The history holds their packets; a chain only knows the numbers. Written by each worker
// that has subscribers.
#pragma once

#include "media/track_packet.h"

#include <stdbool.h>
#include <stdint.h>

struct chain {
	uint32_t first; // number of the key frame's first packet
	uint32_t whole; // number of the packet that completed it (access_unit.h)
	uint32_t bytes; // payloads of the base layer since then
	uint16_t packets; // of the base layer since then
	bool known;
};

// Notes a packet that arrived; bytes: of its payload.
void chain_packet(struct chain *, const struct track_packet *, uint32_t bytes);

// Forgets the chain: later packets do not depend on it.
void chain_break(struct chain *);
