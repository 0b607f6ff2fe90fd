// Calls to the servers of integrators: the access check, and the webhooks that ask whether a peer
// may join and report that it has left. Nothing here blocks: answers come from the loop, and a slow
// receiver delays only its own account.
//
// A visit that the receiver of hook_join admits is an *admission*. The history keeps it until its
// closePeer has been delivered, so that the receiver learns at least once that the peer left, even
// after a crash. Events of one peer (account, room and peer id) are sent one after the other, in
// order: a joinPeer follows the closePeer of the previous visit.
//
//     hook_join ──▶ asked ──200──▶ admitted ──hook_close──▶ closing ──200──▶ (gone)
//                     └──refused, or cancelled: nothing to close, or closed at once
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define HOOK_STORE_MS    1000 // longest wait for a slow disk before joinPeer is sent anyway
#define HOOK_MESSAGE_MAX 512 // bytes of a message that are shown to people
#define HOOK_REPLAY_MAX  1000 // events in an answer

struct am_config_strings;
struct history;
struct hooks;
struct json;
struct loop;

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

// history stays the caller's. For allowed and authorities, see transfers_create. NULL after one
// line in the log.
[[nodiscard]] struct hooks *hooks_create(
        struct loop *l, struct history *history, const struct am_config_strings *allowed,
        const char *authorities
);

// Does not call done for calls under way. To be called before history_close.
void hooks_destroy(struct hooks *);

// Asks the access check. Returns the call's number, never 0.
uint64_t hook_access(
        struct hooks *h, const struct hook_peer *p, const char *access_token, hook_done *done,
        void *owner
);

// Sends joinPeer, which asks whether this peer may enter. Returns the call's number, never 0.
uint64_t hook_join(struct hooks *, const struct hook_peer *, hook_done *, void *owner);

// Cancels a hook_access, hook_join or hook_replay: done will not be called. If the receiver still
// admits the peer, it is sent a closePeer.
void hook_cancel(struct hooks *, uint64_t call);

// Sends closePeer: the peer of this admission has left, or did not enter after all. Returns at
// once. If display_name is NULL, the name at joining is sent. Does nothing if admission is 0.
void hook_close(struct hooks *, uint64_t admission, const char *display_name);

// An admission that the previous process left open.
struct hook_admission {
	uint64_t id;
	uint64_t account_id;
	const char *room_id, *peer_id; // lent
};

// To be called once after a restart, when the rooms are back. keep returns true if the peer is in
// its room again, and then takes over the id. All other admissions are closed.
void hooks_restore(
        struct hooks *h, bool (*keep)(void *owner, const struct hook_admission *), void *owner
);

// Reads the account's past events with a sequence above `after`, oldest first, at most `limit`.
// Both are texts from a URL; NULL means from the first, and HOOK_REPLAY_MAX. done receives status
// 200 and {"data":[…],"next":sequence or null}, or 500 and {"error":…}, and takes over the body.
// Returns the call's number, or 0 if the texts are not numbers or too many queries are under way.
typedef void hook_replay_done(void *owner, uint64_t call, unsigned status, struct json *body);
uint64_t hook_replay(
        struct hooks *h, uint64_t account_id, const char *after, const char *limit,
        hook_replay_done *done, void *owner
);

// Numbers for metrics.
struct hook_counts {
	uint64_t calls; // calls that were sent
	uint64_t unanswered; // calls without an answer, or with 5xx
	uint64_t refused; // URLs and addresses that may not be called
	uint64_t given_up; // closePeer events that were never accepted
	uint32_t waiting; // joins and access checks that wait for their turn or an answer
	uint32_t pending; // closePeer events that have not been delivered yet
};
void hooks_count(const struct hooks *, struct hook_counts *);
