// Who takes part in a recording, who leads the talk, and when it was paused: what recording.json
// tells beside the files.
#pragma once

#include <stdint.h>

struct participant;
struct recording;

// Notes whose tracks have this number. Does nothing if it is known already.
void people_add(struct recording *, uint64_t publisher, const char *peer_id, const char *name);
const struct participant *people_find(const struct recording *, uint64_t publisher); // or NULL

// Notes who leads from this time on, or that nobody does: 0.
void people_lead(struct recording *, uint64_t publisher, int64_t time_ms);

// Notes a pause from since_us (CLOCK_MONOTONIC) on, and its end.
void people_pause(struct recording *, int64_t time_ms, int64_t since_us);
void people_resume(struct recording *, int64_t until_us);

void people_free(struct recording *);
