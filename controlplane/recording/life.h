// A recording from its start to its end: what the recorder is told to do, what it reports, and when
// a recording ends by itself. The states are drawn in recording.h.
#pragma once

#include <stdint.h>

#include "store/recordings.h"

struct am_record_file;
struct am_record_status;
struct peer;
struct recording;
struct recordings;
struct room;

#define LIFE_FORGET_MS 3000 // after the end, until the recorder may forget: the history has it

// Begins a recording. by: NULL for the API.
struct recording *life_begin(struct recordings *, struct room *, const struct peer *by);

// Takes up a recording of the last process.
void life_take_up(struct recordings *, const struct recording_row *);

// Ends with the room, begins with the one that has its name: NULL, or the room.
void life_bind(struct recording *, const struct room *);

void life_pause(struct recording *);
void life_resume(struct recording *);
void life_stop(struct recording *, enum recording_reason);

// Who leads the talk; 0: nobody.
void life_lead(struct recording *, uint64_t publisher);

// What the recorder reports.
void life_report(struct recording *, const struct am_record_status *);
void life_report_file(struct recording *, const struct am_record_file *);

// Its files are in the bucket, or will be some time: its end waits for that.
void life_uploaded(struct recording *);

// The chat is written as WebVTT, of so many bytes, or cannot be: -errno.
void life_end_chat(struct recording *, int64_t bytes);

// Looks whether it is time to end; to be called now and then. May free the recording.
void life_look(struct recording *);

// States the recording, without its tracks, to the recorder.
void life_state(const struct recording *);
void life_state_leader(const struct recording *);

// Brings row and view up to date.
const struct recording_view *life_view(struct recording *);
int64_t life_elapsed_ms(const struct recording *);

void life_store(struct recording *);
void life_free(struct recording *);
