// One recording: what the control plane wishes of it, its time line, its tracks and files.
//
//     tap ─▶ tracks ─┬▶ track files
//                    ├▶ programme ─▶ programme file
//                    └▶ mix ──────▶ programme file
//
// It follows a clock that the caller passes: the arrival of what is read from the tap, which is the
// time of day only if nothing waits there.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "am_record.h"

#define RECORDING_LIMIT_US ((int64_t)12 * 3600 * 1000000)
#define RECORDING_LATE_US  700000 // after a stop, packets may be so late

struct am_tap_entry;
struct disk;
struct recording;

// What all recordings share.
struct recording_place {
	struct disk *disk;
	const char *directory; // of the disk
	const char *boot_id;
	int live; // folder of the states
};

// Opens or makes the recording's directory, and goes on with what lies there. now_us: of the clock.
// That waits for the disk; nothing else here does. While the disk stalls, there is no beginning.
// NULL with errno: there is no memory. Errors of the disk make it a failed recording.
[[nodiscard]] struct recording *
recording_create(const struct recording_place *, const struct am_record_set *, int64_t now_us);

// Lets go of it. A recording that has not ended can be continued by the next recorder.
void recording_destroy(struct recording *);

// It has ended, and the control plane has stored that: removes what only a recorder needs.
void recording_forget(struct recording *);

uint64_t recording_id(const struct recording *);

// What the control plane states.
void recording_set(struct recording *, const struct am_record_set *, int64_t now_us);
void recording_track(struct recording *, const struct am_record_track *, int64_t now_us);
void recording_track_end(struct recording *, const struct am_record_track *, int64_t now_us);
void recording_leader(struct recording *, uint64_t publisher, int64_t now_us);
void recording_greeted(struct recording *); // from now on, everything is stated anew
void recording_synced(struct recording *, int64_t now_us); // it has been

// Stops it, for a reason of our own if error is not AM_RECORD_OK.
void recording_stop(struct recording *, int64_t since_us, uint8_t error);

// Whether entries of tracks in this slot may be its own.
bool recording_has_slot(const struct recording *, uint32_t slot);
void recording_entry(struct recording *, uint64_t generation, const struct am_tap_entry *);
void recording_missed(struct recording *, uint64_t count);

// How far the rings have been read: kept for the next recorder.
void recording_read(
        struct recording *, uint64_t generation, const uint64_t *positions, uint32_t count
);
// What the last recorder has left: the generation, 0 if there is nothing.
uint64_t recording_was_read(const struct recording *, const uint64_t **positions);

// Writes what is due. Call at least every 100 ms of the clock.
void recording_tick(struct recording *, int64_t now_us);

// Once the rings have been read to their end: what no longer waits for packets is finished.
void recording_settle(struct recording *, int64_t now_us);

void recording_sync(struct recording *); // its programme and the state's copy to the disk

bool recording_is_running(const struct recording *); // has not ended, and is not paused
bool recording_has_ended(const struct recording *);

// What is to be told, if anything: files first. tap: whether the data plane can be reached.
bool recording_file(struct recording *, struct am_record_file *);
void recording_file_told(struct recording *);
bool recording_state(struct recording *, bool tap, int64_t now_us, struct am_record_status *);
void recording_retell(struct recording *); // the state could not be told
bool recording_key_frame(struct recording *, int64_t now_us, struct am_record_track *);
