// Recordings of rooms: who started one, what it is doing, what is tapped. One at a time in a room.
// The recorder (am_record.h) writes the files; here is what it is told, and what is told of it.
//
//     starting ──first cluster──▶ recording ⇄ paused
//         │                          │           │
//         ▼                          ▼           ▼
//      failed                     stopping ──files complete──▶ ready
//
// The history's row is the truth (store/recordings.h); recording.json beside the files is its copy.
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
struct track;

#define RECORDING_ID_SIZE  17 // 16 lower-case hex digits and a terminator
#define RECORDING_START_MS 5000 // without an acknowledgement of the recorder, a start has failed

// What a room's recording is, for pages, REST and webhooks. Lent until the next turn of the loop.
struct recording_view {
	char id[RECORDING_ID_SIZE];
	enum recording_state state;
	enum recording_reason reason; // why it stopped or failed
	int64_t started_ms; // CLOCK_REALTIME; 0: not yet
	int64_t elapsed_ms; // on its time line, which leaves out pauses
	const char *by_id, *by_name; // who started it; NULL: the API
	bool asks_consent; // speakers are recorded once they consent
};

struct recordings_events {
	void *owner;
	// Something in the view has changed that people and the account are told of.
	void (*changed)(void *owner, const struct room *, const struct recording_view *);
	// Whether this peer's tracks may be recorded depends on its consent, and it has not
	// decided.
	void (*asked)(void *owner, struct peer *);
};

struct recordings_settings {
	struct loop *loop;
	struct media *media;
	struct history *history;
	const struct accounts *accounts;
	const char *socket; // the recorder's; empty: there is no recorder
	const char *directory; // of all recordings
	const struct recordings_events *events;
};

[[nodiscard]] struct recordings *recordings_create(const struct recordings_settings *);
void recordings_destroy(struct recordings *); // recordings go on

// What a moderator or the API asks for. by: NULL for the API. Each is idempotent: 0 if it is so
// already. -ENOTCONN: no recorder, or no data plane; -ENOSPC: the disk is nearly full; -EMFILE: as
// many recordings as there may be; -ENOENT: (all but start) nothing is being recorded; -EDQUOT: the
// account's bytes are used up.
[[nodiscard]] int recording_start(struct recordings *, struct room *, const struct peer *by);
[[nodiscard]] int recording_stop(struct recordings *, struct room *, enum recording_reason);
[[nodiscard]] int recording_pause(struct recordings *, struct room *);
[[nodiscard]] int recording_resume(struct recordings *, struct room *);

// NULL if nothing is being recorded in the room, and nothing has failed or stopped since its last
// peer came.
const struct recording_view *recording_of(const struct recordings *, const struct room *);

// A speaker's answer to the account's question. It lasts for the peer's stay.
void recording_consent(struct recordings *, struct peer *, bool consents);

// What the conference reports. The track, peer or room is in its new state, or about to be freed.
void recordings_track_ready(struct recordings *, const struct track *);
void recordings_track_paused(struct recordings *, const struct track *);
void recordings_track_gone(struct recordings *, const struct track *);
void recordings_leader(struct recordings *, const struct room *, const struct peer *); // NULL:
                                                                                       // nobody
void recordings_peer_joined(struct recordings *, const struct peer *);
void recordings_peer_left(struct recordings *, const struct peer *);
void recordings_room_gone(struct recordings *, const struct room *);
// The rooms are back after a restart, or gone with the data plane.
void recordings_media_up(struct recordings *, uint64_t generation);
void recordings_media_down(struct recordings *);
