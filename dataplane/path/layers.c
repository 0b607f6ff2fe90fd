#include "path/layers.h"

#include <rte_common.h>

#include "path/subscription.h"
#include "path/wish.h"

#define MOVING_PER_S 12 // minimum pictures per second of an upper encoding
#define CAMERA_BPS   1600000 // of a camera whose weight was never known
#define SCREEN_BPS   2000000 // of a screen's upper encoding while its weight is unknown
#define LOWEST_WHOLE layers_make(0, TEMPORAL_LIMITS - 1)
#define CALM_LOOKS   4 // looks skipped if there is more than enough room
#define QUEUED_US    10000000 // how long a queue that was seen counts
#define REST_WAIT_US 2000000 // after a video beyond ALLOCATION_PICTURES was taken away

bool layers_are_weighed(const struct worker *w, const struct subscription *s)
{
	const struct rates *r = &s->fanout->rates;
	return w->adapts && rates_are_fresh(r, w->now_us) &&
	       rates_read(r, 0, TEMPORAL_LIMITS - 1) > 0;
}

// Upper limits for the layers of a video.
struct layers {
	uint8_t spatial, temporal;
};

// The layers that the client requests, as far as its link carries them.
static struct layers layers_due(const struct subscription *s)
{
	uint8_t spatial = s->asked >> 4, temporal = s->asked & 15,
	        now = selector_layer(&s->selector);

	if (s->given < s->asked) {
		spatial = s->given >> 4;
		// Until the publisher has switched that encoding on, the viewer gets all of the one
		// below.
		bool off = rates_are_held(&s->fanout->rates, spatial) &&
		           !(s->fanout->active >> spatial & 1);
		if (!off && temporal > (s->given & 15))
			temporal = s->given & 15;
		// Until the lower encoding's key frame has come, as little as possible of the upper
		// one.
		if (now != SELECTOR_NONE && now > spatial)
			temporal = 0;
	}
	if (s->lags)
		temporal = 0;
	return (struct layers){spatial, temporal};
}

// As much of those layers as the worker keeps up with.
static struct layers
layers_kept(const struct worker *w, const struct subscription *s, struct layers due)
{
	shed_limit(
	        (enum shed_level)w->shedding.level, s->priority, fanout_layers_active(s->fanout),
	        &due.spatial, &due.temporal
	);
	return due;
}

void layers_prefer(const struct worker *w, struct subscription *s)
{
	struct layers kept = layers_kept(w, s, layers_due(s));

	selector_prefer(&s->selector, kept.spatial, kept.temporal);
}

bool layers_are_shed(const struct worker *w, const struct subscription *s)
{
	struct layers due = layers_due(s), kept = layers_kept(w, s, due);
	uint8_t there = fanout_layers_active(s->fanout);
	uint8_t top = RTE_MIN(due.spatial, there ? there - 1 : 0);
	uint8_t temporal = RTE_MIN(due.temporal, TEMPORAL_LIMITS - 1);
	uint8_t left = RTE_MIN(kept.temporal, TEMPORAL_LIMITS - 1);

	// A layer that is left out may not exist: many publishers send no temporal layers.
	return kept.spatial < top || rates_read(&s->fanout->rates, top, left) <
	                                     rates_read(&s->fanout->rates, top, temporal);
}

// The steps of one video, and the layers that each stands for.
struct steps {
	struct allocation_picture *picture;
	uint8_t *layers;
};

static void step_add(struct steps *s, uint8_t layers, uint32_t bps)
{
	struct allocation_picture *p = s->picture;

	// A step that costs no more than the one below is not a step of its own.
	if (p->count == ALLOCATION_STEPS || bps <= (p->count ? p->bps[p->count - 1] : 0))
		return;
	s->layers[p->count] = layers;
	p->bps[p->count++] = bps;
}

// The weight of a layer up to this temporal limit; a spatial layer includes those below it. A
// screen that stands still weighs nothing until its page is turned, and then everything comes at
// once. So its upper encoding is for viewers whose links carry that peak.
static uint32_t weigh(const struct fanout *f, uint8_t layer, uint8_t limit)
{
	uint32_t bps = rates_read(&f->rates, layer, limit);

	if (f->screen && layer > 0 && f->spatial_limits <= 1) {
		uint32_t peak_bps = rates_peak(&f->rates, layer, limit);
		return peak_bps > 0 ? peak_bps : SCREEN_BPS;
	}
	for (uint8_t i = 0; f->spatial_limits > 1 && i < layer; i++)
		bps += rates_read(&f->rates, i, limit);
	return bps;
}

