// What viewers receive: each is subscribed to every track of its room that it can decode.
// conference.h declares what other folders may call.
#pragma once

struct conference;
struct peer;
struct subscription;
struct track;

// Subscribes a peer to the tracks of its room that it lacks, or everyone in the room to a new
// track.
void conference_subscribe_all(struct conference *, struct peer *);
void conference_subscribe_viewers(struct conference *, struct track *);

// Retries subscriptions for which there was no room; to be called now and then.
void conference_subscribe_again(struct conference *, struct peer *);

// Marks a screen share in a codec that does not suit the room any more: somebody does not decode
// it, or the room is being recorded. Its codec was chosen at its start; if the same would be chosen
// again, there is no better one.
void conference_find_unfit(struct conference *, struct track *);

// Only frees the subscription: the data plane removes it along with its transport or track.
void conference_subscription_forget(struct conference *, struct subscription *);
