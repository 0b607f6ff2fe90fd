// Writes rooms, peers and transports to the store, once a data plane is known.
#pragma once

#include <stdbool.h>

struct conference;
struct peer;
struct room;
struct transport;

void conference_store_room(struct conference *, const struct room *);
void conference_store_peer(struct conference *, const struct peer *, const char *capabilities);
void conference_store_flags(struct conference *, const struct peer *);

// Whether the peer's transports and tracks are in the store.
bool conference_stores_media(const struct conference *, const struct peer *);
void conference_store_transport(struct conference *, const struct transport *);
