// A webinar for tests of the control plane: who joins, what they publish, and what the data plane's
// tables show of it. Everything asserts that it succeeds.
#pragma once

#include "integrator.h"

#define MODERATOR "{\"role\":\"moderator\"}"

extern struct integrator
        integrator; // with the accounts free, other, lobby (waiting-room on) and hooked

int stage_setup(void **);
int stage_teardown(void **);

// Somebody enters a webinar; claims NULL: without a token. Joins if a name is given.
void come(
        struct page *p, const char *account, const char *room, const char *id, const char *claims,
        const char *name
);

// Data of a request about somebody, and about their microphone; overwritten by the next one.
const char *about(const char *peer_id);

// A transport's id, or "" if it is refused. direction: producing or consuming.
void transport_make(struct page *p, const char *direction, char id[32]);

enum published {
	MICROPHONE,
	CAMERA,
	SCREEN,
	SCREEN_SOUND,
};

// 200, or the error. The id of the track, unless NULL.
int publish(struct page *p, const char *transport, enum published kind, am_id *id);

// Waits until there are this many.
void expect_tracks(int playing, int paused);
