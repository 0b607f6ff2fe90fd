// How good a participant's connection is, in three steps that people understand. What is measured
// comes from the data plane (struct am_gauges).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define QUALITY_LOOK_MS  2000 // between two looks
#define QUALITY_CHECK_MS 12000 // a browser that is there has sent two ICE checks by then

enum quality {
	QUALITY_UNKNOWN,
	QUALITY_BAD,
	QUALITY_FAIR,
	QUALITY_GOOD,
};

struct connection_quality {
	enum quality now;
	enum quality before; // at the last look
};

// Of one transport.
enum quality quality_of(uint32_t gauge, uint64_t since_check_ms);

// A look: worse counts at once, better when it is so twice. True if people are to be told; who
// begins well is what everybody takes it for.
bool quality_look(struct connection_quality *, enum quality);
