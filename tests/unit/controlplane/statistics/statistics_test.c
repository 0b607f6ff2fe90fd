// The arithmetic of the statistics, and sessions in a real SQLite file.
#include "test.h"

#include "base/json.h"
#include "base/loop.h"
#include "statistics/statistics.h"
#include "statistics/totals.h"
#include "store/history.h"
#include "terms/stretch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DAY_S      1624233600 // 2021-06-21T00:00:00Z
#define AT(s)      ((DAY_S + (int64_t)(s)) * 1000)
#define LATER      AT(1000000)
#define PATIENCE_S 50 // with the threads that read and write, on a busy machine

static char directory[] = "/tmp/amphi-statistics-XXXXXX";
static char path[64];

struct server {
	struct loop *loop;
	struct history *history;
	struct statistics *statistics;
	int64_t session_days;
	unsigned status; // 0: no answer yet
	uint64_t call;
	struct json *body;
};

static void start(struct server *s)
{
	s->loop = loop_create();
	s->history = history_open(s->loop, path, s->session_days);
	assert_non_null(s->history);
	s->statistics = statistics_create(s->loop, s->history);
}

static void stop(struct server *s)
{
	statistics_destroy(s->statistics);
	history_close(s->history);
	loop_destroy(s->loop);
}

static int setup(void **state)
{
	static struct server server;
	char command[128];

	snprintf(command, sizeof(command), "rm -f %s*", path);
	assert_int_equal(system(command), 0);
	server = (struct server){0};
	start(&server);
	*state = &server;
	return 0;
}

static int teardown(void **state)
{
	struct server *s = *state;
	json_free(s->body);
	stop(s);
	return 0;
}

static void answered(void *owner, uint64_t call, unsigned status, struct json *body)
{
	struct server *s = owner;
	assert_int_equal(s->status, 0);
	s->status = status;
	s->call = call;
	s->body = body;
}

// Another thread writes the sessions, so queries that come too early are repeated.
static unsigned ask(struct server *s, bool summary, struct statistics_query q)
{
	uint64_t call;

	json_free(s->body);
	s->body = NULL;
	s->status = 0;
	call = summary ? statistics_summary(s->statistics, &q, answered, s)
	               : statistics_peers(s->statistics, &q, answered, s);
	assert_int_equal(s->status, 0); // never within the call
	for (time_t end = time(NULL) + PATIENCE_S; s->status == 0 && time(NULL) < end;)
		loop_turn(s->loop, 10);
	assert_int_equal(s->call, call);
	return s->status;
}

static struct statistics_query room(const char *name)
{
	return (struct statistics_query){.account_id = 1, .room_id = name};
}

static int64_t value(const struct server *s, const char *key)
{
	int64_t v;
	assert_true(json_int(json_object(s->body, "data"), key, 0, INT64_C(1) << 53, &v));
	return v;
}

static void visit(struct server *s, const char *name, const char *who, int64_t from, int64_t to)
{
	uint64_t id = statistics_joined(s->statistics, 1, name, who, AT(from));
	assert_true(id != 0);
	statistics_left(s->statistics, id, AT(to));
}

// Waits until the written data can be read.
static void settle(struct server *s)
{
	stop(s);
	start(s);
	statistics_restore(s->statistics);
}

// The arithmetic.

