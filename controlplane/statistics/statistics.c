#include "statistics/statistics.h"

#include "base/clock.h"
#include "base/iso8601.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/text.h"
#include "statistics/totals.h"
#include "store/history.h"
#include "terms/stretch.h"

#include "am_log.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#define KEY_SIZE    (20 + 1 + ROOM_NAME_MAX + 1 + PEER_ID_SIZE) // account, room, person
#define CURSOR_SIZE 40

// An open session.
struct session {
	struct history_session stored; // owns its strings
	char id[17]; // in hexadecimal
	struct map_node by_id;
	// Set for an orphan: a session that the previous process left open.
	char *key;
	struct map_node by_key;
	TAILQ_ENTRY(session) next;
};

TAILQ_HEAD(session_list, session);

// A query under way. Until it is answered, the functions in `reads`, except done, run in the
// reader's thread.
struct query {
	struct history_stays reads;
	struct statistics *statistics; // NULL: destroyed meanwhile
	uint64_t call;
	statistics_done *done; // NULL: nobody waits for the answer any more
	void *owner;
	unsigned status;
	const char *error; // NULL: none
	struct loop_timer refused; // answers a query that was refused
	TAILQ_ENTRY(query) next;
	int64_t now_ms;
	struct statistics_totals totals; // of the summary
	struct json *list; // of sessions or stretches
	struct json *participants; // for stretches; NULL: there is no such room now
	int64_t left; // sessions that the list may still take
	char cursor[CURSOR_SIZE]; // of the list's last entry
	bool more; // entries follow the last one
};

struct statistics {
	struct loop *loop;
	struct history *history;
	struct map by_id;
	struct session_list sessions;
	struct map orphans_by_key;
	struct session_list orphans;
	int64_t sampled_ms; // last sample of the previous process
	struct loop_timer sampler;
	TAILQ_HEAD(, query) queries;
	uint64_t calls;
};

static void person_key(char *out, uint64_t account_id, const char *room, const char *person)
{
	snprintf(out, KEY_SIZE, "%" PRIu64 "/%s/%s", account_id, room, person);
}

static struct session *session_create(const struct history_session *h)
{
	struct session *s = memory_new(1, sizeof(*s));

	s->stored = *h;
	s->stored.room = memory_copy_string(h->room);
	s->stored.person = memory_copy_string(h->person);
	snprintf(s->id, sizeof(s->id), "%016" PRIx64, h->id);
	return s;
}

static void session_destroy(struct session *s)
{
	free((char *)s->stored.room);
	free((char *)s->stored.person);
	free(s->key);
	free(s);
}

static void session_add(struct statistics *st, struct session *s)
{
	map_add(&st->by_id, &s->by_id, s->id);
	TAILQ_INSERT_TAIL(&st->sessions, s, next);
}

static void session_remove(struct statistics *st, struct session *s)
{
	map_remove(&st->by_id, &s->by_id);
	TAILQ_REMOVE(&st->sessions, s, next);
}

static void session_end(struct statistics *st, struct session *s, int64_t left_ms)
{
	s->stored.left_ms = left_ms > s->stored.joined_ms ? left_ms : s->stored.joined_ms;
	history_session_close(st->history, &s->stored);
	session_destroy(s);
}

static void orphan_found(void *owner, const struct history_session *h)
{
	struct statistics *st = owner;
	struct session *s = session_create(h);

	s->key = memory_new(1, KEY_SIZE);
	person_key(s->key, h->account_id, h->room, h->person);
	map_add(&st->orphans_by_key, &s->by_key, s->key);
	TAILQ_INSERT_TAIL(&st->orphans, s, next);
}

static void orphan_remove(struct statistics *st, struct session *s)
{
	map_remove(&st->orphans_by_key, &s->by_key);
	TAILQ_REMOVE(&st->orphans, s, next);
}

static void sample(struct statistics *st)
{
	if (!TAILQ_EMPTY(&st->sessions))
		history_sampled(st->history, clock_real_ms());
}

static void step(void *owner)
{
	struct statistics *st = owner;

	sample(st);
	history_sessions_prune(st->history, clock_real_ms());
	loop_timer_set(st->loop, &st->sampler, STATISTICS_STEP_S * 1000);
}

