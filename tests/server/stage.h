// A webinar in which tests of the control plane play: who comes, what they publish, and what of it
// the data plane's tables show. Everything asserts that it succeeds.
#pragma once

#include "integrator.h"

#define MODERATOR "{\"role\":\"moderator\"}"

extern struct integrator
        integrator; // with the accounts free, other, lobby (waiting-room on) and hooked

int stage_setup(void **);
int stage_teardown(void **);

// Who comes into a webinar; claims NULL: without a token. Joins where a name is given.
void come(
        struct page *p, const char *account, const char *room, const char *id, const char *claims,
        const char *name
);

// Data of a request about somebody, and about his microphone; overwritten by the next one.
const char *about(const char *peer_id);

// A transport's id, or "" where it is refused. direction: producing or consuming.
void transport_make(struct page *p, const char *direction, char id[32]);

enum published {
	MICROPHONE,
	CAMERA,
	SCREEN,
	SCREEN_SOUND,
};

// 200, or the error. The id of the track, unless NULL.
int publish(struct page *p, const char *transport, enum published kind, am_id *id);

// Until there are so many.
void expect_tracks(int playing, int paused);
