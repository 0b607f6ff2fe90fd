#include "recording/life.h"

#include "account/account.h"
#include "base/clock.h"
#include "base/memory.h"
#include "recording/copy.h"
#include "recording/files.h"
#include "recording/link.h"
#include "recording/people.h"
#include "recording/state.h"
#include "recording/taps.h"
#include "upload/upload.h"

#include "am_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORE_MS    10000 // between two writes of a row in which only numbers change
#define COMPLETE_MS 5000 // for the reports of the last files
#define TIME_MAX    (UINT64_C(1) << 53) // JSON's whole numbers

static int64_t now_us(void)
{
	return (int64_t)(clock_monotonic_ns() / 1000);
}

int64_t life_elapsed_ms(const struct recording *r)
{
	bool runs = recording_is_active(r) && r->run == AM_RECORD_RUN;

	return (r->line_us + (runs ? now_us() - r->since_us : 0)) / 1000;
}

static void row_fill(struct recording *r)
{
	bool over = recording_has_ended(r) && r->status.duration_ms;

	r->row = (struct recording_row){
	        .id = r->id,
	        .account_id = r->account_id,
	        .room_number = r->room_number,
	        .room = r->room_name,
	        .directory = r->directory,
	        .by_id = r->by_id,
	        .by_name = r->by_name,
	        .at_ms = r->at_ms,
	        .started_ms = r->started_ms,
	        .stopped_ms = r->stopped_ms,
	        .duration_ms = over ? (int64_t)r->status.duration_ms : life_elapsed_ms(r),
	        .bytes = r->status.bytes,
	        .state = r->state,
	        .reason = r->reason,
	};
}

const struct recording_view *life_view(struct recording *r)
{
	row_fill(r);
	snprintf(r->view.id, sizeof(r->view.id), "%016" PRIx64, r->id);
	r->view.state = r->state;
	r->view.reason = r->reason;
	r->view.started_ms = r->started_ms;
	r->view.elapsed_ms = r->row.duration_ms;
	r->view.by_id = r->by_id;
	r->view.by_name = r->by_name;
	r->view.asks_consent = r->asks;
	r->view.row = &r->row;
	r->view.files = r->file_rows;
	r->view.file_count = r->file_count;
	return &r->view;
}

void life_store(struct recording *r)
{
	row_fill(r);
	history_recording_put(r->all->history, &r->row);
	r->stored_ms = loop_now_ms(r->all->loop);
}

// The state has changed: webhooks are queued before the history has it, so that none is lost.
static void change(struct recording *r)
{
	const struct recordings_events *e = r->all->events;

	am_info("recording: %s; room=%s id=%016" PRIx64 " reason=%s",
	        recording_state_name(r->state), r->room_name, r->id,
	        r->reason ? recording_reason_name(r->reason) : "none");
	e->changed(e->owner, r->room, life_view(r));
	life_store(r);
	r->copy_due = true;
	copy_write(r, true);
}

void life_state(const struct recording *r)
{
	struct am_record_msg m = {
	        .type = AM_RECORD_SET,
	        .set =
	                {
	                        .recording_id = r->id,
	                        .room_id = r->room_number,
	                        .since_us = r->since_us,
	                        .run = (uint8_t)r->run,
	                        .track_files = r->track_files,
	                },
	};
	strcpy(m.set.dir, r->directory);
	recorder_link_send(r->all->link, &m);
}

void life_state_leader(const struct recording *r)
{
	const struct am_record_msg m = {
	        .type = AM_RECORD_LEADER,
	        .leader = {r->id, r->leader},
	};
	recorder_link_send(r->all->link, &m);
}

void life_lead(struct recording *r, uint64_t publisher)
{
	if (r->leader == publisher)
		return;
	r->leader = publisher;
	people_lead(r, publisher, life_elapsed_ms(r));
	life_state_leader(r);
}

