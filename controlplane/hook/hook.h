// Calls to the servers of integrators: the access check, and the webhooks that ask whether a peer
// may join, and report that it has left and what becomes of a recording. Nothing here blocks:
// answers come from the loop, and a slow receiver delays only its own account.
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

#include "hook/call.h"
#include "hook/request.h"

#define HOOK_STORE_MS 1000 // longest wait for a slow disk before joinPeer is sent anyway

struct account;
struct am_config_strings;
struct history;
struct hooks;
struct loop;
struct recording_file_row;
struct recording_row;

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

// Reports that the recording has started, has stopped, is ready, with its files, or has a video,
// with that alone. Returns at once; does nothing unless the account has a webhook of version 2, or
// if it is NULL. To be called before the history is told of the recording's new state, so that a
// crash repeats the event, with the same id, and never loses it. Events of one recording are sent
// one after the other, in order.
void hook_recording(
        struct hooks *h, const struct account *a, enum hook_event_kind kind,
        const struct recording_row *r, const struct recording_file_row *files, size_t count
);

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
// Both are texts from a URL; NULL means from the first, and HOOK_REPLAY_MAX. Returns the call's
// number, or 0 if the texts are not numbers or too many queries are under way.
uint64_t hook_replay(
        struct hooks *h, uint64_t account_id, const char *after, const char *limit,
        hook_replay_done *done, void *owner
);

// Numbers for metrics.
struct hook_counts {
	uint64_t calls; // calls that were sent
	uint64_t unanswered; // calls without an answer, or with 5xx
	uint64_t refused; // URLs and addresses that may not be called
	uint64_t given_up; // reports that were never accepted
	uint32_t waiting; // joins and access checks that wait for their turn or an answer
	uint32_t pending; // reports, such as closePeer, that have not been delivered yet
};
void hooks_count(const struct hooks *, struct hook_counts *);
