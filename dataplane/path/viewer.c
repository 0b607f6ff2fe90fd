#include "path/viewer.h"

#include <rte_mbuf.h>

#include "path/copy.h"
#include "path/forward.h"
#include "path/tx.h"

#define FCI_AT             8 // of the body: behind both SSRCs (RFC 4585 6.1)
#define MOVING_PER_S       12 // pictures a second that an upper encoding has at least
#define CALM_LOOKS         4 // left out where there is more than enough
#define MUTE_US            5000000 // without a first answer
#define REPAIR_PERCENT     15 // of what the way carries may be retransmissions
#define REPAIR_BURST_S     4 // so many seconds' worth at once
#define REPAIR_BYTES_PER_S 8000 // … and so much in any case
#define STATUSES_AT        (FCI_AT + 2) // behind the base sequence number

void viewer_add(struct worker *w, struct transport *t, struct viewer *v)
{
	t->viewer = v;
	downlink_init(&v->downlink, w->now_us, 0, 0, false);
	TAILQ_INSERT_TAIL(&w->viewers, t, viewers);
	w->viewer_count++;
}

void viewer_answers(struct transport *t)
{
	t->viewer->answers = true;
	t->viewer->downlink.transport_wide = true;
}

bool viewer_weighs(const struct worker *w, const struct subscription *s)
{
	const struct rates *r = &s->fanout->rates;
	return w->adapts && rates_are_fresh(r, w->now_us) &&
	       rates_read(r, 0, TEMPORAL_LIMITS - 1) > 0;
}

static void probing_end(struct worker *w, struct transport *t)
{
	TAILQ_REMOVE(&w->probing, t, probing);
	t->viewer->probing = false;
}

void viewer_remove(struct worker *w, struct transport *t)
{
	if (t->viewer->probing)
		probing_end(w, t);
	TAILQ_REMOVE(&w->viewers, t, viewers);
	w->viewer_count--;
}

uint32_t viewer_feedback_statuses(const struct rtcp_view *v)
{
	return v->body_len < STATUSES_AT + 2
	               ? 0
	               : (uint32_t)v->body[STATUSES_AT] << 8 | v->body[STATUSES_AT + 1];
}

void viewer_remb(struct worker *w, struct transport *t, const struct rtcp_view *v)
{
	struct rtcp_remb remb;

	if (t->viewer && rtcp_parse_remb(v, &remb) == 0)
		downlink_remb(&t->viewer->downlink, w->now_us, remb.bitrate);
}

void viewer_report(struct worker *w, struct transport *t, uint8_t fraction_lost)
{
	if (t->viewer)
		downlink_report(&t->viewer->downlink, w->now_us, fraction_lost);
}

bool viewer_may_repeat(struct worker *w, struct transport *t)
{
	if (!t->viewer || !w->adapts)
		return true;
	uint64_t bytes_per_s = downlink_target(&t->viewer->downlink, w->now_us) / 8;

	bytes_per_s = bytes_per_s * REPAIR_PERCENT / 100;
	if (bytes_per_s < REPAIR_BYTES_PER_S)
		bytes_per_s = REPAIR_BYTES_PER_S;
	relay_bucket_refill(
	        &t->viewer->repairs, w->now_us, (int64_t)bytes_per_s,
	        (int64_t)bytes_per_s * REPAIR_BURST_S
	);
	return t->viewer->repairs.tokens > 0;
}

void viewer_repeated(struct transport *t, uint32_t bytes)
{
	if (!t->viewer)
		return;
	struct relay_bucket *b = &t->viewer->repairs;
	b->tokens -= bytes < b->tokens ? bytes : b->tokens;
}

void viewer_prefer(struct subscription *s)
{
	uint8_t spatial = s->asked >> 4, temporal = s->asked & 15,
	        now = selector_layer(&s->selector);

	if (s->given < s->asked) {
		spatial = s->given >> 4;
		if (temporal > (s->given & 15))
			temporal = s->given & 15;
		// Until the key frame of the lower one has come, as little as possible of what is
		// too much.
		if (now != SELECTOR_NONE && now > spatial)
			temporal = 0;
	}
	selector_prefer(&s->selector, spatial, temporal);
}

// The steps of one picture, and which layers each stands for.
struct steps {
	struct allocation_picture *picture;
	uint8_t *layers;
};

static void step_add(struct steps *s, uint8_t layers, uint32_t bps)
{
	struct allocation_picture *p = s->picture;

	// What costs no more than the step below is no step of its own.
	if (p->count == ALLOCATION_STEPS || bps <= (p->count ? p->bps[p->count - 1] : 0))
		return;
	s->layers[p->count] = layers;
	p->bps[p->count++] = bps;
}

// What a layer weighs up to this temporal one: a spatial layer with those beneath it.
static uint32_t weigh(const struct fanout *f, uint8_t layer, uint8_t limit)
{
	uint32_t bps = rates_read(&f->rates, layer, limit);

	for (uint8_t i = 0; f->spatial_limits > 1 && i < layer; i++)
		bps += rates_read(&f->rates, i, limit);
	return bps;
}

