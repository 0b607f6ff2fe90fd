// The tracks of one recording and their publishers. A track's frames go to its own file, and on to
// whoever mixes pictures and sound.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "am_record.h"
#include "media/timeline.h"
#include "recorder/folder.h"
#include "recorder/line.h"
#include "recorder/source.h"
#include "recorder/track_file.h"

#define TRACKS_GRACE_US     700000 // a track's last packets may be so late
#define TRACKS_SILENCE_US   1000000 // sound that is later is silence in the track's file
#define TRACKS_ASK_US       1000000 // between two requests for a key frame
#define TRACKS_KEY_US       30000000 // longest time without a key frame
#define TRACKS_SHOWN_KEY_US 10000000 // of the programme's picture

struct am_tap_entry;
struct mix_voice;
struct tracks;

struct publisher {
	uint64_t id; // 0: no publisher
	uint32_t tracks;
	struct timeline_publisher clock;
};

struct track {
	struct tracks *all;
	struct am_record_track stated;
	struct state_track *place; // NULL: no track
	struct publisher *publisher;
	struct source *source;
	struct track_file file;
	struct mix_voice *voice; // the owner's
	uint8_t next; // index, plus 1, of another track in the same slot
	bool is_stated; // since the last HELLO
	int64_t ended_us; // of the clock: nothing that was captured later is taken; 0: goes on
	bool asks; // for a key frame
	bool shown; // it is the programme's picture
	bool was_shown; // it was, for the recorder before us
	bool goes_on; // likewise, and its next frame follows the programme's last one
	int64_t asked_us;
	int64_t key_us; // of the clock: the last key frame
};

struct tracks_events {
	void *owner;
	// A frame with its time on the line, or LINE_NONE: it is left out.
	void (*frame)(void *owner, struct track *, const struct source_frame *);
	void (*added)(void *owner, struct track *);
	void (*paused)(void *owner, struct track *);
	void (*removed)(void *owner, struct track *);
};

struct tracks {
	struct folder *folder;
	const struct line *line;
	struct tracks_events events;
	bool files; // each track has one
	uint64_t lost; // packets of tracks that are over
	struct track list[AM_RECORD_TRACK_MAX];
	struct publisher publishers[AM_RECORD_TRACK_MAX];
	uint8_t slots[AM_TRACK_MAX]; // index, plus 1, of the first track with an id of this slot
};

void tracks_init(struct tracks *, struct folder *, const struct line *, const struct tracks_events *);

// The tracks that the state knows go on. shown_ms: of the line: the programme's last picture; -1:
// none.
void tracks_resume(struct tracks *, int64_t shown_ms, int64_t now_us);

// New or changed. 0; -ENOSPC: there are too many; -errno.
[[nodiscard]] int tracks_set(struct tracks *, const struct am_record_track *, int64_t now_us);
void tracks_end(struct tracks *, am_id, uint64_t generation, int64_t now_us);

// After a HELLO no track is stated; those that have not been by SYNC end.
void tracks_unstate(struct tracks *);
void tracks_end_unstated(struct tracks *, int64_t now_us);

bool tracks_has_slot(const struct tracks *, uint32_t slot);
struct track *tracks_find(struct tracks *, am_id, uint64_t generation);
void tracks_entry(struct tracks *, uint64_t generation, const struct am_tap_entry *);

void tracks_tick(struct tracks *, int64_t now_us);

// No more packets come.
void tracks_drain(struct tracks *);

// All tracks end there, or are left to the next recorder.
void tracks_close(struct tracks *, int64_t end_us);
void tracks_suspend(struct tracks *);

// What their files have from this time of the line on is cut off; for how long: see matroska_cut.
void tracks_cut(struct tracks *, int64_t end_us);

// Ends the tracks' own files; their frames still go to the owner.
void tracks_drop_files(struct tracks *, int64_t now_us);

// A track for which a key frame is to be asked now; NULL: none.
struct track *tracks_asking(struct tracks *, int64_t now_us);

uint64_t tracks_lost(const struct tracks *);
