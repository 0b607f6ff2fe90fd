// Which tracks of a room, and whether its chat, are copied for the recorder. The recorder knows a
// track before the data plane taps it.
#pragma once

#include <stdbool.h>

#include "am_schema.h"

struct peer;
struct recording;
struct recordings;
struct track;

// Makes what is stated and tapped agree with the room and with what the recording should do; to be
// called after any change of either.
void taps_match(struct recording *);

// Ends a track that is about to be freed. Does nothing if it is not the recording's.
void taps_end(struct recording *, am_id);

// Ends all taps; the recorder has been told to stop.
void taps_clear(struct recording *);

// The data plane is another one, or may have missed commands: everything is told again.
void taps_forget(struct recording *);

// States all tracks to the recorder, which has just connected.
void taps_state(const struct recording *);

bool taps_have(const struct recording *, am_id);

// Whose tracks have this number; 0 if nobody's tracks are stated.
uint64_t taps_publisher(const struct recording *, const struct peer *);

// Ends taps that the last control plane has left and that no recording wants.
void taps_tidy(struct recordings *);
