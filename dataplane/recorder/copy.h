// The copy of a recording's state that lies in its directory: what completes the files after a
// reboot or power cut. It goes through the disk's queue, behind everything that it speaks of, and
// takes the place of the one before as a whole.
#pragma once

#include <stdbool.h>

struct disk_file;
struct folder;

struct copy {
	struct disk_file *file; // the last one; NULL: none of ours
};

// 0; -EAGAIN: the disk is too slow; -ENOMEM. done: everything of the recording has been queued.
[[nodiscard]] int copy_write(struct copy *, struct folder *, bool done);

// Writes one if the state has changed and the last one has been written.
void copy_update(struct copy *, struct folder *);

// It has, or could not be.
bool copy_is_written(const struct copy *);

void copy_remove(struct copy *, struct folder *);
void copy_close(struct copy *);
