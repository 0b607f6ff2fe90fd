// The files of a recording, as the recorder reports them and the history has them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct am_record_file;
struct recording;

// Takes a report over, into the history as well.
void files_take(struct recording *, const struct am_record_file *);

// Adds a file that this process writes.
void files_add(
        struct recording *r, const char *name, const char *kind, int64_t duration_ms, uint64_t bytes
);

// The chat as the recorder writes it, chat.txt, is not for the history: it becomes chat.vtt, of so
// many bytes, or stays as it is, if that could not be written: -errno.
bool files_have_chat(const struct recording *);
void files_end_chat(struct recording *, int64_t bytes);

// Whether as many files are complete as the recorder says there are.
bool files_are_complete(const struct recording *);

void files_free(struct recording *);
