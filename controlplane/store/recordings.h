// Recordings in the history's file: one row each, and one for each of their files.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/asker.h"
#include "terms/kinds.h"

struct history;

enum recording_state {
	RECORDING_STARTING,
	RECORDING_RECORDING,
	RECORDING_PAUSED,
	RECORDING_STOPPING,
	RECORDING_READY,
	RECORDING_FAILED,
	RECORDING_STATE_COUNT,
};

// Why a recording ended.
enum recording_reason {
	RECORDING_NO_REASON,
	RECORDING_BY_MODERATOR,
	RECORDING_BY_API,
	RECORDING_EMPTY, // 60 s without speakers
	RECORDING_LIMIT, // 12 h, or the account's bytes
	RECORDING_DISK_FULL,
	RECORDING_DISK_SLOW,
	RECORDING_DISK_ERROR,
	RECORDING_RECORDER_LOST,
	RECORDING_SHUTDOWN,
	RECORDING_REASON_COUNT,
};

const char *recording_state_name(enum recording_state); // "starting", "recording", …
const char *recording_reason_name(enum recording_reason); // "moderator", "api", … NULL: none

// Strings may be NULL: empty.
struct recording_row {
	uint64_t id; // random; shown as 16 hex digits
	uint64_t account_id;
	uint64_t room_number; // the data plane's id of the room
	const char *room; // its name
	const char *directory; // below the directory of all recordings
	const char *by_id, *by_name; // who started it; empty: the API
	int64_t at_ms; // what lists are in the order of: when it was started, or, until then, put
	int64_t started_ms, stopped_ms; // CLOCK_REALTIME; 0: not yet
	int64_t duration_ms;
	uint64_t bytes;
	enum recording_state state;
	enum recording_reason reason;
};

struct recording_file_row {
	uint64_t recording_id;
	const char *name; // below the recording's directory
	const char *kind; // "programme", "audio", "video", "screen", "screen-audio", "chat",
	                  // "speakers", "composed"
	const char *codec; // "vp8", "opus", …; NULL: text
	const char *peer_id, *display_name; // whose track it is; NULL: nobody's
	int64_t offset_ms, duration_ms;
	uint64_t bytes;
};

// Insert or replace. Account, room and directory never change. Returns the number of the write, for
// history_is_written.
uint64_t history_recording_put(struct history *, const struct recording_row *);
void history_recording_file_put(struct history *, const struct recording_file_row *);
void history_recording_remove(struct history *, uint64_t id); // with its files

// Reads those that are neither ready nor failed, oldest first, at the start. Returns 0 or -EIO.
[[nodiscard]] int history_recordings_read(
        const struct history *h, void (*found)(void *owner, const struct recording_row *),
        void *owner
);

// The bytes of the account's recordings, as far as they were put.
uint64_t history_recorded_bytes(const struct history *, uint64_t account_id);

#define HISTORY_LINK_KEY_SIZE 32

// The key that signs links to files: made with the history's file.
const uint8_t *history_link_key(const struct history *);

// What an account asks for, newest first. The reader's thread calls `recording` and then `file` for
// each of its files, in the order in which they were first put; then the loop calls done. Embedded
// in the caller's own struct. Strings are lent.
struct history_recordings {
	struct store_question question; // private
	uint64_t account_id;
	uint64_t id; // only this one, whatever follows; 0: all
	char room[ROOM_NAME_MAX + 1]; // empty: all
	int64_t from_ms, to_ms; // from_ms <= at_ms < to_ms; to_ms 0: any time
	int64_t after_ms; // only what comes after at_ms and id of the last one of the page before
	uint64_t after; // 0: from the first one
	bool finished; // only those that are ready or failed
	bool oldest_first;
	uint32_t limit;
	void (*recording)(struct history_recordings *, const struct recording_row *);
	void (*file)(struct history_recordings *, const struct recording_file_row *); // or NULL
	void (*done)(struct history_recordings *, int result); // 0, -EIO or -ECANCELED
	int result; // private
};

[[nodiscard]] int history_recordings_ask(struct history *, struct history_recordings *);