static void times_are_published_in_steps_of_30_s(void **)
{
	static const struct {
		int64_t joined, left, from, to, now, join_s, leave_s;
	} cases[] = {
	        {AT(0), AT(30), INT64_MIN, INT64_MAX, LATER, DAY_S, DAY_S + 30},
	        {AT(1), AT(31), INT64_MIN, INT64_MAX, LATER, DAY_S, DAY_S + 30},
	        {AT(1), AT(31) + 1, INT64_MIN, INT64_MAX, LATER, DAY_S, DAY_S + 60},
	        // 4 s count as 30, wherever they are.
	        {AT(28), AT(32), INT64_MIN, INT64_MAX, LATER, DAY_S, DAY_S + 30},
	        {AT(29) + 999, AT(33) + 999, INT64_MIN, INT64_MAX, LATER, DAY_S, DAY_S + 30},
	        // A visit has at least some duration.
	        {AT(59), AT(59), INT64_MIN, INT64_MAX, LATER, DAY_S + 30, DAY_S + 60},
	        {AT(60), AT(60), INT64_MIN, INT64_MAX, LATER, DAY_S + 60, DAY_S + 90},
	        // Nothing ends in the future; the span moves back a step if necessary.
	        {AT(28), AT(32), INT64_MIN, INT64_MAX, AT(32), DAY_S, DAY_S + 30},
	        {AT(32), AT(36), INT64_MIN, INT64_MAX, AT(36), DAY_S, DAY_S + 30},
	        {AT(32), AT(36), INT64_MIN, INT64_MAX, AT(60), DAY_S + 30, DAY_S + 60},
	        {AT(59), AT(120), INT64_MIN, INT64_MAX, AT(121), DAY_S + 30, DAY_S + 120},
	        {AT(30), AT(91), INT64_MIN, INT64_MAX, AT(91), DAY_S, DAY_S + 90},
	        {AT(30), AT(95), INT64_MIN, INT64_MAX, AT(91), DAY_S, DAY_S + 90},
	        // Cut at the edges, then rounded.
	        {AT(0), AT(7200), AT(3600), AT(5400), LATER, DAY_S + 3600, DAY_S + 5400},
	        {AT(0), AT(7200), AT(3610), AT(5410), LATER, DAY_S + 3600, DAY_S + 5400},
	        {AT(0), AT(200000), AT(0), AT(86399) + 990, LATER, DAY_S, DAY_S + 86400},
	        // The clock was set back.
	        {AT(600), AT(0), INT64_MIN, INT64_MAX, LATER, DAY_S + 600, DAY_S + 630},
	        {-1, 1, INT64_MIN, INT64_MAX, LATER, -30, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct statistics_span span = statistics_span(
		        cases[i].joined, cases[i].left, cases[i].from, cases[i].to, cases[i].now
		);
		assert_int_equal(span.join_s, cases[i].join_s);
		assert_int_equal(span.leave_s, cases[i].leave_s);
	}
}

// Whatever the visits are: multiples of 30 s, each time rounded up once, nothing after now; and the
// sum equals a plain count of the steps.
static void each_visit_is_rounded_up_once(void **)
{
	for (int round = 0; round < 200; round++) {
		struct statistics_totals t = {0};
		bool steps[64] = {0};
		int64_t now = AT(900) + rand() % 90000, joined = AT(60), active = 0, sum = 0;

		while ((joined += rand() % 60000) < now) {
			int64_t left = joined + rand() % (now - joined + 1);
			if (rand() % 3 == 0)
				left = now;
			struct statistics_span s =
			        statistics_span(joined, left, INT64_MIN, INT64_MAX, now);
			int64_t duration = s.leave_s - s.join_s;
			assert_true(s.join_s % 30 == 0 && duration % 30 == 0);
			assert_true(s.leave_s * 1000 <= now && s.join_s * 1000 <= joined);
			assert_true(duration * 1000 >= left - joined && duration >= 30);
			assert_true(duration * 1000 < left - joined + 30000 || duration == 30);
			statistics_totals_add(&t, s, 1);
			sum += duration;
			for (int64_t at = s.join_s; at < s.leave_s; at += 30)
				steps[(at - DAY_S) / 30] = true;
		}
		for (int i = 0; i < 64; i++)
			active += steps[i] ? 30 : 0;
		assert_int_equal(t.person_s, sum);
		assert_int_equal(t.active_s, active);
		statistics_totals_fini(&t);
	}
}

static void gaps_count_in_duration_but_not_in_active_duration(void **)
{
	struct statistics_totals t = {0};

	statistics_totals_add(&t, (struct statistics_span){0, 3600}, 1);
	statistics_totals_add(&t, (struct statistics_span){600, 1200}, 2); // inside
	statistics_totals_add(&t, (struct statistics_span){3000, 3900}, 1); // beyond
	statistics_totals_add(&t, (struct statistics_span){7200, 7800}, 3); // after a gap
	statistics_totals_add(&t, (struct statistics_span){7800, 8100}, 3); // without a gap
	assert_int_equal(t.count, 3);
	assert_int_equal(t.start_s, 0);
	assert_int_equal(t.end_s, 8100);
	assert_int_equal(t.active_s, 3900 + 900);
	assert_int_equal(t.person_s, 3600 + 600 + 900 + 600 + 300);
	statistics_totals_fini(&t);
}

static void many_persons_are_counted_once_each(void **)
{
	struct statistics_totals t = {0};

	for (int round = 0; round < 3; round++) {
		for (int64_t person = 1; person <= 5000; person++)
			statistics_totals_add(&t, (struct statistics_span){0, 30}, person);
	}
	assert_int_equal(t.count, 5000);
	assert_int_equal(t.active_s, 30);
	statistics_totals_fini(&t);
}

// Sessions and queries.

// The guide's example: seven sessions, and 90660 seconds from the first to the last.
// proves T01
static void the_guides_example(void **state)
{
	struct server *s = *state;

	visit(s, "serv1test2a", "peer2", 35040, 35700);
	visit(s, "serv1test2a", "peer1", 37200, 40920);
	visit(s, "serv1test2a", "peer3", 35580, 35700);
	visit(s, "serv1test2a", "peer1", 124860, 125340);
	visit(s, "serv1test2a", "peer1", 36780, 37140);
	visit(s, "serv1test2a", "peer1", 34680, 35700);
	visit(s, "serv1test2a", "peer3", 35040, 35580);
	settle(s);

	struct statistics_query q = room("serv1test2a");
	q.from = "2021-06-21T00:00:00.0Z";
	q.to = "2021-06-22T23:59:59.99Z";
	assert_int_equal(ask(s, true, q), 200);
	assert_int_equal(value(s, "participants"), 3);
	assert_int_equal(value(s, "start_time"), 1624268280);
	assert_int_equal(value(s, "end_time"), 1624358940);
	assert_int_equal(value(s, "duration"), 90660);
	assert_int_equal(value(s, "active_duration"), 1020 + 360 + 3720 + 480);
	assert_int_equal(value(s, "person_seconds"), 660 + 3720 + 120 + 480 + 360 + 1020 + 540);
	assert_int_equal(json_count(json_array(s->body, "errors")), 0);

	q.to = "2021-06-21T23:59:59.99Z"; // the first day alone
	assert_int_equal(ask(s, true, q), 200);
	assert_int_equal(value(s, "end_time"), DAY_S + 40920);

	assert_int_equal(ask(s, false, q), 200);
	const struct json *list = json_array(s->body, "data");
	assert_int_equal(json_count(list), 6);
	const struct json *first = json_first(list);
	assert_string_equal(json_string(first, "person_id", 100), "peer1");
	int64_t n;
	assert_true(json_int(first, "join_time", 0, INT64_MAX, &n));
	assert_int_equal(n, 1624268280);
	assert_true(json_int(first, "leave_time", 0, INT64_MAX, &n));
	assert_int_equal(n, 1624269300);
	assert_true(json_int(first, "duration", 0, INT64_MAX, &n));
	assert_int_equal(n, 1020);
	assert_false(json_has(s->body, "next"));
}

static void sessions_are_cut_at_the_edges(void **state)
{
	struct server *s = *state;
	struct statistics_query q = room("r");

	visit(s, "r", "long", 0, 86400 * 3);
	visit(s, "r", "before", 0, 86400);
	visit(s, "r", "after", 2 * 86400, 2 * 86400 + 60);
	settle(s);
	q.from = "2021-06-22"; // `before` ends there
	q.to = "2021-06-23T00:00:00+00:00"; // `after` begins there
	assert_int_equal(ask(s, true, q), 200);
	assert_int_equal(value(s, "participants"), 1);
	assert_int_equal(value(s, "start_time"), DAY_S + 86400);
	assert_int_equal(value(s, "duration"), 86400);
}

static void a_peer_that_returns_makes_two_sessions(void **state)
{
	struct server *s = *state;

	visit(s, "r", "p", 0, 300);
	visit(s, "r", "p", 3300, 3600);
	visit(s, "r", "p", 3600, 3900); // without a gap
	settle(s);
	assert_int_equal(ask(s, true, room("r")), 200);
	assert_int_equal(value(s, "participants"), 1);
	assert_int_equal(value(s, "duration"), 3900);
	assert_int_equal(value(s, "active_duration"), 900);
	assert_int_equal(ask(s, false, room("r")), 200);
	assert_int_equal(json_count(json_array(s->body, "data")), 3);
}

static void an_open_session_counts_until_now(void **state)
{
	struct server *s = *state;

	stop(s); // so that what is written now is certainly read after the next start
	start(s);
	statistics_joined(s->statistics, 1, "r", "p", AT(0));
	settle(s);
	statistics_joined(s->statistics, 1, "r2", "p", AT(0));
	assert_int_equal(ask(s, true, room("r")), 200);
	unsigned status = 404; // the session in r2 is still being written
	for (time_t end = time(NULL) + PATIENCE_S; status == 404 && time(NULL) < end;)
		status = ask(s, true, room("r2"));
	assert_int_equal(status, 200);
	assert_true(value(s, "duration") > 86400);
	struct statistics_query q = room("r2");
	q.to = "2021-06-21T00:10:00Z";
	assert_int_equal(ask(s, true, q), 200);
	assert_int_equal(value(s, "duration"), 600);
}

static void what_is_not_there_is_404(void **state)
{
	struct server *s = *state;
	struct statistics_query other = room("r");

	visit(s, "r", "p", 0, 30);
	settle(s);
	assert_int_equal(ask(s, true, room("nobody")), 404);
	assert_true(json_has(s->body, "errors"));
	assert_false(json_has(s->body, "data"));
	other.account_id = 2; // the same answer for another account's room
	assert_int_equal(ask(s, true, other), 404);
	assert_int_equal(ask(s, false, other), 404);
	other.account_id = 1;
	other.from = "2022-01-01T00:00:00Z";
	assert_int_equal(ask(s, true, other), 404);
	assert_int_equal(ask(s, false, other), 404);
}

static void bad_input_is_400(void **state)
{
	static const struct statistics_query queries[] = {
	        {1, NULL, NULL, NULL, NULL, NULL},
	        {1, "", NULL, NULL, NULL, NULL},
	        {1, "a b", NULL, NULL, NULL, NULL},
	        {1, "r", "yesterday", NULL, NULL, NULL},
	        {1, "r", "", NULL, NULL, NULL},
	        {1, "r", NULL, "2021-13-01", NULL, NULL},
	        {1, "r", "2021-06-22", "2021-06-21", NULL, NULL},
	        {1, "r", NULL, NULL, "1", NULL},
	        {1, "r", NULL, NULL, "1-", NULL},
	        {1, "r", NULL, NULL, "-1-0", NULL},
	        {1, "r", NULL, NULL, "99999999999999999999-0", NULL},
	        {1, "r", NULL, NULL, "1-0;DROP TABLE sessions", NULL},
	        {1, "r", NULL, NULL, NULL, "0"},
	        {1, "r", NULL, NULL, NULL, "10001"},
	        {1, "r", NULL, NULL, NULL, "ten"},
	};
	struct server *s = *state;

	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		assert_int_equal(ask(s, false, queries[i]), 400);
		assert_int_equal(json_count(json_array(s->body, "errors")), 1);
	}
}

