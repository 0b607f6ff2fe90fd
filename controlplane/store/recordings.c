#include "store/recordings.h"

#include "base/clock.h"
#include "base/memory.h"
#include "store/database.h"
#include "store/inner.h"
#include "store/writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE 17 // a number in hexadecimal

static const char *const state_names[RECORDING_STATE_COUNT] = {
        [RECORDING_STARTING] = "starting", [RECORDING_RECORDING] = "recording",
        [RECORDING_PAUSED] = "paused",     [RECORDING_STOPPING] = "stopping",
        [RECORDING_READY] = "ready",       [RECORDING_FAILED] = "failed",
};

static const char *const reason_names[RECORDING_REASON_COUNT] = {
        [RECORDING_NO_REASON] = NULL,
        [RECORDING_BY_MODERATOR] = "moderator",
        [RECORDING_BY_API] = "api",
        [RECORDING_EMPTY] = "empty",
        [RECORDING_LIMIT] = "limit",
        [RECORDING_DISK_FULL] = "disk-full",
        [RECORDING_DISK_SLOW] = "disk-slow",
        [RECORDING_DISK_ERROR] = "disk-error",
        [RECORDING_RECORDER_LOST] = "recorder-lost",
        [RECORDING_SHUTDOWN] = "shutdown",
};

const char *recording_state_name(enum recording_state state)
{
	return state_names[state];
}

const char *recording_reason_name(enum recording_reason reason)
{
	return reason_names[reason];
}

// How many bytes each account has recorded. Known without asking the disk, since a recording may
// start only while the account has some left.

struct recorder {
	char key[KEY_SIZE]; // the account's id
	struct map_node by_id;
	uint64_t bytes;
};

struct recorded {
	char key[KEY_SIZE]; // the recording's id
	struct map_node by_id;
	struct recorder *recorder;
	uint64_t bytes;
};

static void key_print(char key[KEY_SIZE], uint64_t id)
{
	snprintf(key, KEY_SIZE, "%016" PRIx64, id);
}

static struct recorder *recorder_find(const struct history *h, uint64_t account_id)
{
	char key[KEY_SIZE];

	key_print(key, account_id);
	struct map_node *n = map_find(&h->recorders, key);
	return n ? container_of(n, struct recorder, by_id) : NULL;
}

static struct recorded *recorded_find(const struct history *h, uint64_t id)
{
	char key[KEY_SIZE];

	key_print(key, id);
	struct map_node *n = map_find(&h->recorded, key);
	return n ? container_of(n, struct recorded, by_id) : NULL;
}

static struct recorder *recorder_get(struct history *h, uint64_t account_id)
{
	struct recorder *r = recorder_find(h, account_id);

	if (r)
		return r;
	r = memory_new(1, sizeof(*r));
	key_print(r->key, account_id);
	map_add(&h->recorders, &r->by_id, r->key);
	return r;
}

static void recorded_set(struct history *h, uint64_t id, uint64_t account_id, uint64_t bytes)
{
	struct recorded *r = recorded_find(h, id);

	if (!r) {
		r = memory_new(1, sizeof(*r));
		key_print(r->key, id);
		r->recorder = recorder_get(h, account_id);
		map_add(&h->recorded, &r->by_id, r->key);
	}
	r->recorder->bytes += bytes - r->bytes;
	r->bytes = bytes;
}

static void recorded_remove(struct history *h, struct recorded *r)
{
	r->recorder->bytes -= r->bytes;
	map_remove(&h->recorded, &r->by_id);
	free(r);
}

uint64_t history_recorded_bytes(const struct history *h, uint64_t account_id)
{
	const struct recorder *r = recorder_find(h, account_id);

	return r ? r->bytes : 0;
}

static int recorded_read(struct history *h)
{
	sqlite3_stmt *p =
	        history_prepare(h->db, "SELECT id, account_id, bytes FROM recordings", 0, NULL);
	int step = p ? SQLITE_ROW : SQLITE_ERROR;

	while (step == SQLITE_ROW) {
		step = sqlite3_step(p);
		if (step == SQLITE_ROW)
			recorded_set(
			        h, (uint64_t)sqlite3_column_int64(p, 0),
			        (uint64_t)sqlite3_column_int64(p, 1),
			        (uint64_t)sqlite3_column_int64(p, 2)
			);
	}
	return history_finish(h->db, p, step);
}

