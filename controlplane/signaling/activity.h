// Who speaks, how many there are, how good connections are, and raised hands.
#pragma once

struct conference_events;
struct connection;

// To one who comes or comes back, how things stand.
void activity_send(struct connection *);

// What everyone in a room is told as it happens.
void activity_events_init(struct conference_events *);
