#include "store/history.h"

#include "base/map.h"
#include "base/memory.h"
#include "store/database.h"
#include "store/inner.h"
#include "store/recordings.h"
#include "store/writer.h"

#include "am_log.h"

#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
// The first look at a newcomer also covers some time before the peer joined.
#define STRETCH_EARLY_MS "60000"

// Sessions are stored by room and time, so that a summary is one walk over neighbouring rows. The
// length of the room's longest session says how long before the range the walk must begin to find
// all sessions that overlap it.
static const char *const migrations[] = {
        "CREATE TABLE meta(sampled_ms INTEGER NOT NULL);"
        "INSERT INTO meta VALUES(0);"
        "CREATE TABLE rooms(id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL,"
        " name TEXT NOT NULL, longest_ms INTEGER NOT NULL DEFAULT 0, UNIQUE(account_id, name));"
        "CREATE TABLE persons(id INTEGER PRIMARY KEY, room_id INTEGER NOT NULL,"
        " name TEXT NOT NULL, UNIQUE(room_id, name));"
        "CREATE TABLE sessions(room_id INTEGER NOT NULL, joined_ms INTEGER NOT NULL,"
        " id INTEGER NOT NULL, left_ms INTEGER, person_id INTEGER NOT NULL,"
        " PRIMARY KEY(room_id, joined_ms, id)) WITHOUT ROWID;"
        "CREATE INDEX sessions_open ON sessions(room_id, joined_ms) WHERE left_ms IS NULL;"
        "CREATE TABLE admissions(id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL,"
        " flags INTEGER NOT NULL, sequence INTEGER NOT NULL, time_ms INTEGER NOT NULL,"
        " room TEXT, peer TEXT, display_name TEXT, token TEXT, url TEXT, authorization TEXT,"
        " secret TEXT);"
        "CREATE TABLE events(account_id INTEGER NOT NULL, sequence INTEGER NOT NULL,"
        " admission INTEGER NOT NULL, closed INTEGER NOT NULL, time_ms INTEGER NOT NULL,"
        " room TEXT, peer TEXT, display_name TEXT,"
        " PRIMARY KEY(account_id, sequence)) WITHOUT ROWID;"
        "CREATE INDEX events_by_time ON events(time_ms);",
        // What version 2 added. kind: quality and cause (stretch_kind).
        "CREATE TABLE stretches(room_id INTEGER NOT NULL, from_ms INTEGER NOT NULL,"
        " session_id INTEGER NOT NULL, to_ms INTEGER NOT NULL, person_id INTEGER NOT NULL,"
        " kind INTEGER NOT NULL, speaker TEXT, frozen_ms INTEGER NOT NULL,"
        " concealed INTEGER NOT NULL, lost INTEGER NOT NULL, rtt_ms INTEGER NOT NULL,"
        " estimate_kbps INTEGER NOT NULL, PRIMARY KEY(room_id, from_ms, session_id))"
        " WITHOUT ROWID;",
        // What version 3 added. at_ms: when the recording was started, or, if it never was, put.
        // notices: undelivered events that belong to no admission. secrets: keys of our own.
        "CREATE TABLE recordings(id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL,"
        " room_number INTEGER NOT NULL, at_ms INTEGER NOT NULL, started_ms INTEGER NOT NULL,"
        " stopped_ms INTEGER NOT NULL, duration_ms INTEGER NOT NULL, bytes INTEGER NOT NULL,"
        " state INTEGER NOT NULL, reason INTEGER NOT NULL, room TEXT NOT NULL,"
        " directory TEXT NOT NULL, by_id TEXT NOT NULL, by_name TEXT NOT NULL);"
        "CREATE INDEX recordings_by_time ON recordings(account_id, at_ms, id);"
        "CREATE INDEX recordings_by_room ON recordings(account_id, room, at_ms, id);"
        "CREATE INDEX recordings_open ON recordings(state) WHERE state < 4;"
        "CREATE TABLE recording_files(recording_id INTEGER NOT NULL, name TEXT NOT NULL,"
        " kind TEXT NOT NULL, codec TEXT NOT NULL, peer_id TEXT NOT NULL,"
        " display_name TEXT NOT NULL, offset_ms INTEGER NOT NULL,"
        " duration_ms INTEGER NOT NULL, bytes INTEGER NOT NULL, UNIQUE(recording_id, name));"
        "CREATE TABLE notices(account_id INTEGER NOT NULL, sequence INTEGER NOT NULL,"
        " subject INTEGER NOT NULL, kind INTEGER NOT NULL, time_ms INTEGER NOT NULL, room TEXT,"
        " data TEXT, url TEXT, authorization TEXT, secret TEXT,"
        " PRIMARY KEY(account_id, sequence)) WITHOUT ROWID;"
        "ALTER TABLE events ADD COLUMN data TEXT;"
        "CREATE TABLE secrets(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;",
};
static_assert(RECORDING_READY == 4); // the index recordings_open knows it

