// The pictures of one encoding that a viewer can begin with: its last key frame, and the base layer
// since. They lie in the history; this only knows where. Written by each worker that has
// subscribers.
#pragma once

#include "media/track_packet.h"

#include <stdbool.h>
#include <stdint.h>

struct chain {
	uint32_t first; // number of the key frame's first packet
	uint32_t whole; // of the packet with which it was whole: access_unit.h
	uint32_t bytes; // payloads of the base layer since
	uint16_t packets; // likewise
	bool known;
};

// A packet came; bytes of its payload.
void chain_packet(struct chain *, const struct track_packet *, uint32_t bytes);

// What came so far has nothing to do with what comes.
void chain_break(struct chain *);
