// Threads for work that may wait for a disk, which the loop must not do.
#pragma once

#include <stdbool.h>

struct loop;
struct workers;

// A piece of work, embedded in its owner's struct.
struct work {
	void (*run)(struct work *); // in a thread
	void (*done)(struct work *); // then in the loop
	bool has_run; // false in `done`: the threads were stopped before
	struct work *next; // private
};

// NULL after one line in the log that begins with name.
[[nodiscard]] struct workers *workers_start(struct loop *, const char *name, int threads);

// Waits for what is under way, runs nothing more, and calls done for each piece that is left.
void workers_stop(struct workers *);

// Runs the work after what was added before. The owner bounds how much it adds.
void workers_add(struct workers *, struct work *);
