// One file on its way to the bucket. Blocks; for the thread of the uploads.
//
// What the bucket has is noted in a journal, a file of the recording, so that a later process goes
// on from there: the right to write objects is all that the key requires, since nothing is listed.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "upload/s3.h"

#define UPLOAD_PART_SIZE (8u << 20) // bytes; S3 requires 5 MiB at least of all but the last

struct file_upload {
	struct file_upload *next; // of the same recording
	char *path; // on this machine
	char *key;
	const char *name; // the end of both: below the recording's folder
	int journal; // descriptor to append to; the caller's
	char id[S3_UPLOAD_ID_SIZE]; // empty: not begun
	bool done;
	uint64_t mtime_ns, size; // of the file, when it was done
	uint32_t part_count, part_room;
	struct s3_part *parts; // of UPLOAD_PART_SIZE each
};

// The strings are copied; path and key end with the name. NULL with errno.
[[nodiscard]] struct file_upload *
file_upload_create(const char *path, const char *key, const char *name, int journal);
void file_upload_destroy(struct file_upload *);

// Takes one line of the journal, without its line break, that is about this file.
void file_upload_recall(struct file_upload *, const char *line);

// Sends one part that has filled, or, if the file is finished, what is left, one part at a time.
// buffer: of UPLOAD_PART_SIZE. 1: something was sent; 0: there is nothing to do now; or -errno of
// s3.h, -errno of the file. *sent counts bytes.
[[nodiscard]] int
file_upload_step(struct file_upload *, struct s3 *, bool finished, uint8_t *buffer, uint64_t *sent);
