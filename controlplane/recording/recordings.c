// What moderators, the API and the conference ask for and report (recording.h).
#include "recording/recording.h"

#include "account/account.h"
#include "base/memory.h"
#include "media/media.h"
#include "recording/life.h"
#include "recording/link.h"
#include "recording/scribe.h"
#include "recording/state.h"
#include "recording/taps.h"
#include "room/track.h"
#include "upload/upload.h"

#include "am_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS   500
#define OPEN_MS   2000 // the longest wait for the rooms before the recorder is told of recordings
#define AUTO_MS   5000 // between two tries to begin what begins by itself
#define SILENT_MS 2000 // without a report, the recorder counts as gone

static struct recording *by_id(const struct recordings *all, uint64_t id)
{
	struct recording *r;

	LIST_FOREACH (r, &all->list, next) {
		if (r->id == id)
			break;
	}
	return r;
}

static bool is_of(const struct recording *r, const struct room *room)
{
	return r->account_id == room->account_id && strcmp(r->room_name, room->name) == 0;
}

// The room's recording that has not been stopped, or NULL.
static struct recording *active_of(const struct recordings *all, const struct room *room)
{
	struct recording *r;

	LIST_FOREACH (r, &all->list, next) {
		if (recording_is_active(r) && is_of(r, room))
			break;
	}
	return r;
}

static struct recording *stopping_of(const struct recordings *all, const struct room *room)
{
	struct recording *r;

	LIST_FOREACH (r, &all->list, next) {
		if (r->state == RECORDING_STOPPING && is_of(r, room))
			break;
	}
	return r;
}

const struct recording_view *recording_of(struct recordings *all, const struct room *room)
{
	struct recording *r = active_of(all, room);

	if (!r)
		r = stopping_of(all, room);
	return r ? life_view(r) : NULL;
}

// Whether one more recording of this account may begin.
static int check(const struct recordings *all, uint64_t account_id)
{
	const struct account *a = all->accounts ? accounts_by_id(all->accounts, account_id) : NULL;

	if (!recorder_link_is_up(all->link) || !media_is_up(all->media))
		return -ENOTCONN;
	if (all->free_bytes < 4 * all->free_min_bytes)
		return -ENOSPC;
	if (all->count == AM_RECORD_MAX)
		return -EMFILE;
	if (a && a->recorded_mib_max &&
	    history_recorded_bytes(all->history, account_id) >> 20 >= a->recorded_mib_max)
		return -EDQUOT;
	return 0;
}

static void ask(struct recordings *all, struct peer *p)
{
	if (recording_asks(all, p))
		all->events->asked(all->events->owner, p);
}

int recording_start(struct recordings *all, struct room *room, const struct peer *by)
{
	struct peer *p;

	if (active_of(all, room))
		return 0;
	int ret = check(all, room->account_id);
	if (ret < 0)
		return ret;
	life_begin(all, room, by);
	TAILQ_FOREACH (p, &room->speakers, in_room) {
		if (p != by)
			ask(all, p);
	}
	return 0;
}

int recording_stop(struct recordings *all, struct room *room, enum recording_reason reason)
{
	struct recording *r = active_of(all, room);

	if (r)
		life_stop(r, reason);
	return r || stopping_of(all, room) ? 0 : -ENOENT;
}

int recording_pause(struct recordings *all, struct room *room)
{
	struct recording *r = active_of(all, room);

	if (!r)
		return -ENOENT;
	life_pause(r);
	return 0;
}

int recording_resume(struct recordings *all, struct room *room)
{
	struct recording *r = active_of(all, room);

	if (!r)
		return -ENOENT;
	life_resume(r);
	return 0;
}

bool recording_asks(struct recordings *all, const struct peer *p)
{
	const struct recording *r = active_of(all, p->room);

	return r && r->asks && p->joined && p->rights.speaker && p->consent == CONSENT_UNDECIDED;
}

// Begins a recording that begins by itself. Whoever stops it has the last word.
static void start_by_rule(struct recordings *all, struct room *room)
{
	static const char *const why[] = {
	        [ENOTCONN] = "no recorder",
	        [ENOSPC] = "the disk is nearly full",
	        [EMFILE] = "too many recordings",
	        [EDQUOT] = "the account's bytes are used up",
	};

	if (!room->rules.auto_record || room->recorded || room->speaker_count == 0)
		return;
	int ret = recording_start(all, room, NULL);
	room->recorded |= ret == 0;
	if (ret < 0)
		am_warning(
		        "recording: cannot begin by itself; room=%s error=%s", room->name, why[-ret]
		);
}