static void run_set(struct recording *r, enum am_record_run run)
{
	int64_t now = now_us();

	if (r->run == AM_RECORD_RUN)
		r->line_us += now - r->since_us;
	r->run = run;
	r->since_us = now;
	life_state(r);
}

static struct recording *create(struct recordings *all, uint64_t id, uint64_t account_id)
{
	const struct account *a = all->accounts ? accounts_by_id(all->accounts, account_id) : NULL;
	struct recording *r = memory_new(1, sizeof(*r));

	r->all = all;
	r->id = id;
	r->account_id = account_id;
	r->asks = a && a->record_consent_asks;
	r->track_files = !a || a->record_tracks;
	r->begun_ms = loop_now_ms(all->loop);
	r->since_us = now_us();
	LIST_INSERT_HEAD(&all->list, r, next);
	all->count++;
	return r;
}

struct recording *life_begin(struct recordings *all, struct room *room, const struct peer *by)
{
	uint64_t id = 0;

	while (id == 0)
		memory_random(&id, sizeof(id));
	struct recording *r = create(all, id, room->account_id);
	strcpy(r->room_name, room->name);
	snprintf(
	        r->directory, sizeof(r->directory), "%" PRIu64 "/%s/%016" PRIx64, room->account_id,
	        room->name, id
	);
	static_assert(20 + 1 + ROOM_NAME_MAX + 1 + 16 <= AM_RECORD_DIR_MAX);
	r->at_ms = clock_real_ms();
	r->by_id = by ? memory_copy_string(by->id) : NULL;
	r->by_name = by ? memory_copy_string(by->display_name) : NULL;
	r->room = room;
	r->room_number = room->id;
	room->recorded = true;
	life_state(r);
	taps_match(r);
	change(r);
	return r;
}

static char *copy_or_null(const char *s)
{
	return s && *s ? memory_copy_string(s) : NULL;
}

void life_take_up(struct recordings *all, const struct recording_row *row)
{
	if (strlen(row->room) > ROOM_NAME_MAX || strlen(row->directory) > AM_RECORD_DIR_MAX ||
	    all->count == AM_RECORD_MAX)
		return;
	struct recording *r = create(all, row->id, row->account_id);
	strcpy(r->room_name, row->room);
	strcpy(r->directory, row->directory);
	r->room_number = row->room_number;
	r->by_id = copy_or_null(row->by_id);
	r->by_name = copy_or_null(row->by_name);
	r->at_ms = row->at_ms;
	r->started_ms = row->started_ms;
	r->stopped_ms = row->stopped_ms;
	r->line_us = row->duration_ms * 1000;
	r->line_unknown = true;
	r->status.bytes = row->bytes;
	r->state = row->state;
	r->view.end_is_known = r->state == RECORDING_STOPPING;
	r->reason = row->reason;
	r->acknowledged = r->state != RECORDING_STARTING;
	r->run = r->state == RECORDING_STOPPING ? AM_RECORD_STOP
	         : r->state == RECORDING_PAUSED ? AM_RECORD_PAUSE
	                                        : AM_RECORD_RUN;
	copy_read(r);
	if (all->uploads && r->acknowledged && recording_is_active(r))
		(void)!uploads_put(all->uploads, r->id, r->directory, false);
}

void life_bind(struct recording *r, const struct room *room)
{
	if (r->room == room)
		return;
	r->room = NULL;
	taps_match(r); // what belongs to the last one ends
	r->room = room;
	if (room && r->room_number != room->id) {
		r->room_number = room->id;
		life_state(r);
	}
	taps_match(r);
}

void life_pause(struct recording *r)
{
	if (r->run != AM_RECORD_RUN)
		return;
	run_set(r, AM_RECORD_PAUSE);
	taps_match(r);
	people_pause(r, r->line_us / 1000, r->since_us);
	if (r->acknowledged)
		r->state = RECORDING_PAUSED;
	change(r);
}

