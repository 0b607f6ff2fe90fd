// The file of one track: pictures as they come, from a key frame on, or sound without gaps. It
// begins with its first frame. All times are on the recording's line, in microseconds.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recorder/folder.h"
#include "recorder/gapless.h"

struct assembly_frame;
struct matroska;

struct track_file {
	struct folder *folder;
	struct state_track *place; // what of it survives us
	struct am_record_track track;
	struct matroska *file; // NULL: not begun, or over
	uint32_t index; // FOLDER_NONE: not begun
	int64_t offset_us; // time 0 of the file, whole milliseconds
	int64_t resumed_ms; // of the file: what it had when we found it; -1: nothing
	int64_t after_us; // sound: packets up to this time are in the file, or were left out
	int64_t packet_us; // sound: what the last packet lasts
	bool joined; // the picture before the next one is the file's last
	bool wants_key; // the next picture must be a key frame
	bool over; // it takes no more
	struct gapless gapless;
};

// place->file names a file that was begun before: it is continued.
void track_file_init(struct track_file *, struct folder *, struct state_track *place, const struct am_record_track *);

// place: where it notes where in the file the frame is; NULL: nowhere.
void track_file_picture(struct track_file *, int64_t time_us, struct state_time *place, const struct assembly_frame *);

// A picture before the next one was left out on purpose.
void track_file_break(struct track_file *);

// The last picture that the file has of an earlier recorder; NULL: it is not known.
const struct state_time *track_file_last(const struct track_file *);

// The next picture follows the file's last one.
void track_file_join(struct track_file *);

void track_file_sound(
        struct track_file *, int64_t time_us, int level, struct state_time *place,
        const uint8_t *opus, size_t len
);

// Writes what is due. silence_us: the sound up to this time has come.
void track_file_tick(struct track_file *, int64_t now_us, int64_t silence_us);

// What it has from there on is cut off.
void track_file_cut(struct track_file *, int64_t end_us);

// Ends the file there; nothing more is taken.
void track_file_close(struct track_file *, int64_t end_us);

// Writes what there is, and lets go of the file: the next recorder continues it.
void track_file_suspend(struct track_file *);
