#include "recorder/tracks.h"

#include "am_log.h"
#include "am_tap.h"
#include "media/assembly.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static_assert(AM_RECORD_TRACK_MAX < UINT8_MAX);

static bool is_sound(const struct track *t)
{
	return t->stated.codec == AM_CODEC_OPUS;
}

void tracks_init(
        struct tracks *ts, struct folder *folder, const struct line *line,
        const struct tracks_events *events
)
{
	*ts = (struct tracks){.folder = folder, .line = line, .events = *events};
}

// --- publishers ---

static struct publisher *publisher_get(struct tracks *ts, uint64_t id)
{
	struct publisher *free_place = NULL;

	for (size_t i = 0; i < AM_RECORD_TRACK_MAX; i++) {
		struct publisher *p = &ts->publishers[i];
		if (p->id == id) {
			p->tracks++;
			return p;
		}
		if (p->id == 0 && !free_place)
			free_place = p;
	}
	// There are no more publishers than tracks.
	free_place->id = id;
	free_place->tracks = 1;
	timeline_publisher_init(&free_place->clock);
	return free_place;
}

static void publisher_put(struct publisher *p)
{
	if (--p->tracks == 0)
		p->id = 0;
}

// --- adding and removing ---

static uint8_t number(const struct track *t)
{
	return (uint8_t)(t - t->all->list + 1);
}

static void slot_add(struct track *t)
{
	uint8_t *first = &t->all->slots[am_id_slot(t->stated.track_id)];

	t->next = *first;
	*first = number(t);
}

static void slot_remove(struct track *t)
{
	uint8_t *place = &t->all->slots[am_id_slot(t->stated.track_id)];

	while (*place != number(t))
		place = &t->all->list[*place - 1].next;
	*place = t->next;
}

static void on_frame(void *owner, const struct source_frame *f)
{
	struct track *t = owner;
	struct tracks *ts = t->all;

	if (!is_sound(t)) {
		if (f->frame->key)
			t->key_us = f->frame->arrival_us;
		if (f->time_us == LINE_NONE)
			track_file_break(&t->file);
		else if (ts->files)
			track_file_picture(&t->file, f->time_us, f->place, f->frame);
	} else if (ts->files && f->time_us != LINE_NONE) {
		track_file_sound(
		        &t->file, f->time_us, f->level, f->place, f->frame->data, f->frame->len
		);
	}
	ts->events.frame(ts->events.owner, t, f);
}

static int begin(struct track *t, int64_t now_us)
{
	t->publisher = publisher_get(t->all, t->stated.publisher);
	t->source = source_create(
	        &t->stated, &t->publisher->clock, t->all->line, t->place, now_us, on_frame, t
	);
	if (!t->source) {
		publisher_put(t->publisher);
		return -errno;
	}
	track_file_init(&t->file, t->all->folder, t->place, &t->stated);
	t->key_us = now_us;
	slot_add(t);
	t->all->events.added(t->all->events.owner, t);
	t->all->events.paused(t->all->events.owner, t);
	return 0;
}

// Lets go of the track; its file has been closed.
static void finish(struct track *t)
{
	struct tracks *ts = t->all;

	ts->events.removed(ts->events.owner, t);
	ts->lost += source_lost(t->source);
	slot_remove(t);
	source_destroy(t->source);
	publisher_put(t->publisher);
	*t = (struct track){0};
}

static void finish_at(struct track *t, int64_t end_us)
{
	struct state_track *place = t->place;
	struct tracks *ts = t->all;

	source_drain(t->source);
	track_file_close(&t->file, end_us);
	ts->folder->state->changed = true;
	finish(t);
	place->used = 0;
}

static struct track *track_free(struct tracks *ts)
{
	for (size_t i = 0; i < AM_RECORD_TRACK_MAX; i++) {
		if (!ts->list[i].place)
			return &ts->list[i];
	}
	return NULL;
}

