// Recordings whose files lie on the disk: listing, opening and removing them for their account. The
// recorder writes the files, the history knows them (store/recordings.h).
//
// Nothing here makes the loop wait for a disk: questions go to the history's readers, and threads
// open and remove files. Answers come from the loop, errors also within the call that asked.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARCHIVE_NAME_MAX    128 // bytes of a file's name
#define ARCHIVE_LIST_MAX    100 // recordings in an answer
#define ARCHIVE_EXPIRED_MAX 4 // recordings in an answer of archive_find_expired
#define ARCHIVE_THREADS     2

struct archive;
struct composer;
struct history;
struct json;
struct loop;
struct recording_file_row;
struct recording_row;

struct archive_settings {
	struct loop *loop;
	struct history *history;
	const char *directory; // of all recordings; lent
	// For videos of recordings, as in struct composer_settings.
	uint32_t free_min_mib;
	const char *composer_program;
	bool (*is_busy)(void *owner);
	void (*composed
	)(void *owner, const struct recording_row *, const struct recording_file_row *);
	void *owner;
};

// NULL after one line in the log.
[[nodiscard]] struct archive *archive_create(const struct archive_settings *);

// Answers each request that is left with -ECANCELED, after waiting for the disk. To be called
// before history_close.
void archive_destroy(struct archive *);

// Makes videos of recordings (composer.h).
struct composer *archive_composer(const struct archive *);

// Which recordings of an account are listed, newest first.
struct archive_query {
	uint64_t account_id;
	uint64_t id; // only this one; 0: all that follows
	const char *room; // NULL: of all rooms
	int64_t from_ms, to_ms; // when they were started; to_ms 0: no end
	int64_t after_ms; // those after the last one of the page before, which had this time
	uint64_t after; // and id; 0: from the newest
	uint32_t limit;
};

// What was found; the JSON is taken over by who receives it, NULL after an error.
struct archive_list {
	struct json *recordings; // an array
	uint32_t count;
	int64_t last_ms; // of the last one, for the next page
	uint64_t last;
};

// result: 0, -EAGAIN if too many questions wait, -EIO or -ECANCELED.
typedef void archive_listed(void *owner, int result, const struct archive_list *);
void archive_list(struct archive *, const struct archive_query *, archive_listed *, void *owner);

// A file as it is found. Strings are lent.
struct archive_file {
	int fd; // the receiver's
	uint64_t size, inode;
	int64_t changed_ns; // CLOCK_REALTIME
	bool complete; // it does not change any more
	int64_t started_ms; // of the recording; CLOCK_REALTIME
	const char *room;
	const char *name, *display_name; // display_name: whose track it is; empty: nobody's
};

// result: 0; -ENOENT: the account has no such recording; -ENODATA: it has no such file, or the file
// is gone; or as for archive_list. file: NULL after an error.
typedef void archive_opened(void *owner, int result, const struct archive_file *);
void archive_open(
        struct archive *a, uint64_t account_id, uint64_t id, const char *name, archive_opened *done,
        void *owner
);

// Removes the files, then the rows. result: 0; -ENOENT: the account has no such recording; -EBUSY:
// it is not finished; or as for archive_list: -EIO after one line in the log.
typedef void archive_removed(void *owner, int result);
void archive_remove(
        struct archive *a, uint64_t account_id, uint64_t id, archive_removed *done, void *owner
);

// The account's finished recordings that were started before this time, oldest first, at most
// ARCHIVE_EXPIRED_MAX. result: as for archive_list.
typedef void archive_expired_found(void *owner, int result, const uint64_t ids[], uint32_t count);
void archive_find_expired(
        struct archive *a, uint64_t account_id, int64_t before_ms, archive_expired_found *done,
        void *owner
);
