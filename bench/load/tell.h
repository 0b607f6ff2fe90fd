// The results of a run, as rows of a table on stdout and lines of JSON.
#pragma once

#include <stdint.h>

struct generator;
struct measure;
struct run_options;

// Reports one figure of a case.
void tell(
        const struct run_options *, uint32_t viewers, const char *name, double value,
        const char *unit
);

void tell_joins(const struct run_options *, const struct generator *, double seconds);
void tell_measure(const struct run_options *, const struct generator *, const struct measure *);

// Reports the cost of viewers' feedback, compared with two windows without it.
void tell_feedback(
        const struct run_options *, const struct measure *without, const struct measure *with,
        uint64_t messages
);

// Reports the memory that viewers cost. before, after: bytes that the server occupied without and
// with them.
void tell_memory(
        const struct run_options *, const struct generator *, uint64_t before, uint64_t after
);

// Reports what the server has dropped since its start, by name.
void tell_drops(const struct run_options *, const struct generator *);

// Prints in words what the limit was, what was checked and what was not measured.
void tell_notes(const struct run_options *, const struct generator *, const struct measure *);

// Reports a step of a ramp: a row in a table of its own, and all its figures in the file.
void tell_step_title(void);
void tell_step(
        const struct run_options *, const struct generator *, const struct measure *,
        uint64_t memory_before
);
