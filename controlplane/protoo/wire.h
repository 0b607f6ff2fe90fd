// People, rooms and rights on the wire: JSON that several messages have in common.
#pragma once

#include <stdbool.h>

#include "am_schema.h"

struct json;
struct peer;
struct recording_view;
struct rights;
struct room;

// The id of an object: {key: id}.
struct json *wire_id(const char *key, am_id);

// The id of an object that a request has made, in both vocabularies: {id, key: id}.
struct json *wire_made(const char *key, am_id);

// {id, peerId, displayName, device, speaker, moderator}
struct json *wire_peer(const struct peer *);

// A peer that waits: {id, peerId, displayName}.
struct json *wire_waiting(const struct peer *);

// {waitingRoom, video, startTime, bitrate}; the last three only if they are set.
struct json *wire_room(const struct room *, bool waiting_room);

// What people are told of a recording: {state, elapsed, reason, by, consent}. It is stopped, for
// them, while its files are being completed.
struct json *wire_recording(const struct recording_view *);

// speaker, moderator, canRecord, chat, hand
void wire_add_rights(struct json *, const struct rights *);
