// What a peer is told of its place in the room: whether it was let in, what it may do there, and
// whom it may let in.
#pragma once

#include "room/track.h"

struct conference;
struct connection;
struct json;
struct room;

// Sends `admitted` or `waiting`.
void place_send(struct connection *);

// Tells the page that a moderator has muted its tracks of this kind.
void place_send_muted(struct connection *, enum track_kind);

// Sends everyone who waits to a moderator; sends nothing to others.
void place_send_waiting(struct connection *);

// The room, as everyone in it is told of it.
struct json *place_room(const struct conference *, const struct room *);
