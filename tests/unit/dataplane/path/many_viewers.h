// Tracks and their many viewers, without publishers: what each viewer gets of the packets that are
// given to the packet path.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rte_mbuf.h>

#include "path/forward.h"
#include "rig.h"

#define BUFFERS 16383
#define VIEWERS 600 // ten chunks, the last one not full
#define BURST   8
#define PAYLOAD 60
#define TURN_US 100

// What a viewer got of a track, in order of arrival.
struct got {
	uint32_t packets, reports, resent, markers;
	uint32_t swaps; // packets older than the one before
	uint16_t seq;
	uint16_t step_max; // the largest step from one packet's number to the next
};

extern struct rig rig;
extern struct got got[VIEWERS][RIG_TRACKS_MAX];
extern uint64_t port_taken; // frames
extern uint32_t sound_before; // copies of track 1 that came while track 0 was not yet complete

// cmocka's group setup.
int eal_begin(void **);

void begin(uint32_t viewers, uint16_t tracks);

// Ends a test that has handed in this many packets; no packet and no buffer may be missing.
void end(uint64_t given);

uint64_t counter(enum am_counter c);
uint64_t dropped(enum drop reason);

// Packets of a track, numbered from `first` on.
void give(uint16_t track, uint32_t first, uint32_t n);
void give_sized(uint16_t track, uint32_t first, uint32_t n, uint16_t payload_len);

// One turn of the worker. True while there is something left.
bool turn(void);
void settle(void);
