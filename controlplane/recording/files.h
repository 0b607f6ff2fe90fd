// The files of a recording, as the recorder reports them and the history has them.
#pragma once

#include <stdbool.h>

struct am_record_file;
struct recording;

// Takes a report over, into the history as well.
void files_take(struct recording *, const struct am_record_file *);

// Whether as many files are complete as the recorder says there are.
bool files_are_complete(const struct recording *);

void files_free(struct recording *);
