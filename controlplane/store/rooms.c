#include "store/rooms.h"

#include "base/memory.h"
#include "store/database.h"
#include "store/writer.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>

#define NUMBERS 8
#define TEXTS   5

// Drops what another version left, and creates the tables.
static const char tables[] =
        "DROP TABLE IF EXISTS turned_away;"
        "DROP TABLE IF EXISTS kept_rules;"
        "DROP TABLE IF EXISTS tracks;"
        "DROP TABLE IF EXISTS transports;"
        "DROP TABLE IF EXISTS peers;"
        "DROP TABLE IF EXISTS rooms;"
        "DROP TABLE IF EXISTS meta;"
        "CREATE TABLE meta(generation INTEGER NOT NULL);"
        "INSERT INTO meta VALUES(0);"
        "CREATE TABLE rooms(id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL,"
        " kind INTEGER NOT NULL, created_ms INTEGER NOT NULL, waiting_room INTEGER NOT NULL,"
        " speakers_max INTEGER NOT NULL, viewers_max INTEGER NOT NULL,"
        " bitrate INTEGER NOT NULL, name TEXT NOT NULL,"
        " pin TEXT NOT NULL, video TEXT NOT NULL);"
        "CREATE TABLE peers(room_id INTEGER NOT NULL REFERENCES rooms(id) ON DELETE CASCADE,"
        " id TEXT NOT NULL, flags INTEGER NOT NULL, session TEXT NOT NULL,"
        " display_name TEXT NOT NULL, device TEXT NOT NULL, capabilities TEXT NOT NULL,"
        " PRIMARY KEY(room_id, id));"
        "CREATE TABLE transports(id INTEGER PRIMARY KEY, room_id INTEGER NOT NULL,"
        " peer_id TEXT NOT NULL, flags INTEGER NOT NULL, mid_reserved INTEGER NOT NULL,"
        " cname TEXT NOT NULL,"
        " FOREIGN KEY(room_id, peer_id) REFERENCES peers(room_id, id) ON DELETE CASCADE);"
        "CREATE INDEX transports_by_peer ON transports(room_id, peer_id);"
        "CREATE TABLE tracks(id INTEGER PRIMARY KEY,"
        " transport_id INTEGER NOT NULL REFERENCES transports(id) ON DELETE CASCADE,"
        " kind INTEGER NOT NULL, paused INTEGER NOT NULL, parameters TEXT NOT NULL,"
        " app_data TEXT NOT NULL);"
        "CREATE INDEX tracks_by_transport ON tracks(transport_id);"
        "CREATE TABLE turned_away(key TEXT PRIMARY KEY, refusal TEXT NOT NULL,"
        " until_ms INTEGER NOT NULL) WITHOUT ROWID;"
        "CREATE INDEX turned_away_by_end ON turned_away(until_ms);"
        "CREATE TABLE kept_rules(key TEXT PRIMARY KEY, waiting_room INTEGER NOT NULL,"
        " pin TEXT NOT NULL, until_ms INTEGER NOT NULL) WITHOUT ROWID;"
        "CREATE INDEX kept_rules_by_end ON kept_rules(until_ms);";

// The rooms of another version cannot be restored, so start afresh.
static const struct database_layout layout = {
        .name = "store", // as the setting is called
        .needed = "a file that this user may write",
        .pragmas = "PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON",
        .version = 4,
        .anew = tables,
};

enum statement {
	EMPTY,
	GENERATION_SET,
	ROOM_PUT,
	ROOM_REMOVE,
	PEER_PUT,
	PEER_RENAME,
	PEER_FLAGS,
	PEER_REMOVE,
	TRANSPORT_PUT,
	TRANSPORT_REMOVE,
	TRACK_PUT,
	TRACK_PAUSE,
	TRACK_REMOVE,
	KEPT_RULES_PUT,
	KEPT_RULES_REMOVE,
	KEPT_RULES_PRUNE,
	TURNED_AWAY_PUT,
	TURNED_AWAY_REMOVE,
	TURNED_AWAY_PRUNE,
	STATEMENT_COUNT,
};

