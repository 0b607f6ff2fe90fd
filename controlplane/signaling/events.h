// Tells pages what happens in the conference.
#pragma once

struct conference_events;
struct signaling;

// Sets all events except those about connections: ready, restart, superseded.
void events_init(struct conference_events *, struct signaling *);
