// What peers publish. conference.h has the calls that others may make.
#pragma once

#include <stdbool.h>

struct conference;
struct track;

void conference_track_set_paused(struct conference *, struct track *, bool paused);

// In the data plane as well.
void conference_track_remove(struct conference *, struct track *);

// Out of memory only: the data plane removes it with its transport.
void conference_track_forget(struct conference *, struct track *);
