// A recorder without files: keeps what it is told, and reports that it does so, in the test's own
// thread. Aborts if the control plane says anything that does not pass am_record_check.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "am_record.h"

#define FAKE_TRACK_MAX     8
#define FAKE_RECORDING_MAX 8

struct fake_recording {
	struct am_record_set set; // recording_id: 0: unused
	uint64_t leader;
	struct am_record_track tracks[FAKE_TRACK_MAX];
	uint32_t track_count;
	bool stated; // since the last HELLO
	uint8_t error; // enum am_record_error: it has stopped by itself
};

struct fake_recorder {
	char path[108];
	int listener; // -1: there is no recorder
	int connection; // -1: none
	struct fake_recording recordings[FAKE_RECORDING_MAX];
	uint32_t stated, ended, forgotten, synced; // messages so far
	uint64_t free_bytes;
	bool refuses; // acknowledges no start
	bool is_hung; // neither reads nor writes
	uint64_t reported_ms;
};

// Listens at path, as a new process would: it has kept what it recorded.
void fake_recorder_start(struct fake_recorder *, const char *path);

// Ends as a killed process would.
void fake_recorder_stop(struct fake_recorder *);

// Accepts, takes what has come, reports.
void fake_recorder_turn(struct fake_recorder *);

// The recording of the room's directory, or NULL; and its track of this kind.
struct fake_recording *fake_recorder_of(struct fake_recorder *, const char *room);
const struct am_record_track *fake_track(const struct fake_recording *, enum am_record_kind);

// Says something by itself.
void fake_recorder_say(struct fake_recorder *, const struct am_record_msg *);
