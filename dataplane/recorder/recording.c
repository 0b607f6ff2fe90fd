#include "recorder/recording.h"

#include "am_log.h"
#include "am_tap.h"
#include "recorder/chat_file.h"
#include "recorder/copy.h"
#include "recorder/disk.h"
#include "recorder/mix.h"
#include "recorder/programme.h"
#include "recorder/programme_file.h"
#include "recorder/tracks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STATE_US    1000000 // between two reports
#define CATCH_UP_US 30000000 // of the line, in one tick
#define STALL_US    2000000 // something has been waiting so long: the disk stands still
#define CUT_US      250000 // what is written later than the end may stay

enum phase {
	OPEN,
	STOPPING, // the line has ended; late packets may come
	CLOSING, // everything is queued for the disk
	ENDED,
	FAILED,
};

struct recording {
	struct am_record_set set;
	const struct recording_place *shared;
	enum phase phase;
	uint8_t error; // enum am_record_error
	bool is_stated; // since the last HELLO
	struct state state;
	struct copy copy;
	struct folder folder;
	struct tracks tracks;
	struct programme *programme;
	struct programme_file programme_file;
	struct mix *mix;
	struct chat_file chat;
	uint64_t leader;
	int64_t ticked_us; // on the line: how far programme and mix have come
	am_id shown; // the programme's picture; 0: a card
	int write_error; // of the programme
	bool done_queued;
	int64_t limit_us; // on the line: nothing later is written

	bool changed; // what is to be told of it
	int64_t told_us;
	struct am_record_status told;
};

static const struct line *line_of(const struct recording *r)
{
	return &r->state.head->line;
}

static unsigned long long name_of(const struct recording *r)
{
	return (unsigned long long)r->set.recording_id;
}

// --- frames ---

static void on_track_frame(void *owner, struct track *t, const struct source_frame *f)
{
	struct recording *r = owner;
	const struct assembly_frame *a = f->frame;

	if (f->time_us == LINE_NONE || !r->programme)
		return;
	if (t->voice)
		mix_packet(t->voice, f->time_us, f->seq, f->level, a->data, a->len);
	else if (t->stated.codec != AM_CODEC_OPUS)
		programme_picture(
		        r->programme, t->stated.track_id, f->time_us, (enum codec)t->stated.codec, a
		);
}

static void voice_add(struct recording *r, struct track *t)
{
	if (t->stated.codec == AM_CODEC_OPUS && r->mix && !t->voice)
		t->voice = mix_voice_add(r->mix);
}

static void on_track_added(void *owner, struct track *t)
{
	struct recording *r = owner;

	voice_add(r, t);
	if (r->programme)
		programme_track_add(
		        r->programme, t->stated.track_id, t->stated.publisher, t->stated.kind
		);
}

static void on_track_paused(void *owner, struct track *t)
{
	struct recording *r = owner;

	if (r->programme)
		programme_track_pause(
		        r->programme, t->stated.track_id, t->stated.paused, r->ticked_us
		);
}

static void on_track_removed(void *owner, struct track *t)
{
	struct recording *r = owner;

	if (t->voice)
		mix_voice_remove(t->voice);
	t->voice = NULL;
	if (r->programme)
		programme_track_remove(r->programme, t->stated.track_id, r->ticked_us);
}

static void on_picture(void *owner, const struct programme_frame *f)
{
	struct recording *r = owner;

	if (f->time_us > r->limit_us)
		return;
	for (size_t i = 0; i < AM_RECORD_TRACK_MAX && f->track_id != r->shown; i++) {
		struct track *t = &r->tracks.list[i];
		t->shown = t->place && t->stated.track_id == f->track_id;
	}
	r->shown = f->track_id;
	int ret = programme_file_picture(&r->programme_file, f);
	if (ret < 0 && r->write_error == 0)
		r->write_error = ret;
}

static void on_needs_key_frame(void *owner, am_id track_id)
{
	struct recording *r = owner;

	for (size_t i = 0; i < AM_RECORD_TRACK_MAX; i++) {
		struct track *t = &r->tracks.list[i];
		if (t->place && t->stated.track_id == track_id)
			t->asks = true;
	}
}

static void on_sound(void *owner, int64_t time_us, const uint8_t *opus, size_t len)
{
	struct recording *r = owner;

	if (time_us > r->limit_us)
		return;
	int ret = programme_file_sound(&r->programme_file, time_us, opus, len);
	if (ret < 0 && r->write_error == 0)
		r->write_error = ret;
}