// ?1 to ?8 are numbers, ?9 to ?13 texts. A row whose parent is gone already is not inserted.
static const char *const sql[STATEMENT_COUNT] = {
        [EMPTY] = "DELETE FROM rooms",
        [GENERATION_SET] = "UPDATE meta SET generation = ?1",
        [ROOM_PUT] = "INSERT INTO rooms(id, account_id, kind, created_ms, waiting_room,"
                     " speakers_max, viewers_max, bitrate, name, pin, video)"
                     " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
                     " ON CONFLICT(id) DO UPDATE SET waiting_room = ?5, speakers_max = ?6,"
                     " viewers_max = ?7, bitrate = ?8, pin = ?10, video = ?11",
        [ROOM_REMOVE] = "DELETE FROM rooms WHERE id = ?1",
        [PEER_PUT] = "INSERT INTO peers(room_id, flags, id, session, display_name,"
                     " device, capabilities) SELECT ?1, ?2, ?9, ?10, ?11, ?12, ?13"
                     " WHERE EXISTS(SELECT 1 FROM rooms WHERE id = ?1)"
                     " ON CONFLICT(room_id, id) DO UPDATE SET flags = ?2,"
                     " session = ?10, display_name = ?11, device = ?12, capabilities = ?13",
        [PEER_RENAME] = "UPDATE peers SET display_name = ?10 WHERE room_id = ?1 AND id = ?9",
        [PEER_FLAGS] = "UPDATE peers SET flags = ?2 WHERE room_id = ?1 AND id = ?9",
        [PEER_REMOVE] = "DELETE FROM peers WHERE room_id = ?1 AND id = ?9",
        [TRANSPORT_PUT] = "INSERT INTO transports(id, room_id, flags, mid_reserved, peer_id, cname)"
                          " SELECT ?1, ?2, ?3, ?4, ?9, ?10"
                          " WHERE EXISTS(SELECT 1 FROM peers WHERE room_id = ?2 AND id = ?9)"
                          " ON CONFLICT(id) DO UPDATE SET flags = ?3, mid_reserved = ?4",
        [TRANSPORT_REMOVE] = "DELETE FROM transports WHERE id = ?1",
        [TRACK_PUT] = "INSERT INTO tracks(id, transport_id, kind, paused, parameters, app_data)"
                      " SELECT ?1, ?2, ?3, ?4, ?9, ?10"
                      " WHERE EXISTS(SELECT 1 FROM transports WHERE id = ?2)"
                      " ON CONFLICT DO NOTHING",
        [TRACK_PAUSE] = "UPDATE tracks SET paused = ?2 WHERE id = ?1",
        [TRACK_REMOVE] = "DELETE FROM tracks WHERE id = ?1",
        [KEPT_RULES_PUT] = "INSERT INTO kept_rules(until_ms, waiting_room, key, pin)"
                           " VALUES(?1, ?2, ?9, ?10) ON CONFLICT(key) DO UPDATE SET"
                           " until_ms = ?1, waiting_room = ?2, pin = ?10",
        [KEPT_RULES_REMOVE] = "DELETE FROM kept_rules WHERE key = ?9",
        [KEPT_RULES_PRUNE] = "DELETE FROM kept_rules WHERE until_ms < ?1",
        [TURNED_AWAY_PUT] = "INSERT INTO turned_away(until_ms, key, refusal) VALUES(?1, ?9, ?10)"
                            " ON CONFLICT(key) DO UPDATE SET until_ms = ?1, refusal = ?10",
        [TURNED_AWAY_REMOVE] = "DELETE FROM turned_away WHERE key = ?9",
        [TURNED_AWAY_PRUNE] = "DELETE FROM turned_away WHERE until_ms < ?1",
};

static const struct store_statements statements = {
        .name = "store",
        .count = STATEMENT_COUNT,
        .sql = sql,
        .numbers = NUMBERS,
        .texts = TEXTS,
};

struct store_rooms {
	sqlite3 *db; // the writer's
	char *path;
	struct store_writer *writer;
	uint64_t generation;
};

struct store_rooms *store_rooms_open(const char *path)
{
	sqlite3 *db = database_open(&layout, path);
	if (!db)
		return NULL;
	int64_t generation = database_value(db, "SELECT generation FROM meta");
	if (generation < 0) {
		database_refuse(&layout, path, db, -EIO);
		return NULL;
	}
	struct store_rooms *s = memory_new(1, sizeof(*s));
	s->db = db;
	s->path = memory_copy_string(path);
	s->generation = (uint64_t)generation;
	s->writer = store_writer_start(db, &statements);
	if (s->writer)
		return s;
	sqlite3_close(db);
	free(s->path);
	free(s);
	return NULL;
}

void store_rooms_close(struct store_rooms *s)
{
	store_writer_stop(s->writer);
	sqlite3_close(s->db);
	free(s->path);
	free(s);
}

void store_rooms_count(const struct store_rooms *s, struct store_counts *counts)
{
	store_writer_count(s->writer, counts);
}

uint64_t store_rooms_generation(const struct store_rooms *s)
{
	return s->generation;
}

