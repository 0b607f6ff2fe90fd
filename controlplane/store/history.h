// What outlives rooms, the data plane and reboots: who was in which room and when, which admissions
// of webhooks are still open, and past events. All of it is in one SQLite file that only its owner
// may read.
//
// Writes go through store_writer and are synced, so what was committed survives a power cut. What
// the last process left is read in the caller's thread (history_…_read, which finds what is in the
// file: writes that wait may be missing); queries of integrators go through store_asker.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/asker.h"
#include "terms/kinds.h"
#include "terms/stretch.h"

#define HISTORY_EVENT_DAYS       7 // how long past events are kept
#define HISTORY_SESSION_DAYS_MAX 36500
#define HISTORY_PRUNE_STEP       500 // sessions that history_sessions_prune removes at once

struct history;
struct loop;
struct store_counts;

// Opens or creates the file. session_days is how long finished sessions are kept; 0: forever. When
// it is first set, two indexes are built, which takes about two seconds for a million sessions.
// NULL after one line in the log.
[[nodiscard]] struct history *history_open(struct loop *, const char *path, int64_t session_days);

// Waits until everything is written; unanswered queries end with -ECANCELED.
void history_close(struct history *);

// Numbers for metrics.
void history_count(const struct history *, struct store_counts *);

// A visit that a webhook has been asked about (hook/hook.h). Strings may be NULL: empty.
struct history_admission {
	uint64_t id; // random
	uint64_t account_id;
	bool closing; // the peer has left; false: it may still be in its room
	uint8_t version; // of the webhook
	int64_t sequence; // of the closing event, in version 2
	int64_t time_ms; // of joining, then of leaving
	const char *room, *peer, *display_name, *token;
	const char *url, *authorization, *secret;
};

// Inserts or replaces. Returns the write's number for history_is_written, or 0 if it is lost.
uint64_t history_admission_put(struct history *, const struct history_admission *);
bool history_is_written(const struct history *, uint64_t number);
void history_admission_remove(struct history *, uint64_t id);

// Reads all admissions, oldest first. Returns 0 or -EIO.
[[nodiscard]] int history_admissions_read(
        const struct history *h, void (*found)(void *owner, const struct history_admission *),
        void *owner
);

// An event that webhooks of version 2 receive.
struct history_event {
	uint64_t account_id;
	int64_t sequence; // in the account
	uint64_t admission; // or the recording that it is about
	int kind; // enum hook_event_kind; the column `closed`: 0 is joinPeer, 1 closePeer
	int64_t time_ms;
	const char *room, *peer, *display_name;
	const char *data; // JSON object of further members
};

void history_event_put(struct history *, const struct history_event *);

// Reads each account's highest sequence. Returns 0 or -EIO.
[[nodiscard]] int history_sequences_read(
        const struct history *h, void (*found)(void *owner, uint64_t account_id, int64_t last),
        void *owner
);

// An event that belongs to no admission and has not been delivered yet.
struct history_notice {
	struct history_event event; // without peer and display_name
	const char *url, *authorization, *secret;
};

void history_notice_put(struct history *, const struct history_notice *);
void history_notice_remove(struct history *, uint64_t account_id, int64_t sequence);

// Reads all of them, each account's in order. Returns 0 or -EIO.
[[nodiscard]] int history_notices_read(
        const struct history *h, void (*found)(void *owner, const struct history_notice *),
        void *owner
);

// Removes events from before before_ms, except the last of each account.
void history_events_prune(struct history *, int64_t before_ms);

// Reads the account's events with a sequence above `after`, in order: the reader's thread calls
// `event` for each, then the loop calls done. Embedded in the caller's own struct.
struct history_events {
	struct store_question question; // private
	uint64_t account_id;
	int64_t after;
	uint32_t limit;
	void (*event)(struct history_events *, const struct history_event *);
	void (*done)(struct history_events *, int result); // 0, -EIO or -ECANCELED
	int result; // private
};

[[nodiscard]] int history_events_ask(struct history *, struct history_events *);

// A person's stay in a room; times are CLOCK_REALTIME.
struct history_session {
	uint64_t id; // random
	uint64_t account_id;
	const char *room;
	const char *person;
	int64_t joined_ms;
	int64_t left_ms; // for history_session_close
};

void history_session_open(struct history *, const struct history_session *);
void history_session_close(struct history *, const struct history_session *);

// Stores that part of an open session was not good, for as long as the session is kept.
void history_stretch_put(struct history *, const struct history_session *, const struct stretch *);

// Stores that every open session was still open at now_ms.
void history_sampled(struct history *, int64_t now_ms);

// Removes sessions that ended more than session_days ago, and the persons and rooms that have no
// other session: the oldest first, HISTORY_PRUNE_STEP at most. To be called repeatedly.
void history_sessions_prune(struct history *, int64_t now_ms);

// Reads the open sessions and the time of the last sample (0: none). Returns 0 or -EIO.
[[nodiscard]] int history_sessions_read(
        const struct history *h, void (*found)(void *owner, const struct history_session *),
        void *owner, int64_t *sampled_ms
);

// A session that overlaps the range of a query.
struct history_stay {
	int64_t joined_ms;
	int64_t left_ms; // HISTORY_OPEN if it has not ended
	uint64_t id;
	int64_t person_id; // one for each person of a room, from 1
	const char *person; // only if names are requested; lent
};
#define HISTORY_OPEN INT64_MAX

// Reads the room's sessions with joined < to and left > from, ordered by joined and id: the
// reader's thread calls `stay` for each until it returns false; then the loop calls done. Embedded
// like history_events.
struct history_stays {
	struct store_question question; // private
	uint64_t account_id;
	char room[ROOM_NAME_MAX + 1];
	int64_t from_ms, to_ms;
	bool names;
	int64_t after_joined_ms; // only sessions after this one; INT64_MIN: all
	uint64_t after_id;
	bool (*stay)(struct history_stays *, const struct history_stay *);
	// If set, called instead of stay, for the stretches that overlap the range, ordered by
	// from_ms and session; after_… then refer to these. Strings are lent.
	bool (*stretch
	)(struct history_stays *, const char *person, uint64_t session, const struct stretch *);
	void (*done)(struct history_stays *, int result);
	bool known; // part of the answer: whether such a room has ever existed
	int result; // private
};

[[nodiscard]] int history_stays_ask(struct history *, struct history_stays *);