// --- beginning ---

static uint8_t error_of(int error)
{
	switch (error) {
	case -EAGAIN: return AM_RECORD_DISK_SLOW;
	case -ENOSPC:
	case -EDQUOT: return AM_RECORD_DISK_FULL;
	default: return AM_RECORD_DISK_ERROR;
	}
}

static void mix_end(struct recording *r)
{
	if (r->mix)
		mix_destroy(r->mix);
	if (r->programme)
		programme_destroy(r->programme);
	r->mix = NULL;
	r->programme = NULL;
	if (r->programme_file.held)
		programme_file_fini(&r->programme_file);
}

// Leaves the files to the next recorder.
static void let_go(struct recording *r)
{
	tracks_suspend(&r->tracks);
	if (r->programme)
		programme_file_suspend(&r->programme_file);
	chat_file_close(&r->chat, 0, false);
	mix_end(r);
}

static void fail(struct recording *r, int error)
{
	am_error(
	        "recording: cannot be made; recording=%016llx dir=%s error=%s", name_of(r),
	        r->set.dir, strerror(-error)
	);
	let_go(r);
	r->phase = FAILED;
	r->error = error_of(error);
	r->changed = true;
}

// The programme from here on, on the line.
static int programme_begin(struct recording *r)
{
	const struct programme_events events = {
	        .owner = r,
	        .frame = on_picture,
	        .needs_key_frame = on_needs_key_frame,
	};

	int ret = programme_file_init(&r->programme_file, &r->folder);
	if (ret < 0)
		return ret;
	r->ticked_us = r->programme_file.sound_us;
	r->programme = programme_create(&events);
	r->mix = mix_create(r->ticked_us, on_sound, r);
	if (!r->programme || !r->mix)
		return -ENOMEM;
	programme_tick(r->programme, r->ticked_us);
	for (size_t i = 0; i < AM_RECORD_TRACK_MAX; i++) {
		if (r->tracks.list[i].place) {
			on_track_added(r, &r->tracks.list[i]);
			on_track_paused(r, &r->tracks.list[i]);
		}
	}
	programme_leader(r->programme, r->leader, r->ticked_us);
	return 0;
}

static void files_begin(struct recording *r)
{
	const struct tracks_events events = {
	        .owner = r,
	        .frame = on_track_frame,
	        .added = on_track_added,
	        .paused = on_track_paused,
	        .removed = on_track_removed,
	};

	folder_init(&r->folder, r->shared->disk, &r->state, r->set.dir);
	tracks_init(&r->tracks, &r->folder, line_of(r), &events);
	r->tracks.files = r->set.track_files;
	chat_file_init(&r->chat, &r->folder);
}

// A recording that was going on when another recorder, or this machine, ended.
static int resume(struct recording *r, int64_t now_us)
{
	struct state_head *head = r->state.head;

	r->error = head->error;
	folder_tell_all(&r->folder);
	if (head->done || r->state.found == STATE_REBOOTED) {
		if (!head->done)
			folder_complete(&r->folder);
		r->phase = ENDED;
		return 0;
	}
	am_info("recording: going on; recording=%016llx dir=%s", name_of(r), r->set.dir);
	int ret = head->line.began_us != 0 ? programme_begin(r) : 0;
	if (ret < 0)
		return ret;
	tracks_resume(&r->tracks, programme_file_shown_ms(&r->programme_file), now_us);
	for (size_t i = 0; i < AM_RECORD_TRACK_MAX && r->programme; i++) {
		struct track *t = &r->tracks.list[i];
		if (!t->place || !t->was_shown)
			continue;
		programme_resume(r->programme, t->stated.track_id, (enum codec)t->stated.codec);
		t->shown = true;
		r->shown = t->stated.track_id;
		if (t->goes_on)
			programme_file_join(&r->programme_file);
	}
	if (head->stop_us != 0)
		r->phase = STOPPING;
	return 0;
}

static int open_all(struct recording *r, int64_t now_us)
{
	int64_t oldest_us = disk_oldest_us(r->shared->disk);
	const struct state_place place = {
	        .live = r->shared->live,
	        .directory = r->shared->directory,
	        .boot_id = r->shared->boot_id,
	        .stalls = oldest_us != 0 && now_us - oldest_us >= STALL_US,
	};

	int ret = state_open(&r->state, &place, r->set.dir, r->set.recording_id);
	if (ret < 0)
		return ret;
	files_begin(r);
	ret = r->state.found == STATE_NEW ? 0 : resume(r, now_us);
	if (ret == 0 && !r->state.head->done)
		ret = copy_write(&r->copy, &r->folder, r->phase == ENDED);
	if (ret == 0 && r->phase == ENDED)
		r->state.head->done = 1;
	return ret;
}