// proves T02
static void a_long_list_comes_in_pages(void **state)
{
	struct server *s = *state;
	struct statistics_query q = room("r");
	char who[16], cursor[64] = "";
	int seen = 0, pages = 0;

	for (int i = 0; i < 25; i++) {
		snprintf(who, sizeof(who), "p%d", i);
		visit(s, "r", who, 60 * (i / 5), 60 * (i / 5) + 30); // five begin at once
	}
	settle(s);
	q.limit = "7";
	do {
		q.after = cursor[0] ? cursor : NULL;
		assert_int_equal(ask(s, false, q), 200);
		seen += (int)json_count(json_array(s->body, "data"));
		pages++;
		const char *next = json_string(s->body, "next", sizeof(cursor) - 1);
		snprintf(cursor, sizeof(cursor), "%s", next ? next : "");
	} while (cursor[0] && pages < 10);
	assert_int_equal(seen, 25);
	assert_int_equal(pages, 4);
}

static void a_query_under_way_at_the_end_stays_silent(void **state)
{
	struct server *s = *state;
	struct statistics_query good = room("r"), bad = room("");

	statistics_summary(s->statistics, &good, answered, s);
	statistics_peers(s->statistics, &bad, answered, s);
}

static void a_restart_takes_sessions_up(void **state)
{
	struct server *s = *state;

	uint64_t before = statistics_joined(s->statistics, 1, "r", "p", AT(0));
	stop(s); // as a crash would, this leaves the session open
	start(s);
	uint64_t after = statistics_joined(s->statistics, 1, "r", "p", AT(100));
	assert_true(before == after);
	statistics_restore(s->statistics);
	statistics_left(s->statistics, after, AT(300));
	settle(s);
	assert_int_equal(ask(s, false, room("r")), 200);
	assert_int_equal(json_count(json_array(s->body, "data")), 1);
	assert_int_equal(ask(s, true, room("r")), 200);
	assert_int_equal(value(s, "duration"), 300);
}

