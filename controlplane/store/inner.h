// What the files that share the history's file know of each other.
#pragma once

#include <sqlite3.h>
#include <stdint.h>

#include "base/map.h"

// The writer's parameters: ?1 to ?11 are numbers, ?12 to ?18 texts.
#define HISTORY_NUMBERS 11
#define HISTORY_TEXTS   7

enum history_statement {
	ADMISSION_PUT,
	ADMISSION_REMOVE,
	EVENT_PUT,
	EVENTS_PRUNE,
	NOTICE_PUT,
	NOTICE_REMOVE,
	ROOM_PUT,
	PERSON_PUT,
	SESSION_OPEN,
	SESSION_CLOSE,
	SESSION_LONGEST,
	SAMPLED,
	STRETCH_PUT,
	SESSIONS_PRUNE,
	RECORDING_PUT,
	RECORDING_REMOVE,
	RECORDING_FILE_PUT,
	RECORDING_FILES_REMOVE,
	STATEMENT_COUNT,
};

struct history {
	sqlite3 *db; // the writer's
	char *path;
	struct store_writer *writer;
	struct store_asker *asker;
	int64_t keep_ms; // 0: forever
	struct map recorded, recorders; // the bytes of each recording, and of each account
	uint8_t *link_key; // of HISTORY_LINK_KEY_SIZE bytes
};

// Prepares a query with one or two parameters. NULL after one line in the log.
sqlite3_stmt *history_prepare(sqlite3 *, const char *query, int64_t a, const char *b);

// Ends a walk over rows whose last step was this. Returns 0 or -EIO.
int history_finish(sqlite3 *, sqlite3_stmt *, int step);

// Reads what is kept in memory of the recordings, before the writer starts; and forgets it.
[[nodiscard]] int history_recordings_open(struct history *);
void history_recordings_close(struct history *);
