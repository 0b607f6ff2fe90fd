#include "media/selector.h"

#include "wire/sequence.h"

#include <string.h>

#define CHANGES_LIMIT (TRACK_BEGIN | TRACK_SPATIAL_SYNC)

#define AUDIO_KHZ 48
#define VIDEO_KHZ 90

enum selector_flags {
	SELECTOR_IS_VIDEO = 1,
	SELECTOR_PAUSED = 2,
	SELECTOR_WAITING = 4, // wait_start_ms is set
	SELECTOR_WAITED = 8, // long enough: a lower layer will do
	SELECTOR_TIMED = 16, // track_timestamp is set
	SELECTOR_OPEN = 32, // the picture of the highest number has not ended
	SELECTOR_IS_SVC = 64,
	SELECTOR_IN_PAST = 128,
};

static uint32_t arrival_ms(const struct track_packet *p)
{
	return (uint32_t)((uint64_t)p->arrival_us / 1000);
}

static uint32_t khz(const struct selector *s)
{
	return (s->flags & SELECTOR_IS_VIDEO) != 0 ? VIDEO_KHZ : AUDIO_KHZ;
}

static bool is_active(const struct selector *s, uint8_t layer)
{
	return layer < TRACK_LAYERS && (s->active >> layer & 1) != 0;
}

// Nothing reaches the viewer, so a lower layer is better than waiting longer.
static bool is_starving(const struct selector *s)
{
	return s->layer == SELECTOR_NONE || !is_active(s, s->layer);
}

static bool is_svc(const struct selector *s)
{
	return (s->flags & SELECTOR_IS_SVC) != 0;
}

static uint8_t highest_active(const struct selector *s)
{
	uint8_t highest = 0;
	for (uint8_t layer = 0; layer < TRACK_LAYERS; layer++) {
		if (is_active(s, layer))
			highest = layer;
	}
	return highest;
}

static uint8_t lowest_active(const struct selector *s)
{
	for (uint8_t layer = 0; layer < TRACK_LAYERS; layer++) {
		if (is_active(s, layer))
			return layer;
	}
	return SELECTOR_NONE;
}

// The highest active encoding up to the preferred one; if there is none, the lowest above it.
// Spatial layers are all in the first encoding, and the limit says which are forwarded.
static void retarget(struct selector *s)
{
	if (is_svc(s)) {
		s->target = s->active != 0 ? 0 : SELECTOR_NONE;
		return;
	}
	uint8_t target = lowest_active(s);
	for (uint8_t layer = 0; layer <= s->preferred; layer++) {
		if (is_active(s, layer))
			target = layer;
	}
	if (target != s->target)
		s->flags &= (uint8_t) ~(SELECTOR_WAITING | SELECTOR_WAITED);
	s->target = target;
}

void selector_init(struct selector *s, enum selector_kind kind, uint16_t seq, uint32_t timestamp)
{
	*s = (struct selector){
	        .seq = (uint16_t)(seq - 1),
	        .timestamp = timestamp,
	        .layer = SELECTOR_NONE,
	        .layer_last = SELECTOR_NONE,
	        .preferred = TRACK_LAYERS - 1,
	        .limit = TEMPORAL_LIMITS - 1,
	        .active = (1 << TRACK_LAYERS) - 1,
	        .flags = kind != SELECTOR_AUDIO ? SELECTOR_IS_VIDEO : 0,
	};
	if (kind == SELECTOR_SVC)
		s->flags |= SELECTOR_IS_SVC;
	selector_prefer(s, TRACK_LAYERS - 1, TEMPORAL_LIMITS - 1);
}

void selector_prefer(struct selector *s, uint8_t layer, uint8_t temporal_limit)
{
	if (layer >= TRACK_LAYERS)
		layer = TRACK_LAYERS - 1;
	if (temporal_limit >= TEMPORAL_LIMITS)
		temporal_limit = TEMPORAL_LIMITS - 1;
	s->preferred = layer;
	s->preferred_limit = limit_make(is_svc(s) ? layer : 0, temporal_limit);
	retarget(s);
}