static void match(const struct recordings *all, const struct room *room)
{
	struct recording *r = active_of(all, room);

	if (r)
		taps_match(r);
}

void recordings_track_ready(struct recordings *all, const struct track *t)
{
	if (!all->left)
		match(all, t->owner->room);
}

void recordings_track_paused(struct recordings *all, const struct track *t)
{
	if (!all->left)
		match(all, t->owner->room);
}

void recordings_track_gone(struct recordings *all, const struct track *t)
{
	struct recording *r = all->left ? NULL : active_of(all, t->owner->room);

	if (r)
		taps_end(r, t->id);
}

void recordings_leader(struct recordings *all, const struct room *room, const struct peer *leader)
{
	struct recording *r = active_of(all, room);

	if (r)
		life_lead(r, leader ? taps_publisher(r, leader) : 0);
}

void recordings_peer_joined(struct recordings *all, struct peer *p)
{
	struct recording *r = active_of(all, p->room);

	if (r && !r->room)
		life_bind(r, p->room);
	if (!p->rights.speaker)
		return;
	start_by_rule(all, p->room);
	ask(all, p);
}

void recordings_consent(struct recordings *all, const struct peer *p)
{
	match(all, p->room);
}

void recordings_room_gone(struct recordings *all, const struct room *room)
{
	struct recording *r;

	if (all->left)
		return;
	LIST_FOREACH (r, &all->list, next) {
		if (r->room == room)
			life_bind(r, NULL);
	}
}

void recordings_media_up(struct recordings *all, uint64_t generation)
{
	struct recording *r;

	all->generation = generation;
	LIST_FOREACH (r, &all->list, next) {
		taps_forget(r);
		life_bind(r, rooms_find(all->rooms, r->account_id, r->room_name));
		taps_match(r);
	}
	taps_tidy(all);
	recorder_link_open(all->link);
}

static void on_up(void *owner)
{
	static const struct am_record_msg sync = {.type = AM_RECORD_SYNC};
	struct recordings *all = owner;
	const struct recording *r;

	LIST_FOREACH (r, &all->list, next) {
		life_state(r);
		taps_state(r);
		life_state_leader(r);
	}
	recorder_link_send(all->link, &sync);
	all->auto_ms = 0; // what waits for a recorder begins
}

static void on_down(void *)
{
}

// The recorder wants a key frame: only of a track that this recording records.
static void key_frame(struct recordings *all, const struct am_record_track *t)
{
	const struct recording *r = by_id(all, t->recording_id);

	if (r && taps_have(r, t->track_id))
		media_track_key_frame(all->media, t->track_id);
}

// A recording of which nobody here knows has been removed: the recorder keeps nothing of it.
static void report(struct recordings *all, const struct am_record_status *s)
{
	struct recording *r = by_id(all, s->recording_id);
	const struct am_record_msg forget = {
	        .type = AM_RECORD_FORGET,
	        .set = {.recording_id = s->recording_id},
	};

	if (r)
		life_report(r, s);
	else if (s->state == AM_RECORD_STOPPED || s->state == AM_RECORD_FAILED)
		recorder_link_send(all->link, &forget);
}

static void on_heard(void *owner, const struct am_record_msg *m)
{
	struct recordings *all = owner;
	struct recording *r;

	switch (m->type) {
	case AM_RECORD_HELLO: all->free_bytes = m->hello.free_bytes; break;
	case AM_RECORD_STATE: report(all, &m->state); break;
	case AM_RECORD_FILE:
		r = by_id(all, m->file.recording_id);
		if (r)
			life_report_file(r, &m->file);
		break;
	case AM_RECORD_KEY_FRAME: key_frame(all, &m->track); break;
	default: break; // not for us
	}
}

