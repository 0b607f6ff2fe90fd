// The peer that a call is about, and how the call is answered.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define HOOK_MESSAGE_MAX 512 // bytes of a message that are shown to people
#define HOOK_REPLAY_MAX  1000 // events in an answer

struct json;

// The peer that a call is about, and the server to call. All strings are copied; NULL is the same
// as empty.
struct hook_peer {
	uint64_t account_id;
	const char *room_id, *peer_id, *display_name;
	const char *token; // the JWT as received
	const char *url; // accessUrl or apiEvent: the account's, or one that replaces it
	const char *authorization; // header value; empty: none
	uint8_t version; // of a webhook: 1 GET, 2 POST JSON
	const char *secret; // signs version 2
	bool fail_open; // of a webhook: admit on 5xx, or without an answer in HOOK_ANSWER_MS
};

enum hook_verdict {
	HOOK_ADMIT,
	HOOK_DECLINED,
	HOOK_LOCKED, // 423; the only one with a message
	HOOK_NOT_STARTED, // 425; the start time is in the token
	HOOK_UNAVAILABLE, // no answer, 5xx, or a URL that may not be called; try again later
};

struct hook_answer {
	enum hook_verdict verdict;
	const char *message; // a line of text for people; lent; empty: none
	uint64_t admission; // after HOOK_ADMIT from hook_join: pass to hook_close once; else 0
};

// Called once, from the loop, never within the call that started it.
typedef void hook_done(void *owner, uint64_t call, const struct hook_answer *);

// Receives past events: status 200 and {"data":[…],"next":sequence or null}, or 500 and
// {"error":…}. Takes over the body. Called like hook_done.
typedef void hook_replay_done(void *owner, uint64_t call, unsigned status, struct json *body);
