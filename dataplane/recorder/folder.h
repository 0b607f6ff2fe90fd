// The files of one recording: their names and what is told of them, kept in `state`. A file is
// told of when something of it is on disk, and when it ends.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "am_record.h"
#include "recorder/state.h"

#define FOLDER_PATH_MAX (AM_RECORD_DIR_MAX + 1 + AM_RECORD_NAME_MAX + 1)
#define FOLDER_NONE     UINT32_MAX

struct disk;
struct matroska;

struct folder {
	struct disk *disk;
	struct state *state;
	const char *dir; // below the disk's directory
	uint64_t untold[STATE_FILES_MAX / 64]; // bit of each file
	bool slow, full; // a track's file was given up: the disk is slow, or there are too many
	int error; // of the disk, the first one: -errno
};

void folder_init(struct folder *, struct disk *, struct state *, const char *dir);

void folder_path(const struct folder *, const char *name, char path[FOLDER_PATH_MAX]);

// A new file; recording_id is filled in. Its index, or FOLDER_NONE.
uint32_t folder_add(struct folder *, const struct am_record_file *);

// What is known of a file.
const struct am_record_file *folder_file(const struct folder *, uint32_t index);
void folder_update(
        struct folder *, uint32_t index, int64_t duration_ms, uint64_t bytes, bool complete
);

// Something of it is on disk.
void folder_begun(struct folder *, uint32_t index);

// The same of a file that is being written; and of one that ends.
void folder_report(struct folder *, uint32_t index, const struct matroska *);
void folder_end(struct folder *, uint32_t index, const struct matroska *, int64_t duration_ms);

// How many there are of which something is on disk, or will be.
uint32_t folder_count(const struct folder *);

// Of all files.
uint64_t folder_bytes(const struct folder *);

// Where the last of them ends, on the recording's line.
uint64_t folder_reach_ms(const struct folder *);

// After a reboot or power cut: makes of all files what plays, and says how long they are. Blocks.
void folder_complete(struct folder *);

// The next file to tell of; FOLDER_NONE: none.
uint32_t folder_untold(const struct folder *);
void folder_told(struct folder *, uint32_t index);
void folder_tell_all(struct folder *);
