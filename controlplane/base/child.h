// A program that runs beside the loop: what it says is read line by line, and its end is an event.
// It has a process group of its own, and of our descriptors only those that it speaks through.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/loop.h"

#define CHILD_LINE_MAX 255 // bytes; longer lines are cut

struct child;

// One of its outputs.
struct child_stream {
	struct loop_source source; // fd -1: at its end
	struct child *child;
	void (*line)(struct child *, const char *);
	size_t len;
	char text[CHILD_LINE_MAX + 1]; // of the line so far
};

// The caller's memory, of zeros but for the first three members.
struct child {
	void (*said)(void *owner, const char *line); // on its standard output
	void (*ended)(void *owner, int status); // as wait() has it; after all lines
	void *owner;
	pid_t pid; // 0: it does not run
	char complaint[CHILD_LINE_MAX + 1]; // its last line on standard error; empty: none
	// Private.
	struct loop *loop;
	struct loop_source end; // a pidfd
	struct child_stream out, err;
};

// Looks for a program beside this one, then in PATH. False: there is none.
[[nodiscard]] bool child_find(char *path, size_t size, const char *name);

// Returns 0 or -errno. arguments: of the program, its name included, up to a NULL.
[[nodiscard]] int
child_start(struct child *c, struct loop *l, const char *path, const char *const arguments[]);

// To the whole process group. Does nothing if it does not run.
void child_signal(const struct child *, int signal);

// Kills it and waits for its end, without calling `ended`.
void child_end(struct child *);