static const struct database_layout layout = {
        .name = "history",
        .needed = "a file of this version that this user may write",
        .pragmas = "PRAGMA synchronous = FULL",
        .version = sizeof(migrations) / sizeof(migrations[0]),
        .migrations = migrations,
};

// Made only if sessions are not kept forever: finds the old ones, and removes what goes with them.
// A room is kept as long as it has a session, including an open one.
static const char retention[] =
        "CREATE INDEX IF NOT EXISTS sessions_ended ON sessions(left_ms) WHERE left_ms IS NOT NULL;"
        "CREATE INDEX IF NOT EXISTS sessions_of_person ON sessions(person_id);"
        "CREATE TRIGGER IF NOT EXISTS session_gone AFTER DELETE ON sessions BEGIN"
        " DELETE FROM persons WHERE id = old.person_id AND NOT EXISTS"
        " (SELECT 1 FROM sessions WHERE person_id = old.person_id);"
        " DELETE FROM rooms WHERE id = old.room_id AND NOT EXISTS"
        " (SELECT 1 FROM sessions WHERE room_id = old.room_id); END;"
        "CREATE TRIGGER IF NOT EXISTS stretches_gone AFTER DELETE ON sessions BEGIN"
        " DELETE FROM stretches WHERE room_id = old.room_id AND session_id = old.id AND"
        " from_ms >= old.joined_ms - " STRETCH_EARLY_MS " AND from_ms <= old.left_ms; END;";

static const char *const sql[STATEMENT_COUNT] = {
        [ADMISSION_PUT] = "INSERT OR REPLACE INTO admissions VALUES"
                          "(?1, ?2, ?3, ?4, ?5, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        [ADMISSION_REMOVE] = "DELETE FROM admissions WHERE id = ?1",
        [EVENT_PUT] = "INSERT OR REPLACE INTO events VALUES"
                      "(?1, ?2, ?3, ?4, ?5, ?12, ?13, ?14, ?15)",
        [EVENTS_PRUNE] = "DELETE FROM events WHERE time_ms < ?1 AND sequence <"
                         " (SELECT MAX(sequence) FROM events e"
                         " WHERE e.account_id = events.account_id)",
        [NOTICE_PUT] = "INSERT OR REPLACE INTO notices VALUES"
                       "(?1, ?2, ?3, ?4, ?5, ?12, ?13, ?14, ?15, ?16)",
        [NOTICE_REMOVE] = "DELETE FROM notices WHERE account_id = ?1 AND sequence = ?2",
        [ROOM_PUT] = "INSERT INTO rooms(account_id, name) VALUES(?2, ?12) ON CONFLICT DO NOTHING",
        [PERSON_PUT] = "INSERT INTO persons(room_id, name)"
                       " SELECT id, ?13 FROM rooms WHERE account_id = ?2 AND name = ?12"
                       " ON CONFLICT DO NOTHING",
        [SESSION_OPEN] =
                "INSERT INTO sessions(room_id, joined_ms, id, person_id)"
                " SELECT r.id, ?3, ?1, p.id FROM rooms r JOIN persons p ON"
                " p.room_id = r.id WHERE r.account_id = ?2 AND r.name = ?12 AND p.name = ?13"
                " ON CONFLICT DO NOTHING",
        [SESSION_CLOSE] = "UPDATE sessions SET left_ms = ?4 WHERE id = ?1 AND joined_ms = ?3 AND"
                          " room_id = (SELECT id FROM rooms WHERE account_id = ?2 AND name = ?12)",
        [SESSION_LONGEST] = "UPDATE rooms SET longest_ms = ?4 - ?3"
                            " WHERE account_id = ?2 AND name = ?12 AND longest_ms < ?4 - ?3",
        [SAMPLED] = "UPDATE meta SET sampled_ms = ?1",
        [STRETCH_PUT] = "INSERT OR REPLACE INTO stretches"
                        " SELECT r.id, ?3, ?1, ?4, p.id, ?5, ?14, ?6, ?7, ?8, ?9, ?10"
                        " FROM rooms r JOIN persons p ON p.room_id = r.id"
                        " WHERE r.account_id = ?2 AND r.name = ?12 AND p.name = ?13",
        [SESSIONS_PRUNE] = "DELETE FROM sessions WHERE (room_id, joined_ms, id) IN"
                           " (SELECT room_id, joined_ms, id FROM sessions WHERE left_ms < ?1"
                           " ORDER BY left_ms LIMIT ?2)",
        [RECORDING_PUT] = "INSERT INTO recordings(id, account_id, room_number, started_ms,"
                          " stopped_ms, duration_ms, bytes, state, reason, at_ms, room,"
                          " directory, by_id, by_name) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
                          " ?9, iif(?4, ?4, ?10), ?12, ?13, ?14, ?15)"
                          " ON CONFLICT(id) DO UPDATE SET started_ms = ?4, stopped_ms = ?5,"
                          " duration_ms = ?6, bytes = ?7, state = ?8, reason = ?9,"
                          " at_ms = iif(?4, ?4, at_ms), by_id = ?14, by_name = ?15",
        [RECORDING_REMOVE] = "DELETE FROM recordings WHERE id = ?1",
        [RECORDING_FILE_PUT] =
                "INSERT INTO recording_files(recording_id, offset_ms, duration_ms, bytes, name,"
                " kind, codec, peer_id, display_name)"
                " SELECT ?1, ?2, ?3, ?4, ?12, ?13, ?14, ?15, ?16"
                " WHERE EXISTS(SELECT 1 FROM recordings WHERE id = ?1)"
                " ON CONFLICT(recording_id, name) DO UPDATE SET offset_ms = ?2,"
                " duration_ms = ?3, bytes = ?4, kind = ?13, codec = ?14, peer_id = ?15,"
                " display_name = ?16",
        [RECORDING_FILES_REMOVE] = "DELETE FROM recording_files WHERE recording_id = ?1",
};

