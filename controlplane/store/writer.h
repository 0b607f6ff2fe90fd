// A thread that writes one SQLite file, so that the loop never waits for a disk: a bounded queue of
// prepared statements, several to a transaction. A transaction that fails (the disk is full, the
// file locked) is tried again until it succeeds; what finds the queue full meanwhile is lost, and
// so is what still cannot be written when the process ends. The log tells of both.
#pragma once

#include <stdint.h>

#define STORE_WRITER_QUEUE_MAX 65536 // writes that wait
#define STORE_NUMBERS_MAX      12
#define STORE_TEXTS_MAX        11

struct sqlite3;
struct store_writer;

// What the file's owner writes. All statements take the same parameters: ?1 to ?numbers, then the
// texts; those that a statement lacks are left out. Static.
struct store_statements {
	const char *name; // in logs
	int count;
	const char *const *sql;
	int numbers, texts;
};

// From now on the connection is the thread's. NULL after one line in the log.
[[nodiscard]] struct store_writer *
store_writer_start(struct sqlite3 *, const struct store_statements *);

// Waits until all is written, but not for a transaction that fails.
void store_writer_stop(struct store_writer *);

// Copies. texts may be NULL, and so may each of them: it is NULL in SQL too. Returns the write's
// number, which grows; 0: it found the queue full.
uint64_t store_write(
        struct store_writer *w, int statement, const int64_t numbers[], const char *const texts[]
);

// The number of the last write that is in the file.
uint64_t store_written(const struct store_writer *);

// Numbers for metrics.
struct store_counts {
	uint64_t failed; // transactions: each try counts
	uint64_t lost; // writes that found the queue full
	uint64_t waiting; // writes that are not in the file yet
};
void store_writer_count(struct store_writer *, struct store_counts *);
