// Writes small files on a thread of its own, since disks stall: each in one step, by renaming a
// temporary file.
#pragma once

struct scribe;

// NULL with errno.
[[nodiscard]] struct scribe *scribe_create(void);

// Waits until everything is written.
void scribe_destroy(struct scribe *);

// Takes over the text. Replaces one of the same file that is not written yet. The file's directory
// may be missing: nothing is written then.
void scribe_write(struct scribe *, const char *path, char *text);