static const struct store_statements statements = {
        .name = "history",
        .count = STATEMENT_COUNT,
        .sql = sql,
        .numbers = HISTORY_NUMBERS,
        .texts = HISTORY_TEXTS,
};

sqlite3_stmt *history_prepare(sqlite3 *db, const char *statement, int64_t a, const char *b)
{
	sqlite3_stmt *p;

	if (sqlite3_prepare_v2(db, statement, -1, &p, NULL) != SQLITE_OK) {
		am_error("history: cannot be read; error=%s", sqlite3_errmsg(db));
		return NULL;
	}
	sqlite3_bind_int64(p, 1, a);
	if (b)
		sqlite3_bind_text(p, 2, b, -1, SQLITE_STATIC);
	return p;
}

int history_finish(sqlite3 *db, sqlite3_stmt *p, int step)
{
	int ret = step == SQLITE_DONE || step == SQLITE_ROW ? 0 : -EIO;

	if (ret < 0 && step != SQLITE_INTERRUPT)
		am_error("history: cannot be read; error=%s", sqlite3_errmsg(db));
	sqlite3_finalize(p);
	return ret;
}

struct history *history_open(struct loop *l, const char *path, int64_t session_days)
{
	sqlite3 *db = database_open(&layout, path);
	if (!db)
		return NULL;
	if (session_days && database_execute(db, retention) < 0) {
		database_refuse(&layout, path, db, -EIO);
		return NULL;
	}
	struct history *h = memory_new(1, sizeof(*h));
	h->db = db;
	h->path = memory_copy_string(path);
	h->keep_ms = session_days * DAY_MS;
	if (history_recordings_open(h) < 0)
		goto close;
	h->writer = store_writer_start(db, &statements);
	if (!h->writer)
		goto close;
	h->asker = store_asker_start(l, "history", path);
	if (h->asker)
		return h;
	store_writer_stop(h->writer);

close:
	history_recordings_close(h);
	sqlite3_close(db);
	free(h->path);
	free(h);
	return NULL;
}

void history_close(struct history *h)
{
	store_asker_stop(h->asker);
	store_writer_stop(h->writer);
	history_recordings_close(h);
	sqlite3_close(h->db);
	free(h->path);
	free(h);
}

void history_count(const struct history *h, struct store_counts *counts)
{
	store_writer_count(h->writer, counts);
}