void selector_set_active(struct selector *s, uint8_t layers)
{
	s->active = layers;
	retarget(s);
}

void selector_pause(struct selector *s)
{
	s->flags |= SELECTOR_PAUSED;
	s->layer = SELECTOR_NONE;
}

void selector_resume(struct selector *s)
{
	if ((s->flags & SELECTOR_PAUSED) != 0)
		s->flags &= (uint8_t) ~(SELECTOR_PAUSED | SELECTOR_WAITING | SELECTOR_WAITED);
}

uint8_t selector_layer(const struct selector *s)
{
	if (!is_svc(s) || s->layer == SELECTOR_NONE)
		return s->layer;

	uint8_t limit = limit_spatial(s->limit), highest = highest_active(s);
	return limit < highest ? limit : highest;
}

// The publisher sends a spatial layer that the viewer wants, but the viewer has not entered it yet.
static bool wants_spatial(const struct selector *s)
{
	uint8_t wanted = limit_spatial(s->preferred_limit), highest = highest_active(s);
	return is_svc(s) && limit_spatial(s->limit) < (wanted < highest ? wanted : highest);
}

uint8_t selector_wanted_layer(const struct selector *s)
{
	if ((s->flags & SELECTOR_IS_VIDEO) == 0 || (s->flags & SELECTOR_PAUSED) != 0 ||
	    (s->layer == s->target && !wants_spatial(s)))
		return SELECTOR_NONE;
	if (is_starving(s) && (s->flags & SELECTOR_WAITED) != 0)
		return lowest_active(s);
	return s->target;
}

static void push_epoch(struct selector *s, const struct selector_epoch *e)
{
	memmove(&s->epochs[1], &s->epochs[0], sizeof(s->epochs) - sizeof(s->epochs[0]));
	s->epochs[0] = *e;
	if (s->epoch_count < SELECTOR_EPOCHS)
		s->epoch_count++;
}

// The timestamp for the first packet of an epoch, from the best clock available: the stream's own,
// the publisher's sender reports, or the arrivals. The first two must roughly agree with the
// arrivals, since a publisher may send us any clock.
static uint32_t continue_timestamp(const struct selector *s, const struct track_packet *p)
{
	if (s->epoch_count == 0)
		return s->timestamp;

	int32_t elapsed_ms = (int32_t)(arrival_ms(p) - s->arrival_ms);
	uint32_t arrived = s->timestamp + (elapsed_ms > 0 ? (uint32_t)elapsed_ms * khz(s) : 0);
	uint32_t best = arrived;
	if (p->layer == s->layer_last)
		best = p->timestamp + s->epochs[0].timestamp_offset;
	else if ((p->flags & TRACK_TIME) != 0 && (s->flags & SELECTOR_TIMED) != 0)
		best = s->timestamp + (p->track_timestamp - s->track_timestamp);

	int32_t error = (int32_t)(best - arrived),
	        error_max = (int32_t)(SELECTOR_CLOCK_MS_MAX * khz(s));
	if (error > error_max || error < -error_max)
		best = arrived;
	return timestamp_is_newer(best, s->timestamp) ? best : s->timestamp + 1;
}

// Remember the newest timestamp and when it applied.
static void set_time(struct selector *s, const struct track_packet *p, uint32_t timestamp)
{
	s->timestamp = timestamp;
	s->arrival_ms = arrival_ms(p);
	s->track_timestamp = p->track_timestamp;
	s->flags &= (uint8_t)~SELECTOR_TIMED;
	if ((p->flags & TRACK_TIME) != 0)
		s->flags |= SELECTOR_TIMED;
}

static int32_t draw_together(uint32_t span)
{
	return (int32_t)span >> SELECTOR_PAST_SHIFT;
}

static uint32_t
timestamp_out(const struct selector_epoch *e, uint32_t anchor, const struct track_packet *p)
{
	uint32_t in = p->timestamp;

	if ((e->source & SELECTOR_PAST) != 0)
		in = anchor - (uint32_t)draw_together(anchor - in);
	return in + e->timestamp_offset;
}

