// What outlives rooms, data plane and machine: who was in which room and when, which admissions of
// webhooks are not closed yet, and past events. One SQLite file, readable by its owner alone.
//
// Writes go through store_writer, and are synced: what was committed survives a power cut. What is
// read at start, before the first write, is read in place; queries go through store_asker.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/asker.h"
#include "terms/kinds.h"
#include "terms/stretch.h"

#define HISTORY_EVENT_DAYS       7 // that past events are kept
#define HISTORY_SESSION_DAYS_MAX 36500
#define HISTORY_PRUNE_STEP       500 // sessions that one history_sessions_prune removes

struct history;
struct loop;
struct store_counts;

// Opens or makes the file. session_days: how long finished sessions are kept, 0: forever. Where it
// is set for the first time, two indexes are made, about two seconds for a million sessions. NULL
// after one line in the log.
[[nodiscard]] struct history *history_open(struct loop *, const char *path, int64_t session_days);

// Waits until all is written; queries that were not answered end with -ECANCELED.
void history_close(struct history *);

// Numbers for metrics.
void history_count(const struct history *, struct store_counts *);

// A visit that a webhook has been asked about (hook/hook.h). Strings may be NULL: empty.
struct history_admission {
	uint64_t id; // random
	uint64_t account_id;
	bool closing; // the peer has left; else it may be in its room
	uint8_t version; // of the webhook
	int64_t sequence; // of the closing event in version 2
	int64_t time_ms; // of joining, then of leaving
	const char *room, *peer, *display_name, *token;
	const char *url, *authorization, *secret;
};

// Insert or replace. Returns the write's number for history_is_written, 0: it is lost.
uint64_t history_admission_put(struct history *, const struct history_admission *);
bool history_is_written(const struct history *, uint64_t number);
void history_admission_remove(struct history *, uint64_t id);

// All of them, oldest first. Before the first write. 0 or -EIO.
[[nodiscard]] int history_admissions_read(
        struct history *h, void (*found)(void *owner, const struct history_admission *), void *owner
);

// An event of a webhook of version 2.
struct history_event {
	uint64_t account_id;
	int64_t sequence; // in the account
	uint64_t admission;
	bool closed; // closePeer, else joinPeer
	int64_t time_ms;
	const char *room, *peer, *display_name;
};

void history_event_put(struct history *, const struct history_event *);

// The highest sequence of each account. Before the first write. 0 or -EIO.
[[nodiscard]] int history_sequences_read(
        struct history *h, void (*found)(void *owner, uint64_t account_id, int64_t last),
        void *owner
);

// Removes events from before that time, except each account's last.
void history_events_prune(struct history *, int64_t before_ms);

// The account's events above `after`, in order: `event` in the reader's thread for each, then done
// in the loop. The caller's memory, embedded in its own struct.
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
	int64_t left_ms; // of history_session_close
};

void history_session_open(struct history *, const struct history_session *);
void history_session_close(struct history *, const struct history_session *);

// Part of an open session was not good. Kept for as long as the session is.
void history_stretch_put(struct history *, const struct history_session *, const struct stretch *);

// Every open session was still open at that time.
void history_sampled(struct history *, int64_t now_ms);

// Removes the sessions that ended more than session_days before now, with persons and rooms that
// have no other; those that ended first, HISTORY_PRUNE_STEP at most. To be called again and again.
void history_sessions_prune(struct history *, int64_t now_ms);

// The open sessions, and the last sample (0: none). Before the first write. 0 or -EIO.
[[nodiscard]] int history_sessions_read(
        struct history *h, void (*found)(void *owner, const struct history_session *), void *owner,
        int64_t *sampled_ms
);

// A session that reaches into the range, as a query finds it.
struct history_stay {
	int64_t joined_ms;
	int64_t left_ms; // HISTORY_OPEN: it has not ended
	uint64_t id;
	int64_t person_id; // one for each person of a room, from 1
	const char *person; // only where names are asked for; lent
};
#define HISTORY_OPEN INT64_MAX

// The room's sessions with joined < to and left > from, by joined and id: `stay` in the reader's
// thread for each, until it returns false; then done in the loop. As history_events.
struct history_stays {
	struct store_question question; // private
	uint64_t account_id;
	char room[ROOM_NAME_MAX + 1];
	int64_t from_ms, to_ms;
	bool names;
	int64_t after_joined_ms; // only what comes after this one; INT64_MIN: all
	uint64_t after_id;
	bool (*stay)(struct history_stays *, const struct history_stay *);
	// Instead of stay: the stretches that reach into the range, by from_ms and session, which
	// after_… are of then. Strings are lent.
	bool (*stretch
	)(struct history_stays *, const char *person, uint64_t session, const struct stretch *);
	void (*done)(struct history_stays *, int result);
	bool known; // the answer: there has been such a room
	int result; // private
};

[[nodiscard]] int history_stays_ask(struct history *, struct history_stays *);
