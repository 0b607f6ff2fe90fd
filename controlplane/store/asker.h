// Threads that read one SQLite file, for questions whose answer may take longer than a turn of the
// loop should. Each account has one question running at a time, so long ones leave the other
// threads to other accounts.
#pragma once

#include <stdint.h>

#define STORE_ASKER_QUEUE_MAX   256 // questions that wait
#define STORE_ASKER_ACCOUNT_MAX 64 // of those, from one account
#define STORE_ASKER_THREADS     4

struct loop;
struct sqlite3;
struct store_asker;

// A question, embedded in its owner's struct.
struct store_question {
	uint64_t account_id; // the one that asks
	void (*ask)(struct store_question *, struct sqlite3 *); // in a thread
	void (*done)(struct store_question *); // in the loop
	struct store_question *next;
};

// Opens the file read-only. NULL after one line in the log, which begins with name.
[[nodiscard]] struct store_asker *
store_asker_start(struct loop *, const char *name, const char *path);

// Runs no more questions; done is still called for each that is left.
void store_asker_stop(struct store_asker *);

// 0, or -EAGAIN: too many questions wait, in all or from this account.
[[nodiscard]] int store_ask(struct store_asker *, struct store_question *);