// Continue with this packet's layer from this packet on. past: SELECTOR_PAST or 0.
static void
begin(struct selector *s, const struct track_packet *p, uint8_t limit, uint32_t timestamp_offset,
      uint8_t past)
{
	uint8_t cut = s->flags & SELECTOR_OPEN ? SELECTOR_CUT : 0;
	uint16_t seq_first = (uint16_t)(s->seq + (cut ? 2 : 1));
	if (s->epoch_count == 0) {
		// Picture numbers begin as the publisher's, so most copies need no rewriting.
		s->picture = (uint16_t)(p->picture_id - 1);
		s->tl0picidx = (uint8_t)(p->tl0picidx - 1);
	}
	push_epoch(
	        s,
	        &(struct selector_epoch){
	                .timestamp_offset = timestamp_offset,
	                .seq_first = seq_first,
	                .seq_offset = (uint16_t)(seq_first - p->seq_at[limit]),
	                .picture_offset =
	                        (uint16_t)(s->picture + 1 - p->picture_at[limit_temporal(limit)]),
	                .tl0_offset = (uint8_t)(s->tl0picidx + 1 - p->tl0picidx),
	                .source = (uint8_t)(cut | past | p->layer << 4 | limit),
	        }
	);
	s->limit = limit;
	s->layer = s->layer_last = p->layer;
	s->seq_start = p->seq;
	s->flags &= (uint8_t) ~(SELECTOR_WAITING | SELECTOR_WAITED);
	set_time(s, p, timestamp_out(&s->epochs[0], s->anchor, p));
}

static void begin_layer(struct selector *s, const struct track_packet *p)
{
	begin(s, p, s->preferred_limit, continue_timestamp(s, p) - p->timestamp, 0);
}

static void wait_for_target(struct selector *s, const struct track_packet *p)
{
	if ((s->flags & SELECTOR_WAITING) == 0) {
		s->flags |= SELECTOR_WAITING;
		s->wait_start_ms = (uint16_t)arrival_ms(p);
	} else if ((uint16_t)(arrival_ms(p) - s->wait_start_ms) >= SELECTOR_WAIT_MS) {
		s->flags |= SELECTOR_WAITED;
	}
}

bool selector_may_begin(struct selector *s, const struct track_packet *p)
{
	if (p->layer == s->layer || (s->flags & SELECTOR_PAUSED) != 0 ||
	    !track_packet_is_within(p, s->preferred_limit) ||
	    (!is_svc(s) && !is_active(s, p->layer)))
		return false;
	if ((s->flags & SELECTOR_IS_VIDEO) != 0) {
		bool starving = is_starving(s);
		if (starving)
			wait_for_target(s, p);
		bool lower = starving && (s->flags & SELECTOR_WAITED) != 0 && p->layer < s->target;
		if ((p->flags & TRACK_KEY_FRAME) == 0 || (p->layer != s->target && !lower))
			return false;
	}
	return true;
}

void selector_begin(struct selector *s, const struct track_packet *p)
{
	begin_layer(s, p);
}

void selector_begin_past(
        struct selector *s, const struct track_packet *first, const struct track_packet *newest
)
{
	uint32_t span = (uint32_t)draw_together(newest->timestamp - first->timestamp);
	uint32_t timestamp = continue_timestamp(s, newest);

	if (s->epoch_count > 0 && !timestamp_is_newer(timestamp - span, s->timestamp))
		timestamp = s->timestamp + span + 1;
	s->anchor = newest->timestamp;
	begin(s, first, limit_make(limit_spatial(s->preferred_limit), 0),
	      timestamp - newest->timestamp, SELECTOR_PAST);
	s->flags |= SELECTOR_IN_PAST;
}

void selector_end_past(struct selector *s)
{
	struct selector_epoch e = s->epochs[0];

	e.source &= (uint8_t) ~(SELECTOR_CUT | SELECTOR_PAST);
	e.seq_first = (uint16_t)(s->seq + 1);
	push_epoch(s, &e);
	s->flags &= (uint8_t)~SELECTOR_IN_PAST;
}