struct statistics *statistics_create(struct loop *l, struct history *h)
{
	struct statistics *st = memory_new(1, sizeof(*st));

	st->loop = l;
	st->history = h;
	st->sampler = (struct loop_timer){.expired = step, .owner = st};
	map_init(&st->by_id);
	map_init(&st->orphans_by_key);
	TAILQ_INIT(&st->sessions);
	TAILQ_INIT(&st->orphans);
	TAILQ_INIT(&st->queries);
	if (history_sessions_read(h, orphan_found, st, &st->sampled_ms) < 0)
		am_error("statistics: sessions left open cannot be closed");
	loop_timer_set(l, &st->sampler, STATISTICS_STEP_S * 1000);
	return st;
}

static void list_destroy(struct session_list *list)
{
	struct session *s;

	while ((s = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, s, next);
		session_destroy(s);
	}
}

uint64_t statistics_joined(
        struct statistics *st, uint64_t account_id, const char *room, const char *person,
        int64_t now_ms
)
{
	char key[KEY_SIZE];
	struct session *s;

	person_key(key, account_id, room, person);
	struct map_node *n = map_find(&st->orphans_by_key, key);
	if (n) {
		s = container_of(n, struct session, by_key);
		orphan_remove(st, s);
	} else {
		struct history_session h = {
		        .account_id = account_id,
		        .room = room,
		        .person = person,
		        .joined_ms = now_ms,
		};
		memory_random(&h.id, sizeof(h.id));
		h.id |= 1; // never 0
		history_session_open(st->history, &h);
		s = session_create(&h);
	}
	session_add(st, s);
	return s->stored.id;
}

void statistics_left(struct statistics *st, uint64_t id, int64_t now_ms)
{
	char key[17];

	snprintf(key, sizeof(key), "%016" PRIx64, id);
	struct map_node *n = map_find(&st->by_id, key);
	if (!n)
		return;
	struct session *s = container_of(n, struct session, by_id);
	session_remove(st, s);
	session_end(st, s, now_ms);
}

void statistics_stretch(struct statistics *st, uint64_t id, const struct stretch *stretch)
{
	char key[17];

	snprintf(key, sizeof(key), "%016" PRIx64, id);
	struct map_node *n = map_find(&st->by_id, key);
	if (n)
		history_stretch_put(
		        st->history, &container_of(n, struct session, by_id)->stored, stretch
		);
}

void statistics_restore(struct statistics *st)
{
	struct session *s;

	while ((s = TAILQ_FIRST(&st->orphans))) {
		orphan_remove(st, s);
		session_end(st, s, st->sampled_ms);
	}
}

// Queries.

static void query_free(struct query *q)
{
	statistics_totals_fini(&q->totals);
	json_free(q->list);
	json_free(q->participants);
	free(q);
}

static void query_end(struct query *q)
{
	if (q->statistics) {
		loop_timer_cancel(q->statistics->loop, &q->refused);
		TAILQ_REMOVE(&q->statistics->queries, q, next);
	}
	query_free(q);
}

static struct json *summary_data(const struct statistics_totals *t)
{
	struct json *data = json_new_object();

	json_add_int(data, "participants", (int64_t)t->count);
	json_add_int(data, "start_time", t->start_s);
	json_add_int(data, "end_time", t->end_s);
	json_add_int(data, "duration", t->end_s - t->start_s);
	json_add_int(data, "active_duration", t->active_s);
	json_add_int(data, "person_seconds", t->person_s);
	return data;
}

static bool asks_quality(const struct query *q)
{
	return q->reads.stretch != NULL;
}

static struct json *quality_body(struct query *q)
{
	struct json *body = json_new_object();

	if (q->error) {
		json_add_string(body, "error", q->error);
		return body;
	}
	json_add(body, "participants", q->participants ? q->participants : json_new_array());
	json_add(body, "stretches", q->list);
	if (q->more)
		json_add_string(body, "next", q->cursor);
	q->participants = q->list = NULL;
	return body;
}

static struct json *query_body(struct query *q)
{
	if (asks_quality(q))
		return quality_body(q);
	struct json *body = json_new_object(), *errors = json_new_array();

