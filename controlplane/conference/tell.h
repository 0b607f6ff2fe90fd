// Who is told of what happens in a room; nobody without a connection is.
#pragma once

#include <stdbool.h>

struct conference;
struct media_call;
struct peer;
struct room;
struct track;

// That the room changed.
void conference_tell_room(struct conference *, struct room *);

// To the other members that may know of the peer.
void conference_tell_joined(struct conference *, const struct peer *);
void conference_tell_left(struct conference *, const struct peer *);
void conference_tell_renamed(struct conference *, const struct peer *, const char *old);

// A viewer has become a speaker, or a speaker a viewer.
void conference_tell_changed(struct conference *, const struct peer *);

// To moderators: somebody waits, or waits no more.
void conference_tell_waiting(struct conference *, const struct peer *, bool waits);

// To those who see hands: one went up or down.
void conference_tell_hand(struct conference *, const struct peer *);

// To the owner: which encodings of the track viewers wish for, where its page knows what to do.
void conference_tell_wanted(struct conference *, const struct track *);

// To the owner of a screen: somebody in the room does not decode it.
void conference_tell_unfit(struct conference *, const struct track *);

// To whoever asked for the command: its result, or where that is no error, that its object is gone.
void conference_tell_failed(struct conference *, const struct media_call *, int result);
