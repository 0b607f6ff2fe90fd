// A directory in /tmp for one test program, and the disk that writes to it.
#pragma once

#include "recorder/disk.h"

#include <stddef.h>

// Creates an empty directory, and removes it at exit.
const char *scratch_directory(void);

// Its path joined with a name; valid until eight more have been asked for.
const char *scratch_path(const char *name);

// Waits until nothing waits any more.
void scratch_drain(const struct disk *);

// Runs a command of the shell. Its exit status; what it says (with standard error, if the command
// says so) is in out.
int scratch_run(char *out, size_t size, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