// A sharper video that stutters looks worse than the one below it.
static bool stutters(const struct fanout *f, uint8_t layer, uint8_t limit)
{
	uint32_t pictures = rates_pictures(&f->rates, layer, limit);

	return pictures < MOVING_PER_S && rates_pictures(&f->rates, layer, limit + 1) > pictures;
}

// Lower layers first.
static void steps_make(const struct subscription *sub, struct steps *s)
{
	const struct fanout *f = sub->fanout;
	uint8_t layers = fanout_layers(f);
	uint8_t spatial = sub->asked >> 4, temporal = sub->asked & 15;

	for (uint8_t layer = 0; layer < layers && layer <= spatial; layer++) {
		if (!(f->active >> layer & 1) && !rates_are_held(&f->rates, layer))
			continue;
		for (uint8_t t = s->picture->count ? 1 : 0; t < TEMPORAL_LIMITS; t++) {
			uint8_t limit = t < temporal ? t : temporal;
			if (layer && s->picture->count && limit < temporal &&
			    stutters(f, layer, limit))
				continue;
			step_add(s, layers_make(layer, limit), weigh(f, layer, limit));
		}
		// On a screen, a few pictures per second are much better than fewer; with a face
		// they are not.
		if (f->screen && layer == 0)
			s->picture->first = s->picture->count;
	}
}

// Sets or clears a reason for sending nothing of the subscription.
static void withhold(struct subscription *s, enum subscription_pause why, bool on)
{
	uint8_t before = s->paused;

	s->paused = on ? before | (uint8_t)why : before & (uint8_t)~why;
	if (!before && s->paused)
		selector_pause(&s->selector);
	else if (before && !s->paused)
		selector_resume(&s->selector);
}

static void give(struct worker *w, struct subscription *s, uint8_t layers, bool starved)
{
	if (layers == s->given && starved == !!(s->paused & SUBSCRIPTION_STARVED))
		return;
	s->given = layers;
	layers_prefer(w, s);
	withhold(s, SUBSCRIPTION_STARVED, starved);
	wish_note(s);
	subscription_changed(w, s);
	subscription_tell_layers(w, s);
}

