// Writes to files from a thread of its own, in order, so that a slow disk stalls nothing else. The
// queue is bounded: what does not fit is refused, and the caller decides what to drop. Blocks are
// allocated ahead of a file's end where the file system can do that, at most DISK_AHEAD_MAX, so
// that a disk that others fill still takes the end of what has begun.
//
// All functions belong to one thread, the owner's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DISK_QUEUE_MAX (32u << 20) // bytes that wait
#define DISK_AHEAD_MAX                                                                             \
	(64u << 20) // bytes allocated behind a file's end: as many as it has, at most
#define DISK_AHEAD_MIN  (1u << 20) // these
#define DISK_PIECES_MAX 4

struct disk;
struct disk_file;

// directory: base of all paths. NULL with errno.
[[nodiscard]] struct disk *disk_create(const char *directory);

// Writes what waits, for 5 s at most. All files must have been closed.
void disk_destroy(struct disk *);

// Begins a file below the directory, with its folders (0600 and 0700): its first write creates it,
// and empties one that exists. Symbolic links are not followed. Never waits for the disk: what
// fails is the file's error. NULL with errno: EINVAL, ENAMETOOLONG, ENOMEM.
[[nodiscard]] struct disk_file *disk_begin(struct disk *, const char *path);

// Opens a file that lies there from before. NULL with errno. Blocks: for the beginning of a
// recording.
[[nodiscard]] struct disk_file *disk_open_existing(struct disk *, const char *path);

// The same, but makes it and its folders if they are missing.
[[nodiscard]] struct disk_file *disk_open(struct disk *, const char *path);

// Queues the rest of its writes and then the close. Frees the handle.
void disk_close(struct disk_file *);

// The same, and removes the file.
void disk_discard(struct disk_file *);

// Queues the removal of a file that is not open.
void disk_remove(struct disk *, const char *path);

// Queue writes, a copy of the bytes. 0; -EAGAIN if the queue is full; the file's first error
// (-ENOSPC, -EIO, …) from then on. A write that fails leaves the file's size as it was.
[[nodiscard]] int disk_write(struct disk_file *, uint64_t offset, const void *bytes, size_t len);

struct disk_piece {
	uint64_t offset;
	const void *bytes;
	size_t len;
};

// Several writes in this order, queued all or none.
[[nodiscard]] int
disk_write_pieces(struct disk_file *, const struct disk_piece *pieces, uint8_t count);

// Queues fdatasync, once at a time.
void disk_sync(struct disk_file *);

// Queues a rename within the directory, after the writes before it. replace: what has that name;
// else such a file is an error. If one of them has failed, the file does not get its name, and is
// removed when it is closed.
void disk_rename(struct disk_file *, const char *path, bool replace);

// Queues cutting the file there, after the writes before it. As disk_write.
[[nodiscard]] int disk_cut(struct disk_file *, uint64_t size);

// For what lies on disk from before; both block, and only while disk_is_idle. The bytes read, fewer
// at the file's end; or -errno.
[[nodiscard]] ssize_t disk_read(struct disk_file *, uint64_t offset, void *bytes, size_t len);
[[nodiscard]] int disk_truncate(struct disk_file *, uint64_t size);

// What is on disk: bytes of writes that have been carried out, and whether all of them have.
uint64_t disk_written(const struct disk_file *);
bool disk_is_idle(const struct disk_file *);
bool disk_is_renamed(const struct disk_file *); // since it was opened
int disk_error(const struct disk_file *); // 0 or the first -errno
uint64_t disk_size(const struct disk_file *); // bytes, with those that wait

// Of the whole disk.
uint64_t disk_free(const struct disk *); // bytes available, as of a second ago
size_t disk_waiting(const struct disk *); // bytes queued
int64_t disk_oldest_us(const struct disk *); // CLOCK_MONOTONIC of the oldest waiting write; 0: none

// True if a file has this path. Blocks.
bool disk_exists(const struct disk *, const char *path);
