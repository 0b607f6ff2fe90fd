#include "recorder/recorder.h"

#include "am_clock.h"
#include "am_log.h"
#include "am_tap.h"
#include "recorder/config.h"
#include "recorder/control.h"
#include "recorder/disk.h"
#include "recorder/recording.h"
#include "recorder/sandbox.h"
#include "recorder/state.h"
#include "recorder/tap_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS      10 // between two looks at the rings while something is recorded
#define IDLE_MS      100
#define TICK_US      10000 // of the clock that the recordings follow
#define SECOND_US    1000000
#define ENTRIES_MAX  32768u // of the rings in one turn
#define KEY_ASKS_MAX 16 // of one recording in one turn

struct recorder {
	const struct config *config;
	struct disk *disk;
	char live_path[PATH_MAX]; // folder of the recordings' states
	int live;
	char boot_id[STATE_BOOT_SIZE];
	struct recording_place place;
	struct tap_reader *tap;
	struct control *control;
	struct recording *recordings[AM_RECORD_MAX];
	uint64_t slots[AM_TRACK_MAX]; // bit of each recording that may have a track there
	bool synced; // a control plane has stated everything, once
	int64_t now_us; // of what is being handled
	int64_t ticked_us; // when the recordings have last been told the time
	int64_t second_us; // when the last second began
	int64_t connected_us; // when the control plane was last there
	bool behind; // there is more to read at once
};

static int64_t clock_us(void)
{
	return (int64_t)(am_clock_ns() / 1000);
}

// --- the tap ---

static void tick(struct recorder *r, int64_t now_us)
{
	r->ticked_us = now_us;
	for (size_t i = 0; i < AM_RECORD_MAX; i++) {
		if (r->recordings[i])
			recording_tick(r->recordings[i], now_us);
	}
}

static void hand_on_packet(struct recorder *r, uint64_t generation, const struct am_tap_entry *e)
{
	uint64_t *mask = &r->slots[am_id_slot(e->id)];

	for (uint64_t left = *mask; left != 0; left &= left - 1) {
		int i = __builtin_ctzll(left);
		if (r->recordings[i] && recording_has_slot(r->recordings[i], am_id_slot(e->id)))
			recording_entry(r->recordings[i], generation, e);
		else
			*mask &= ~(1ull << i);
	}
}

static void on_entry(void *owner, uint64_t generation, const struct am_tap_entry *e, int64_t now_us)
{
	struct recorder *r = owner;

	if (now_us - r->ticked_us >= TICK_US)
		tick(r, now_us);
	if (e->kind != AM_TAP_CHAT) {
		hand_on_packet(r, generation, e);
		return;
	}
	for (size_t i = 0; i < AM_RECORD_MAX; i++) {
		if (r->recordings[i])
			recording_entry(r->recordings[i], generation, e);
	}
}

static void on_missed(void *owner, uint64_t count)
{
	struct recorder *r = owner;

	am_warning(
	        "tap: packets were overwritten before they were read; count=%llu",
	        (unsigned long long)count
	);
	for (size_t i = 0; i < AM_RECORD_MAX; i++) {
		if (r->recordings[i])
			recording_missed(r->recordings[i], count);
	}
}

// --- the control plane ---

static struct recording **find(struct recorder *r, uint64_t id)
{
	for (size_t i = 0; i < AM_RECORD_MAX; i++) {
		if (r->recordings[i] && recording_id(r->recordings[i]) == id)
			return &r->recordings[i];
	}
	return NULL;
}

static void refuse(struct recorder *r, uint64_t id)
{
	const struct am_record_msg m = {
	        .type = AM_RECORD_STATE,
	        .state.recording_id = id,
	        .state.state = AM_RECORD_FAILED,
	        .state.error = AM_RECORD_TOO_MANY,
	};

	am_warning("recording: there are too many; recording=%016llx", (unsigned long long)id);
	(void)!control_send(r->control, &m); // it states it again, or gives up
}

static struct recording **add(struct recorder *r, const struct am_record_set *set)
{
	for (size_t i = 0; i < AM_RECORD_MAX; i++) {
		if (r->recordings[i])
			continue;
		r->recordings[i] = recording_create(&r->place, set, r->now_us);
		// What its state knows is found through the slots, too.
		for (uint32_t slot = 0; slot < AM_TRACK_MAX && r->recordings[i]; slot++) {
			if (recording_has_slot(r->recordings[i], slot))
				r->slots[slot] |= 1ull << i;
		}
		return r->recordings[i] ? &r->recordings[i] : NULL;
	}
	return NULL;
}

static void on_set(struct recorder *r, const struct am_record_set *set)
{
	struct recording **place = find(r, set->recording_id);

	if (!place)
		place = add(r, set);
	if (place)
		recording_set(*place, set, r->now_us);
	else
		refuse(r, set->recording_id);
}

static void on_track(struct recorder *r, const struct am_record_track *t)
{
	struct recording **place = find(r, t->recording_id);

	if (!place)
		return;
	recording_track(*place, t, r->now_us);
	r->slots[am_id_slot(t->track_id)] |= 1ull << (place - r->recordings);
}