	if (q->error) {
		json_add_null(body, "data");
		json_push(errors, json_new_string(q->error));
	} else if (q->list) {
		json_add(body, "data", q->list);
		q->list = NULL;
		if (q->more)
			json_add_string(body, "next", q->cursor);
	} else {
		json_add(body, "data", summary_data(&q->totals));
	}
	json_add(body, "errors", errors);
	return body;
}

static void query_answer(struct query *q)
{
	if (q->done)
		q->done(q->owner, q->call, q->status, query_body(q));
	query_end(q);
}

static void query_refuse(struct query *q, unsigned status, const char *error)
{
	q->status = status;
	q->error = error;
}

static void refused(void *owner)
{
	query_answer(owner);
}

static void stays_done(struct history_stays *reads, int result)
{
	struct query *q = container_of(reads, struct query, reads);

	if (result < 0)
		query_refuse(q, 500, "server error");
	else if (asks_quality(q)) {
		if (!reads->known && !q->participants)
			query_refuse(q, 400, "room not found");
	} else if (q->list ? json_count(q->list) == 0 : q->totals.sessions == 0)
		query_refuse(q, 404, "no data for this room and period");
	query_answer(q);
}

// The session as it is published. An open session counts as ending now.
static struct statistics_span span_of(const struct query *q, const struct history_stay *s)
{
	int64_t left_ms = s->left_ms == HISTORY_OPEN ? q->now_ms : s->left_ms;

	return statistics_span(s->joined_ms, left_ms, q->reads.from_ms, q->reads.to_ms, q->now_ms);
}

static bool add_up(struct history_stays *reads, const struct history_stay *s)
{
	struct query *q = container_of(reads, struct query, reads);

	statistics_totals_add(&q->totals, span_of(q, s), s->person_id);
	return true;
}

static bool list(struct history_stays *reads, const struct history_stay *s)
{
	struct query *q = container_of(reads, struct query, reads);

	if (q->left == 0) {
		q->more = true;
		return false;
	}
	struct statistics_span span = span_of(q, s);
	struct json *session = json_new_object();
	json_add_string(session, "person_id", s->person);
	json_add_int(session, "join_time", span.join_s);
	json_add_int(session, "leave_time", span.leave_s);
	json_add_int(session, "duration", span.leave_s - span.join_s);
	json_push(q->list, session);
	snprintf(q->cursor, sizeof(q->cursor), "%" PRId64 "-%016" PRIx64, s->joined_ms, s->id);
	q->left--;
	return true;
}

struct json *statistics_stretch_json(const struct stretch *s)
{
	static const char *const names[] = {"unknown", "bad", "fair", "good"};
	struct json *j = json_new_object();

	json_add_int(j, "from", s->from_ms / 1000);
	json_add_int(j, "to", (s->to_ms + 999) / 1000);
	json_add_string(j, "quality", names[s->quality & 3]);
	if (s->quality != QUALITY_GOOD)
		json_add_string(j, "cause", stretch_cause_name(s->cause));
	if (s->speaker)
		json_add_string(j, "causePeerId", s->speaker);
	json_add_number(j, "frozenSeconds", s->frozen_ms / 1000.0);
	json_add_number(j, "concealedPercent", s->concealed / 10.0);
	json_add_number(j, "lossPercent", s->lost * 1000 / 256 / 10.0);
	if (s->rtt_ms)
		json_add_int(j, "roundTripTime", s->rtt_ms);
	if (s->estimate_kbps)
		json_add_int(j, "estimate", (int64_t)s->estimate_kbps * 1000);
	return j;
}

static bool list_stretch(
        struct history_stays *reads, const char *person, uint64_t session, const struct stretch *s
)
{
	struct query *q = container_of(reads, struct query, reads);

	if (q->left == 0) {
		q->more = true;
		return false;
	}
	struct json *j = statistics_stretch_json(s);
	json_add_string(j, "peerId", person);
	json_push(q->list, j);
	snprintf(q->cursor, sizeof(q->cursor), "%" PRId64 "-%016" PRIx64, s->from_ms, session);
	q->left--;
	return true;
}