void life_resume(struct recording *r)
{
	if (r->run != AM_RECORD_PAUSE)
		return;
	run_set(r, AM_RECORD_RUN);
	people_resume(r, r->since_us);
	taps_match(r);
	if (r->acknowledged)
		r->state = RECORDING_RECORDING;
	change(r);
}

static void finish(struct recording *r, enum recording_state state)
{
	r->state = state;
	r->ended_ms = loop_now_ms(r->all->loop);
	r->all->ended[state]++;
	change(r);
}

// Ends what the recorder and the data plane do. The last state is set by the caller.
static void end(struct recording *r, enum recording_reason reason)
{
	people_resume(r, now_us());
	run_set(r, AM_RECORD_STOP);
	taps_clear(r);
	r->reason = reason;
	r->stopped_ms = clock_real_ms();
}

static void fail(struct recording *r, enum recording_reason reason)
{
	if (recording_is_active(r))
		end(r, reason);
	finish(r, RECORDING_FAILED);
}

void life_stop(struct recording *r, enum recording_reason reason)
{
	if (!recording_is_active(r))
		return;
	end(r, reason);
	r->state = RECORDING_STOPPING;
	change(r);
	r->view.end_is_known = true;
}

static void finish_if_complete(struct recording *r, bool now)
{
	if (r->state != RECORDING_STOPPING || !r->over_ms || (!now && !files_are_complete(r)))
		return;
	if (!r->finishing)
		copy_finish(r);
	r->finishing = true;
	if (r->chat_due && !now)
		return;
	if (r->chat_due)
		files_end_chat(r, -ETIMEDOUT);
	if (r->file_count > 0 && r->all->uploads && !r->uploaded) {
		if (!r->uploading)
			r->uploaded = !uploads_put(r->all->uploads, r->id, r->directory, true);
		r->uploading = true;
		if (!r->uploaded)
			return;
	}
	finish(r, r->file_count > 0 ? RECORDING_READY : RECORDING_FAILED);
}

void life_uploaded(struct recording *r)
{
	r->uploaded = true;
	finish_if_complete(r, true);
}

// Why the recorder has ended a recording that nobody had stopped.
static enum recording_reason reason_of(uint8_t error)
{
	switch (error) {
	case AM_RECORD_DISK_FULL: return RECORDING_DISK_FULL;
	case AM_RECORD_DISK_SLOW: return RECORDING_DISK_SLOW;
	case AM_RECORD_DISK_ERROR: return RECORDING_DISK_ERROR;
	case AM_RECORD_LIMIT: return RECORDING_LIMIT;
	case AM_RECORD_OK: // the machine was started anew
	case AM_RECORD_ALONE: return RECORDING_SHUTDOWN;
	default: return RECORDING_RECORDER_LOST;
	}
}

static uint64_t growth(uint64_t before, uint64_t now)
{
	return now > before ? now - before : 0;
}

static void status_take(struct recording *r, const struct am_record_status *s)
{
	struct recordings *all = r->all;

	if (!r->line_unknown) { // else it has grown in the last process's time
		all->missed += growth(r->status.missed, s->missed);
		all->gaps += growth(r->status.gaps, s->gaps);
		all->bytes += growth(r->status.bytes, s->bytes);
	}
	if (s->error != AM_RECORD_OK && s->error != r->status.error)
		am_warning(
		        "recording: trouble; room=%s id=%016" PRIx64 " error=%s", r->room_name,
		        r->id, am_record_error_name(s->error)
		);
	r->status = *s;
	r->status.duration_ms = s->duration_ms < TIME_MAX ? s->duration_ms : TIME_MAX;
	r->status.bytes = s->bytes < TIME_MAX ? s->bytes : TIME_MAX;
	r->heard_ms = loop_now_ms(all->loop);
	all->free_bytes = s->free_bytes;
	if (r->line_unknown) {
		r->line_us = (int64_t)r->status.duration_ms * 1000;
		r->since_us = now_us();
	}
	r->line_unknown = false;
}

