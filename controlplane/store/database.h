// One SQLite file: opens it, brings its layout up to date, and reads its rows.
//
// The files hold secrets (sessions, PINs, tokens), so only their owner may read them.
#pragma once

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

// How a file is opened. A file whose content must not be lost is migrated, and refused if it is
// from a later version. Without migrations, `anew` replaces what is in a file of any other version.
struct database_layout {
	const char *name; // in logs; the setting controlplane.NAME holds the path
	const char *needed; // in the log: what that setting must be
	const char *pragmas; // besides that of the write-ahead log, which every file has
	int version; // the current one, as in PRAGMA user_version; 0 is an empty file
	// migrations[n] turns version n into version n + 1; there are `version` of them. A
	// migration that was released never changes.
	const char *const *migrations;
	const char *anew; // drops and creates all tables
};

// Opens or creates the file. NULL after one line in the log.
[[nodiscard]] sqlite3 *database_open(const struct database_layout *, const char *path);

// Closes the file after one line in the log like that of database_open, since a later step of
// opening it has failed.
void database_refuse(const struct database_layout *, const char *path, sqlite3 *, int error);

// Opens the file read-only, next to the connection that writes it. NULL after one line in the log
// that begins with name.
[[nodiscard]] sqlite3 *database_open_reader(const char *name, const char *path);

// Executes statements that have no parameters and whose rows do not matter. Returns 0 or -EIO.
int database_execute(sqlite3 *, const char *statements);

// Returns the first column of the query's first row, or -1 if it cannot be read.
int64_t database_value(sqlite3 *, const char *query);

// A query without parameters, and what receives each of its rows. Reading ends when that returns
// other than 0.
struct database_query {
	const char *query;
	int (*row)(void *owner, sqlite3_stmt *);
};

// Runs the queries one after the other, on a connection of its own, so it may be called at any
// time: it finds what is in the file, not the writes that wait. Returns what the last row returned,
// or -EIO after one line in the log that begins with name.
[[nodiscard]] int database_read(
        const char *name, const char *path, const struct database_query[], size_t count, void *owner
);

// The text of a column, or "" for NULL. It is SQLite's memory, valid until the next step.
static inline const char *column_text(sqlite3_stmt *p, int column)
{
	const unsigned char *s = sqlite3_column_text(p, column);
	return s ? (const char *)s : "";
}
