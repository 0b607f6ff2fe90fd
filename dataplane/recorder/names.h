// Names of files that lie in a recording's directory: new ones get others.
#pragma once

#include <stdint.h>

struct names {
	uint32_t parts; // the highest number of a part of the programme; 0: there is none
	uint32_t tracks; // likewise of a track's file
};

// folder: a recording's directory, O_PATH suffices. Blocks.
struct names names_taken(int folder);