static void acknowledge(struct recording *r)
{
	if (r->acknowledged)
		return;
	r->acknowledged = true;
	r->started_ms = clock_real_ms();
	r->state = r->run == AM_RECORD_PAUSE ? RECORDING_PAUSED : RECORDING_RECORDING;
	if (r->all->uploads)
		(void)!uploads_put(r->all->uploads, r->id, r->directory, false);
	r->view.begins = true;
	change(r);
	r->view.begins = false;
}

void life_report(struct recording *r, const struct am_record_status *s)
{
	if (recording_has_ended(r))
		return;
	status_take(r, s);
	switch (s->state) {
	case AM_RECORD_RECORDING:
	case AM_RECORD_PAUSED:
		if (recording_is_active(r))
			acknowledge(r);
		break;
	case AM_RECORD_STOPPED:
		life_stop(r, reason_of(s->error));
		if (!r->over_ms)
			r->over_ms = r->heard_ms;
		finish_if_complete(r, false);
		break;
	case AM_RECORD_FAILED: fail(r, reason_of(s->error)); break;
	default: break;
	}
}

void life_report_file(struct recording *r, const struct am_record_file *f)
{
	if (recording_has_ended(r))
		return;
	files_take(r, f);
	finish_if_complete(r, false);
}

void life_end_chat(struct recording *r, int64_t bytes)
{
	r->chat_due = false;
	files_end_chat(r, bytes);
	finish_if_complete(r, true);
}

static void look_at_recorder(struct recording *r, uint64_t now_ms)
{
	uint64_t heard_ms = r->heard_ms > r->begun_ms ? r->heard_ms : r->begun_ms;

	if (r->state == RECORDING_STARTING && now_ms - r->begun_ms >= RECORDING_START_MS) {
		fail(r, RECORDING_RECORDER_LOST);
	} else if (recording_is_active(r) && now_ms - heard_ms >= RECORDING_LOST_MS) {
		life_stop(r, RECORDING_RECORDER_LOST);
		recorder_link_reset(r->all->link);
	}
	if (r->over_ms && now_ms - r->over_ms >= COMPLETE_MS)
		finish_if_complete(r, true);
}

static void look_at_room(struct recording *r, uint64_t now_ms)
{
	if (r->room && r->room->speaker_count > 0) {
		r->empty_ms = 0;
	} else if (r->empty_ms == 0) {
		r->empty_ms = now_ms;
	} else if (now_ms - r->empty_ms >= RECORDING_EMPTY_MS) {
		life_stop(r, RECORDING_EMPTY);
	}
	if (r->taps_full)
		taps_match(r);
}

static void forget(struct recording *r)
{
	const struct am_record_msg m = {
	        .type = AM_RECORD_FORGET,
	        .set = {.recording_id = r->id},
	};

	recorder_link_send(r->all->link, &m);
	copy_write(r, true);
	// The bucket gets recording.json as it is now; all else is there.
	if (r->all->uploads && r->uploaded)
		(void)!uploads_put(r->all->uploads, r->id, r->directory, true);
	life_free(r);
}

void life_look(struct recording *r)
{
	uint64_t now_ms = loop_now_ms(r->all->loop);

	if (recording_has_ended(r) && now_ms - r->ended_ms >= LIFE_FORGET_MS)
		return forget(r);
	if (recording_is_active(r))
		look_at_room(r, now_ms);
	if (!recording_has_ended(r))
		look_at_recorder(r, now_ms);
	if (!recording_has_ended(r) && now_ms - r->stored_ms >= STORE_MS) {
		life_store(r);
		r->copy_due = true;
	}
	copy_write(r, false);
}

void life_free(struct recording *r)
{
	LIST_REMOVE(r, next);
	r->all->count--;
	people_free(r);
	files_free(r);
	free(r->by_id);
	free(r->by_name);
	free(r);
}
