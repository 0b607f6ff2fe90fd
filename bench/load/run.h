// A run of the generator: viewers join, a window is measured, and the results are printed.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "generator.h"

struct run_options {
	struct generator_options generator;
	uint32_t viewers; // at most, with ramp
	uint32_t seconds; // of the window; of each window of a ramp RAMP_SECONDS
	bool ramp; // find the largest number of viewers that the server keeps up with
	uint32_t ramp_first; // viewers of its first step
	uint32_t ramp_s_max; // no step begins later
	double ramp_loss; // of the packets: a step that loses less is good
	bool lossless; // a lost packet is an error
	uint32_t storm_s; // all viewers join within this many seconds, which is measured; 0: no
	                  // storm
	bool tls; // their WebSockets, as figures name it
	// The case, as figures name it.
	const char *server; // NULL: ours
	const char *port;
	const char *profile;
	FILE *json;
};

// 0, or 1 on any error: a member that did not join, a wrong byte, a server that did not shut down
// cleanly.
int run(const struct run_options *);
