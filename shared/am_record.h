// What the control plane and the recorder say to each other, over a Unix socket of type
// SOCK_SEQPACKET on which the recorder listens: one struct am_record_msg in each datagram.
//
// Level-triggered: the control plane states what should be; the recorder makes it so and reports
// what is. On connecting, both say HELLO; then the control plane states every recording with its
// tracks, ends with SYNC, and repeats a statement whenever it changes. The recorder stops
// recordings that were not stated before SYNC. It reports the state of each recording once a second
// and when it changes, and each file when it begins and when it ends; after a HELLO it reports all
// of them. It repeats its own HELLO once a second, so that the free bytes of its disk are known
// while nothing is being recorded.
//
// If the control plane is gone, recordings go on as last stated; after AM_RECORD_ALONE_S they stop.
#pragma once

#include <assert.h>
#include <stdint.h>

#include "am_schema.h"

#define AM_RECORD_MAGIC     0x64726f6365722d61ull
#define AM_RECORD_VERSION   1u
#define AM_RECORD_MAX       64 // recordings at a time
#define AM_RECORD_TRACK_MAX 128 // tracks of one at a time
#define AM_RECORD_DIR_MAX   191 // characters: A-Z a-z 0-9 _ - and /
#define AM_RECORD_NAME_MAX  63 // of a file: A-Z a-z 0-9 _ - . and one /
#define AM_RECORD_ALONE_S   600

enum am_record_type {
	AM_RECORD_NONE,
	AM_RECORD_HELLO, // both ways; hello
	// control plane to recorder
	AM_RECORD_SET, // set: a recording, new or changed
	AM_RECORD_TRACK, // track: new or changed
	AM_RECORD_TRACK_END, // track: only its ids and the generation
	AM_RECORD_LEADER, // leader
	AM_RECORD_SYNC, // everything has been stated
	AM_RECORD_FORGET, // set: only recording_id: its end is stored; nothing more is reported
	// recorder to control plane
	AM_RECORD_STATE, // state
	AM_RECORD_FILE, // file
	AM_RECORD_KEY_FRAME, // track: only its ids; ask the publisher for a key frame
	AM_RECORD_TYPE_COUNT,
};

// What the control plane wishes.
enum am_record_run {
	AM_RECORD_RUN,
	AM_RECORD_PAUSE,
	AM_RECORD_STOP,
	AM_RECORD_RUN_COUNT,
};

// What is.
enum am_record_state {
	AM_RECORD_STARTING, // nothing is on disk yet
	AM_RECORD_RECORDING, // the first cluster is on disk
	AM_RECORD_PAUSED,
	AM_RECORD_STOPPED, // all files are complete
	AM_RECORD_FAILED, // nothing could be recorded
	AM_RECORD_STATE_COUNT,
};

// Why a recording stopped or failed by itself, or what is wrong with it.
enum am_record_error {
	AM_RECORD_OK,
	AM_RECORD_DISK_FULL,
	AM_RECORD_DISK_SLOW,
	AM_RECORD_DISK_ERROR,
	AM_RECORD_NO_TAP, // the data plane cannot be reached, or writes no tap; may pass
	AM_RECORD_TOO_MANY, // recordings or tracks
	AM_RECORD_ALONE, // the control plane was gone for AM_RECORD_ALONE_S
	AM_RECORD_LIMIT, // 12 hours
	AM_RECORD_ERROR_COUNT,
};

enum am_record_kind {
	AM_RECORD_VOICE, // a microphone
	AM_RECORD_CAMERA,
	AM_RECORD_SCREEN, // video
	AM_RECORD_SCREEN_SOUND,
	AM_RECORD_PROGRAMME, // files only, like the next one
	AM_RECORD_CHAT,
	AM_RECORD_KIND_COUNT,
};

struct am_record_hello {
	uint64_t magic;
	uint32_t version;
	uint32_t pid;
	uint64_t free_bytes; // recorder: of the disk
};

struct am_record_set {
	uint64_t recording_id; // random, never 0
	uint64_t room_id; // for the chat
	int64_t since_us; // CLOCK_MONOTONIC of the last change of run
	uint8_t run; // enum am_record_run
	uint8_t track_files; // bool: write a file for each track, besides the programme
	uint8_t reserved[6];
	char dir[AM_RECORD_DIR_MAX + 1]; // below the recorder's directory; created if it is missing
};

struct am_record_track {
	uint64_t recording_id;
	am_id track_id;
	uint64_t generation; // of the data plane's life to which the id belongs
	uint64_t publisher; // tracks of one participant share a clock; never 0
	uint32_t clock_rate; // Hz
	uint8_t kind; // enum am_record_kind
	uint8_t codec; // enum am_codec
	uint8_t encoding_count;
	uint8_t paused; // bool: muted
};

struct am_record_leader {
	uint64_t recording_id;
	uint64_t publisher; // who leads the talk; 0: nobody
};

struct am_record_status {
	uint64_t recording_id;
	int64_t began_us; // CLOCK_MONOTONIC of time 0; 0: not yet
	uint64_t duration_ms; // on the recording's time line, which leaves out pauses
	uint64_t bytes; // of all files
	uint64_t missed; // packets that were overwritten before they were read
	uint64_t gaps; // packets that never came
	uint64_t free_bytes; // of the disk
	uint32_t files;
	uint8_t state; // enum am_record_state
	uint8_t error; // enum am_record_error
	uint8_t reserved[2];
};

struct am_record_file {
	uint64_t recording_id;
	am_id track_id; // 0: the programme, the chat
	uint64_t publisher; // 0: likewise
	uint64_t offset_ms; // of the file's beginning on the recording's time line
	uint64_t duration_ms;
	uint64_t bytes;
	uint8_t kind; // enum am_record_kind
	uint8_t codec; // enum am_codec; of the programme's pictures
	uint8_t complete; // bool: nothing more is written
	uint8_t reserved[5];
	char name[AM_RECORD_NAME_MAX + 1]; // below the recording's directory
};

struct am_record_msg {
	uint16_t type; // enum am_record_type
	uint16_t reserved[3];
	union {
		struct am_record_hello hello;
		struct am_record_set set;
		struct am_record_track track;
		struct am_record_leader leader;
		struct am_record_status state;
		struct am_record_file file;
		uint8_t bytes[248];
	};
};
static_assert(sizeof(struct am_record_msg) == 256);

// Name of a message type for logs; "unknown" for any other number.
const char *am_record_name(uint16_t type);

// The word for an error in REST, webhooks and logs ("disk-full", …); "none" for AM_RECORD_OK.
const char *am_record_error_name(uint8_t error);

// Checks a message that the other process sent: type, bounds of each enum and count, characters and
// termination of each string; no path leaves its directory. 0 or -EINVAL.
[[nodiscard]] int am_record_check(const struct am_record_msg *, size_t len);