static int add(struct tracks *ts, const struct am_record_track *stated, int64_t now_us)
{
	struct track *t = track_free(ts);
	if (!t)
		return -ENOSPC;
	struct state_track *place = state_track(ts->folder->state, (uint32_t)(t - ts->list));
	if (!place)
		return -EIO;
	place->file = 0;
	place->time_count = 0;
	place->clocks_count = 0;
	place->stated = *stated;
	*t = (struct track){.all = ts, .stated = *stated, .place = place, .is_stated = true};
	int ret = begin(t, now_us);
	if (ret < 0) {
		*t = (struct track){0};
		return ret;
	}
	__atomic_store_n(&place->used, 1, __ATOMIC_RELEASE);
	ts->folder->state->changed = true;
	return 0;
}

// The track's own file and the programme may end at different frames: it goes on behind the earlier
// one.
static void resume_picture(struct track *t, int64_t shown_ms)
{
	const struct state_time *own = t->all->files ? track_file_last(&t->file) : NULL;
	const struct state_time *shown = shown_ms >= 0 ? state_time_at(t->place, shown_ms) : NULL;
	const struct state_time *last = own ? own : shown;

	t->was_shown = shown != NULL;
	if (t->all->files && !own)
		return; // it begins with a key frame
	if (shown && shown->time_us < last->time_us)
		last = shown;
	if (!last || source_resume(t->source, last) < 0)
		return;
	t->goes_on = last == shown;
	if (last == own)
		track_file_join(&t->file);
}

void tracks_resume(struct tracks *ts, int64_t shown_ms, int64_t now_us)
{
	struct state *s = ts->folder->state;

	for (uint32_t i = 0; i < s->tracks_allocated; i++) {
		struct state_track *place = state_track(s, i);
		struct track *t = &ts->list[i];
		if (!place->used)
			continue;
		*t = (struct track){.all = ts, .stated = place->stated, .place = place};
		if (begin(t, now_us) < 0)
			*t = (struct track){0};
		else if (!is_sound(t))
			resume_picture(t, shown_ms);
	}
}

struct track *tracks_find(struct tracks *ts, am_id id, uint64_t generation)
{
	for (uint8_t i = ts->slots[am_id_slot(id)]; i != 0; i = ts->list[i - 1].next) {
		struct track *t = &ts->list[i - 1];
		if (t->stated.track_id == id && t->stated.generation == generation)
			return t;
	}
	return NULL;
}

static bool is_same(const struct am_record_track *a, const struct am_record_track *b)
{
	return a->publisher == b->publisher && a->clock_rate == b->clock_rate &&
	       a->kind == b->kind && a->codec == b->codec && a->encoding_count == b->encoding_count;
}

int tracks_set(struct tracks *ts, const struct am_record_track *stated, int64_t now_us)
{
	struct track *t = tracks_find(ts, stated->track_id, stated->generation);

	// Another codec, say: from here on it is another track, with a part of its own.
	if (t && !is_same(&t->stated, stated)) {
		finish_at(t, line_reached(ts->line, now_us));
		t = NULL;
	}
	if (!t)
		return add(ts, stated, now_us);
	t->is_stated = true;
	t->ended_us = 0;
	if (t->stated.paused == stated->paused)
		return 0;
	t->stated.paused = stated->paused;
	t->place->stated.paused = stated->paused;
	ts->events.paused(ts->events.owner, t);
	return 0;
}

void tracks_end(struct tracks *ts, am_id id, uint64_t generation, int64_t now_us)
{
	struct track *t = tracks_find(ts, id, generation);

	if (t && t->ended_us == 0)
		t->ended_us = now_us;
}

void tracks_unstate(struct tracks *ts)
{
	for (size_t i = 0; i < AM_RECORD_TRACK_MAX; i++)
		ts->list[i].is_stated = false;
}

