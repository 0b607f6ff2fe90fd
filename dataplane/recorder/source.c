#include "recorder/source.h"

#include "am_tap.h"
#include "media/assembly.h"

#include <stdlib.h>
#include <string.h>

#define NOTES      1024 // packets whose frames may still come
#define SEND_TICKS (1 << 24) // of abs-send-time, which is 24 bits of 2^-18 s
#define SHIFT_SLEW 500 // a shift of time is taken back by 1 µs in so many

struct note {
	uint64_t seq;
	int64_t send_us;
	uint8_t encoding;
	uint8_t source;
	int16_t level; // -1: unknown
	bool used;
};

struct encoding {
	struct timeline_track time;
	bool any; // a frame has come
	uint8_t source; // of the last frame
	bool has_report;
	uint8_t report_source;
	uint64_t report_ntp; // of the last one, like the next two
	uint32_t report_timestamp;
	int64_t report_arrival_us;
	bool has_sent;
	int64_t sent; // abs-send-time of the last packet, unwrapped
};

struct source {
	struct am_record_track track;
	struct assembly *assembly;
	const struct line *line;
	struct state_track *places;
	source_sink *sink;
	void *owner;
	int64_t recall_us; // frames that arrived before this may be remembered
	int64_t shift_us; // what remembered times were ahead of ours, as far as not taken back
	int64_t last_us; // of the clock, as the timeline says
	int64_t last_time_us; // on the line
	struct encoding encodings[AM_ENCODING_MAX];
	struct note notes[NOTES];
};

static void on_frame(void *owner, const struct assembly_frame *);

struct source *source_create(
        const struct am_record_track *track, struct timeline_publisher *clock,
        const struct line *line, struct state_track *places, int64_t now_us, source_sink *sink,
        void *owner
)
{
	struct source *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	*s = (struct source){
	        .track = *track,
	        .line = line,
	        .places = places,
	        .sink = sink,
	        .owner = owner,
	        .recall_us = places->time_count > 0 ? now_us : 0,
	        .last_time_us = LINE_NONE,
	};
	for (uint8_t i = 0; i < AM_ENCODING_MAX; i++)
		timeline_track_init(&s->encodings[i].time, clock, track->clock_rate);
	s->assembly = assembly_create((enum codec)track->codec, track->encoding_count, on_frame, s);
	if (!s->assembly) {
		free(s);
		return NULL;
	}
	return s;
}

void source_destroy(struct source *s)
{
	assembly_destroy(s->assembly);
	free(s);
}

int source_resume(struct source *s, const struct state_time *last)
{
	s->last_time_us = last->time_us;
	return assembly_resume(s->assembly, last->encoding, last->source, last->seq);
}

// --- times ---

static struct note *note_of(struct source *s, uint8_t encoding, uint64_t seq)
{
	return &s->notes[(seq * AM_ENCODING_MAX + encoding) % NOTES];
}

// Microseconds on a clock of the sender that does not wrap.
static int64_t unwrap(struct encoding *e, uint32_t send_time)
{
	if (!e->has_sent) {
		e->has_sent = true;
		e->sent = send_time;
	}
	uint32_t step = (send_time - (uint32_t)e->sent) & (SEND_TICKS - 1);
	int64_t sent = e->sent + step - (step >= SEND_TICKS / 2 ? SEND_TICKS : 0);
	if (sent > e->sent)
		e->sent = sent;
	return sent * 1000000 / (1 << 18);
}

static void report(struct encoding *e)
{
	timeline_report(&e->time, e->report_ntp, e->report_timestamp, e->report_arrival_us);
}

// What our timeline says, and since a restart what the earlier one would have said.
static int64_t clock_time(struct source *s, const struct assembly_frame *f, const struct note *n)
{
	struct encoding *e = &s->encodings[f->encoding];

	if (e->any && e->source != f->source) {
		timeline_track_restart(&e->time);
		if (e->has_report && e->report_source == f->source)
			report(e);
	}
	e->any = true;
	e->source = f->source;
	int64_t us =
	        timeline_time(&e->time, f->timestamp, f->arrival_us, n ? n->send_us : INT64_MIN);
	int64_t back_us = us > s->last_us ? (us - s->last_us) / SHIFT_SLEW : 0;
	s->last_us = us;
	if (llabs(s->shift_us) <= back_us)
		s->shift_us = 0;
	else
		s->shift_us -= s->shift_us > 0 ? back_us : -back_us;
	return us + s->shift_us;
}