struct recording *recording_create(
        const struct recording_place *shared, const struct am_record_set *set, int64_t now_us
)
{
	struct recording *r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->shared = shared;
	r->set = *set;
	r->state.fd = -1;
	r->limit_us = INT64_MAX;
	r->changed = true;
	int ret = open_all(r, now_us);
	if (ret < 0)
		fail(r, ret);
	return r;
}

// --- ending ---

void recording_destroy(struct recording *r)
{
	let_go(r);
	if (r->state.head && r->phase <= CLOSING)
		(void
		)!copy_write(&r->copy, &r->folder, r->done_queued); // the machine may be going down
	copy_close(&r->copy);
	if (r->state.head)
		state_close(&r->state);
	free(r);
}

void recording_forget(struct recording *r)
{
	if (!r->state.head)
		return;
	state_remove(&r->state);
	copy_remove(&r->copy, &r->folder);
}

// We heard late that the line had ended, and have gone on.
static void cut(struct recording *r, int64_t end_us, int64_t since_us)
{
	r->limit_us = end_us;
	tracks_cut(&r->tracks, end_us);
	chat_file_cut(&r->chat, since_us);
	if (!r->programme)
		return;
	int ret = programme_file_cut(&r->programme_file, end_us);
	if (ret < 0) // then it is longer, and so is what we report
		am_warning(
		        "recording: the programme is not cut; recording=%016llx error=%s",
		        name_of(r), strerror(-ret)
		);
}

void recording_stop(struct recording *r, int64_t since_us, uint8_t error)
{
	struct state_head *head = r->state.head;

	if (r->phase != OPEN)
		return;
	if (error != AM_RECORD_OK) {
		r->error = error;
		head->error = error;
		am_warning(
		        "recording: stops by itself; recording=%016llx error=%s", name_of(r),
		        am_record_error_name(error)
		);
	}
	line_stop(&head->line, since_us);
	head->stop_us = since_us;
	r->state.changed = true;
	r->phase = STOPPING;
	r->changed = true;
	int64_t end_us = line_reached(&head->line, since_us);
	if (r->ticked_us - end_us > CUT_US)
		cut(r, end_us, since_us);
}

// Everything is written to its end.
static void finish(struct recording *r)
{
	int64_t end_us = line_reached(line_of(r), r->state.head->stop_us);

	tracks_drain(&r->tracks);
	if (r->programme) {
		programme_tick(r->programme, end_us);
		mix_finish(r->mix, end_us);
		programme_file_close(&r->programme_file, end_us);
		programme_destroy(r->programme); // before it sees the tracks go
		r->programme = NULL;
	}
	tracks_close(&r->tracks, end_us);
	chat_file_close(&r->chat, end_us, true);
	r->state.head->gaps = tracks_lost(&r->tracks);
	mix_end(r);
	r->phase = CLOSING;
	r->changed = true;
}

// Then the state says so: the queue keeps the order.
static void close_state(struct recording *r)
{
	if (!r->done_queued) {
		r->done_queued = copy_write(&r->copy, &r->folder, true) != -EAGAIN;
		return;
	}
	if (!copy_is_written(&r->copy))
		return;
	r->state.head->done = 1;
	r->phase = folder_count(&r->folder) > 0 ? ENDED : FAILED;
	am_info("recording: ended; recording=%016llx files=%u error=%s", name_of(r),
	        folder_count(&r->folder), am_record_error_name(r->error));
	r->changed = true;
}

void recording_settle(struct recording *r, int64_t now_us)
{
	int64_t stop_us = r->phase == STOPPING ? r->state.head->stop_us : 0;

	// After a long absence, the programme has to catch up first.
	bool behind = r->programme && r->ticked_us < line_reached(line_of(r), stop_us);
	if (r->phase == STOPPING && now_us >= stop_us + RECORDING_LATE_US && !behind)
		finish(r);
	else if (r->phase == CLOSING)
		close_state(r);
}

// --- what the control plane states ---

uint64_t recording_id(const struct recording *r)
{
	return r->set.recording_id;
}

