// Recordings: moderators' requests, and what everyone is told.
#pragma once

struct conference;
struct conference_events;
struct connection;
struct json;
struct room;

// What newcomers are told of the room's recording; null if there is none.
struct json *recording_of_room(const struct conference *, const struct room *);

// Asks a speaker that has come back for its consent, if that is still open.
void recording_ask(struct connection *);

void recording_events_init(struct conference_events *);
