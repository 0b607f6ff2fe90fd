// What a killed recorder's successor has to know to go on with a recording: the file `state` in the
// recording's directory, mapped into memory. It says what the control plane has stated, which files
// there are, and what time each track's last frames got, so that they get the same again.
//
//     head, 4 KiB │ 128 tracks of 8 KiB │ 4096 files of 128 bytes
//
// In the machine's byte order and layout; version changes with them. Sparse: a track's or file's
// place is allocated when it is taken, since a page that the disk has no room for would be a
// SIGBUS. The mapping outlives the process, not the machine: boot_id tells.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "am_record.h"
#include "recorder/line.h"

#define STATE_MAGIC     0x65746174732d6d61ull
#define STATE_VERSION   1u
#define STATE_BOOT_SIZE 40 // with its terminator
#define STATE_FILES_MAX 4096 // of one recording, ended ones included
#define STATE_TIMES     240 // frames of a track that are remembered
#define STATE_CHAT      64 // messages likewise
#define STATE_NOT_IN    UINT32_MAX // a frame is in no file

// Where a message ends in chat.txt, and when it arrived.
struct state_chat {
	uint64_t end;
	int64_t arrival_us;
};

struct state_head {
	uint64_t magic;
	uint32_t version;
	uint32_t reserved;
	char boot_id[STATE_BOOT_SIZE];
	uint64_t recording_id;
	struct line line;
	int64_t stop_us; // of the clock: the line ends here; 0: it does not
	uint64_t missed; // packets, so far
	uint64_t gaps;
	uint32_t file_count;
	uint32_t names; // files of tracks that have been named
	uint32_t parts; // of the programme
	uint32_t programme; // index of its file, plus 1; 0: none
	uint32_t chat; // likewise
	uint8_t error; // enum am_record_error, as reported
	uint8_t done; // everything is written; set through the disk's queue
	uint8_t reserved2[2];
	uint64_t chat_count; // messages so far
	struct state_chat chats[STATE_CHAT]; // number n at n % STATE_CHAT
};
static_assert(sizeof(struct state_head) <= 4096);

// The time that a frame got.
struct state_time {
	int64_t time_us; // on the line
	uint64_t seq; // of its last packet
	uint32_t timestamp; // of RTP
	uint32_t file_ms; // where it is in the track's file
	uint8_t encoding;
	uint8_t source;
	uint8_t reserved[6];
};

struct state_track {
	uint32_t used; // bool
	uint32_t file; // index of its file, plus 1; 0: none
	struct am_record_track stated;
	uint64_t time_count; // so far
	struct state_time times[STATE_TIMES]; // number n at n % STATE_TIMES
};
static_assert(sizeof(struct state_track) <= 8192);

struct state_file {
	struct am_record_file report;
	uint8_t reserved[8];
};
static_assert(sizeof(struct state_file) == 128);

enum state_found {
	STATE_NEW, // nothing was there
	STATE_RESUMED,
	STATE_REBOOTED, // of an earlier life of the machine: its times mean nothing now
};

struct state {
	struct state_head *head;
	uint8_t *map;
	int fd;
	enum state_found found;
	uint32_t tracks_allocated; // places
	uint32_t files_allocated;
};

// The id of the machine's life; "" if there is none.
void state_boot_id(char id[STATE_BOOT_SIZE]);

// Opens dir/state below the directory, or makes it and its folders. 0; -EBADMSG if it makes no
// sense, -EEXIST if it is another recording's, -errno.
[[nodiscard]] int state_open(
        struct state *, const char *directory, const char *dir, uint64_t recording_id,
        const char *boot_id
);
void state_close(struct state *);

// Whether bytes read from such a file can be used. A parser of what lies on the disk.
[[nodiscard]] bool state_is_good(const void *bytes, size_t size);

// A track's place: AM_RECORD_TRACK_MAX of them. NULL: the disk is full.
[[nodiscard]] struct state_track *state_track(struct state *, uint32_t index);

// One of the files that there are; or one more, with its index. NULL: the disk or the table is
// full.
struct state_file *state_file(struct state *, uint32_t index);
[[nodiscard]] struct state_file *
state_file_add(struct state *, const struct am_record_file *, uint32_t *index);

// The time that this frame has got; NULL if that is not remembered.
struct state_time *
state_time_find(struct state_track *, uint8_t encoding, uint8_t source, uint32_t timestamp);
struct state_time *state_time_add(struct state_track *, const struct state_time *);

// The last frame whose place in the file is not behind file_ms; NULL: none is remembered.
const struct state_time *state_time_before(const struct state_track *, uint32_t file_ms);

// The last frame of this millisecond of the line; NULL: none is remembered.
const struct state_time *state_time_at(const struct state_track *, int64_t time_ms);
