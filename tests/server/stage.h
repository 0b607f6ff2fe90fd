// A webinar for tests of the control plane: people who join and publish, and what the data plane's
// tables show of them. All functions assert that they succeed.
#pragma once

#include "integrator.h"

#define MODERATOR "{\"role\":\"moderator\"}"

// With the accounts free, other, lobby (waiting-room on), shy (record-consent ask), hooked and told
// (webhooks of version 1 and 2).
extern struct integrator integrator;

int stage_setup(void **);
int stage_teardown(void **);

// Lets somebody enter a webinar, without a token if claims is NULL. Joins if a name is given.
void come(
        struct page *p, const char *account, const char *room, const char *id, const char *claims,
        const char *name
);

// The data of a request about somebody, or about their microphone; the next call overwrites it.
const char *about(const char *peer_id);

// Makes a transport and returns its id, or "" if it is refused. direction: producing or consuming.
void transport_make(struct page *p, const char *direction, char id[32]);

enum published {
	MICROPHONE,
	CAMERA,
	SCREEN,
	SCREEN_SOUND,
};

// Publishes a track. Returns 200 or the error, and the track's id unless id is NULL.
int publish(struct page *p, const char *transport, enum published kind, am_id *id);

// Waits until there are this many tracks.
void expect_tracks(int playing, int paused);
