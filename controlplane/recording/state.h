// What this folder's own files share.
#pragma once

#include <stdint.h>
#include <sys/queue.h>

#include "base/loop.h"
#include "recording/link.h"
#include "recording/recording.h"
#include "room/room.h"
#include "store/recordings.h"

#include "am_record.h"

#define RECORDING_FILE_MAX        4096 // of one recording
#define RECORDING_PARTICIPANT_MAX 4096
#define RECORDING_LEADER_MAX      20000 // changes of who leads, and pauses

struct scribe;
struct uploads;

// A track that the recorder knows.
struct tap {
	struct am_record_track stated;
	bool tapped; // the data plane was told to copy it
	bool seen; // while taps are compared with the room
};

// Somebody whose tracks share a clock.
struct participant {
	uint64_t publisher;
	char *peer_id, *name; // owned
};

// A file as the history has it, and whose it is. Strings are owned.
struct recording_file {
	struct recording_file_row row;
	uint64_t publisher; // 0: nobody's
	bool complete;
};

struct leading {
	int64_t time_ms; // on the time line
	uint64_t publisher; // 0: nobody
};

struct pausing {
	int64_t time_ms; // on the time line
	int64_t since_us, until_us; // CLOCK_MONOTONIC; until: 0 while it lasts
};

struct recording {
	LIST_ENTRY(recording) next;
	struct recordings *all;
	uint64_t id;
	uint64_t account_id;
	char room_name[ROOM_NAME_MAX + 1];
	char directory[AM_RECORD_DIR_MAX + 1]; // below that of all recordings
	const struct room *room; // NULL: it is gone, or not back yet
	uint64_t room_number; // of the room, or of the last one
	enum recording_state state;
	enum recording_reason reason;
	bool acknowledged; // the first cluster is on disk
	bool asks; // for consent
	bool track_files; // besides the programme
	char *by_id, *by_name; // owned; NULL: the API
	int64_t at_ms; // when it was asked for; CLOCK_REALTIME
	int64_t started_ms, stopped_ms; // 0: not yet
	// The time line: its length at since_us, the last change of run.
	enum am_record_run run;
	int64_t since_us, line_us; // CLOCK_MONOTONIC
	bool line_unknown; // after a restart: the recorder knows how long it is
	// Times of the loop.
	uint64_t begun_ms; // when this process took it up
	uint64_t over_ms; // when the recorder reported its end; 0: it has not
	bool uploading, uploaded; // its files, once they are complete, to the bucket
	uint64_t heard_ms; // when the recorder last reported its state; 0: never
	uint64_t empty_ms; // since when there are no speakers; 0: there are
	uint64_t ended_ms; // when it became ready or failed; 0: it has not
	uint64_t stored_ms; // when its row was last written
	struct am_record_status status; // as last reported
	struct tap taps[AM_RECORD_TRACK_MAX]; // in no particular order
	uint32_t tap_count;
	bool taps_full; // told in the log
	bool chat_tapped;
	uint64_t leader; // publisher; 0: nobody
	struct participant *participants;
	uint32_t participant_count;
	struct recording_file *files;
	struct recording_file_row *file_rows; // of the same files, for the view; strings are lent
	uint32_t file_count;
	struct leading *leadings;
	uint32_t leading_count;
	struct pausing *pauses;
	uint32_t pause_count;
	bool finishing; // this process writes its own last files
	bool chat_due; // … of which the chat is not there yet
	bool copy_due; // recording.json is out of date
	uint64_t copied_ms; // when it was last written
	size_t copy_len; // of the last one
	struct recording_row row; // of the view
	struct recording_view view;
};

struct recordings {
	struct loop *loop;
	struct media *media;
	struct history *history;
	const struct accounts *accounts;
	const struct rooms *rooms;
	const char *directory;
	uint64_t free_min_bytes;
	const struct recordings_events *events;
	struct recorder_link *link;
	struct recorder_link_events link_events;
	struct scribe *scribe;
	struct uploads *uploads; // NULL: there is no bucket
	LIST_HEAD(, recording) list;
	uint32_t count; // in the list
	struct loop_timer timer;
	uint64_t created_ms;
	uint64_t generation; // of the data plane; 0: none yet
	uint64_t auto_ms; // when automatic starts were last tried
	uint64_t free_bytes; // of the disk; 0: not known
	uint64_t ended[RECORDING_STATE_COUNT];
	uint64_t missed, gaps, bytes; // of all recordings of this process's time
	bool left; // recordings_leave
};

// starting, recording or paused
static inline bool recording_is_active(const struct recording *r)
{
	return r->state <= RECORDING_PAUSED;
}

static inline bool recording_has_ended(const struct recording *r)
{
	return r->state >= RECORDING_READY;
}