// A sharper picture that stutters looks worse than the one beneath it.
static bool stutters(const struct fanout *f, uint8_t layer, uint8_t limit)
{
	uint32_t pictures = rates_pictures(&f->rates, layer, limit);

	return pictures < MOVING_PER_S && rates_pictures(&f->rates, layer, limit + 1) > pictures;
}

// Lower layers first.
static void steps_make(const struct subscription *sub, struct steps *s)
{
	const struct fanout *f = sub->fanout;
	uint8_t layers = f->spatial_limits > 1 ? f->spatial_limits : f->stream_count;
	uint8_t spatial = sub->asked >> 4, temporal = sub->asked & 15;

	for (uint8_t layer = 0; layer < layers && layer <= spatial; layer++) {
		if (!(f->active >> layer & 1))
			continue;
		for (uint8_t t = s->picture->count ? 1 : 0; t < TEMPORAL_LIMITS; t++) {
			uint8_t limit = t < temporal ? t : temporal;
			if (layer && s->picture->count && limit < temporal &&
			    stutters(f, layer, limit))
				continue;
			step_add(s, layers_make(layer, limit), weigh(f, layer, limit));
		}
	}
}

struct look {
	unsigned count; // of pictures
	uint64_t sound_bps;
	struct subscription *subscriptions[ALLOCATION_PICTURES];
	struct allocation_picture pictures[ALLOCATION_PICTURES];
	uint8_t layers[ALLOCATION_PICTURES][ALLOCATION_STEPS];
};

// The step that is sent now.
static uint8_t
chosen_of(const struct subscription *s, const struct allocation_picture *p, const uint8_t *layers)
{
	uint8_t at = ALLOCATION_NONE;

	if (s->paused & SUBSCRIPTION_STARVED)
		return ALLOCATION_NONE;
	for (uint8_t i = 0; i < p->count; i++) {
		if (layers[i] <= s->given || at == ALLOCATION_NONE)
			at = i;
	}
	return at;
}

static void picture_add(struct worker *w, struct look *look, struct subscription *s)
{
	struct allocation_picture *p = &look->pictures[look->count];
	struct steps steps = {p, look->layers[look->count]};

	*p = (struct allocation_picture){.priority = s->priority, .chosen = ALLOCATION_NONE};
	if (rates_are_fresh(&s->fanout->rates, w->now_us))
		steps_make(s, &steps);
	if (p->count == 0 && s->paused & SUBSCRIPTION_STARVED) {
		step_add(&steps, layers_make(0, 0), DELAY_RATE_MIN); // to be tried
	} else if (p->count == 0) { // it is not known what it weighs
		s->given = SELECTOR_NONE;
		viewer_prefer(s);
		return;
	}
	p->chosen = chosen_of(s, p, steps.layers);
	look->subscriptions[look->count++] = s;
}

// Sound that is not answered for is not part of an estimate by answers.
static bool sound_counts(const struct worker *w, const struct subscription *s)
{
	return rates_are_fresh(&s->fanout->rates, w->now_us) &&
	       (s->transport_cc || !s->transport->viewer->downlink.transport_wide);
}

static void look_begin(struct worker *w, struct look *look, const struct transport *t)
{
	struct subscription *s;

	look->count = 0;
	look->sound_bps = 0;
	TAILQ_FOREACH (s, &t->subscriptions, of_transport) {
		if (s->paused & SUBSCRIPTION_PAUSED)
			continue;
		if (s->fanout->codec != AM_CODEC_OPUS) {
			if (look->count < ALLOCATION_PICTURES)
				picture_add(w, look, s);
		} else if (sound_counts(w, s)) {
			look->sound_bps += rates_read(&s->fanout->rates, 0, 0);
		}
	}
}

// All that is sent: who is given the last step gets what is asked for, whatever it weighs later.
static void apply(struct worker *w, const struct look *look, unsigned i)
{
	const struct allocation_picture *p = &look->pictures[i];
	struct subscription *s = look->subscriptions[i];
	bool starved = p->chosen == ALLOCATION_NONE;
	uint8_t given = SELECTOR_NONE;

	if (!starved && p->chosen + 1 < p->count)
		given = look->layers[i][p->chosen];
	if (given == s->given && starved == !!(s->paused & SUBSCRIPTION_STARVED))
		return;
	s->given = given;
	viewer_prefer(s);
	if (starved) {
		s->paused |= SUBSCRIPTION_STARVED;
		selector_pause(&s->selector);
	} else if (s->paused & SUBSCRIPTION_STARVED) {
		s->paused &= (uint8_t)~SUBSCRIPTION_STARVED;
		selector_resume(&s->selector);
	}
	forward_changed(w, s);
	forward_tell_layers(w, s);
}

// Where probe packets go: a stream of retransmissions whose copies carry transport-wide numbers.
static struct subscription *probe_stream(const struct transport *t)
{
	struct subscription *s;

