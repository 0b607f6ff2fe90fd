// A peer's voice, as talk.h hears it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct voice {
	uint8_t loudness;
	bool speaks;
	uint64_t heard_ms; // when it was last loud enough
};