void recording_set(struct recording *r, const struct am_record_set *set, int64_t now_us)
{
	int64_t since_us = set->since_us < now_us ? set->since_us : now_us;

	r->is_stated = true;
	if (r->phase != OPEN)
		return;
	r->set.room_id = set->room_id; // its directory never changes
	r->tracks.files &= set->track_files;
	bool ran = line_runs(line_of(r)), began = line_of(r)->began_us != 0;
	switch (set->run) {
	case AM_RECORD_RUN: line_run(&r->state.head->line, since_us); break;
	case AM_RECORD_PAUSE: line_stop(&r->state.head->line, since_us); break;
	default: recording_stop(r, since_us, AM_RECORD_OK); break;
	}
	r->changed |= line_runs(line_of(r)) != ran;
	r->state.changed |= line_runs(line_of(r)) != ran;
	if (!began && line_of(r)->began_us != 0) {
		int ret = programme_begin(r);
		if (ret < 0)
			fail(r, ret);
	}
}

void recording_track(struct recording *r, const struct am_record_track *t, int64_t now_us)
{
	if (r->phase != OPEN)
		return;
	int ret = tracks_set(&r->tracks, t, now_us);
	if (ret < 0 && r->error == AM_RECORD_OK) {
		r->error = AM_RECORD_TOO_MANY;
		r->changed = true;
	}
}

void recording_track_end(struct recording *r, const struct am_record_track *t, int64_t now_us)
{
	if (r->phase <= STOPPING)
		tracks_end(&r->tracks, t->track_id, t->generation, now_us);
}

void recording_leader(struct recording *r, uint64_t publisher, int64_t)
{
	r->leader = publisher;
	if (r->programme)
		programme_leader(r->programme, publisher, r->ticked_us);
}

void recording_greeted(struct recording *r)
{
	r->is_stated = false;
	r->changed = true;
	if (!r->state.head)
		return;
	tracks_unstate(&r->tracks);
	folder_tell_all(&r->folder);
}

void recording_synced(struct recording *r, int64_t now_us)
{
	if (!r->is_stated)
		recording_stop(r, now_us, AM_RECORD_OK);
	else if (r->phase == OPEN)
		tracks_end_unstated(&r->tracks, now_us);
}

// --- running ---

bool recording_has_slot(const struct recording *r, uint32_t slot)
{
	return r->phase <= STOPPING && tracks_has_slot(&r->tracks, slot);
}

void recording_entry(struct recording *r, uint64_t generation, const struct am_tap_entry *e)
{
	if (r->phase > STOPPING)
		return;
	if (e->kind != AM_TAP_CHAT)
		tracks_entry(&r->tracks, generation, e);
	else if (e->id == r->set.room_id)
		chat_file_part(&r->chat, e, line_time(line_of(r), e->arrival_us));
}

void recording_missed(struct recording *r, uint64_t count)
{
	if (r->phase <= STOPPING)
		r->state.head->missed += count;
}

void recording_read(
        struct recording *r, uint64_t generation, const uint64_t *positions, uint32_t count
)
{
	if (r->phase > STOPPING)
		return;
	r->state.head->generation = generation;
	memcpy(r->state.head->read, positions, count * sizeof(*positions));
}

uint64_t recording_was_read(const struct recording *r, const uint64_t **positions)
{
	if (r->phase > STOPPING || r->state.found != STATE_RESUMED)
		return 0;
	*positions = r->state.head->read;
	return r->state.head->generation;
}

// What went wrong with the files ends the recording, or only the tracks' files.
static void check(struct recording *r, int64_t now_us)
{
	bool slow = r->folder.slow || disk_waiting(r->shared->disk) > DISK_QUEUE_MAX / 2;

	// What is left of the queue is the programme's.
	if (slow && r->tracks.files) {
		tracks_drop_files(&r->tracks, now_us);
		r->error = AM_RECORD_DISK_SLOW;
		r->changed = true;
	}
	if (r->folder.full && r->error == AM_RECORD_OK) {
		r->error = AM_RECORD_TOO_MANY;
		r->changed = true;
	}
	int error = r->write_error ? r->write_error : r->folder.error;
	if (error < 0)
		recording_stop(r, now_us, error_of(error));
	else if (line_reached(line_of(r), now_us) >= RECORDING_LIMIT_US)
		recording_stop(r, now_us, AM_RECORD_LIMIT);
}

