// What people, rooms and rights are on the wire: JSON that several messages have in common.
#pragma once

#include <stdbool.h>

#include "am_schema.h"

struct json;
struct peer;
struct rights;
struct room;

// An object that has come, or is gone: {key: id}.
struct json *wire_id(const char *key, am_id);

// One that a request has made, in both vocabularies: {id, key: id}.
struct json *wire_made(const char *key, am_id);

// {id, peerId, displayName, device, speaker, moderator}
struct json *wire_peer(const struct peer *);

// Who waits: {id, peerId, displayName}.
struct json *wire_waiting(const struct peer *);

// {waitingRoom, video, startTime, bitrate}: the latter three where there are any.
struct json *wire_room(const struct room *, bool waiting_room);

// speaker, moderator, canRecord, chat, hand
void wire_add_rights(struct json *, const struct rights *);
