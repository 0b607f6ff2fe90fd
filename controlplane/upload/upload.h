// Copies recordings to a bucket that speaks S3 while they are being written, so that little is left
// to do when they end, and a machine that is lost takes little with it. A thread of its own reads
// the files and sends parts of UPLOAD_PART_SIZE as they fill; when a file is complete, the rest,
// and the first part once more, whose index has grown meanwhile. After a restart, uploads go on
// where the bucket says that they are.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "upload/file_upload.h"

#define UPLOAD_PART_SIZE   (8u << 20) // bytes; S3 requires 5 MiB at least of all but the last
#define UPLOAD_RECORDINGS  256
#define UPLOAD_GIVE_UP_S   60 // for which a finished recording waits for the bucket
#define UPLOAD_RETRY_S_MAX 60
#define UPLOAD_LOOK_S      2 // between two looks at files that grow

struct loop;
struct s3_settings;
struct uploads;

struct uploads_settings {
	struct loop *loop;
	const struct s3_settings *s3; // stays the caller's
	const char *directory; // of all recordings
	const char *prefix; // of keys; empty, or ends with a slash
	// In the loop: all files of a finished recording are in the bucket (0), or were not after
	// UPLOAD_GIVE_UP_S (-ETIMEDOUT), after which the thread goes on trying until the process
	// ends; or its folder is gone (-ENOENT).
	void (*done)(void *owner, uint64_t recording_id, int result);
	void *owner;
};

struct uploads_counts {
	uint64_t bytes; // sent
	uint64_t failures; // requests
	uint32_t pending; // recordings whose files are not all in the bucket
	bool failing; // the last request failed
};

// NULL with errno.
[[nodiscard]] struct uploads *uploads_create(const struct uploads_settings *);

// Ends the request under way. What was not finished goes on after the next start.
void uploads_destroy(struct uploads *);

// folder: of the recording, below the directory. finished: its files do not change any more; may be
// called again when that changes. A recording whose folder goes is forgotten: uploads of it that
// are not complete are aborted, and what is in the bucket stays there. Does nothing, with a line in
// the log, beyond UPLOAD_RECORDINGS.
[[nodiscard]] bool
uploads_put(struct uploads *, uint64_t recording_id, const char *folder, bool finished);

void uploads_count(const struct uploads *, struct uploads_counts *);