void tracks_end_unstated(struct tracks *ts, int64_t now_us)
{
	for (size_t i = 0; i < AM_RECORD_TRACK_MAX; i++) {
		struct track *t = &ts->list[i];
		if (t->place && !t->is_stated && t->ended_us == 0)
			t->ended_us = now_us;
	}
}

// --- running ---

bool tracks_has_slot(const struct tracks *ts, uint32_t slot)
{
	return ts->slots[slot] != 0;
}

void tracks_entry(struct tracks *ts, uint64_t generation, const struct am_tap_entry *e)
{
	struct track *t = tracks_find(ts, e->id, generation);

	if (t && (t->ended_us == 0 || e->arrival_us < t->ended_us))
		source_entry(t->source, e);
}

static void track_tick(struct track *t, int64_t now_us)
{
	const struct line *line = t->all->line;

	source_tick(t->source, now_us);
	if (t->ended_us != 0 && now_us >= t->ended_us + TRACKS_GRACE_US) {
		finish_at(t, line_reached(line, t->ended_us));
		return;
	}
	track_file_tick(
	        &t->file, line_reached(line, now_us), line_reached(line, now_us - TRACKS_SILENCE_US)
	);
	if (is_sound(t) || t->stated.paused || t->ended_us != 0 || !line_runs(line))
		return;
	int64_t longest_us = t->shown ? TRACKS_SHOWN_KEY_US : TRACKS_KEY_US;
	if (source_needs_key_frame(t->source) || now_us - t->key_us >= longest_us)
		t->asks = true;
}

void tracks_tick(struct tracks *ts, int64_t now_us)
{
	for (size_t i = 0; i < AM_RECORD_TRACK_MAX; i++) {
		if (ts->list[i].place)
			track_tick(&ts->list[i], now_us);
	}
}

struct track *tracks_asking(struct tracks *ts, int64_t now_us)
{
	for (size_t i = 0; i < AM_RECORD_TRACK_MAX; i++) {
		struct track *t = &ts->list[i];
		if (!t->place || !t->asks || now_us - t->asked_us < TRACKS_ASK_US)
			continue;
		t->asks = false;
		t->asked_us = now_us;
		return t;
	}
	return NULL;
}

void tracks_drain(struct tracks *ts)
{
	for (size_t i = 0; i < AM_RECORD_TRACK_MAX; i++) {
		if (ts->list[i].place)
			source_drain(ts->list[i].source);
	}
}

void tracks_close(struct tracks *ts, int64_t end_us)
{
	for (size_t i = 0; i < AM_RECORD_TRACK_MAX; i++) {
		struct track *t = &ts->list[i];
		if (!t->place)
			continue;
		track_file_close(&t->file, end_us);
		finish(t); // its place stays: the next recorder may have to finish again
	}
}

void tracks_suspend(struct tracks *ts)
{
	for (size_t i = 0; i < AM_RECORD_TRACK_MAX; i++) {
		struct track *t = &ts->list[i];
		if (!t->place)
			continue;
		track_file_suspend(&t->file);
		finish(t);
	}
}

void tracks_cut(struct tracks *ts, int64_t end_us)
{
	for (size_t i = 0; i < AM_RECORD_TRACK_MAX; i++) {
		struct track *t = &ts->list[i];
		if (t->place)
			track_file_cut(&t->file, end_us);
	}
}

void tracks_drop_files(struct tracks *ts, int64_t now_us)
{
	for (size_t i = 0; i < AM_RECORD_TRACK_MAX; i++) {
		struct track *t = &ts->list[i];
		if (t->place)
			track_file_close(&t->file, line_reached(ts->line, now_us));
	}
	ts->files = false;
}

uint64_t tracks_lost(const struct tracks *ts)
{
	uint64_t lost = ts->lost;

	for (size_t i = 0; i < AM_RECORD_TRACK_MAX; i++) {
		if (ts->list[i].place)
			lost += source_lost(ts->list[i].source);
	}
	return lost;
}