// The mix waits for late sound; in a pause, the line stands for both.
static void programme_run(struct recording *r, int64_t now_us)
{
	const struct line *line = line_of(r);
	int64_t most_us = r->ticked_us + CATCH_UP_US;
	int64_t reached_us = line_reached(line, now_us);
	int64_t sound_us = line_reached(line, now_us - MIX_WAIT_US) + MIX_WAIT_US;

	mix_run(r->mix, sound_us < most_us ? sound_us : most_us);
	r->ticked_us = reached_us < most_us ? reached_us : most_us;
	programme_tick(r->programme, r->ticked_us);
	int ret = programme_file_tick(&r->programme_file, now_us);
	if (ret < 0 && r->write_error == 0)
		r->write_error = ret;
}

void recording_tick(struct recording *r, int64_t now_us)
{
	if (r->phase > STOPPING)
		return;
	tracks_tick(&r->tracks, now_us);
	if (r->programme)
		programme_run(r, now_us);
	if (r->phase == OPEN)
		check(r, now_us);
}

void recording_sync(struct recording *r)
{
	if (r->phase > STOPPING)
		return;
	if (r->programme)
		programme_file_sync(&r->programme_file);
	copy_update(&r->copy, &r->folder);
}

bool recording_is_running(const struct recording *r)
{
	return r->phase == STOPPING || r->phase == CLOSING ||
	       (r->phase == OPEN && line_runs(line_of(r)));
}

bool recording_has_ended(const struct recording *r)
{
	return r->phase >= ENDED;
}

// --- reports ---

static uint8_t state_of(struct recording *r)
{
	if (r->phase == FAILED)
		return AM_RECORD_FAILED;
	if (r->phase == ENDED)
		return AM_RECORD_STOPPED;
	bool on_disk =
	        r->programme ? programme_file_is_on_disk(&r->programme_file) : r->phase == CLOSING;
	if (!on_disk)
		return AM_RECORD_STARTING;
	return line_runs(line_of(r)) || r->phase != OPEN ? AM_RECORD_RECORDING : AM_RECORD_PAUSED;
}

static void fill(struct recording *r, bool tap, int64_t now_us, struct am_record_status *s)
{
	*s = (struct am_record_status){
	        .recording_id = r->set.recording_id,
	        .free_bytes = disk_free(r->shared->disk),
	        .state = state_of(r),
	        .error = r->error,
	};
	if (!r->state.head)
		return;
	const struct state_head *head = r->state.head;
	int64_t until_us = head->stop_us != 0 ? head->stop_us : now_us;
	s->began_us = head->line.began_us;
	s->duration_ms = (uint64_t)line_reached(&head->line, until_us) / 1000;
	// What the files say is what people see; but each picture lasts a little.
	if (r->phase >= CLOSING && folder_reach_ms(&r->folder) > s->duration_ms + CUT_US / 1000)
		s->duration_ms = folder_reach_ms(&r->folder);
	s->bytes = folder_bytes(&r->folder);
	s->missed = head->missed;
	s->gaps = r->phase <= STOPPING ? tracks_lost(&r->tracks) : head->gaps;
	s->files = folder_count(&r->folder);
	if (s->error == AM_RECORD_OK && !tap && r->phase == OPEN && line_runs(&head->line))
		s->error = AM_RECORD_NO_TAP;
}

bool recording_state(struct recording *r, bool tap, int64_t now_us, struct am_record_status *s)
{
	// Asking what is on disk, and filling, costs little; but not each turn of 64 recordings.
	bool due = now_us - r->told_us >= STATE_US && r->phase <= CLOSING;
	bool starting = r->told.state == AM_RECORD_STARTING;
	if (!due && !r->changed && !starting)
		return false;
	fill(r, tap, now_us, s);
	if (!due && !r->changed && s->state == r->told.state)
		return false;
	r->changed = false;
	r->told_us = now_us;
	r->told = *s;
	return true;
}

void recording_retell(struct recording *r)
{
	r->changed = true;
}

bool recording_file(struct recording *r, struct am_record_file *file)
{
	uint32_t index = r->state.head ? folder_untold(&r->folder) : FOLDER_NONE;

	if (index == FOLDER_NONE)
		return false;
	*file = *folder_file(&r->folder, index);
	return true;
}

void recording_file_told(struct recording *r)
{
	folder_told(&r->folder, folder_untold(&r->folder));
}

bool recording_key_frame(struct recording *r, int64_t now_us, struct am_record_track *track)
{
	struct track *t = r->phase == OPEN ? tracks_asking(&r->tracks, now_us) : NULL;

	if (!t)
		return false;
	*track = t->stated;
	return true;
}
