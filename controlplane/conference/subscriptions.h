// What viewers are sent: each subscribes to every track of its room that it can decode.
// conference.h has the calls that others may make.
#pragma once

struct conference;
struct peer;
struct subscription;
struct track;

// The peer to what it lacks of its room, or everyone in the room to a new track.
void conference_subscribe_all(struct conference *, struct peer *);
void conference_subscribe_viewers(struct conference *, struct track *);

// Retries subscriptions for which there was no room; to be called now and then.
void conference_subscribe_again(struct conference *, struct peer *);

// Out of memory only: the data plane removes it with its transport or track.
void conference_subscription_forget(struct conference *, struct subscription *);
