// The loads: who speaks in a room, and what each viewer receives.
#pragma once

#include <stdint.h>

#define LOAD_TRACKS 2 // of each speaker: video, then sound
#define LOAD_SOUND  1 // index of the audio among them

struct load {
	const char *name;
	uint16_t speakers;
	uint16_t large; // number of speakers at 720p, the first ones; the others send 180p
	uint16_t slow; // the others have this many times fewer frames than the clip; 0: as many
	uint16_t voices; // speakers at a time, in turn: those that are not among the loudest are
	                 // muted
};

extern const struct load loads[];
extern const uint16_t load_count;

// NULL: there is no such load.
const struct load *load_find(const char *name);
