// A run of the generator: viewers join, a window is measured, and the results are printed.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "generator.h"

struct run_options {
	struct generator_options generator;
	uint32_t viewers; // at most, with ramp
	uint32_t seconds; // of the window; a ramp's windows have RAMP_SECONDS
	bool ramp; // find the largest number of viewers that the server keeps up with
	uint32_t ramp_first; // viewers of the ramp's first step
	uint32_t ramp_s_max; // after this, the ramp begins no step
	double ramp_loss; // share of packets: a step that loses less is good
	bool lossless; // a lost packet is an error
	uint32_t storm_s; // all viewers join within this many seconds, which is measured; 0: no
	                  // storm
	bool tls; // WebSockets use TLS, as figures name it
	// How figures name the case.
	const char *server; // NULL: ours
	const char *port;
	const char *profile;
	FILE *json;
};

// 0, or 1 on any error: a member that did not join, a wrong byte, a server that did not shut down
// cleanly.
int run(const struct run_options *);