// Runs in a separate process, which dies without cleanup.
static void a_crash_closes_sessions_with_the_last_sample(void **state)
{
	struct server *s = *state;

	stop(s);
	pid_t pid = fork();
	if (pid == 0) {
		struct loop *l = loop_create();
		struct history *h = history_open(l, path, 0);
		struct statistics *st = h ? statistics_create(l, h) : NULL;
		if (!st)
			_exit(1);
		statistics_joined(st, 1, "r", "stays", AT(0));
		statistics_joined(st, 1, "r", "too late", AT(130));
		history_sampled(h, AT(120));
		usleep(300000); // for the writer
		kill(getpid(), SIGKILL);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	start(s);
	statistics_restore(s->statistics);
	settle(s);
	assert_int_equal(ask(s, true, room("r")), 200);
	assert_int_equal(value(s, "participants"), 2);
	assert_int_equal(value(s, "end_time"), DAY_S + 150); // 130 to 130, in steps
	assert_int_equal(value(s, "person_seconds"), 120 + 30);
}

// Counts rows in the file itself, once everything is written.
static int64_t rows(struct server *s, const char *query)
{
	sqlite3 *db;
	sqlite3_stmt *p;

	stop(s);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &p, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(p), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(p, 0);
	sqlite3_finalize(p);
	sqlite3_close(db);
	start(s);
	return n;
}

#define DAYS(n) ((n)*86400)

static void keep(struct server *s, int64_t days)
{
	stop(s);
	s->session_days = days;
	start(s);
}

static void sessions_go_when_they_are_too_old(void **state)
{
	struct server *s = *state;

	visit(s, "old", "gone", 0, 60); // before the setting, as in an older file
	keep(s, 2);
	visit(s, "r", "gone", 0, 60);
	visit(s, "r", "returns", 0, 60);
	visit(s, "r", "returns", DAYS(1), DAYS(1) + 60);
	visit(s, "r", "long", 0, DAYS(1));
	visit(s, "r", "at the edge", 0, 90);
	statistics_joined(s->statistics, 1, "r", "open", AT(0));
	history_sessions_prune(s->history, AT(DAYS(2) + 60));
	assert_int_equal(rows(s, "SELECT COUNT(*) FROM sessions"), 7);
	history_sessions_prune(s->history, AT(DAYS(2) + 90));
	assert_int_equal(rows(s, "SELECT COUNT(*) FROM sessions"), 4);
	assert_int_equal(ask(s, true, room("old")), 404);
	assert_int_equal(ask(s, true, room("r")), 200);
	assert_int_equal(value(s, "participants"), 4);
	assert_int_equal(rows(s, "SELECT COUNT(*) FROM persons WHERE name = 'gone'"), 0);
	assert_int_equal(rows(s, "SELECT COUNT(*) FROM rooms"), 1);
	history_sessions_prune(s->history, AT(DAYS(30)));
	assert_int_equal(rows(s, "SELECT COUNT(*) FROM sessions WHERE left_ms IS NULL"), 1);
	assert_int_equal(rows(s, "SELECT COUNT(*) FROM sessions"), 1);
	assert_int_equal(rows(s, "SELECT COUNT(*) FROM persons"), 1);
	statistics_joined(s->statistics, 1, "r", "open", AT(0)); // still in the room
}

static void old_sessions_go_in_small_steps(void **state)
{
	struct server *s = *state;

	keep(s, 1);
	for (int i = 0; i < 2 * HISTORY_PRUNE_STEP + 1; i++)
		visit(s, "r", "p", i, i + 1);
	history_sessions_prune(s->history, AT(DAYS(3)));
	assert_int_equal(rows(s, "SELECT COUNT(*) FROM sessions"), HISTORY_PRUNE_STEP + 1);
	assert_int_equal( // the oldest first
	        rows(s, "SELECT MIN(left_ms) FROM sessions"), AT(HISTORY_PRUNE_STEP + 1)
	);
	history_sessions_prune(s->history, AT(DAYS(3)));
	history_sessions_prune(s->history, AT(DAYS(3)));
	assert_int_equal(rows(s, "SELECT COUNT(*) FROM sessions"), 0);
	assert_int_equal(rows(s, "SELECT (SELECT COUNT(*) FROM persons) + COUNT(*) FROM rooms"), 0);
	// Somebody who comes back is a new participant.
	visit(s, "r", "p", DAYS(4), DAYS(4) + 60);
	settle(s);
	assert_int_equal(ask(s, true, room("r")), 200);
	assert_int_equal(value(s, "participants"), 1);
}

static void sessions_are_kept_forever_where_nothing_is_said(void **state)
{
	struct server *s = *state;

	visit(s, "r", "p", 0, 60);
	history_sessions_prune(s->history, AT(DAYS(20000)));
	assert_int_equal(rows(s, "SELECT COUNT(*) FROM sessions"), 1);
}

// Stretches of bad quality.

static struct stretch bad(int64_t from_s, int64_t to_s)
{
	return (struct stretch){
	        .quality = QUALITY_BAD,
	        .cause = STRETCH_OWN_LINK,
	        .from_ms = AT(from_s),
	        .to_ms = AT(to_s),
	        .frozen_ms = 1500,
	        .concealed = 125,
	        .lost = 64,
	        .rtt_ms = 300,
	        .estimate_kbps = 250,
	};
}

// The participant leaves at the end.
static void fare(struct server *s, const char *name, const char *who, struct stretch stretch)
{
	uint64_t id = statistics_joined(s->statistics, 1, name, who, stretch.from_ms);

	statistics_stretch(s->statistics, id, &stretch);
	statistics_left(s->statistics, id, stretch.to_ms);
}

static unsigned ask_quality(struct server *s, struct statistics_query q, struct json *participants)
{
	json_free(s->body);
	s->body = NULL;
	s->status = 0;
	uint64_t call = statistics_quality(s->statistics, &q, participants, answered, s);
	for (time_t end = time(NULL) + PATIENCE_S; s->status == 0 && time(NULL) < end;)
		loop_turn(s->loop, 10);
	assert_int_equal(s->call, call);
	return s->status;
}

// Expects stretches of these people in the answer: "who who …".
static void expect_stretches(const struct server *s, const char *want)
{
	char have[256] = "";
	const struct json *j = json_first(json_array(s->body, "stretches"));

	for (; j; j = json_next(j)) {
		strcat(have, have[0] ? " " : "");
		strcat(have, json_string(j, "peerId", 64));
	}
	assert_string_equal(have, want);
}

static void expect_number(const struct json *j, const char *key, double want)
{
	double have;

	assert_true(json_number(json_member(j, key), &have));
	assert_true(have > want - 0.001 && have < want + 0.001);
}

static void bad_quality_is_known_later(void **state)
{
	struct server *s = *state;
	struct stretch heard = bad(100, 130);

	heard.quality = QUALITY_FAIR;
	heard.cause = STRETCH_SPEAKER;
	heard.speaker = "ada";
	fare(s, "r", "bob", bad(60, 90));
	fare(s, "r", "eve", heard);
	fare(s, "elsewhere", "bob", bad(0, 30));
	settle(s);
	assert_int_equal(ask_quality(s, room("r"), NULL), 200);
	expect_stretches(s, "bob eve");
	assert_int_equal(json_count(json_array(s->body, "participants")), 0);
	const struct json *first = json_first(json_array(s->body, "stretches"));
	expect_number(first, "from", DAY_S + 60);
	expect_number(first, "to", DAY_S + 90);
	assert_string_equal(json_string(first, "quality", 8), "bad");
	assert_string_equal(json_string(first, "cause", 16), "own link");
	assert_false(json_has(first, "causePeerId"));
	expect_number(first, "frozenSeconds", 1.5);
	expect_number(first, "concealedPercent", 12.5);
	expect_number(first, "lossPercent", 25);
	expect_number(first, "roundTripTime", 300);
	expect_number(first, "estimate", 250000);
	const struct json *second = json_next(first);
	assert_string_equal(json_string(second, "quality", 8), "fair");
	assert_string_equal(json_string(second, "cause", 16), "speaker's link");
	assert_string_equal(json_string(second, "causePeerId", 16), "ada");
}

static void stretches_come_by_range_and_in_pages(void **state)
{
	struct server *s = *state;
	struct statistics_query q = room("r");
	char next[64];

	fare(s, "r", "a", bad(0, 60));
	fare(s, "r", "b", bad(60, 120));
	fare(s, "r", "c", bad(120, 420)); // as long as a part may be
	fare(s, "r", "d", bad(500, 510));
	settle(s);
	q.from = "2021-06-21T00:01:00Z"; // 60 s
	q.to = "2021-06-21T00:02:00Z";
	assert_int_equal(ask_quality(s, q, NULL), 200);
	expect_stretches(s, "b");
	q.from = "2021-06-21T00:06:59Z";
	q.to = NULL;
	assert_int_equal(ask_quality(s, q, NULL), 200);
	expect_stretches(s, "c d");
	q.from = NULL;
	q.limit = "3";
	assert_int_equal(ask_quality(s, q, NULL), 200);
	expect_stretches(s, "a b c");
	strcpy(next, json_string(s->body, "next", 63));
	q.after = next;
	assert_int_equal(ask_quality(s, q, NULL), 200);
	expect_stretches(s, "d");
	assert_false(json_has(s->body, "next"));
}

static void a_room_that_never_was_has_no_quality(void **state)
{
	struct server *s = *state;
	struct statistics_query q = room("r");

	assert_int_equal(ask_quality(s, q, NULL), 400);
	assert_string_equal(json_string(s->body, "error", 64), "room not found");
	assert_int_equal(ask_quality(s, q, json_new_array()), 200); // the room exists now
	expect_stretches(s, "");
	visit(s, "r", "p", 0, 60); // all was well
	settle(s);
	assert_int_equal(ask_quality(s, q, NULL), 200);
	expect_stretches(s, "");
	q.account_id = 2;
	assert_int_equal(ask_quality(s, q, NULL), 400);
	q = room("r");
	q.limit = "x";
	assert_int_equal(ask_quality(s, q, json_new_array()), 400);
	assert_non_null(json_string(s->body, "error", 64));
}

static void stretches_go_with_their_session(void **state)
{
	struct server *s = *state;

	keep(s, 1);
	fare(s, "r", "goes", bad(0, 60));
	fare(s, "r", "stays", bad(DAYS(2), DAYS(2) + 60));
	history_sessions_prune(s->history, AT(DAYS(3)));
	assert_int_equal(rows(s, "SELECT COUNT(*) FROM stretches"), 1);
	assert_int_equal(ask_quality(s, room("r"), NULL), 200);
	expect_stretches(s, "stays");
}

// A file made by the first version keeps its content.
static void an_older_file_is_taken_on(void **state)
{
	struct server *s = *state;
	sqlite3 *db;

	visit(s, "r", "p", 0, 60);
	stop(s);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
	        sqlite3_exec(
	                db,
	                "DROP TABLE stretches; DROP TABLE recordings; DROP TABLE recording_files;"
	                "DROP TABLE notices; DROP TABLE secrets;"
	                "ALTER TABLE events DROP COLUMN data; PRAGMA user_version = 1",
	                NULL, NULL, NULL
	        ),
	        SQLITE_OK
	);
	sqlite3_close(db);
	start(s);
	assert_int_equal(rows(s, "SELECT COUNT(*) FROM sessions"), 1);
	fare(s, "r", "bob", bad(60, 90));
	settle(s);
	assert_int_equal(ask_quality(s, room("r"), NULL), 200);
	expect_stretches(s, "bob");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(times_are_published_in_steps_of_30_s),
	        cmocka_unit_test(each_visit_is_rounded_up_once),
	        cmocka_unit_test(gaps_count_in_duration_but_not_in_active_duration),
	        cmocka_unit_test(many_persons_are_counted_once_each),
	        TEST(the_guides_example),
	        TEST(sessions_are_cut_at_the_edges),
	        TEST(a_peer_that_returns_makes_two_sessions),
	        TEST(an_open_session_counts_until_now),
	        TEST(what_is_not_there_is_404),
	        TEST(bad_input_is_400),
	        TEST(a_long_list_comes_in_pages),
	        TEST(a_query_under_way_at_the_end_stays_silent),
	        TEST(a_restart_takes_sessions_up),
	        TEST(a_crash_closes_sessions_with_the_last_sample),
	        TEST(sessions_go_when_they_are_too_old),
	        TEST(old_sessions_go_in_small_steps),
	        TEST(sessions_are_kept_forever_where_nothing_is_said),
	        TEST(bad_quality_is_known_later),
	        TEST(stretches_come_by_range_and_in_pages),
	        TEST(a_room_that_never_was_has_no_quality),
	        TEST(stretches_go_with_their_session),
	        TEST(an_older_file_is_taken_on),
	};
	char command[128];

	if (!mkdtemp(directory))
		return 1;
	snprintf(path, sizeof(path), "%s/history.db", directory);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command) == 0 ? failed : 1;
}