static void on_forget(struct recorder *r, uint64_t id)
{
	struct recording **place = find(r, id);

	if (!place)
		return;
	if (!recording_has_ended(*place)) {
		am_warning("control: a recording that has not ended is not forgotten");
		return;
	}
	recording_forget(*place);
	recording_destroy(*place);
	*place = NULL;
}

// What was overwritten while no recorder ran.
static void count_lost(struct recorder *r)
{
	for (size_t i = 0; i < AM_RECORD_MAX; i++) {
		const uint64_t *positions;
		uint64_t generation =
		        r->recordings[i] ? recording_was_read(r->recordings[i], &positions) : 0;
		if (generation != 0)
			recording_missed(
			        r->recordings[i], tap_reader_lost(r->tap, generation, positions)
			);
	}
}

static void on_sync(struct recorder *r)
{
	if (!r->synced)
		count_lost(r);
	for (size_t i = 0; i < AM_RECORD_MAX; i++) {
		if (r->recordings[i])
			recording_synced(r->recordings[i], r->now_us);
	}
	r->synced = true;
}

static void on_message(void *owner, const struct am_record_msg *m)
{
	struct recorder *r = owner;
	struct recording **place;

	switch (m->type) {
	case AM_RECORD_SET: on_set(r, &m->set); break;
	case AM_RECORD_TRACK: on_track(r, &m->track); break;
	case AM_RECORD_TRACK_END:
		place = find(r, m->track.recording_id);
		if (place)
			recording_track_end(*place, &m->track, r->now_us);
		break;
	case AM_RECORD_LEADER:
		place = find(r, m->leader.recording_id);
		if (place)
			recording_leader(*place, m->leader.publisher, r->now_us);
		break;
	case AM_RECORD_SYNC: on_sync(r); break;
	case AM_RECORD_FORGET: on_forget(r, m->set.recording_id); break;
	default: am_debug("control: ignoring %s", am_record_name(m->type));
	}
}

static void on_greeted(void *owner)
{
	struct recorder *r = owner;

	for (size_t i = 0; i < AM_RECORD_MAX; i++) {
		if (r->recordings[i])
			recording_greeted(r->recordings[i]);
	}
}

static uint64_t on_free_bytes(void *owner)
{
	struct recorder *r = owner;

	return disk_free(r->disk);
}

// --- reports ---

// 0; -errno: nothing more can be told now.
static int tell_files(struct recorder *r, struct recording *recording)
{
	struct am_record_msg m = {.type = AM_RECORD_FILE};

	while (recording_file(recording, &m.file)) {
		int ret = control_send(r->control, &m);
		if (ret < 0)
			return ret;
		recording_file_told(recording);
	}
	return 0;
}

static int tell_state(struct recorder *r, struct recording *recording)
{
	struct am_record_msg m = {.type = AM_RECORD_STATE};
	bool tap = tap_reader_is_connected(r->tap);

	if (!recording_state(recording, tap, r->now_us, &m.state))
		return 0;
	int ret = control_send(r->control, &m);
	if (ret < 0)
		recording_retell(recording);
	return ret;
}

// An ask that cannot be sent is lost: the track asks again.
static void tell_key_frames(struct recorder *r, struct recording *recording)
{
	struct am_record_msg m = {.type = AM_RECORD_KEY_FRAME};

	for (int i = 0; i < KEY_ASKS_MAX; i++) {
		if (!recording_key_frame(recording, r->now_us, &m.track) ||
		    control_send(r->control, &m) < 0)
			return;
	}
}

static void tell(struct recorder *r)
{
	for (size_t i = 0; i < AM_RECORD_MAX; i++) {
		struct recording *recording = r->recordings[i];
		if (!recording || !control_is_connected(r->control))
			continue;
		tell_key_frames(r, recording);
		if (tell_files(r, recording) < 0 || tell_state(r, recording) < 0)
			return;
	}
}

// --- a turn ---

static void stop_all(struct recorder *r, uint8_t error)
{
	for (size_t i = 0; i < AM_RECORD_MAX; i++) {
		if (r->recordings[i])
			recording_stop(r->recordings[i], r->now_us, error);
	}
}

static void each_second(struct recorder *r)
{
	if (control_is_connected(r->control))
		r->connected_us = r->now_us;
	else if (r->now_us - r->connected_us >= (int64_t)AM_RECORD_ALONE_S * SECOND_US)
		stop_all(r, AM_RECORD_ALONE);
	control_say_hello(r->control);
	if (disk_free(r->disk) < r->config->free_min_bytes)
		stop_all(r, AM_RECORD_DISK_FULL);
	for (size_t i = 0; i < AM_RECORD_MAX; i++) {
		if (r->recordings[i])
			recording_sync(r->recordings[i]);
	}
	am_log_flush();
}

static bool is_running(const struct recorder *r)
{
	for (size_t i = 0; i < AM_RECORD_MAX; i++) {
		if (r->recordings[i] && recording_is_running(r->recordings[i]))
			return true;
	}
	return false;
}

