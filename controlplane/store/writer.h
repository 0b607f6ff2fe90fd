// A thread that writes one SQLite file, so that the loop never waits for a disk. It takes prepared
// statements from a bounded queue, several in a transaction. A transaction that fails (because the
// disk is full or the file is locked) is tried again until it succeeds. Writes that find the queue
// full meanwhile are lost, and so are those that still fail when the process ends. The log reports
// both.
#pragma once

#include <stdint.h>

#define STORE_WRITER_QUEUE_MAX 65536 // writes that wait
#define STORE_NUMBERS_MAX      12
#define STORE_TEXTS_MAX        11

struct sqlite3;
struct store_writer;

// The statements of one file. All take the same parameters, ?1 to ?numbers and then the texts; each
// statement names only those that it uses. Must be static.
struct store_statements {
	const char *name; // in logs
	int count;
	const char *const *sql;
	int numbers, texts;
};

// From now on, the connection belongs to the thread. NULL after one line in the log.
[[nodiscard]] struct store_writer *
store_writer_start(struct sqlite3 *, const struct store_statements *);

// Waits until everything is written, but does not wait for a transaction that keeps failing.
void store_writer_stop(struct store_writer *);

// Queues a write and copies its arguments. texts may be NULL, and so may each text, which is then
// NULL in SQL, too. Returns the number of the write, which grows, or 0 if the queue was full.
uint64_t store_write(
        struct store_writer *w, int statement, const int64_t numbers[], const char *const texts[]
);

// The number of the last write that is in the file.
uint64_t store_written(const struct store_writer *);

// Numbers for metrics.
struct store_counts {
	uint64_t failed; // failed transactions: each attempt counts
	uint64_t lost; // writes that found the queue full
	uint64_t waiting; // writes that are not in the file yet
};
void store_writer_count(struct store_writer *, struct store_counts *);
