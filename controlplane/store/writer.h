// A thread that writes one SQLite file, so that the loop never waits for a disk: a bounded queue of
// prepared statements, several to a transaction. A transaction that fails (the disk is full, the
// file locked) is tried again until it succeeds. Writes that find the queue full meanwhile are
// lost, and so are those that still fail when the process ends. The log reports both.
#pragma once

#include <stdint.h>

#define STORE_WRITER_QUEUE_MAX 65536 // writes that wait
#define STORE_NUMBERS_MAX      12
#define STORE_TEXTS_MAX        11

struct sqlite3;
struct store_writer;

// The statements of one file. All take the same parameters: ?1 to ?numbers, then the texts; each
// names only those that it uses. Must be static.
struct store_statements {
	const char *name; // in logs
	int count;
	const char *const *sql;
	int numbers, texts;
};

// From now on, the connection belongs to the thread. NULL after one line in the log.
[[nodiscard]] struct store_writer *
store_writer_start(struct sqlite3 *, const struct store_statements *);

// Waits until everything is written, but not for a transaction that fails.
void store_writer_stop(struct store_writer *);

// Copies its arguments. texts may be NULL, and so may each of them, which is then NULL in SQL, too.
// Returns the write's number, which grows, or 0: the queue was full.
uint64_t store_write(
        struct store_writer *w, int statement, const int64_t numbers[], const char *const texts[]
);

// The number of the last write that is in the file.
uint64_t store_written(const struct store_writer *);

// Numbers for metrics.
struct store_counts {
	uint64_t failed; // transactions: each attempt counts
	uint64_t lost; // writes that found the queue full
	uint64_t waiting; // writes that are not in the file yet
};
void store_writer_count(struct store_writer *, struct store_counts *);
