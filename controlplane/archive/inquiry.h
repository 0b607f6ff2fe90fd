// A request on its way: first a question to the history, then perhaps work in a thread, and then
// its owner is told how it ended.
//
//     inquiry_ask ──▶ the history ──▶ kind->next ──▶ kind->work, in a thread ──▶ kind->end
//                          └── an error, or nothing more to do ───────────────────────┘
#pragma once

#include <sys/queue.h>

#include "base/workers.h"
#include "store/recordings.h"

struct inquiry;

struct inquiries {
	struct history *history;
	struct workers *workers;
	LIST_HEAD(, inquiry) asked; // that the history has not answered
};

struct inquiry_kind {
	// What follows the history's answer: returns 0 if there is work, else what `end` is told; 1
	// means 0 without work.
	int (*next)(struct inquiry *);
	int (*work)(struct inquiry *); // in a thread; its result is what `end` is told
	void (*end)(struct inquiry *, int result); // tells the owner, once
	void (*destroy)(struct inquiry *);
};

// Embedded in what a kind of requests keeps.
struct inquiry {
	const struct inquiry_kind *kind;
	struct history_recordings query; // the kind's, except done
	// Private.
	struct inquiries *all; // NULL: ended meanwhile
	struct work work;
	int result;
	LIST_ENTRY(inquiry) in_asked;
};

// Begins. The inquiry may be over when this returns.
void inquiry_ask(struct inquiry *, struct inquiries *);

// Stops the threads, and ends with -ECANCELED all that is left. What the history has not answered
// is destroyed when it does.
void inquiries_end(struct inquiries *);
