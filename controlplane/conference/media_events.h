// What the data plane reports of transports, tracks and subscriptions.
#pragma once

struct conference;

// Sets their handlers in the conference's media_events.
void conference_media_events_init(struct conference *);