static struct state_time *recall(struct source *s, const struct assembly_frame *f)
{
	return f->arrival_us < s->recall_us
	               ? state_time_find(s->places, f->encoding, f->source, f->timestamp)
	               : NULL;
}

// The frame's time on the line, which does not go back.
static struct state_time *remember(struct source *s, const struct assembly_frame *f, int64_t us)
{
	int64_t time_us = line_time(s->line, us);

	if (time_us == LINE_NONE)
		return NULL;
	if (time_us < s->last_time_us)
		time_us = s->last_time_us;
	return state_time_add(
	        s->places,
	        &(struct state_time){
	                .time_us = time_us,
	                .seq = f->seq,
	                .timestamp = f->timestamp,
	                .file_ms = STATE_NOT_IN,
	                .encoding = f->encoding,
	                .source = f->source,
	        }
	);
}

static void on_frame(void *owner, const struct assembly_frame *f)
{
	struct source *s = owner;
	const struct note *n = note_of(s, f->encoding, f->seq);

	if (!n->used || n->seq != f->seq || n->encoding != f->encoding || n->source != f->source)
		n = NULL;
	int64_t us = clock_time(s, f, n);
	struct state_time *place = recall(s, f);
	if (place && line_time(s->line, us) != LINE_NONE)
		s->shift_us += place->time_us - line_time(s->line, us);
	if (!place)
		place = remember(s, f, us);
	if (place)
		s->last_time_us = place->time_us;
	s->sink(s->owner, &(struct source_frame){
	                          .frame = f,
	                          .time_us = place ? place->time_us : LINE_NONE,
	                          .seq = f->seq,
	                          .level = n ? n->level : -1,
	                          .place = place,
	                  });
}

// --- entries ---

static void take_report(struct source *s, const struct am_tap_entry *t)
{
	struct encoding *e = &s->encodings[t->encoding];

	e->has_report = true;
	e->report_source = t->source;
	e->report_ntp = t->ntp;
	e->report_timestamp = t->timestamp;
	e->report_arrival_us = t->arrival_us;
	if (!e->any || e->source == t->source)
		report(e);
}

void source_entry(struct source *s, const struct am_tap_entry *t)
{
	struct encoding *e = &s->encodings[t->encoding];

	if (t->encoding >= s->track.encoding_count || t->codec != s->track.codec)
		return;
	if (t->kind == AM_TAP_REPORT) {
		take_report(s, t);
		return;
	}
	*note_of(s, t->encoding, t->seq) = (struct note){
	        .seq = t->seq,
	        .send_us = t->flags & AM_TAP_SEND_TIME ? unwrap(e, t->send_time) : INT64_MIN,
	        .encoding = t->encoding,
	        .source = t->source,
	        .level = t->flags & AM_TAP_LEVEL ? t->level : -1,
	        .used = true,
	};
	assembly_packet(
	        s->assembly,
	        &(struct assembly_packet){
	                .seq = t->seq,
	                .arrival_us = t->arrival_us,
	                .timestamp = t->timestamp,
	                .encoding = t->encoding,
	                .source = t->source,
	                .marker = t->flags & AM_TAP_MARKER,
	                .payload = t->payload,
	                .len = t->len,
	        }
	);
}

void source_tick(struct source *s, int64_t now_us)
{
	assembly_tick(s->assembly, now_us);
}

void source_drain(struct source *s)
{
	assembly_drain(s->assembly);
}

bool source_needs_key_frame(const struct source *s)
{
	return assembly_needs_key_frame(s->assembly);
}

uint64_t source_lost(const struct source *s)
{
	return assembly_lost(s->assembly);
}
