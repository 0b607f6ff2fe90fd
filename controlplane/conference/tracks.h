// What peers publish. conference.h declares what other folders may call.
#pragma once

#include <stdbool.h>

struct conference;
struct track;

// Pauses or resumes a track, and tells its viewers.
void conference_track_set_paused(struct conference *, struct track *, bool paused);

// Ends a track, also in the data plane.
void conference_track_remove(struct conference *, struct track *);

// Only frees the track: the data plane removes it along with its transport.
void conference_track_forget(struct conference *, struct track *);