// A packet of a layer that is not forwarded now. True if forwarding that layer begins here.
static bool enter(struct selector *s, const struct track_packet *p)
{
	if (!selector_may_begin(s, p))
		return false;
	begin_layer(s, p);
	return true;
}

static uint16_t count_before(uint16_t at, bool counted)
{
	return (uint16_t)(at - (counted ? 1 : 0));
}

// The temporal limit from this packet on: down with any picture; up where the layer may be entered,
// in VP8 one layer at a time.
static uint8_t next_temporal(const struct selector *s, const struct track_packet *p)
{
	uint8_t from = limit_temporal(s->limit), to = limit_temporal(s->preferred_limit);
	if ((p->flags & TRACK_BEGIN) == 0)
		return from;
	if (to <= from || (p->flags & TRACK_KEY_FRAME) != 0)
		return to;
	if ((p->flags & TRACK_LAYER_SYNC) != 0 && p->temporal_id == from + 1)
		return p->temporal_id;
	return (p->flags & TRACK_SWITCH_UP) != 0 && p->temporal_id <= from ? to : from;
}

// The spatial limit, likewise: up with a key frame, or at the beginning of the next layer if that
// requires only the one below (RFC 9628 4.2, P).
static uint8_t next_spatial(const struct selector *s, const struct track_packet *p)
{
	uint8_t from = limit_spatial(s->limit), to = limit_spatial(s->preferred_limit);
	if (to > from && (p->flags & TRACK_KEY_FRAME) == 0) {
		bool sync = (p->flags & TRACK_SPATIAL_SYNC) != 0 && p->spatial_id == from + 1;
		return sync ? p->spatial_id : from;
	}
	return (p->flags & TRACK_BEGIN) != 0 ? to : from;
}

// Apply the preferred limit if the packet allows it.
static void change_limit(struct selector *s, const struct track_packet *p)
{
	uint8_t from = s->limit, to = limit_make(next_spatial(s, p), next_temporal(s, p));
	if (to == from)
		return;

	// The packets counted before this one end in the same number at both limits.
	struct selector_epoch e = s->epochs[0];
	uint16_t seq_before = count_before(p->seq_at[from], track_packet_is_within(p, from));
	// If a later packet already has its number, this packet is late, and numbers would repeat.
	if (sequence_is_newer(s->seq, (uint16_t)(seq_before + e.seq_offset)))
		return;
	e.seq_first = (uint16_t)(seq_before + e.seq_offset + 1);
	e.seq_offset +=
	        (uint16_t)(seq_before - count_before(p->seq_at[to], track_packet_is_within(p, to)));
	if ((p->flags & TRACK_PICTURE_REFS) == 0) {
		uint8_t t_from = limit_temporal(from), t_to = limit_temporal(to);
		e.picture_offset += count_before(p->picture_at[t_from], p->temporal_id <= t_from);
		e.picture_offset -= count_before(p->picture_at[t_to], p->temporal_id <= t_to);
	}
	e.source = (uint8_t)(s->layer << 4 | to);
	push_epoch(s, &e);
	s->limit = to;
	s->seq_start = p->seq;
}

static void
number(const struct selector_epoch *e, uint32_t anchor, uint8_t limit, const struct track_packet *p,
       struct selector_out *out)
{
	uint16_t picture_mask = (uint16_t)((1u << p->picture_id_bits) - 1);
	uint16_t picture = (uint16_t)(p->picture_at[limit_temporal(limit)] + e->picture_offset);
	bool layer_end = (p->flags & TRACK_LAYER_END) != 0 && p->spatial_id == limit_spatial(limit);
	out->timestamp = timestamp_out(e, anchor, p);
	out->seq = (uint16_t)(p->seq_at[limit] + e->seq_offset);
	out->picture_id = picture & picture_mask;
	out->tl0picidx = (uint8_t)(p->tl0picidx + e->tl0_offset);
	out->end = (p->flags & TRACK_END) != 0 || layer_end;
}