uint64_t history_admission_put(struct history *h, const struct history_admission *a)
{
	return store_write(
	        h->writer, ADMISSION_PUT,
	        (int64_t[HISTORY_NUMBERS]
	        ){(int64_t)a->id, (int64_t)a->account_id, a->closing | a->version << 1, a->sequence,
	          a->time_ms},
	        (const char *[HISTORY_TEXTS]
	        ){a->room, a->peer, a->display_name, a->token, a->url, a->authorization, a->secret}
	);
}

bool history_is_written(const struct history *h, uint64_t number)
{
	return store_written(h->writer) >= number;
}

void history_admission_remove(struct history *h, uint64_t id)
{
	store_write(h->writer, ADMISSION_REMOVE, (int64_t[HISTORY_NUMBERS]){(int64_t)id}, NULL);
}

// Who hears of each row that is left from the last process.
struct admission_reader {
	void (*found)(void *owner, const struct history_admission *);
	void *owner;
};

static int admission_read(void *reader, sqlite3_stmt *p)
{
	const struct admission_reader *r = reader;
	const struct history_admission a = {
	        .id = (uint64_t)sqlite3_column_int64(p, 0),
	        .account_id = (uint64_t)sqlite3_column_int64(p, 1),
	        .closing = sqlite3_column_int(p, 2) & 1,
	        .version = (uint8_t)(sqlite3_column_int(p, 2) >> 1),
	        .sequence = sqlite3_column_int64(p, 3),
	        .time_ms = sqlite3_column_int64(p, 4),
	        .room = column_text(p, 5),
	        .peer = column_text(p, 6),
	        .display_name = column_text(p, 7),
	        .token = column_text(p, 8),
	        .url = column_text(p, 9),
	        .authorization = column_text(p, 10),
	        .secret = column_text(p, 11),
	};
	r->found(r->owner, &a);
	return 0;
}

int history_admissions_read(
        const struct history *h, void (*found)(void *owner, const struct history_admission *),
        void *owner
)
{
	static const struct database_query query = {
	        "SELECT * FROM admissions ORDER BY time_ms", admission_read};

	return database_read(
	        layout.name, h->path, &query, 1, &(struct admission_reader){found, owner}
	);
}

void history_event_put(struct history *h, const struct history_event *e)
{
	store_write(
	        h->writer, EVENT_PUT,
	        (int64_t[HISTORY_NUMBERS]
	        ){(int64_t)e->account_id, e->sequence, (int64_t)e->admission, e->kind, e->time_ms},
	        (const char *[HISTORY_TEXTS]){e->room, e->peer, e->display_name, e->data}
	);
}

struct sequence_reader {
	void (*found)(void *owner, uint64_t account_id, int64_t last);
	void *owner;
};

static int sequence_read(void *reader, sqlite3_stmt *p)
{
	const struct sequence_reader *r = reader;

	r->found(r->owner, (uint64_t)sqlite3_column_int64(p, 0), sqlite3_column_int64(p, 1));
	return 0;
}

int history_sequences_read(
        const struct history *h, void (*found)(void *owner, uint64_t account_id, int64_t last),
        void *owner
)
{
	static const struct database_query query = {
	        "SELECT account_id, MAX(sequence) FROM events GROUP BY account_id", sequence_read};

	return database_read(
	        layout.name, h->path, &query, 1, &(struct sequence_reader){found, owner}
	);
}

void history_events_prune(struct history *h, int64_t before_ms)
{
	store_write(h->writer, EVENTS_PRUNE, (int64_t[HISTORY_NUMBERS]){before_ms}, NULL);
}

static void events_ask(struct store_question *q, sqlite3 *db)
{
	struct history_events *events = container_of(q, struct history_events, question);
	sqlite3_stmt *p = history_prepare(
	        db,
	        "SELECT account_id, sequence, admission, closed, time_ms, room, peer, display_name,"
	        " data FROM events WHERE account_id = ?1 AND sequence > ?3 ORDER BY sequence LIMIT "
	        "?4",
	        (int64_t)events->account_id, NULL
	);
	int step = p ? SQLITE_ROW : SQLITE_ERROR;

	if (p) {
		sqlite3_bind_int64(p, 3, events->after);
		sqlite3_bind_int64(p, 4, events->limit);
	}
	while (step == SQLITE_ROW) {
		step = sqlite3_step(p);
		if (step != SQLITE_ROW)
			break;
		const struct history_event e = {
		        .account_id = (uint64_t)sqlite3_column_int64(p, 0),
		        .sequence = sqlite3_column_int64(p, 1),
		        .admission = (uint64_t)sqlite3_column_int64(p, 2),
		        .kind = sqlite3_column_int(p, 3),
		        .time_ms = sqlite3_column_int64(p, 4),
		        .room = column_text(p, 5),
		        .peer = column_text(p, 6),
		        .display_name = column_text(p, 7),
		        .data = column_text(p, 8),
		};
		events->event(events, &e);
	}
	events->result = history_finish(db, p, step);
}

