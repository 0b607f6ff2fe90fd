// The requests to integrators' servers, and what the answers mean. Plain functions.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hook/call.h"

#define HOOK_EVENT_ID_SIZE  64
#define HOOK_SIGNATURE_SIZE 64 // "v1," and base64 of 32 bytes

struct json;

// What an event tells. The history keeps these numbers.
enum hook_event_kind {
	HOOK_JOIN_PEER, // may this peer come in?
	HOOK_CLOSE_PEER, // it has left
	HOOK_RECORDING_STARTED, // the first of it is on the disk
	HOOK_RECORDING_STOPPED,
	HOOK_RECORDING_READY, // its files are complete
	HOOK_RECORDING_COMPOSED, // one of them is a video of it all
	HOOK_EVENT_KINDS,
};

// An event of a webhook. Its id is the same whenever and however often it is sent.
struct hook_event {
	uint64_t subject; // the admission's number, or the recording's
	enum hook_event_kind kind;
	int64_t sequence;
	int64_t time_ms; // CLOCK_REALTIME, of the event
	const char *room_id;
	const char *peer_id, *display_name; // of a visit
	const char *recording; // the JSON object that describes it
};

const char *hook_event_name(enum hook_event_kind);
void hook_event_id(char out[HOOK_EVENT_ID_SIZE], const struct hook_event *);

static inline bool hook_event_is_of_recording(enum hook_event_kind kind)
{
	return kind >= HOOK_RECORDING_STARTED;
}

// The URL of version 1: <apiEvent>/joinPeer?roomId=…, followed by the query of apiEvent, if it has
// one. Freed with free(), like the texts below.
[[nodiscard]] char *hook_request_url(const struct hook_peer *, enum hook_event_kind);

// The body of an access check.
[[nodiscard]] char *hook_request_access(const struct hook_peer *, const char *access_token);

// An event as version 2 and the replay show it; and the body that version 2 sends, which for a
// visit has the token; else NULL.
struct json *hook_event_json(const struct hook_event *);
[[nodiscard]] char *hook_request_event(const struct hook_event *, const char *token);

// Writes the header webhook-signature of version 2, as the Standard Webhooks specification has it:
// "v1," and the base64 of the HMAC-SHA256 of "<id>.<seconds>.<body>". The key is the secret's text,
// or, after "whsec_", the bytes that follow in base64.
void hook_request_sign(
        char out[HOOK_SIGNATURE_SIZE], const char *secret, const char *event_id, int64_t seconds,
        const char *body
);

// What an answer's status means for a join or, if `join` is false, for an access check, where 5xx
// declines, too.
enum hook_verdict hook_verdict_of(unsigned status, bool join);

// Extracts a line of text for people from an answer's body: plain text, or `message` of a JSON
// object. Empty if there is no text that may be shown.
void hook_message_read(
        char out[HOOK_MESSAGE_MAX + 1], const char *type, const char *body, size_t len
);
