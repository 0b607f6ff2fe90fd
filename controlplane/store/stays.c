// The queries for sessions and stretches of a bad link.
#include "base/map.h"
#include "store/database.h"
#include "store/history.h"
#include "store/inner.h"

#include <errno.h>

// Returns -1 if the value cannot be read.
static int64_t value_read(sqlite3 *db, const char *statement, int64_t parameter)
{
	sqlite3_stmt *p = history_prepare(db, statement, parameter, NULL);
	int64_t value = -1;

	if (p && sqlite3_step(p) == SQLITE_ROW)
		value = sqlite3_column_int64(p, 0);
	sqlite3_finalize(p);
	return value;
}

// Finds where the walk over the room's sessions must begin to meet all that last beyond from_ms.
static int64_t walk_start(sqlite3 *db, int64_t room_id, int64_t longest_ms, int64_t from_ms)
{
	int64_t start;

	if (__builtin_sub_overflow(from_ms, longest_ms, &start))
		start = INT64_MIN;
	int64_t open = value_read(
	        db,
	        "SELECT COALESCE(MIN(joined_ms), 9223372036854775807) FROM sessions"
	        " INDEXED BY sessions_open WHERE room_id = ?1 AND left_ms IS NULL",
	        room_id
	);
	return open < start ? open : start;
}

#define STAYS_WHERE                                                                                \
	" FROM sessions WHERE room_id = ?1 AND (joined_ms, id) > (?3, ?4) AND joined_ms < ?5"      \
	" AND (left_ms IS NULL OR left_ms > ?6) ORDER BY joined_ms, id"

static int stays_walk(struct history_stays *s, sqlite3 *db, int64_t room_id, int64_t start)
{
	sqlite3_stmt *p = history_prepare(
	        db,
	        s->names ? "SELECT joined_ms, id, left_ms, person_id,"
	                   " (SELECT name FROM persons WHERE id = person_id)" STAYS_WHERE
	                 : "SELECT joined_ms, id, left_ms, person_id" STAYS_WHERE,
	        room_id, NULL
	);
	bool later = s->after_joined_ms >= start;
	int step = p ? SQLITE_ROW : SQLITE_ERROR;

	if (p) {
		sqlite3_bind_int64(p, 3, later ? s->after_joined_ms : start);
		sqlite3_bind_int64(p, 4, later ? (int64_t)s->after_id : INT64_MIN);
		sqlite3_bind_int64(p, 5, s->to_ms);
		sqlite3_bind_int64(p, 6, s->from_ms);
	}
	while (step == SQLITE_ROW) {
		step = sqlite3_step(p);
		if (step != SQLITE_ROW)
			break;
		bool open = sqlite3_column_type(p, 2) == SQLITE_NULL;
		const struct history_stay stay = {
		        .joined_ms = sqlite3_column_int64(p, 0),
		        .id = (uint64_t)sqlite3_column_int64(p, 1),
		        .left_ms = open ? HISTORY_OPEN : sqlite3_column_int64(p, 2),
		        .person_id = sqlite3_column_int64(p, 3),
		        .person = s->names ? column_text(p, 4) : NULL,
		};
		if (!s->stay(s, &stay))
			break;
	}
	return history_finish(db, p, step);
}

#define STRETCHES_OF                                                                               \
	"SELECT from_ms, session_id, to_ms, (SELECT name FROM persons WHERE id = person_id),"      \
	" kind, speaker, frozen_ms, concealed, lost, rtt_ms, estimate_kbps FROM stretches"         \
	" WHERE room_id = ?1 AND (from_ms, session_id) > (?3, ?4) AND from_ms < ?5"                \
	" AND to_ms > ?6 ORDER BY from_ms, session_id"

static struct stretch stretch_read(sqlite3_stmt *p)
{
	int kind = sqlite3_column_int(p, 4);

	return (struct stretch){
	        .from_ms = sqlite3_column_int64(p, 0),
	        .to_ms = sqlite3_column_int64(p, 2),
	        .quality = (enum quality)(kind & 3),
	        .cause = (enum stretch_cause)(kind >> 2),
	        .speaker = (char *)(uintptr_t)sqlite3_column_text(p, 5),
	        .frozen_ms = (uint32_t)sqlite3_column_int64(p, 6),
	        .concealed = (uint16_t)sqlite3_column_int(p, 7),
	        .lost = (uint8_t)sqlite3_column_int(p, 8),
	        .rtt_ms = (uint16_t)sqlite3_column_int(p, 9),
	        .estimate_kbps = (uint32_t)sqlite3_column_int64(p, 10),
	};
}

static int stretches_walk(struct history_stays *s, sqlite3 *db, int64_t room_id)
{
	sqlite3_stmt *p = history_prepare(db, STRETCHES_OF, room_id, NULL);
	int step = p ? SQLITE_ROW : SQLITE_ERROR;
	int64_t start;

	// No stretch is longer than that.
	if (__builtin_sub_overflow(s->from_ms, 2 * STRETCH_MS_MAX, &start))
		start = INT64_MIN;
	bool later = s->after_joined_ms >= start;
	if (p) {
		sqlite3_bind_int64(p, 3, later ? s->after_joined_ms : start);
		sqlite3_bind_int64(p, 4, later ? (int64_t)s->after_id : INT64_MIN);
		sqlite3_bind_int64(p, 5, s->to_ms);
		sqlite3_bind_int64(p, 6, s->from_ms);
	}
	while (step == SQLITE_ROW) {
		step = sqlite3_step(p);
		if (step != SQLITE_ROW)
			break;
		const struct stretch stretch = stretch_read(p);
		if (!s->stretch(
		            s, column_text(p, 3), (uint64_t)sqlite3_column_int64(p, 1), &stretch
		    ))
			break;
	}
	return history_finish(db, p, step);
}

static int room_walk(struct history_stays *s, sqlite3 *db)
{
	sqlite3_stmt *p = history_prepare(
	        db, "SELECT id, longest_ms FROM rooms WHERE account_id = ?1 AND name = ?2",
	        (int64_t)s->account_id, s->room
	);
	int step = p ? sqlite3_step(p) : SQLITE_ERROR;
	int64_t room_id = step == SQLITE_ROW ? sqlite3_column_int64(p, 0) : 0;
	int64_t longest_ms = step == SQLITE_ROW ? sqlite3_column_int64(p, 1) : 0;

	if (history_finish(db, p, step) < 0)
		return -EIO;
	if (step != SQLITE_ROW)
		return 0;
	s->known = true;
	if (s->stretch)
		return stretches_walk(s, db, room_id);
	return stays_walk(s, db, room_id, walk_start(db, room_id, longest_ms, s->from_ms));
}

static void stays_ask(struct store_question *q, sqlite3 *db)
{
	struct history_stays *s = container_of(q, struct history_stays, question);

	if (database_execute(db, "BEGIN") < 0) { // one snapshot of the file for the whole walk
		s->result = -EIO;
		return;
	}
	s->result = room_walk(s, db);
	database_execute(db, "ROLLBACK");
}

static void stays_done(struct store_question *q)
{
	struct history_stays *s = container_of(q, struct history_stays, question);
	s->done(s, s->result);
}

int history_stays_ask(struct history *h, struct history_stays *s)
{
	s->result = -ECANCELED;
	s->known = false;
	s->question = (struct store_question
	){.account_id = s->account_id, .ask = stays_ask, .done = stays_done};
	return store_ask(h->asker, &s->question);
}
