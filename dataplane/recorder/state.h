// What a killed recorder's successor has to know to go on with a recording: what the control plane
// has stated, which files there are, and what time each track's last frames got, so that they get
// the same again.
//
// It is a file that is mapped into memory, next to the recorder's socket: the recording's own disk
// may stall, and each frame writes here. Named by the recording's id:
//
//     head, 4 KiB │ 128 tracks of 12 KiB │ 4096 files of 128 bytes
//
// Sparse: a track's or file's place is allocated when it is taken, since a page that there is no
// room for would be a SIGBUS. It outlives the process, not the machine, whose life boot_id tells.
// So a copy without times lies in the recording's directory, as the file `state`:
//
//     head, 4 KiB │ its files │ tracks in use, without their times
//
// Both in the machine's byte order and layout; version changes with them.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "am_record.h"
#include "media/timeline.h"
#include "recorder/line.h"

#define STATE_MAGIC     0x65746174732d6d61ull
#define STATE_VERSION   1u
#define STATE_COPY      "state" // name of the copy
#define STATE_NAME_SIZE 17 // of the live one
#define STATE_BOOT_SIZE 40 // with its terminator
#define STATE_FILES_MAX 4096 // of one recording, ended ones included
#define STATE_TIMES     240 // frames of a track that are remembered
#define STATE_CHAT      64 // messages likewise
#define STATE_SIZE      (4096u + AM_RECORD_TRACK_MAX * 12288u + STATE_FILES_MAX * 128u)
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
	uint64_t generation; // of the data plane whose rings have been read up to these positions
	uint64_t read[AM_WORKER_MAX + 1];
	uint64_t missed; // packets, so far
	uint64_t gaps;
	uint32_t file_count;
	uint32_t names; // files of tracks that have been named
	uint32_t parts; // of the programme
	uint32_t programme; // index of its file, plus 1; 0: none
	uint32_t chat; // likewise
	uint8_t error; // enum am_record_error, as reported
	uint8_t done; // everything is written
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

// What a track knows of its sender's clocks. checksum: of the rest; a kill may leave half of it.
struct state_clocks {
	uint64_t checksum;
	int64_t seen_us; // of the clock: arrival of the last frame or report that it knows
	struct timeline_publisher publisher;
	struct timeline_track encodings[AM_ENCODING_MAX];
};

struct state_track {
	uint32_t used; // bool
	uint32_t file; // index of its file, plus 1; 0: none
	struct am_record_track stated;
	uint64_t time_count; // so far
	struct state_time times[STATE_TIMES]; // number n at n % STATE_TIMES
	uint64_t clocks_count; // notes so far
	struct state_clocks clocks[2]; // number n at n % 2
};
static_assert(sizeof(struct state_track) <= 12288);

struct state_file {
	struct am_record_file report;
	uint8_t on_disk; // something of it has been seen there
	uint8_t reserved[7];
};
static_assert(sizeof(struct state_file) == 128);

enum state_found {
	STATE_NEW, // nothing was there
	STATE_RESUMED,
	STATE_RESTORED, // from the copy: times are not known
	STATE_REBOOTED, // likewise, and it is of an earlier life of the machine: its times mean
	                // nothing now
};

struct state {
	struct state_head *head;
	uint8_t *map;
	int fd;
	int folder; // of the live ones; not ours
	char name[STATE_NAME_SIZE];
	bool changed; // the copy does not say everything that it should
	enum state_found found;
	uint32_t tracks_allocated; // places
	uint32_t files_allocated;
};

// The id of the machine's life; "" if there is none.
void state_boot_id(char id[STATE_BOOT_SIZE]);

// Where states lie.
struct state_place {
	int live; // folder of the live ones
	const char *directory; // of all recordings
	const char *boot_id;
	bool stalls; // that disk does: nothing new is looked for there
};

// Opens the live state or, if there is none of this life of the machine, makes one from the copy in
// dir below the directory, or anew. Touches that disk only in the latter cases; it makes dir, then.
// 0; -EBADMSG if what lies there makes no sense, -EEXIST if it is another recording's, -EAGAIN if
// the disk stalls, -errno.
[[nodiscard]] int
state_open(struct state *, const struct state_place *, const char *dir, uint64_t recording_id);
void state_close(struct state *);

// Removes the live one. It stays open.
void state_remove(struct state *);

// What a copy has to consist of, to be freed; NULL: there is no memory.
[[nodiscard]] uint8_t *state_copy(const struct state *, bool done, size_t *len);

// Whether bytes read from a live state can be used. A parser of what lies on the disk.
[[nodiscard]] bool state_is_good(const void *bytes, size_t size);

// Likewise of a copy: then to, of STATE_SIZE zeros, becomes a live one.
[[nodiscard]] bool state_restore(uint8_t *to, const void *bytes, size_t size);

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

// The last frame of this encoding and source; NULL: none is remembered.
const struct state_time *
state_time_last(const struct state_track *, uint8_t encoding, uint8_t source);

// Notes the clocks; checksum is filled in. The last ones that are whole; NULL: there are none.
void state_clocks_put(struct state_track *, const struct state_clocks *);
const struct state_clocks *state_clocks_get(const struct state_track *);

// The last frame whose place in the file is not behind file_ms; NULL: none is remembered.
const struct state_time *state_time_before(const struct state_track *, uint32_t file_ms);

// The last frame of this millisecond of the line; NULL: none is remembered.
const struct state_time *state_time_at(const struct state_track *, int64_t time_ms);