// Makes the key if the file has none.
static int link_key_read(struct history *h)
{
	uint8_t key[HISTORY_LINK_KEY_SIZE];
	sqlite3_stmt *p;

	memory_random(key, sizeof(key));
	p = history_prepare(
	        h->db, "INSERT OR IGNORE INTO secrets VALUES('recording links', ?1)", 0, NULL
	);
	if (!p)
		return -EIO;
	sqlite3_bind_blob(p, 1, key, sizeof(key), SQLITE_STATIC);
	int ret = history_finish(h->db, p, sqlite3_step(p));
	explicit_bzero(key, sizeof(key));
	if (ret < 0)
		return ret;
	p = history_prepare(
	        h->db, "SELECT value FROM secrets WHERE name = 'recording links'", 0, NULL
	);
	int step = p ? sqlite3_step(p) : SQLITE_ERROR;
	if (step == SQLITE_ROW && sqlite3_column_bytes(p, 0) == HISTORY_LINK_KEY_SIZE)
		memcpy(h->link_key, sqlite3_column_blob(p, 0), HISTORY_LINK_KEY_SIZE);
	else
		step = SQLITE_ERROR;
	return history_finish(h->db, p, step);
}

const uint8_t *history_link_key(const struct history *h)
{
	return h->link_key;
}

int history_recordings_open(struct history *h)
{
	map_init(&h->recorded);
	map_init(&h->recorders);
	h->link_key = memory_new(HISTORY_LINK_KEY_SIZE, 1);
	int ret = link_key_read(h);
	return ret < 0 ? ret : recorded_read(h);
}

void history_recordings_close(struct history *h)
{
	struct map_node *n;

	while ((n = map_next(&h->recorded, NULL)))
		recorded_remove(h, container_of(n, struct recorded, by_id));
	while ((n = map_next(&h->recorders, NULL))) {
		map_remove(&h->recorders, n);
		free(container_of(n, struct recorder, by_id));
	}
	map_fini(&h->recorded);
	map_fini(&h->recorders);
	explicit_bzero(h->link_key, HISTORY_LINK_KEY_SIZE);
	free(h->link_key);
}

// Writing.

static const char *text(const char *s)
{
	return s ? s : "";
}

uint64_t history_recording_put(struct history *h, const struct recording_row *r)
{
	recorded_set(h, r->id, r->account_id, r->bytes);
	return store_write(
	        h->writer, RECORDING_PUT,
	        (int64_t[HISTORY_NUMBERS]
	        ){(int64_t)r->id, (int64_t)r->account_id, (int64_t)r->room_number, r->started_ms,
	          r->stopped_ms, r->duration_ms, (int64_t)r->bytes, r->state, r->reason,
	          clock_real_ms()},
	        (const char *[HISTORY_TEXTS]
	        ){text(r->room), text(r->directory), text(r->by_id), text(r->by_name)}
	);
}

void history_recording_file_put(struct history *h, const struct recording_file_row *f)
{
	store_write(
	        h->writer, RECORDING_FILE_PUT,
	        (int64_t[HISTORY_NUMBERS]
	        ){(int64_t)f->recording_id, f->offset_ms, f->duration_ms, (int64_t)f->bytes},
	        (const char *[HISTORY_TEXTS]
	        ){text(f->name), text(f->kind), text(f->codec), text(f->peer_id),
	          text(f->display_name)}
	);
}

void history_recording_remove(struct history *h, uint64_t id)
{
	const int64_t numbers[HISTORY_NUMBERS] = {(int64_t)id};
	struct recorded *r = recorded_find(h, id);

	if (r)
		recorded_remove(h, r);
	store_write(h->writer, RECORDING_FILES_REMOVE, numbers, NULL);
	store_write(h->writer, RECORDING_REMOVE, numbers, NULL);
}

// Reading.

#define COLUMNS                                                                                    \
	"id, account_id, room_number, at_ms, started_ms, stopped_ms, duration_ms, bytes, state,"   \
	" reason, room, directory, by_id, by_name"

static struct recording_row row_read(sqlite3_stmt *p)
{
	int state = sqlite3_column_int(p, 8), reason = sqlite3_column_int(p, 9);

	return (struct recording_row){
	        .id = (uint64_t)sqlite3_column_int64(p, 0),
	        .account_id = (uint64_t)sqlite3_column_int64(p, 1),
	        .room_number = (uint64_t)sqlite3_column_int64(p, 2),
	        .at_ms = sqlite3_column_int64(p, 3),
	        .started_ms = sqlite3_column_int64(p, 4),
	        .stopped_ms = sqlite3_column_int64(p, 5),
	        .duration_ms = sqlite3_column_int64(p, 6),
	        .bytes = (uint64_t)sqlite3_column_int64(p, 7),
	        .state = state >= 0 && state < RECORDING_STATE_COUNT ? (enum recording_state)state
	                                                             : RECORDING_FAILED,
	        .reason = reason >= 0 && reason < RECORDING_REASON_COUNT
	                          ? (enum recording_reason)reason
	                          : RECORDING_NO_REASON,
	        .room = column_text(p, 10),
	        .directory = column_text(p, 11),
	        .by_id = column_text(p, 12),
	        .by_name = column_text(p, 13),
	};
}