	TAILQ_FOREACH (s, &t->subscriptions, of_transport) {
		if (s->rtx_ssrc && s->transport_cc)
			return s;
	}
	return NULL;
}

// What the allocator lacks: the next step. Nothing where that cannot be probed.
static void want(struct worker *w, struct transport *t, const struct look *look)
{
	struct viewer *v = t->viewer;
	uint64_t used_bps = allocation_used(look->pictures, look->count);
	uint64_t next_bps = allocation_next(look->pictures, look->count, used_bps);
	uint64_t all_bps = next_bps && probe_stream(t) ? look->sound_bps + next_bps : 0;

	downlink_want(
	        &v->downlink, w->now_us, all_bps < UINT32_MAX ? (uint32_t)all_bps : UINT32_MAX
	);
}

static void allocate(struct worker *w, struct transport *t)
{
	struct viewer *v = t->viewer;
	struct look look;

	if (!w->adapts)
		return;
	uint64_t target_bps = downlink_target(&v->downlink, w->now_us);
	enum allocation_why why = ALLOCATION_TIME;

	look_begin(w, &look, t);
	if (v->changed)
		why = ALLOCATION_CHANGED;
	else if (downlink_proven(&v->downlink, w->now_us))
		why = ALLOCATION_PROBED;
	v->changed = false;
	uint64_t budget_bps = target_bps > look.sound_bps ? target_bps - look.sound_bps : 0;
	if (allocation_look(
	            &v->allocation, look.pictures, look.count, budget_bps, why, w->now_us
	    )) {
		for (unsigned i = 0; i < look.count; i++)
			apply(w, &look, i);
	}
	for (unsigned i = 0; i < look.count; i++) {
		viewer_prefer(look.subscriptions[i]); // a lower layer may have begun
		if (look.subscriptions[i]->paused & SUBSCRIPTION_STARVED)
			forward_tell_layers(w, look.subscriptions[i]); // if the ring was full
	}
	want(w, t, &look);
	bool calm = v->downlink.want == 0 &&
	            target_bps > 2 * (look.sound_bps + allocation_used(look.pictures, look.count));
	v->rest = calm ? CALM_LOOKS : 0;
}

void viewer_feedback(struct worker *w, struct transport *t, const struct rtcp_view *v)
{
	struct downlink *d = t->viewer ? &t->viewer->downlink : NULL;

	if (!d || v->body_len < FCI_AT)
		return;
	worker_count(w, AM_COUNTER_transport_feedbacks, 1);
	d->transport_wide = t->viewer->answers;
	if (downlink_feedback(d, w->now_us, v->body + FCI_AT, v->body_len - (size_t)FCI_AT) < 0)
		return;
	if (downlink_usage(d) == DELAY_OVERUSE) // the queue grows: this does not wait for the tick
		allocate(w, t);
}

// Whoever has agreed to answer and never did is sent what it asks for, as those who did not agree.
static void heed_mute(const struct worker *w, struct downlink *d)
{
	if (!d->clock_known && w->now_us - d->feedback_us >= MUTE_US)
		d->transport_wide = false;
}

static void look_at(struct worker *w, struct transport *t)
{
	struct viewer *v = t->viewer;

	heed_mute(w, &v->downlink);
	downlink_tick(&v->downlink, w->now_us);
	am_gauge_set(w->gauges->downlinks, t->id, downlink_target(&v->downlink, w->now_us) / 1000);
	if (v->rest > 0 && !v->changed)
		v->rest--;
	else
		allocate(w, t);
	if (downlink_probing(&v->downlink) && !v->probing) {
		TAILQ_INSERT_TAIL(&w->probing, t, probing);
		v->probing = true;
	}
}

void viewer_tick(struct worker *w)
{
	uint32_t left = (w->viewer_count + VIEWER_TICKS - 1) / VIEWER_TICKS;

	for (; left > 0; left--) {
		struct transport *t = TAILQ_FIRST(&w->viewers);
		TAILQ_REMOVE(&w->viewers, t, viewers);
		TAILQ_INSERT_TAIL(&w->viewers, t, viewers);
		if (w->now_us - t->viewer->looked_us < DOWNLINK_TICK_US)
			continue;
		t->viewer->looked_us = w->now_us;
		if (transport_is_reachable(t) && !TAILQ_EMPTY(&t->subscriptions))
			look_at(w, t);
	}
}

static void probe_some(struct worker *w, struct transport *t)
{
	struct subscription *s = probe_stream(t);

	while (s && downlink_probe(&t->viewer->downlink, w->now_us)) {
		if (!transport_is_reachable(t) || tx_is_full(w))
			break;
		worker_count(w, AM_COUNTER_made_probes, 1);
		if (!copy_queue_padding(w, s))
			break;
	}
	if (!s || !downlink_probing(&t->viewer->downlink))
		probing_end(w, t);
}

void viewer_probe(struct worker *w)
{
	struct transport *t, *next;

	for (t = TAILQ_FIRST(&w->probing); t; t = next) {
		next = TAILQ_NEXT(t, probing);
		probe_some(w, t);
	}
	copy_flush(w);
}
