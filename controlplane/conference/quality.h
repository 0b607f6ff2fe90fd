// What participants experience: their links, what their pages report, and what causes it. Stretches
// that were not good are kept in the history.
#pragma once

#include <stdint.h>

#include "terms/quality.h"

struct conference;
struct peer;

// How a worker of the data plane keeps up.
struct worker_look {
	uint64_t copies, late; // so far
	enum quality quality; // of the last look
	uint64_t weak_ms; // when it was last not good; 0: never
};

// Looks at all workers and peers; to be called every QUALITY_LOOK_MS.
void conference_look_at_quality(struct conference *);

// Ends the peer's history, because its stay is over.
void conference_end_quality(struct conference *, struct peer *);