static void look(void *owner)
{
	struct recordings *all = owner;
	uint64_t now_ms = loop_now_ms(all->loop);
	struct recording *r, *next;

	loop_timer_set(all->loop, &all->timer, LOOK_MS);
	if (now_ms - all->created_ms >= OPEN_MS)
		recorder_link_open(all->link);
	for (r = LIST_FIRST(&all->list); r; r = next) {
		next = LIST_NEXT(r, next);
		life_look(r);
	}
	if (all->auto_ms && now_ms - all->auto_ms < AUTO_MS)
		return;
	all->auto_ms = now_ms;
	for (struct room *room = NULL; (room = rooms_next(all->rooms, room));)
		start_by_rule(all, room);
}

static void on_chat(void *owner, uint64_t recording_id, int64_t bytes)
{
	struct recording *r = by_id(owner, recording_id);

	if (r)
		life_end_chat(r, bytes);
}

static void take_up(void *owner, const struct recording_row *row)
{
	life_take_up(owner, row);
}

static void uploaded(void *owner, uint64_t recording_id, int)
{
	struct recordings *all = owner;
	struct recording *r = all->left ? NULL : by_id(all, recording_id);

	if (r)
		life_uploaded(r);
}

static int uploads_begin(struct recordings *all, const struct recordings_settings *set)
{
	all->uploads = uploads_create(&(struct uploads_settings){
	        .loop = all->loop,
	        .s3 = set->s3,
	        .directory = set->directory,
	        .prefix = set->s3_prefix,
	        .done = uploaded,
	        .owner = all,
	});
	return all->uploads ? 0 : -errno;
}

struct recordings *recordings_create(const struct recordings_settings *set)
{
	struct recordings *all = memory_new(1, sizeof(*all));

	all->loop = set->loop;
	all->media = set->media;
	all->history = set->history;
	all->accounts = set->accounts;
	all->rooms = set->rooms;
	all->directory = set->directory;
	all->free_min_bytes = set->free_min_bytes;
	all->events = set->events;
	LIST_INIT(&all->list);
	all->link_events = (struct recorder_link_events){all, on_up, on_down, on_heard};
	all->link = recorder_link_create(all->loop, set->socket, &all->link_events);
	if (!all->link)
		goto free_all;
	all->scribe = scribe_create(all->loop, on_chat, all);
	if (!all->scribe)
		goto destroy_link;
	if (set->s3 && uploads_begin(all, set) < 0)
		goto destroy_scribe;
	all->created_ms = loop_now_ms(all->loop);
	if (history_recordings_read(all->history, take_up, all) < 0)
		am_error("recording: recordings of the last process are lost");
	all->timer = (struct loop_timer){.expired = look, .owner = all};
	loop_timer_set(all->loop, &all->timer, LOOK_MS);
	return all;

destroy_scribe:
	scribe_destroy(all->scribe);
destroy_link:
	recorder_link_destroy(all->link);
free_all:
	free(all);
	return NULL;
}

void recordings_leave(struct recordings *all)
{
	all->left = true;
	loop_timer_cancel(all->loop, &all->timer);
}

void recordings_destroy(struct recordings *all)
{
	struct recording *r;

	recordings_leave(all);
	uploads_destroy(all->uploads);
	recorder_link_destroy(all->link);
	while ((r = LIST_FIRST(&all->list))) {
		if (!recording_has_ended(r))
			life_store(r);
		life_free(r);
	}
	scribe_destroy(all->scribe);
	free(all);
}

// Whether the recorder reports what it should.
static bool is_heard(const struct recordings *all)
{
	uint64_t now_ms = loop_now_ms(all->loop);
	const struct recording *r;

	LIST_FOREACH (r, &all->list, next) {
		if (recording_is_active(r) && r->acknowledged && now_ms - r->heard_ms >= SILENT_MS)
			return false;
	}
	return recorder_link_is_up(all->link);
}

void recordings_count(const struct recordings *all, struct recordings_counts *c)
{
	const struct recording *r;

	*c = (struct recordings_counts){
	        .recorder_up = is_heard(all),
	        .missed = all->missed,
	        .gaps = all->gaps,
	        .bytes = all->bytes,
	        .free_bytes = all->free_bytes,
	};
	if (all->uploads) {
		struct uploads_counts u;
		uploads_count(all->uploads, &u);
		c->uploads = true;
		c->sent_bytes = u.bytes;
		c->failures = u.failures;
		c->pending = u.pending;
	}
	memcpy(c->ended, all->ended, sizeof(c->ended));
	LIST_FOREACH (r, &all->list, next) {
		if (!recording_has_ended(r))
			c->now[r->state]++;
	}
}
