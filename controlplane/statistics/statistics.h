// Who was in which room, and when. Times are kept exactly and published in steps of
// STATISTICS_STEP_S (totals.h): joins are rounded down and durations up, once. Open sessions are
// sampled at each step, so a restart in the middle of a session loses at most the time since the
// last sample.
#pragma once

#include <stdint.h>

#define STATISTICS_PAGE_MAX 10000 // sessions in an answer of statistics_peers

struct history;
struct json;
struct stretch;
struct loop;
struct statistics;

// history stays the caller's.
struct statistics *statistics_create(struct loop *, struct history *);

// Open sessions stay open in the history: the next process continues them, or closes them with the
// time of the last sample. To be called before history_close.
void statistics_destroy(struct statistics *);

// A person is in a room from now on (CLOCK_REALTIME). Returns the session's number, never 0. Before
// statistics_restore, this continues a session of the same person that the previous process left
// open.
uint64_t statistics_joined(
        struct statistics *st, uint64_t account_id, const char *room, const char *person,
        int64_t now_ms
);

// Part of a session was not good. Does nothing for session 0.
void statistics_stretch(struct statistics *, uint64_t session, const struct stretch *);

// The person has left. Does nothing for session 0.
void statistics_left(struct statistics *, uint64_t session, int64_t now_ms);

// To be called once after a restart, when the peers of the rooms are back and statistics_joined has
// been called for each: closes the sessions that were not continued.
void statistics_restore(struct statistics *);

// A query with the values of a URL; NULL if a value is absent.
struct statistics_query {
	uint64_t account_id;
	const char *room_id; // required
	const char *from, *to; // ISO 8601; absent: without a bound
	const char *after; // for statistics_peers: `next` of the previous page
	const char *limit; // for statistics_peers: 1 to STATISTICS_PAGE_MAX, the default
};

// Receives the answer: status 200, 400, 404, 500 or 503, and {"data":…,"errors":[…]}, which it
// takes over. Called once, from the loop, never within the call that began the query.
typedef void statistics_done(void *owner, uint64_t call, unsigned status, struct json *body);

// Queries that a reader thread of the history answers. They return the call's number, never 0.
uint64_t statistics_summary(
        struct statistics *st, const struct statistics_query *q, statistics_done *done, void *owner
);
uint64_t statistics_peers(
        struct statistics *st, const struct statistics_query *q, statistics_done *done, void *owner
);

// The stretches of a room in which somebody's connection was not good. participants, which is taken
// over, describes the people in the room now; NULL if there is no such room. The answer is
// {"participants":…,"stretches":…}, or {"error":…} with 400, 500 or 503.
uint64_t statistics_quality(
        struct statistics *st, const struct statistics_query *q, struct json *participants,
        statistics_done *done, void *owner
);

// A stretch as it is published, to which the caller adds the person.
struct json *statistics_stretch_json(const struct stretch *);
