// A real amphi-recorder, for which the test plays the data plane (a tap into which people talk) and
// the control plane (a connection that states recordings).
#pragma once

#include "am_record.h"
#include "am_tap.h"
#include "film.h"
#include "talker.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define STUDIO_FILES      128
#define STUDIO_RECORDINGS 32
#define STUDIO_TALKERS    32
#define STUDIO_EXACT_MS   2 // of times that no jitter disturbs
#define STUDIO_JITTER_MS  25

struct studio {
	const char *recorder; // binary
	char directory[128]; // of recordings
	char config[128], tap_path[128], control_path[128];
	pid_t pid; // 0: it does not run
	const char *preload; // library; NULL: none
	struct am_tap tap;
	uint64_t generation;
	uint64_t positions[AM_TAP_RING_MAX];
	int tap_listener, tap_connection;
	pthread_t server; // of the tap's socket
	bool closing;
	int control;
	struct talker talkers[STUDIO_TALKERS];
	int talker_count;
	struct am_record_status states[STUDIO_RECORDINGS];
	struct am_record_file files[STUDIO_FILES];
	int file_count;
	uint64_t key_asks;
	int64_t told_us; // when it last told a state
	int64_t recording_us; // when a recording was first said to be recording
};

int64_t studio_now_us(void);

// free_min_mib: of the configuration. directory: NULL: a fresh one.
void studio_open(struct studio *, const char *recorder, const char *directory, int free_min_mib);
void studio_close(struct studio *);

void studio_start(struct studio *); // the process
void studio_kill(struct studio *, int signal); // and waits for its end
void studio_connect(struct studio *); // as the control plane, with HELLO
void studio_disconnect(struct studio *);

// The data plane dies, and another one begins.
void studio_renew_tap(struct studio *);

void studio_say(struct studio *, const struct am_record_msg *);
void studio_set(struct studio *, uint64_t id, uint8_t run, bool track_files, int64_t since_us);
void studio_tracks(struct studio *, uint64_t id, const struct talker *);
void studio_leader(struct studio *, uint64_t id, const struct talker *);
void studio_sync(struct studio *);

// number: tells talkers apart; each has ids of its own.
struct talker *studio_talker(struct studio *, const struct film *, int number);

// The same, beginning in the film's midst.
struct talker *studio_talker_at(struct studio *, const struct film *, int number, int64_t phase_ms);

// Chat of room 1000 + id in one entry of the last ring.
void studio_chat(struct studio *, uint64_t id, const char *text);

// What has arrived by now gets into the rings.
void studio_talk(struct studio *);

// Everybody goes on until this time of the clock, and what the recorder says is noted.
void studio_run(struct studio *, int64_t until_us);

// The same until the recording has this state, 10 s at most.
void studio_until(struct studio *, uint64_t id, uint8_t state);

struct am_tap_entry *studio_entry_begin(struct studio *, uint32_t ring);
void studio_entry_end(struct studio *, uint32_t ring);

const struct am_record_status *studio_state(const struct studio *, uint64_t id);

// The file of this recording and kind, the n-th; NULL: there is none.
const struct am_record_file *studio_file(const struct studio *, uint64_t id, uint8_t kind, int n);

// Its path; valid until eight more have been asked for.
const char *studio_path(const struct studio *, const struct am_record_file *);

struct studio_range {
	size_t first, count; // frames of the film, of one track
};

// Asserts that the blocks of a track are frames of the film one after the other, none missing, at
// their times: off_ms off at most.
struct studio_range studio_shows(
        const struct film *, const char *path, uint8_t block_track, uint8_t track, int64_t off_ms
);
