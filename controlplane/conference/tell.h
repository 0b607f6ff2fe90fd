// Tells the peers of a room what happens in it: those that have a connection and may know of it.
#pragma once

#include <stdbool.h>

struct conference;
struct media_call;
struct peer;
struct room;
struct track;

// Tells everyone that the room has changed.
void conference_tell_room(struct conference *, struct room *);

// Tell the other members that may know of the peer.
void conference_tell_joined(struct conference *, const struct peer *);
void conference_tell_left(struct conference *, const struct peer *);
void conference_tell_renamed(struct conference *, const struct peer *, const char *old);

// Tells the other members that a viewer has become a speaker, or a speaker a viewer.
void conference_tell_changed(struct conference *, const struct peer *);

// Tells moderators that somebody waits, or no longer waits.
void conference_tell_waiting(struct conference *, const struct peer *, bool waits);

// Tells those who see the peer's hand that it went up or down.
void conference_tell_hand(struct conference *, const struct peer *);

// Tells the owner which encodings of the track viewers want, if its page supports that.
void conference_tell_wanted(struct conference *, const struct track *);

// Tells the owner of a screen share that somebody in the room does not decode it.
void conference_tell_unfit(struct conference *, const struct track *);

// Reports that a command failed; result is 0 if it succeeded, but its object is gone.
void conference_tell_failed(struct conference *, const struct media_call *, int result);