// Reads "<joined_ms>-<id in hexadecimal>", as `list` prints it.
static bool cursor_read(const char *text, struct history_stays *reads)
{
	char joined_ms[CURSOR_SIZE];
	size_t digits = strcspn(text, "-");

	if (strlen(text) >= CURSOR_SIZE || !text[digits])
		return false;
	memcpy(joined_ms, text, digits);
	joined_ms[digits] = '\0';
	const char *id = text + digits + 1;
	if (strlen(id) != 16 || strspn(id, "0123456789abcdef") != 16)
		return false;
	reads->after_id = strtoull(id, NULL, 16);
	return text_number(joined_ms, 0, INT64_MAX, &reads->after_joined_ms);
}

// Reads the values of a query. Returns NULL, or what is wrong with them.
static const char *query_read(struct query *q, const struct statistics_query *from)
{
	struct history_stays *r = &q->reads;

	if (!from->room_id || !text_is_token(from->room_id, ROOM_NAME_MAX))
		return "room_id must be 1 to 64 letters, digits, '_' or '-'";
	r->account_id = from->account_id;
	strcpy(r->room, from->room_id);
	r->from_ms = r->after_joined_ms = INT64_MIN;
	r->to_ms = INT64_MAX;
	q->left = STATISTICS_PAGE_MAX;
	if (from->from && !iso8601_parse(from->from, &r->from_ms))
		return "from must be an ISO 8601 time, such as 2021-06-21T00:00:00.0Z";
	if (from->to && !iso8601_parse(from->to, &r->to_ms))
		return "to must be an ISO 8601 time, such as 2021-06-21T23:59:59.99Z";
	if (r->from_ms >= r->to_ms)
		return "from must be before to";
	if (from->after && !cursor_read(from->after, r))
		return "after must be the value of next in an earlier answer";
	if (from->limit && !text_number(from->limit, 1, STATISTICS_PAGE_MAX, &q->left))
		return "limit must be a number from 1 to 10000";
	static_assert(STATISTICS_PAGE_MAX == 10000);
	return NULL;
}

static struct query *query_begin(
        struct statistics *st, const struct statistics_query *from, statistics_done *done,
        void *owner
)
{
	struct query *q = memory_new(1, sizeof(*q));

	q->statistics = st;
	q->call = ++st->calls;
	q->done = done;
	q->owner = owner;
	q->status = 200;
	q->now_ms = clock_real_ms();
	q->refused = (struct loop_timer){.expired = refused, .owner = q};
	q->reads.done = stays_done;
	TAILQ_INSERT_TAIL(&st->queries, q, next);
	const char *error = query_read(q, from);
	if (error)
		query_refuse(q, 400, error);
	return q;
}

static uint64_t query_ask(struct statistics *st, struct query *q)
{
	if (!q->error && history_stays_ask(st->history, &q->reads) < 0)
		query_refuse(q, 503, "too many queries at once: try again later");
	if (q->error)
		loop_timer_set(st->loop, &q->refused, 0);
	return q->call;
}

uint64_t statistics_summary(
        struct statistics *st, const struct statistics_query *from, statistics_done *done,
        void *owner
)
{
	struct query *q = query_begin(st, from, done, owner);

	q->reads.stay = add_up;
	return query_ask(st, q);
}

uint64_t statistics_peers(
        struct statistics *st, const struct statistics_query *from, statistics_done *done,
        void *owner
)
{
	struct query *q = query_begin(st, from, done, owner);

	q->reads.stay = list;
	q->reads.names = true;
	q->list = json_new_array();
	return query_ask(st, q);
}

uint64_t statistics_quality(
        struct statistics *st, const struct statistics_query *from, struct json *participants,
        statistics_done *done, void *owner
)
{
	struct query *q = query_begin(st, from, done, owner);

	q->reads.stretch = list_stretch;
	q->list = json_new_array();
	q->participants = participants;
	return query_ask(st, q);
}

void statistics_destroy(struct statistics *st)
{
	struct query *q;

	sample(st);
	loop_timer_cancel(st->loop, &st->sampler);
	while ((q = TAILQ_FIRST(&st->queries))) {
		bool asked = !q->error;
		loop_timer_cancel(st->loop, &q->refused);
		TAILQ_REMOVE(&st->queries, q, next);
		q->statistics = NULL;
		q->done = NULL;
		if (!asked)
			query_free(q);
	}
	list_destroy(&st->sessions);
	list_destroy(&st->orphans);
	map_fini(&st->by_id);
	map_fini(&st->orphans_by_key);
	free(st);
}
