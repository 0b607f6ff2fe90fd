#include "recorder/programme.h"

#include <stdlib.h>

#define STEP_US    1000 // between two frames at least: files count in milliseconds
#define AHEAD_US   1000000 // a frame's time is so far in the future at most
#define ASK_US     1000000 // between two requests for a key frame of a track
#define UNANSWERED 3 // requests; after that, a track counts only once a key frame has come

struct track {
	am_id id;
	uint64_t publisher;
	uint64_t number; // higher: added later
	uint8_t kind;
	bool paused;
	uint8_t asked; // requests since the last key frame
	int64_t asked_us; // the last one
	int64_t seen_us; // its last frame, or when it could begin to send
	int64_t shown_us; // when it was last in the programme
	enum codec codec; // of its last key frame
};

struct programme {
	struct programme_events events;
	struct track tracks[AM_RECORD_TRACK_MAX];
	size_t count;
	uint64_t numbers;
	uint64_t leader;
	am_id shown; // 0: a card
	int64_t began_us; // when it began to be shown
	bool started;
	int64_t start_us;
	int64_t now_us;
	bool any; // a frame has left; the next three are about the last one
	bool card;
	enum codec codec;
	int64_t last_us;
};

struct programme *programme_create(const struct programme_events *events)
{
	struct programme *p = calloc(1, sizeof(*p));
	if (p != NULL)
		p->events = *events;
	return p;
}

void programme_destroy(struct programme *p)
{
	free(p);
}

static struct track *track_find(struct programme *p, am_id id)
{
	for (size_t i = 0; i < p->count; i++) {
		if (p->tracks[i].id == id)
			return &p->tracks[i];
	}
	return NULL;
}

// Tracks that were added before the first tick have their time from then on.
static void advance(struct programme *p, int64_t now_us)
{
	if (!p->started) {
		p->started = true;
		p->start_us = p->now_us = now_us;
		for (size_t i = 0; i < p->count; i++)
			p->tracks[i].seen_us = now_us;
	}
	if (now_us > p->now_us)
		p->now_us = now_us;
}

// --- the choice ---

static bool is_live(const struct programme *p, const struct track *t)
{
	return !t->paused && t->asked < UNANSWERED && p->now_us - t->seen_us < PROGRAMME_STALE_US;
}

static int rank_of(const struct programme *p, const struct track *t)
{
	if (t->kind == AM_RECORD_SCREEN)
		return 2;
	return t->publisher == p->leader ? 1 : 0;
}

static bool is_better(const struct programme *p, const struct track *a, const struct track *b)
{
	int rank_a = rank_of(p, a), rank_b = rank_of(p, b);

	if (rank_a != rank_b)
		return rank_a > rank_b;
	if (rank_a > 0)
		return a->number > b->number;
	if (a->shown_us != b->shown_us)
		return a->shown_us > b->shown_us;
	return a->number < b->number;
}

// The track that should be shown, or NULL.
static struct track *choose(struct programme *p)
{
	struct track *best = NULL;

	for (size_t i = 0; i < p->count; i++) {
		struct track *t = &p->tracks[i];
		if (is_live(p, t) && (best == NULL || is_better(p, t, best)))
			best = t;
	}
	if (best == NULL || best->kind == AM_RECORD_SCREEN || p->shown == 0)
		return best;
	struct track *shown = track_find(p, p->shown);
	if (shown->kind == AM_RECORD_CAMERA && p->now_us - p->began_us < PROGRAMME_HOLD_US &&
	    is_live(p, shown))
		return shown;
	return best;
}

static void ask(struct programme *p, struct track *t)
{
	if (t == NULL || t->id == p->shown || p->now_us - t->asked_us < ASK_US)
		return;
	t->asked++;
	t->asked_us = p->now_us;
	p->events.needs_key_frame(p->events.owner, t->id);
}

// --- what leaves ---

static void emit(struct programme *p, struct programme_frame *f)
{
	if (p->any && f->time_us < p->last_us + STEP_US)
		f->time_us = p->last_us + STEP_US;
	p->any = true;
	p->card = f->card;
	p->codec = f->codec;
	p->last_us = f->time_us;
	p->events.frame(p->events.owner, f);
}

static void emit_card(struct programme *p, int64_t time_us)
{
	struct programme_frame f = {
	        .time_us = time_us,
	        .codec = p->any ? p->codec : CODEC_VP8,
	        .key = true,
	        .card = true,
	};

	f.data = programme_card(f.codec, &f.len, &f.width, &f.height);
	if (f.data == NULL) {
		f.codec = CODEC_VP8;
		f.data = programme_card(f.codec, &f.len, &f.width, &f.height);
	}
	emit(p, &f);
}

