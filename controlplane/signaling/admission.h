// The one way into a room (admission.c has it as a table):
//
//     host and origin ─▶ account ─▶ resumed? ─▶ token ─▶ merge of URL and claims ─▶ tokenLifetime
//       ─▶ start time ─▶ PIN ─▶ access check ─▶ joinPeer webhook ─▶ room limits and waiting room
//       ─▶ the room
//
// It asks other servers without waiting for them: each admission is on its own, and ends once, with
// a peer in the room (who may still have to wait for a moderator) or with a refusal.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "account/attribute.h"
#include "base/refusal.h"

struct accounts;
struct admission;
struct application;
struct conference;
struct hooks;
struct http_request;
struct loop;
struct peer;
struct pins;

// What all admissions share; it outlives them.
struct admissions {
	struct loop *loop;
	struct accounts *accounts;
	struct hooks *hooks;
	struct conference *conference;
	struct pins *pins;
};

// Why an attribute did not count.
enum ignored_reason {
	IGNORED_BAD_VALUE,
	IGNORED_JWT_ONLY, // canRecord, role, waitingRoom, startTime in the URL
	IGNORED_JWT_REQUIRED, // accessToken, itisparticipant in the URL of an account that requires
	                      // JWT
	IGNORED_DEBUG_ONLY, // who is asked, in the URL: not at an allowed domain, nor has the
	                    // account debug on
	IGNORED_REGISTERED, // the same: the account has its own
	IGNORED_NO_TOKEN, // tokenLifetime where there is no token
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
	// At most once, before the end.
	void (*ignored)(void *owner, uint64_t connection, const struct ignored *);
	// The end, one of these: everything is lent.
	void (*refused)(void *owner, uint64_t connection, const struct refused *);
	void (*entered)(void *owner, uint64_t connection, struct peer *);
};

// The first step, within the HTTP request: host, origin, and what must be well-formed for anything
// to be decided. One block of memory, freed with free(); or NULL, with a refusal and what it is
// about, in English.
[[nodiscard]] struct application *admission_apply(
        const struct admissions *, const struct http_request *, enum refusal *, const char **why
);

// For logs.
const char *application_room(const struct application *);
const char *application_peer_id(const struct application *);

// As in struct http_request: what limits count.
const char *application_client(const struct application *);

// The other steps; takes the application over. NULL: it has ended already. connection is the
// newcomer's number: of two with one peerId the higher one is the more recent.
struct admission *admission_start(
        const struct admissions *, struct application *, uint64_t connection,
        const struct admission_events *, void *owner
);

// The WebSocket went: nothing more is reported. A webhook that admits it still gets its closePeer.
void admission_abandon(struct admission *);