static void wait(struct recorder *r)
{
	struct pollfd fds[CONTROL_POLL_MAX + 1];
	int n = control_poll(r->control, fds);

	if (tap_reader_fd(r->tap) >= 0)
		fds[n++] = (struct pollfd){.fd = tap_reader_fd(r->tap), .events = POLLIN};
	poll(fds, (nfds_t)n, r->behind ? 0 : is_running(r) ? BUSY_MS : IDLE_MS);
}

// Before everything has been stated, nobody knows whose the packets in the rings are.
static void read_tap(struct recorder *r)
{
	if (!r->synced)
		return;
	r->behind = !tap_reader_read(r->tap, ENTRIES_MAX, r->now_us);
	if (r->behind)
		return;
	tick(r, r->now_us);
	const uint64_t *positions;
	uint32_t count = tap_reader_positions(r->tap, &positions);
	for (size_t i = 0; i < AM_RECORD_MAX; i++) {
		if (!r->recordings[i])
			continue;
		recording_read(r->recordings[i], tap_reader_generation(r->tap), positions, count);
		recording_settle(r->recordings[i], r->now_us);
	}
}

void recorder_turn(struct recorder *r)
{
	wait(r);
	r->now_us = clock_us();
	tap_reader_connect(r->tap, r->now_us);
	tap_reader_mark(r->tap);
	r->now_us = clock_us();
	bool heard = control_receive(r->control);
	if (heard)
		read_tap(r);
	if (r->now_us - r->second_us >= SECOND_US) {
		r->second_us = r->now_us;
		each_second(r);
	}
	tell(r);
}

// --- start and end ---

static int directory_make(const char *path)
{
	return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

static bool directory_open(struct recorder *r, char *error, size_t size)
{
	const char *path = r->config->directory;
	int ret = directory_make(path);

	if (ret == 0 && access(path, R_OK | W_OK | X_OK) < 0)
		ret = -errno;
	if (ret == 0) {
		int limited = SANDBOX_USED ? sandbox_files(path, r->live_path)
		                           : 0; // before the disk's thread begins
		if (limited < 0)
			am_warning(
			        "recorder: all files are in reach; error=%s", strerror(-limited)
			);
		r->disk = disk_create(path);
		ret = r->disk ? 0 : -errno;
	}
	if (ret < 0)
		snprintf(
		        error, size,
		        "cannot use recording.directory %s: %s; make it, and give it to the user "
		        "that runs the recorder",
		        path, strerror(-ret)
		);
	return ret == 0;
}

// Beside our socket: that is no disk, or at least not the recordings' own.
static bool live_open(struct recorder *r, char *error, size_t size)
{
	snprintf(r->live_path, sizeof(r->live_path), "%s.states", r->config->recorder);
	int ret = directory_make(r->live_path);
	if (ret == 0) {
		r->live = open(r->live_path, O_DIRECTORY | O_NOFOLLOW | O_RDONLY | O_CLOEXEC);
		ret = r->live < 0 ? -errno : 0;
	}
	if (ret < 0)
		snprintf(
		        error, size,
		        "cannot use %s: %s; give its folder to the user that runs the recorder",
		        r->live_path, strerror(-ret)
		);
	return ret == 0;
}

static bool sockets_open(struct recorder *r, char *error, size_t size)
{
	const struct tap_reader_events tap_events = {
	        .owner = r,
	        .entry = on_entry,
	        .missed = on_missed,
	};
	const struct control_events control_events = {
	        .owner = r,
	        .free_bytes = on_free_bytes,
	        .greeted = on_greeted,
	        .message = on_message,
	};

	r->tap = tap_reader_create(r->config->tap, &tap_events);
	r->control = r->tap ? control_create(r->config->recorder, &control_events) : NULL;
	if (!r->control)
		snprintf(
		        error, size,
		        "cannot listen at link.recorder %s: %s; make its folder, and give it to "
		        "the "
		        "user that runs the recorder",
		        r->config->recorder, strerror(errno)
		);
	return r->control != NULL;
}

struct recorder *recorder_create(const struct config *config, char *error, size_t size)
{
	struct recorder *r = calloc(1, sizeof(*r));
	if (!r) {
		snprintf(error, size, "there is no memory");
		return NULL;
	}
	r->config = config;
	r->now_us = r->connected_us = r->second_us = clock_us();
	state_boot_id(r->boot_id);
	r->live = -1;
	if (!sockets_open(r, error, size) || !live_open(r, error, size) ||
	    !directory_open(r, error, size)) {
		recorder_destroy(r);
		return NULL;
	}
	r->place = (struct recording_place){
	        .disk = r->disk,
	        .directory = config->directory,
	        .boot_id = r->boot_id,
	        .live = r->live,
	};
	return r;
}

void recorder_destroy(struct recorder *r)
{
	for (size_t i = 0; i < AM_RECORD_MAX; i++) {
		if (r->recordings[i])
			recording_destroy(r->recordings[i]);
	}
	if (r->control)
		control_destroy(r->control);
	if (r->tap)
		tap_reader_destroy(r->tap);
	if (r->disk)
		disk_destroy(r->disk);
	if (r->live >= 0)
		close(r->live);
	free(r);
}
