// Threads that read one SQLite file, for questions whose answer may take longer than a turn of the
// loop should. One question of an account runs at a time, so that its long ones leave the other
// threads to others.
#pragma once

#include <stdint.h>

#define STORE_ASKER_QUEUE_MAX   256 // questions that wait
#define STORE_ASKER_ACCOUNT_MAX 64 // of these of one account
#define STORE_ASKER_THREADS     4

struct loop;
struct sqlite3;
struct store_asker;

// A question, embedded in its owner's struct, whose memory it stays.
struct store_question {
	uint64_t account_id; // whose it is
	void (*ask)(struct store_question *, struct sqlite3 *); // in a thread
	void (*done)(struct store_question *); // in the loop
	struct store_question *next;
};

// Opens the file read-only. NULL after one line in the log, which begins with name.
[[nodiscard]] struct store_asker *
store_asker_start(struct loop *, const char *name, const char *path);

// Asks no more; done is called for each question that is left.
void store_asker_stop(struct store_asker *);

// 0, or -EAGAIN: too many questions wait, of all or of this account.
[[nodiscard]] int store_ask(struct store_asker *, struct store_question *);
