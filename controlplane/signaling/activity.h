// Messages about who speaks, how many peers there are, how good connections are, and raised hands.
#pragma once

struct conference_events;
struct connection;

// Sends the present state to a page that enters or comes back.
void activity_send(struct connection *);

// The events that everyone in a room is told of.
void activity_events_init(struct conference_events *);