struct look {
	unsigned count; // of videos
	uint64_t other_bps; // of everything else that the viewer is sent
	uint32_t audio_bps; // of the audio that may be sent twice, counted once
	// Among videos beyond these: the last one that is sent, and the last one that is not. NULL:
	// none.
	struct subscription *rest, *rest_starved;
	uint64_t left_bps; // room for the latter
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

// Whether there is room for a video of unknown weight: for what the requested encoding once
// weighed, or for what a camera may weigh. While a camera was off, any link had room. A screen
// begins with everything at once.
static bool has_room(const struct worker *w, const struct subscription *s)
{
	const struct viewer *v = s->transport->viewer;
	uint8_t top = RTE_MIN(s->asked >> 4, fanout_layers(s->fanout) - 1);
	uint32_t peak_bps = rates_peak(&s->fanout->rates, top, TEMPORAL_LIMITS - 1);

	if (s->fanout->screen)
		return downlink_target(&v->downlink, w->now_us) > SCREEN_BPS;
	if (downlink_is_unhurt(&v->downlink))
		return true;
	return v->roomy &&
	       downlink_target(&v->downlink, w->now_us) > (peak_bps > 0 ? peak_bps : CAMERA_BPS);
}

static void picture_add(struct worker *w, struct look *look, struct subscription *s)
{
	struct allocation_picture *p = &look->pictures[look->count];
	struct steps steps = {p, look->layers[look->count]};

	*p = (struct allocation_picture){.priority = s->priority, .chosen = ALLOCATION_NONE};
	if (rates_are_fresh(&s->fanout->rates, w->now_us))
		steps_make(s, &steps);
	if (p->count == 0 && s->paused & SUBSCRIPTION_STARVED) {
		step_add(&steps, layers_make(0, 0), DELAY_RATE_MIN); // to try it
	} else if (p->count == 0) { // its weight is unknown
		s->given = has_room(w, s) ? SELECTOR_NONE : LOWEST_WHOLE;
		wish_note(s);
		layers_prefer(w, s);
		return;
	}
	p->chosen = chosen_of(s, p, steps.layers);
	look->subscriptions[look->count++] = s;
}

// An estimate from transport-wide feedback does not cover audio without transport-wide numbers.
static bool sound_counts(const struct worker *w, const struct subscription *s)
{
	return rates_are_fresh(&s->fanout->rates, w->now_us) &&
	       (s->transport_cc || !s->transport->viewer->downlink.transport_wide);
}

// The weight of audio: half as much again if it is sent twice, since headers are not repeated.
static uint64_t sound_bps(const struct subscription *s)
{
	uint64_t bps = rates_read(&s->fanout->rates, 0, 0);

	return s->red_payload_type && s->transport->doubled ? bps * 3 / 2 : bps;
}

// The weight of a video at these layers.
static uint32_t weigh_given(const struct subscription *s, uint8_t layers)
{
	uint8_t highest = (uint8_t)(fanout_layers(s->fanout) - 1);
	uint8_t spatial = layers >> 4, temporal = layers & 15;

	return weigh(
	        s->fanout, spatial < highest ? spatial : highest,
	        temporal < TEMPORAL_LIMITS ? temporal : TEMPORAL_LIMITS - 1
	);
}

// A video beyond ALLOCATION_PICTURES takes no part in the allocation, but its weight counts. It
// gets only its lowest encoding once the link has shown that it is short.
static void rest_add(struct worker *w, struct look *look, struct subscription *s)
{
	bool unhurt = downlink_is_unhurt(&s->transport->viewer->downlink);

	if (!rates_are_fresh(&s->fanout->rates, w->now_us))
		return;
	if (s->paused & SUBSCRIPTION_STARVED) {
		look->rest_starved = s;
		look->left_bps = weigh_given(s, LOWEST_WHOLE);
		return;
	}
	give(w, s, unhurt ? SELECTOR_NONE : LOWEST_WHOLE, false);
	look->rest = s;
	look->other_bps += weigh_given(s, s->given < s->asked ? s->given : s->asked);
}

static void look_begin(struct worker *w, struct look *look, const struct transport *t)
{
	struct subscription *s;

	look->count = 0;
	look->other_bps = 0;
	look->audio_bps = 0;
	look->left_bps = 0;
	look->rest = look->rest_starved = NULL;
	TAILQ_FOREACH (s, &t->subscriptions, of_transport) {
		if (s->paused & (SUBSCRIPTION_PAUSED | SUBSCRIPTION_SHED))
			continue;
		if (s->fanout->codec != AM_CODEC_OPUS) {
			if (look->count < ALLOCATION_PICTURES)
				picture_add(w, look, s);
			else
				rest_add(w, look, s);
		} else if (sound_counts(w, s)) {
			look->other_bps += sound_bps(s);
			if (s->red_payload_type)
				look->audio_bps += rates_read(&s->fanout->rates, 0, 0);
		}
	}
}

// A video that is given its last step gets all that the client requests, whatever that weighs
// later.
static void apply(struct worker *w, const struct look *look, unsigned i)
{
	const struct allocation_picture *p = &look->pictures[i];
	bool starved = p->chosen == ALLOCATION_NONE;
	bool all = starved || p->chosen + 1 >= p->count;

	give(w, look->subscriptions[i], all ? SELECTOR_NONE : look->layers[i][p->chosen], starved);
}

// Takes away one of the videos beyond ALLOCATION_PICTURES if the link does not even carry those, or
// brings one back if there is room for it.
static void rest_look(struct worker *w, struct transport *t, const struct look *look)
{
	struct viewer *v = t->viewer;
	uint64_t target_bps = downlink_target(&v->downlink, w->now_us);
	uint64_t all_bps = look->other_bps + allocation_used(look->pictures, look->count);
	bool waited = w->now_us - v->rest_us >= REST_WAIT_US;

	if (look->rest && target_bps < all_bps && all_bps == look->other_bps) {
		give(w, look->rest, LOWEST_WHOLE, true);
		v->rest_us = w->now_us;
	} else if (look->rest_starved && waited && target_bps >= all_bps + look->left_bps) {
		give(w, look->rest_starved, LOWEST_WHOLE, false);
	}
}

// Sets the rate that a probe should show for the allocator: none if probing is not allowed.
static void want(struct worker *w, struct transport *t, const struct look *look, bool may_probe)
{
	struct viewer *v = t->viewer;
	uint64_t target_bps = downlink_target(&v->downlink, w->now_us);
	uint64_t other_bps = look->other_bps + look->left_bps;
	uint64_t next_bps = allocation_wish(
	        &v->allocation, look->pictures, look->count,
	        target_bps > other_bps ? target_bps - other_bps : 0, w->now_us
	);
	uint64_t all_bps = next_bps && may_probe ? look->other_bps + next_bps : 0;
	uint64_t most_bps = look->other_bps + allocation_most(look->pictures, look->count);

	downlink_want(
	        &v->downlink, w->now_us, all_bps < UINT32_MAX ? (uint32_t)all_bps : UINT32_MAX,
	        most_bps < UINT32_MAX ? (uint32_t)most_bps : UINT32_MAX
	);
}

// At least enough for the lowest step of each video.
static uint64_t at_least_all(const struct look *look, uint64_t budget_bps)
{
	uint64_t sum_bps = 0;

	for (unsigned i = 0; i < look->count; i++)
		sum_bps += look->pictures[i].bps[0];
	return sum_bps > budget_bps ? sum_bps : budget_bps;
}

// While nothing has shown that the link is short, there is no queue to avoid. A viewer's REMB and
// reported losses say how much its link carries, but not when there was a queue.
static bool is_slow(const struct worker *w, const struct downlink *d, uint64_t used_bps)
{
	return !downlink_is_unhurt(d) && (downlink_queued_since(d, w->now_us, QUEUED_US) ||
	                                  downlink_target(d, w->now_us) * 2ull < 5 * used_bps);
}

void layers_allocate(struct worker *w, struct transport *t, bool may_probe)
{
	struct viewer *v = t->viewer;
	struct look look;

	if (!w->adapts)
		return;
	uint64_t target_bps = downlink_target(&v->downlink, w->now_us);
	enum allocation_why why = ALLOCATION_TIME;

	look_begin(w, &look, t);
	v->audio_bps = look.audio_bps;
	if (v->changed)
		why = ALLOCATION_CHANGED;
	else if (downlink_proven(&v->downlink, w->now_us))
		why = ALLOCATION_PROBED;
	v->changed = false;
	uint64_t other_bps = look.other_bps + look.left_bps;
	uint64_t budget_bps = target_bps > other_bps ? target_bps - other_bps : 0;
	if (downlink_is_unhurt(&v->downlink))
		budget_bps = at_least_all(&look, budget_bps);
	if (allocation_look(
	            &v->allocation, look.pictures, look.count, budget_bps, why, w->now_us
	    )) {
		for (unsigned i = 0; i < look.count; i++)
			apply(w, &look, i);
	}
	for (unsigned i = 0; i < look.count; i++) {
		layers_prefer(w, look.subscriptions[i]); // a lower layer may have begun
		if (look.subscriptions[i]->paused & SUBSCRIPTION_STARVED)
			subscription_tell_layers(w, look.subscriptions[i]); // if the ring was full
	}
	want(w, t, &look, may_probe);
	uint64_t used_bps = look.other_bps + allocation_used(look.pictures, look.count);
	v->roomy = v->downlink.want == 0 && target_bps > 2 * used_bps;
	// A viewer that has room again still gets its waiting packets at the pace.
	t->slow = is_slow(w, &v->downlink, used_bps) || (t->slow && transport_has_backlog(t));
	rest_look(w, t, &look);
	v->rest = v->roomy && !look.rest_starved ? CALM_LOOKS : 0;
}

static bool is_wanted_video(const struct subscription *s)
{
	return s->fanout->codec != AM_CODEC_OPUS && !(s->paused & SUBSCRIPTION_PAUSED);
}

// True if the first is more important. A video that its publisher does not send is not worth
// keeping.
static bool
is_above(const struct worker *w, const struct subscription *s, const struct subscription *of)
{
	bool flows = rates_are_fresh(&s->fanout->rates, w->now_us);
	bool other = rates_are_fresh(&of->fanout->rates, w->now_us);

	return flows != other ? flows : s->priority > of->priority;
}

// Of videos that are equally important, the first. NULL: the viewer watches none.
static const struct subscription *most_important(const struct worker *w, const struct transport *t)
{
	const struct subscription *s, *most = NULL;

	TAILQ_FOREACH (s, &t->subscriptions, of_transport) {
		if (is_wanted_video(s) && (!most || is_above(w, s, most)))
			most = s;
	}
	return most;
}

static void shed_rest(struct worker *w, struct transport *t)
{
	const struct subscription *most = most_important(w, t);
	struct subscription *s;

	TAILQ_FOREACH (s, &t->subscriptions, of_transport) {
		bool shed = w->shedding.level >= SHED_REST && is_wanted_video(s) && s != most &&
		            s->priority != SHED_SHARE;
		if (shed)
			subscription_tell_layers(w, s); // if the ring was full
		if (shed == !!(s->paused & SUBSCRIPTION_SHED))
			continue;
		withhold(s, SUBSCRIPTION_SHED, shed);
		wish_note(s);
		subscription_changed(w, s);
		subscription_tell_layers(w, s);
	}
}

void layers_shed(struct worker *w, struct transport *t)
{
	uint8_t level = w->shedding.level, before = t->viewer->shed;
	struct subscription *s;

	t->viewer->shed = level;
	if (before != level) {
		TAILQ_FOREACH (s, &t->subscriptions, of_transport)
			layers_prefer(w, s);
	}
	if (before >= SHED_REST || level >= SHED_REST)
		shed_rest(w, t);
}
