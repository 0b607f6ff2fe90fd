// Writes to files from a thread of its own, in order, so that a slow disk stalls nothing else. The
// queue is bounded: what does not fit is refused, and the caller decides what to drop.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_QUEUE_MAX (32u << 20) // bytes that wait

struct disk;
struct disk_file;

// directory: base of all paths. NULL with errno.
[[nodiscard]] struct disk *disk_create(const char *directory);

// Writes what waits, for 5 s at most.
void disk_destroy(struct disk *);

// Opens a file below the directory (created with its folders, 0700 and 0600; an existing one is
// kept). NULL with errno. Blocks: for the beginning of a recording.
[[nodiscard]] struct disk_file *disk_open(struct disk *, const char *path);

// Queues the rest of its writes and then the close. Frees the handle.
void disk_close(struct disk_file *);

// Queue writes, a copy of the bytes. 0; -EAGAIN if the queue is full; the file's first error
// (-ENOSPC, -EIO, …) from then on.
[[nodiscard]] int disk_write(struct disk_file *, uint64_t offset, const void *bytes, size_t len);

// Queues fdatasync, once at a time.
void disk_sync(struct disk_file *);

// Queues a rename within the directory, after the writes before it.
void disk_rename(struct disk_file *, const char *path);

// What is on disk: bytes of writes that have been carried out, and whether all of them have.
uint64_t disk_written(const struct disk_file *);
bool disk_is_idle(const struct disk_file *);
int disk_error(const struct disk_file *); // 0 or the first -errno

// Of the whole disk.
uint64_t disk_free(const struct disk *); // bytes available
size_t disk_waiting(const struct disk *); // bytes queued
int64_t disk_oldest_us(const struct disk *); // CLOCK_MONOTONIC of the oldest waiting write; 0: none