// Keep the highest numbers given out.
static void note(struct selector *s, const struct track_packet *p, const struct selector_out *out)
{
	struct selector_epoch *e = &s->epochs[0];
	if (timestamp_is_newer(out->timestamp, s->timestamp))
		set_time(s, p, out->timestamp);
	if (sequence_is_newer(out->seq, s->seq)) {
		s->seq = out->seq;
		s->flags &= (uint8_t)~SELECTOR_OPEN;
		if ((s->flags & SELECTOR_IS_VIDEO) != 0 && !out->end)
			s->flags |= SELECTOR_OPEN;
	}
	uint16_t picture = (uint16_t)(p->picture_at[limit_temporal(s->limit)] + e->picture_offset);
	if (p->picture_id_bits != 0 && sequence_is_newer(picture, s->picture))
		s->picture = picture;
	if ((p->flags & TRACK_TL0PICIDX) != 0 && (int8_t)(out->tl0picidx - s->tl0picidx) > 0)
		s->tl0picidx = out->tl0picidx;

	// A long epoch forgets its beginning, which keeps 16-bit distances unambiguous.
	if ((uint16_t)(s->seq - e->seq_first) > SELECTOR_EPOCH_SEQ_MAX) {
		e->seq_first = (uint16_t)(s->seq - SELECTOR_EPOCH_SEQ_MAX / 2);
		s->epoch_count = 1;
	}
}

bool selector_forward(struct selector *s, const struct track_packet *p, struct selector_out *out)
{
	if (p->layer != s->layer && !enter(s, p))
		return false;
	if ((int32_t)(p->seq - s->seq_start) < 0)
		return false;
	if (s->limit != s->preferred_limit && (p->flags & CHANGES_LIMIT) != 0 &&
	    (s->flags & SELECTOR_IN_PAST) == 0)
		change_limit(s, p);
	if (!track_packet_is_within(p, s->limit))
		return false;

	number(&s->epochs[0], s->anchor, s->limit, p, out);
	if (sequence_diff(out->seq, s->seq) <= -SELECTOR_LATE_MAX) {
		// The viewer has missed so much that the numbers have gone halfway round.
		s->layer = SELECTOR_NONE;
		if (!enter(s, p))
			return false;
		number(&s->epochs[0], s->anchor, s->limit, p, out);
	}
	note(s, p, out);
	return true;
}

bool selector_find(const struct selector *s, uint16_t seq, struct selector_source *source)
{
	uint16_t behind = (uint16_t)(s->seq - seq);
	if (behind > INT16_MAX)
		return false;

	// Distances add up in 32 bits, since all epochs together may exceed 16 bits.
	int32_t age = 0, newer = -1; // of the first number of this epoch and of the next
	uint16_t from = s->seq;
	for (uint8_t i = 0; i < s->epoch_count; i++, newer = age) {
		const struct selector_epoch *e = &s->epochs[i];
		age += sequence_diff(from, e->seq_first);
		from = e->seq_first;
		if (behind > age)
			continue;
		*source = (struct selector_source){
		        .epoch = *e,
		        .out_seq = seq,
		        .seq_at = (uint16_t)(seq - e->seq_offset),
		        .layer = e->source >> 4 & 3,
		        .anchor = s->anchor,
		        .limit = e->source & 0x0F,
		        .end = i > 0 && behind == newer + 1 && (e[-1].source & SELECTOR_CUT) != 0,
		};
		return true;
	}
	return false;
}

bool selector_repeat(
        const struct selector_source *source, const struct track_packet *p, struct selector_out *out
)
{
	if (!track_packet_is_within(p, source->limit))
		return false;

	number(&source->epoch, source->anchor, source->limit, p, out);
	return out->seq == source->out_seq && (out->end || !source->end);
}

bool selector_fill(
        const struct selector_source *source, const struct track_packet *p, struct selector_out *out
)
{
	if (track_packet_is_within(p, source->limit) || (p->flags & TRACK_LATE) == 0)
		return false;

	number(&source->epoch, source->anchor, source->limit, p, out);
	return out->seq == source->out_seq;
}

bool selector_timestamp_offset(const struct selector *s, uint8_t *layer, uint32_t *offset)
{
	if (s->epoch_count == 0)
		return false;

	*layer = s->layer_last;
	*offset = s->epochs[0].timestamp_offset;
	return true;
}
