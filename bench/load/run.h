// A run of the generator: viewers join, a window is measured, and what it showed is told.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "generator.h"

struct run_options {
	struct generator_options generator;
	uint32_t viewers; // at most, with ramp
	uint32_t seconds; // of the window; of each window of a ramp RAMP_SECONDS
	bool ramp; // look for the largest number of viewers that the server keeps up with
	uint32_t ramp_first; // viewers of its first step
	uint32_t ramp_s_max; // no step begins later
	double ramp_loss; // of the packets: a step that loses less is good
	bool lossless; // a lost packet is an error
	uint32_t storm_s; // all viewers come within so many seconds, and how is measured; 0: no
	bool tls; // their WebSockets, as figures name it
	// The case, as figures name it.
	const char *server; // NULL: ours
	const char *port;
	const char *profile;
	FILE *json;
};

// 0, or 1 where anything was wrong that is no figure: a member that did not join, a wrong byte, a
// server that did not end well.
int run(const struct run_options *);
