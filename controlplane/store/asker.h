// Threads that read one SQLite file, for queries that may take longer than a turn of the loop
// should. One query of each account runs at a time, so that an account with long queries leaves the
// other threads to other accounts.
#pragma once

#include <stdint.h>

#define STORE_ASKER_QUEUE_MAX   256 // queries that wait
#define STORE_ASKER_ACCOUNT_MAX 64 // of these, from one account
#define STORE_ASKER_THREADS     4

struct loop;
struct sqlite3;
struct store_asker;

// A query, embedded in its owner's struct.
struct store_question {
	uint64_t account_id; // the account whose query this is
	void (*ask)(struct store_question *, struct sqlite3 *); // in a thread
	void (*done)(struct store_question *); // in the loop
	struct store_question *next;
};

// Opens the file read-only. NULL after one line in the log that begins with name.
[[nodiscard]] struct store_asker *
store_asker_start(struct loop *, const char *name, const char *path);

// Runs no more queries, but calls done for each that is left.
void store_asker_stop(struct store_asker *);

// 0, or -EAGAIN if too many queries wait, in all or from this account.
[[nodiscard]] int store_ask(struct store_asker *, struct store_question *);
