// A thread that reads one SQLite file, for questions whose answer may take longer than a turn of
// the loop should.
#pragma once

#include <stdint.h>

#define STORE_ASKER_QUEUE_MAX 256 // questions that wait

struct loop;
struct sqlite3;
struct store_asker;

// A question, embedded in its owner's struct, whose memory it stays.
struct store_question {
	void (*ask)(struct store_question *, struct sqlite3 *); // in the thread
	void (*done)(struct store_question *); // in the loop
	struct store_question *next;
};

// Opens the file read-only. NULL after one line in the log, which begins with name.
[[nodiscard]] struct store_asker *
store_asker_start(struct loop *, const char *name, const char *path);

// Asks no more; done is called for each question that is left.
void store_asker_stop(struct store_asker *);

// 0, or -EAGAIN: too many questions wait.
[[nodiscard]] int store_ask(struct store_asker *, struct store_question *);
