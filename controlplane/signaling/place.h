// What a peer is told of its place: whether it is in, what it may do there, and whom it may let in.
#pragma once

#include "room/track.h"

struct conference;
struct connection;
struct json;
struct room;

// `admitted`, or `waiting`.
void place_send(struct connection *);

// A moderator has muted its tracks of this kind.
void place_send_muted(struct connection *, enum track_kind);

// To a moderator, everyone who waits; to others nothing.
void place_send_waiting(struct connection *);

// The room, as everyone in it is told.
struct json *place_room(const struct conference *, const struct room *);
