// Requests for key frames, which go to publishers as PLI (RFC 4585 6.3.1).
#pragma once

#include "path/worker.h"

// A subscriber requires a key frame of this encoding. Merges the request with all others.
void pli_request(struct worker *, struct track *, uint8_t stream);

// Sends the request that is due, if one is: an earlier one has not been answered.
void pli_tick(struct worker *, struct track *, uint8_t stream);

// Like pli_request, for a worker that has a fan-out of the track, wherever the track
// is.
void pli_ask(struct worker *, const struct fanout *, uint8_t stream);