static void events_done(struct store_question *q)
{
	struct history_events *events = container_of(q, struct history_events, question);
	events->done(events, events->result);
}

int history_events_ask(struct history *h, struct history_events *events)
{
	events->result = -ECANCELED;
	events->question = (struct store_question
	){.account_id = events->account_id, .ask = events_ask, .done = events_done};
	return store_ask(h->asker, &events->question);
}

static void session_write(struct history *h, int statement, const struct history_session *s)
{
	store_write(
	        h->writer, statement,
	        (int64_t[HISTORY_NUMBERS]
	        ){(int64_t)s->id, (int64_t)s->account_id, s->joined_ms, s->left_ms},
	        (const char *[HISTORY_TEXTS]){s->room, s->person}
	);
}

void history_session_open(struct history *h, const struct history_session *s)
{
	session_write(h, ROOM_PUT, s);
	session_write(h, PERSON_PUT, s);
	session_write(h, SESSION_OPEN, s);
}

void history_session_close(struct history *h, const struct history_session *s)
{
	session_write(h, SESSION_CLOSE, s);
	session_write(h, SESSION_LONGEST, s);
}

// Puts quality and cause into one number, since SQLite stores a small number in a byte.
static int64_t stretch_kind(const struct stretch *s)
{
	return (int64_t)s->quality | (int64_t)s->cause << 2;
}

void history_stretch_put(
        struct history *h, const struct history_session *of, const struct stretch *s
)
{
	store_write(
	        h->writer, STRETCH_PUT,
	        (int64_t[HISTORY_NUMBERS]
	        ){(int64_t)of->id, (int64_t)of->account_id, s->from_ms, s->to_ms, stretch_kind(s),
	          s->frozen_ms, s->concealed, s->lost, s->rtt_ms, s->estimate_kbps},
	        (const char *[HISTORY_TEXTS]){of->room, of->person, s->speaker}
	);
}

void history_sampled(struct history *h, int64_t now_ms)
{
	store_write(h->writer, SAMPLED, (int64_t[HISTORY_NUMBERS]){now_ms}, NULL);
}

void history_sessions_prune(struct history *h, int64_t now_ms)
{
	if (h->keep_ms)
		store_write(
		        h->writer, SESSIONS_PRUNE,
		        (int64_t[HISTORY_NUMBERS]){now_ms - h->keep_ms, HISTORY_PRUNE_STEP}, NULL
		);
}

struct session_reader {
	void (*found)(void *owner, const struct history_session *);
	void *owner;
	int64_t *sampled_ms;
};

static int sampled_read(void *reader, sqlite3_stmt *p)
{
	const struct session_reader *r = reader;

	*r->sampled_ms = sqlite3_column_int64(p, 0);
	return 0;
}

static int session_read(void *reader, sqlite3_stmt *p)
{
	const struct session_reader *r = reader;
	const struct history_session s = {
	        .id = (uint64_t)sqlite3_column_int64(p, 0),
	        .account_id = (uint64_t)sqlite3_column_int64(p, 1),
	        .room = column_text(p, 2),
	        .person = column_text(p, 3),
	        .joined_ms = sqlite3_column_int64(p, 4),
	};
	r->found(r->owner, &s);
	return 0;
}

int history_sessions_read(
        const struct history *h, void (*found)(void *owner, const struct history_session *),
        void *owner, int64_t *sampled_ms
)
{
	static const struct database_query queries[] = {
	        {"SELECT sampled_ms FROM meta", sampled_read},
	        {"SELECT s.id, r.account_id, r.name, p.name, s.joined_ms"
	         " FROM sessions s INDEXED BY sessions_open"
	         " JOIN rooms r ON r.id = s.room_id JOIN persons p ON p.id = s.person_id"
	         " WHERE s.left_ms IS NULL",
	         session_read},
	};

	*sampled_ms = -1;
	return database_read(
	        layout.name, h->path, queries, sizeof(queries) / sizeof(queries[0]),
	        &(struct session_reader){found, owner, sampled_ms}
	);
}
