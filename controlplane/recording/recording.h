// Recordings of rooms: who started one, what it is doing, what is tapped. One at a time in a room.
// The recorder (am_record.h) writes the files; here is what it is told, and what is told of it.
//
//     starting ──first cluster──▶ recording ⇄ paused
//         │                          │           │
//         ▼                          ▼           ▼
//      failed                     stopping ──files complete──▶ ready
//
// The history's row is the truth (store/recordings.h); recording.json beside the files is its copy.
// A recording belongs to an account and a room's name: if everybody is gone for a moment, or the
// data plane is, it goes on with the room that opens under that name within RECORDING_EMPTY_MS.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/recordings.h"

struct accounts;
struct history;
struct loop;
struct media;
struct peer;
struct recordings;
struct room;
struct s3_settings;
struct rooms;
struct track;

#define RECORDING_ID_SIZE  17 // 16 lower-case hex digits and a terminator
#define RECORDING_START_MS 5000 // without an acknowledgement of the recorder, a start has failed
#define RECORDING_LOST_MS  10000 // without a report of the recorder, a recording ends
#define RECORDING_EMPTY_MS 60000 // without speakers, a recording ends

// What a room's recording is, for pages, REST and webhooks. Lent until the next turn of the loop.
struct recording_view {
	char id[RECORDING_ID_SIZE];
	enum recording_state state;
	enum recording_reason reason; // why it stopped or failed
	int64_t started_ms; // CLOCK_REALTIME; 0: not yet
	int64_t elapsed_ms; // on its time line, which leaves out pauses
	const char *by_id, *by_name; // who started it; NULL: the API
	bool asks_consent; // speakers are recorded once they consent
	bool begins; // the recorder has just acknowledged its start
	bool end_is_known; // people have been told already that it has stopped
	const struct recording_row *row; // as the history has it, or is about to have it
	const struct recording_file_row *files;
	uint32_t file_count;
};

struct recordings_events {
	void *owner;
	// Something in the view has changed that people and the account are told of, before the
	// history has it. room: NULL if it is gone.
	void (*changed)(void *owner, const struct room *room, const struct recording_view *);
	// Whether this peer's tracks may be recorded depends on its consent, and it has not
	// decided.
	void (*asked)(void *owner, struct peer *);
};

// The caller keeps everything that these pointers refer to.
struct recordings_settings {
	struct loop *loop;
	struct media *media;
	struct history *history;
	const struct accounts *accounts; // NULL: nobody is asked for consent
	const struct rooms *rooms;
	const char *socket; // the recorder's; empty: there is no recorder
	const char *directory; // of all recordings
	uint64_t free_min_bytes; // of the disk; none starts below four times as much
	const struct s3_settings *s3; // of the bucket to which they are copied; NULL: none
	const char *s3_prefix; // of its keys
	const struct recordings_events *events;
};

// Reads from the history what the last process has left.
[[nodiscard]] struct recordings *recordings_create(const struct recordings_settings *);

// The process ends, and recordings go on: what is reported from now on has no effect.
void recordings_leave(struct recordings *);
void recordings_destroy(struct recordings *);

// What a moderator or the API asks for. by: NULL for the API. Each is idempotent: 0 if it is so
// already. -ENOTCONN: no recorder, or no data plane; -ENOSPC: the disk is nearly full; -EMFILE: as
// many recordings as there may be; -ENOENT: (all but start) nothing is being recorded; -EDQUOT: the
// account's bytes are used up.
[[nodiscard]] int recording_start(struct recordings *, struct room *, const struct peer *by);
[[nodiscard]] int recording_stop(struct recordings *, struct room *, enum recording_reason);
[[nodiscard]] int recording_pause(struct recordings *, struct room *);
[[nodiscard]] int recording_resume(struct recordings *, struct room *);

// NULL if nothing is being recorded in the room; while files are being completed, the recording is
// RECORDING_STOPPING.
const struct recording_view *recording_of(struct recordings *, const struct room *);

// Whether the peer's tracks are recorded only once it has decided, and it has not.
bool recording_asks(struct recordings *, const struct peer *);

// What the conference reports. The track, peer or room is in its new state, or about to be freed.
void recordings_track_ready(struct recordings *, const struct track *);
void recordings_track_paused(struct recordings *, const struct track *);
void recordings_track_gone(struct recordings *, const struct track *);
void recordings_leader(struct recordings *, const struct room *, const struct peer *); // NULL:
                                                                                       // nobody
void recordings_peer_joined(struct recordings *, struct peer *); // or has become a speaker
void recordings_consent(struct recordings *, const struct peer *); // its answer has changed
void recordings_room_gone(struct recordings *, const struct room *);
// The rooms are back after a restart, or gone with the data plane.
void recordings_media_up(struct recordings *, uint64_t generation);

// Numbers for metrics.
struct recordings_counts {
	bool recorder_up;
	uint32_t now[RECORDING_STATE_COUNT]; // recordings in this state
	uint64_t ended[RECORDING_STATE_COUNT]; // since the start: ready or failed
	uint64_t missed; // packets that were overwritten before the recorder read them
	uint64_t gaps; // packets that never came
	uint64_t bytes; // written
	uint64_t free_bytes; // of the disk; 0: not known
	bool uploads; // there is a bucket
	uint64_t sent_bytes, failures; // to it
	uint32_t pending; // recordings that are not there yet
};
void recordings_count(const struct recordings *, struct recordings_counts *);
