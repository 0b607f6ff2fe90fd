// The only way into a room, as a sequence of steps (admission.c has it as a table):
//
//     host and origin ─▶ account ─▶ resumed? ─▶ token ─▶ merge of URL and claims ─▶ tokenLifetime
//       ─▶ start time ─▶ PIN ─▶ access check ─▶ joinPeer webhook ─▶ room limits and waiting room
//       ─▶ the room
//
// Calls to other servers do not block: each admission is independent, and ends once, with a peer in
// the room (which may still have to wait for a moderator) or with a refusal.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "account/attribute.h"
#include "terms/refusal.h"

struct accounts;
struct admission;
struct application;
struct conference;
struct hooks;
struct http_request;
struct loop;
struct peer;
struct pins;

// What all admissions share; must outlive them.
struct admissions {
	struct loop *loop;
	struct accounts *accounts;
	struct hooks *hooks;
	struct conference *conference;
	struct pins *pins;
};

// Why an attribute was ignored.
enum ignored_reason {
	IGNORED_BAD_VALUE,
	IGNORED_JWT_ONLY, // canRecord, role, waitingRoom or startTime in the URL
	IGNORED_JWT_REQUIRED, // accessToken or itisparticipant in the URL, if JWT is required
	IGNORED_DEBUG_ONLY, // a server to call, in the URL: not at an allowed domain, nor is
	                    // debug on
	IGNORED_REGISTERED, // the same, but the account has a server of its own
	IGNORED_NO_TOKEN, // tokenLifetime without a token
	IGNORED_REASON_COUNT,
};

const char *ignored_reason_code(enum ignored_reason);

struct ignored {
	uint8_t count;
	struct {
		enum attribute attribute;
		enum ignored_reason reason;
	} list[2 * ATTRIBUTE_COUNT]; // of the URL and of the token
};

struct admission_events {
	// Called at most once, before the end.
	void (*ignored)(void *owner, uint64_t connection, const struct ignored *);
	// The end is one of these calls. All arguments are lent.
	void (*refused)(void *owner, uint64_t connection, const struct refused *);
	void (*entered)(void *owner, uint64_t connection, struct peer *);
};

// The first step, within the HTTP request: checks host, origin, and whatever must be well-formed
// before anything can be decided. Returns one block of memory, freed with free(); or NULL, with a
// refusal and its reason in English.
[[nodiscard]] struct application *admission_apply(
        const struct admissions *, const struct http_request *, enum refusal *, const char **why
);

// For logs.
const char *application_room(const struct application *);
const char *application_peer_id(const struct application *);

// The client as limits count it (struct http_request).
const char *application_client(const struct application *);

// Runs the other steps, and takes over the application. NULL if the admission has ended already.
// connection is the newcomer's number: of two connections with the same peerId, the higher number
// is the more recent one.
struct admission *admission_start(
        const struct admissions *, struct application *, uint64_t connection,
        const struct admission_events *, void *owner
);

// The WebSocket is gone: nothing more is reported. If a webhook still admits the peer, it is sent a
// closePeer.
void admission_abandon(struct admission *);