struct open_reader {
	void (*found)(void *owner, const struct recording_row *);
	void *owner;
};

static int open_read(void *reader, sqlite3_stmt *p)
{
	const struct open_reader *r = reader;
	const struct recording_row row = row_read(p);

	r->found(r->owner, &row);
	return 0;
}

int history_recordings_read(
        const struct history *h, void (*found)(void *owner, const struct recording_row *),
        void *owner
)
{
	static const struct database_query query = {
	        "SELECT " COLUMNS " FROM recordings WHERE state < 4 ORDER BY at_ms", open_read};

	return database_read("history", h->path, &query, 1, &(struct open_reader){found, owner});
}

static int files_walk(struct history_recordings *r, sqlite3 *db, int64_t id)
{
	sqlite3_stmt *p = history_prepare(
	        db,
	        "SELECT name, kind, codec, peer_id, display_name, offset_ms, duration_ms, bytes"
	        " FROM recording_files WHERE recording_id = ?1 ORDER BY rowid",
	        id, NULL
	);
	int step = p ? SQLITE_ROW : SQLITE_ERROR;

	while (step == SQLITE_ROW) {
		step = sqlite3_step(p);
		if (step != SQLITE_ROW)
			break;
		const struct recording_file_row f = {
		        .recording_id = (uint64_t)id,
		        .name = column_text(p, 0),
		        .kind = column_text(p, 1),
		        .codec = column_text(p, 2),
		        .peer_id = column_text(p, 3),
		        .display_name = column_text(p, 4),
		        .offset_ms = sqlite3_column_int64(p, 5),
		        .duration_ms = sqlite3_column_int64(p, 6),
		        .bytes = (uint64_t)sqlite3_column_int64(p, 7),
		};
		r->file(r, &f);
	}
	return history_finish(db, p, step);
}

static sqlite3_stmt *query_prepare(const struct history_recordings *r, sqlite3 *db)
{
	char query[1024];

	snprintf(
	        query, sizeof(query),
	        "SELECT " COLUMNS " FROM recordings WHERE account_id = ?1%s%s%s ORDER BY %s"
	        " LIMIT ?8",
	        r->id        ? " AND id = ?3"
	        : r->room[0] ? " AND room = ?2 AND at_ms >= ?4 AND at_ms < ?5"
	                     : " AND at_ms >= ?4 AND at_ms < ?5",
	        r->id || !r->after ? ""
	        : r->oldest_first  ? " AND (at_ms, id) > (?6, ?7)"
	                           : " AND (at_ms, id) < (?6, ?7)",
	        r->finished ? " AND state >= 4" : "",
	        r->oldest_first ? "at_ms, id" : "at_ms DESC, id DESC"
	);
	sqlite3_stmt *p = history_prepare(db, query, (int64_t)r->account_id, r->room);
	if (!p)
		return NULL;
	sqlite3_bind_int64(p, 3, (int64_t)r->id);
	sqlite3_bind_int64(p, 4, r->from_ms);
	sqlite3_bind_int64(p, 5, r->to_ms ? r->to_ms : INT64_MAX);
	sqlite3_bind_int64(p, 6, r->after_ms);
	sqlite3_bind_int64(p, 7, (int64_t)r->after);
	sqlite3_bind_int64(p, 8, r->limit);
	return p;
}

static int recordings_walk(struct history_recordings *r, sqlite3 *db)
{
	sqlite3_stmt *p = query_prepare(r, db);
	int step = p ? SQLITE_ROW : SQLITE_ERROR, ret = 0;

	while (step == SQLITE_ROW && ret == 0) {
		step = sqlite3_step(p);
		if (step != SQLITE_ROW)
			break;
		const struct recording_row row = row_read(p);
		r->recording(r, &row);
		if (r->file)
			ret = files_walk(r, db, (int64_t)row.id);
	}
	int end = history_finish(db, p, step);
	return ret < 0 ? ret : end;
}

static void recordings_ask(struct store_question *q, sqlite3 *db)
{
	struct history_recordings *r = container_of(q, struct history_recordings, question);

	if (database_execute(db, "BEGIN") < 0) { // one snapshot of both tables
		r->result = -EIO;
		return;
	}
	r->result = recordings_walk(r, db);
	database_execute(db, "ROLLBACK");
}

static void recordings_done(struct store_question *q)
{
	struct history_recordings *r = container_of(q, struct history_recordings, question);
	r->done(r, r->result);
}

int history_recordings_ask(struct history *h, struct history_recordings *r)
{
	r->result = -ECANCELED;
	r->question = (struct store_question
	){.account_id = r->account_id, .ask = recordings_ask, .done = recordings_done};
	return store_ask(h->asker, &r->question);
}