static int room_read(void *reader, sqlite3_stmt *p)
{
	const struct store_rooms_reader *r = reader;
	const struct store_room room = {
	        .id = (uint64_t)sqlite3_column_int64(p, 0),
	        .account_id = (uint64_t)sqlite3_column_int64(p, 1),
	        .kind = sqlite3_column_int(p, 2),
	        .created_ms = sqlite3_column_int64(p, 3),
	        .waiting_room = sqlite3_column_int(p, 4),
	        .speakers_max = (uint32_t)sqlite3_column_int64(p, 5),
	        .viewers_max = (uint32_t)sqlite3_column_int64(p, 6),
	        .bitrate = (uint32_t)sqlite3_column_int64(p, 7),
	        .name = column_text(p, 8),
	        .pin = column_text(p, 9),
	        .video = column_text(p, 10),
	};
	r->room(r->owner, &room);
	return 0;
}

static int peer_read(void *reader, sqlite3_stmt *p)
{
	const struct store_rooms_reader *r = reader;
	const struct store_peer peer = {
	        .room_id = (uint64_t)sqlite3_column_int64(p, 0),
	        .flags = (uint32_t)sqlite3_column_int64(p, 1),
	        .id = column_text(p, 2),
	        .session = column_text(p, 3),
	        .display_name = column_text(p, 4),
	        .device = column_text(p, 5),
	        .capabilities = column_text(p, 6),
	};
	r->peer(r->owner, &peer);
	return 0;
}

static int transport_read(void *reader, sqlite3_stmt *p)
{
	const struct store_rooms_reader *r = reader;
	const struct store_transport transport = {
	        .id = (am_id)sqlite3_column_int64(p, 0),
	        .room_id = (uint64_t)sqlite3_column_int64(p, 1),
	        .peer_id = column_text(p, 2),
	        .consuming = sqlite3_column_int(p, 3) & 1,
	        .connected = sqlite3_column_int(p, 3) >> 1 & 1,
	        .mid_reserved = (uint32_t)sqlite3_column_int64(p, 4),
	        .cname = column_text(p, 5),
	};
	r->transport(r->owner, &transport);
	return 0;
}

static int track_read(void *reader, sqlite3_stmt *p)
{
	const struct store_rooms_reader *r = reader;
	const struct store_track track = {
	        .id = (am_id)sqlite3_column_int64(p, 0),
	        .transport_id = (am_id)sqlite3_column_int64(p, 1),
	        .kind = sqlite3_column_int(p, 2),
	        .paused = sqlite3_column_int(p, 3),
	        .parameters = column_text(p, 4),
	        .app_data = column_text(p, 5),
	};
	r->track(r->owner, &track);
	return 0;
}

static int turned_away_read(void *reader, sqlite3_stmt *p)
{
	const struct store_rooms_reader *r = reader;
	const struct store_turned_away turned_away = {
	        .key = column_text(p, 0),
	        .refusal = column_text(p, 1),
	        .until_ms = sqlite3_column_int64(p, 2),
	};
	r->turned_away(r->owner, &turned_away);
	return 0;
}

static int kept_rules_read(void *reader, sqlite3_stmt *p)
{
	const struct store_rooms_reader *r = reader;
	const struct store_kept_rules kept_rules = {
	        .key = column_text(p, 0),
	        .waiting_room = sqlite3_column_int(p, 1),
	        .pin = column_text(p, 2),
	        .until_ms = sqlite3_column_int64(p, 3),
	};
	r->kept_rules(r->owner, &kept_rules);
	return 0;
}

// In this order: rows name rows of the table above.
static const struct database_query room_tables[] = {
        {"SELECT id, account_id, kind, created_ms, waiting_room, speakers_max, viewers_max,"
         " bitrate, name, pin, video FROM rooms",
         room_read},
        {"SELECT room_id, flags, id, session, display_name, device,"
         " capabilities FROM peers ORDER BY rowid",
         peer_read},
        {"SELECT id, room_id, peer_id, flags, mid_reserved, cname FROM transports", transport_read},
        {"SELECT id, transport_id, kind, paused, parameters, app_data FROM tracks", track_read},
};

// Their rows outlive a data plane.
static const struct database_query recall_tables[] = {
        {"SELECT key, refusal, until_ms FROM turned_away ORDER BY until_ms", turned_away_read},
        {"SELECT key, waiting_room, pin, until_ms FROM kept_rules ORDER BY until_ms",
         kept_rules_read},
};

int store_rooms_read(const struct store_rooms *s, const struct store_rooms_reader *r)
{
	struct store_rooms_reader reader = *r;

	return database_read(
	        layout.name, s->path, room_tables, sizeof(room_tables) / sizeof(room_tables[0]),
	        &reader
	);
}

int store_rooms_read_recall(const struct store_rooms *s, const struct store_rooms_reader *r)
{
	struct store_rooms_reader reader = *r;

	return database_read(
	        layout.name, s->path, recall_tables,
	        sizeof(recall_tables) / sizeof(recall_tables[0]), &reader
	);
}