// Before the first frame there may be tracks that the programme has not been told of yet, and the
// first card would decide the file's codec.
static void card(struct programme *p, bool candidate)
{
	int64_t time_us = p->now_us - PROGRAMME_LAG_US;

	if (!p->any) {
		if (p->now_us - p->start_us >= PROGRAMME_CARD_US)
			emit_card(p, p->start_us);
		return;
	}
	if (time_us - p->last_us >= PROGRAMME_CARD_US || (!candidate && !p->card))
		emit_card(p, time_us);
}

static void show(struct programme *p, const struct track *t, int64_t time_us)
{
	// The card that was due has waited for PROGRAMME_LAG_US.
	if (p->any && p->shown == 0 && time_us - p->last_us > PROGRAMME_CARD_US)
		emit_card(p, p->last_us + PROGRAMME_CARD_US);
	p->shown = t->id;
	p->began_us = p->now_us;
}

// --- events ---

// Nothing is chosen before the time is known.
static void review(struct programme *p)
{
	if (p->started)
		ask(p, choose(p));
}

void programme_track_add(struct programme *p, am_id id, uint64_t publisher, uint8_t kind)
{
	if (id == 0 || p->count == AM_RECORD_TRACK_MAX || track_find(p, id) != NULL)
		return;
	if (kind != AM_RECORD_CAMERA && kind != AM_RECORD_SCREEN)
		return;
	p->tracks[p->count++] = (struct track){
	        .id = id,
	        .publisher = publisher,
	        .number = p->numbers++,
	        .kind = kind,
	        .asked_us = INT64_MIN / 2,
	        .seen_us = p->now_us,
	        .shown_us = INT64_MIN,
	};
	review(p);
}

void programme_track_remove(struct programme *p, am_id id, int64_t now_us)
{
	struct track *t = track_find(p, id);

	advance(p, now_us);
	if (t == NULL)
		return;
	*t = p->tracks[--p->count];
	if (p->shown == id)
		p->shown = 0;
	review(p);
}

void programme_track_pause(struct programme *p, am_id id, bool paused, int64_t now_us)
{
	struct track *t = track_find(p, id);

	advance(p, now_us);
	if (t == NULL || t->paused == paused)
		return;
	t->paused = paused;
	t->asked = 0;
	t->seen_us = p->now_us;
	if (paused && p->shown == id)
		p->shown = 0;
	review(p);
}

void programme_leader(struct programme *p, uint64_t publisher, int64_t now_us)
{
	advance(p, now_us);
	p->leader = publisher;
	review(p);
}

void programme_resume(struct programme *p, am_id id, enum codec codec)
{
	struct track *t = track_find(p, id);

	if (t == NULL)
		return;
	t->codec = codec;
	t->seen_us = p->now_us;
	p->shown = id;
	p->began_us = p->now_us;
}

void programme_picture(
        struct programme *p, am_id id, int64_t time_us, enum codec codec,
        const struct assembly_frame *f
)
{
	struct track *t = track_find(p, id);

	if (t == NULL || t->paused)
		return;
	if (p->shown == id && !f->key && codec != t->codec)
		return; // belongs to a key frame that has not come
	if (!p->started)
		advance(p, time_us);
	if (time_us > p->now_us + AHEAD_US)
		time_us = p->now_us + AHEAD_US;
	t->seen_us = p->now_us;
	if (f->key) {
		t->asked = 0;
		t->codec = codec;
	}
	struct track *best = choose(p);
	if (best == t && f->key && p->shown != id)
		show(p, t, time_us);
	ask(p, best);
	if (p->shown != id)
		return;
	t->shown_us = p->now_us;
	emit(p, &(struct programme_frame){
	                .time_us = time_us,
	                .codec = codec,
	                .data = f->data,
	                .len = f->len,
	                .width = f->width,
	                .height = f->height,
	                .track_id = id,
	                .key = f->key,
	        });
}

void programme_tick(struct programme *p, int64_t now_us)
{
	advance(p, now_us);
	if (p->shown != 0 && !is_live(p, track_find(p, p->shown)))
		p->shown = 0;
	struct track *best = choose(p);
	ask(p, best);
	if (p->shown == 0)
		card(p, best != NULL);
}
