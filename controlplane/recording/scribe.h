// Writes the control plane's own files of a recording on a thread of its own, since disks stall:
// each in one step, by renaming a temporary file.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct loop;
struct scribe;

// What became of the chat of this recording, told in the loop: the bytes of chat.vtt, or -errno.
typedef void scribe_told(void *owner, uint64_t recording_id, int64_t bytes);

// NULL with errno.
[[nodiscard]] struct scribe *scribe_create(struct loop *, scribe_told *, void *owner);

// Waits until everything is written; nothing more is told.
void scribe_destroy(struct scribe *);

// Takes over the text, of len bytes. Replaces one of the same file that is not written yet. The
// file's directory may be missing: nothing is written then.
void scribe_write(struct scribe *, const char *path, char *text, size_t len);

// Turns chat.txt in the directory into chat.vtt (vtt.h), and removes it.
void scribe_chat(
        struct scribe *s, const char *directory, uint64_t recording_id, int64_t duration_ms
);