static void
enqueue(struct store_rooms *s, enum statement statement, const int64_t numbers[NUMBERS],
        const char *const texts[TEXTS])
{
	store_write(s->writer, (int)statement, numbers, texts);
}

void store_rooms_reset(struct store_rooms *s, uint64_t generation)
{
	s->generation = generation;
	enqueue(s, EMPTY, (int64_t[NUMBERS]){0}, NULL);
	enqueue(s, GENERATION_SET, (int64_t[NUMBERS]){(int64_t)generation}, NULL);
}

void store_room_put(struct store_rooms *s, const struct store_room *r)
{
	enqueue(s, ROOM_PUT,
	        (int64_t[NUMBERS]
	        ){(int64_t)r->id, (int64_t)r->account_id, r->kind, r->created_ms, r->waiting_room,
	          r->speakers_max, r->viewers_max, r->bitrate},
	        (const char *[TEXTS]){r->name, r->pin, r->video});
}

void store_room_remove(struct store_rooms *s, uint64_t id)
{
	enqueue(s, ROOM_REMOVE, (int64_t[NUMBERS]){(int64_t)id}, NULL);
}

void store_peer_put(struct store_rooms *s, const struct store_peer *p)
{
	enqueue(s, PEER_PUT, (int64_t[NUMBERS]){(int64_t)p->room_id, p->flags},
	        (const char *[TEXTS]
	        ){p->id, p->session, p->display_name, p->device, p->capabilities});
}

void store_peer_rename(struct store_rooms *s, uint64_t room_id, const char *id, const char *name)
{
	enqueue(s, PEER_RENAME, (int64_t[NUMBERS]){(int64_t)room_id},
	        (const char *[TEXTS]){id, name});
}

void store_peer_flags(struct store_rooms *s, uint64_t room_id, const char *id, uint32_t flags)
{
	enqueue(s, PEER_FLAGS, (int64_t[NUMBERS]){(int64_t)room_id, flags},
	        (const char *[TEXTS]){id});
}

void store_peer_remove(struct store_rooms *s, uint64_t room_id, const char *id)
{
	enqueue(s, PEER_REMOVE, (int64_t[NUMBERS]){(int64_t)room_id}, (const char *[TEXTS]){id});
}

void store_transport_put(struct store_rooms *s, const struct store_transport *t)
{
	enqueue(s, TRANSPORT_PUT,
	        (int64_t[NUMBERS]
	        ){(int64_t)t->id, (int64_t)t->room_id, t->consuming | t->connected << 1,
	          t->mid_reserved},
	        (const char *[TEXTS]){t->peer_id, t->cname});
}

void store_transport_remove(struct store_rooms *s, am_id id)
{
	enqueue(s, TRANSPORT_REMOVE, (int64_t[NUMBERS]){(int64_t)id}, NULL);
}

void store_track_put(struct store_rooms *s, const struct store_track *t)
{
	enqueue(s, TRACK_PUT,
	        (int64_t[NUMBERS]){(int64_t)t->id, (int64_t)t->transport_id, t->kind, t->paused},
	        (const char *[TEXTS]){t->parameters, t->app_data});
}

void store_track_pause(struct store_rooms *s, am_id id, bool paused)
{
	enqueue(s, TRACK_PAUSE, (int64_t[NUMBERS]){(int64_t)id, paused}, NULL);
}

void store_track_remove(struct store_rooms *s, am_id id)
{
	enqueue(s, TRACK_REMOVE, (int64_t[NUMBERS]){(int64_t)id}, NULL);
}

void store_turned_away_put(struct store_rooms *s, const struct store_turned_away *t)
{
	enqueue(s, TURNED_AWAY_PRUNE, (int64_t[NUMBERS]){t->now_ms}, NULL);
	enqueue(s, TURNED_AWAY_PUT, (int64_t[NUMBERS]){t->until_ms},
	        (const char *[TEXTS]){t->key, t->refusal});
}

void store_turned_away_remove(struct store_rooms *s, const char *key)
{
	enqueue(s, TURNED_AWAY_REMOVE, (int64_t[NUMBERS]){0}, (const char *[TEXTS]){key});
}

void store_kept_rules_put(struct store_rooms *s, const struct store_kept_rules *k)
{
	enqueue(s, KEPT_RULES_PRUNE, (int64_t[NUMBERS]){k->now_ms}, NULL);
	enqueue(s, KEPT_RULES_PUT, (int64_t[NUMBERS]){k->until_ms, k->waiting_room},
	        (const char *[TEXTS]){k->key, k->pin});
}

void store_kept_rules_remove(struct store_rooms *s, const char *key)
{
	enqueue(s, KEPT_RULES_REMOVE, (int64_t[NUMBERS]){0}, (const char *[TEXTS]){key});
}
