// A run of the generator: viewers join, a window is measured, and what it showed is told.
#pragma once

#include <stdio.h>

#include "generator.h"

struct run_options {
	struct generator_options generator;
	uint32_t viewers; // without ramp
	uint32_t seconds; // of the window
	bool ramp;
	// The case, as figures name it.
	const char *port;
	const char *profile;
	uint32_t workers;
	FILE *json;
};

// 0; 1 where something was wrong: bytes, joins, the server's end. Loss is a figure, and 1 only with
// `lossless`.
int run(const struct run_options *);
