// The files of a recording, as the recorder reports them and the history has them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct am_record_file;
struct recording;

// Takes a report over, into the history as well.
void files_take(struct recording *, const struct am_record_file *);

// Adds a text that was made here.
void files_add_text(
        struct recording *r, const char *name, const char *kind, int64_t duration_ms, uint64_t bytes
);

// Whether as many files are complete as the recorder says there are.
bool files_are_complete(const struct recording *);

void files_free(struct recording *);
