// What happens in the conference, as pages are told of it.
#pragma once

struct conference_events;
struct signaling;

// All but what is about connections: ready, restart, superseded.
void events_init(struct conference_events *, struct signaling *);
