#include "path/viewer.h"

#include <rte_mbuf.h>

#include "path/copy.h"
#include "path/layers.h"
#include "path/pace.h"
#include "path/tx.h"
#include "path/viewer_figures.h"

#define FCI_AT            8 // in the body: after both SSRCs (RFC 4585 6.1)
#define DOUBLED_SHARE     4 // times the audio: a link that carries this is not narrow
#define DOUBLED_QUEUED_US 10000000 // how long a queue speaks against sending audio twice
#define AT_ONCE_MS        500
#define HURRY_US          20000 // between two looks out of turn
#define MUTE_US           5000000 // without any feedback
#define STATUSES_AT       (FCI_AT + 2) // after the base sequence number

void viewer_add(struct worker *w, struct transport *t, struct viewer *v)
{
	t->viewer = v;
	viewer_figures_begin(w, t);
	downlink_init(&v->downlink, w->now_us, 0, 0, false);
	TAILQ_INSERT_TAIL(&w->viewers, t, viewers);
	w->viewer_count++;
}

void viewer_answers(struct transport *t)
{
	downlink_answers(&t->viewer->downlink);
}

static void probing_begin(struct worker *w, struct transport *t)
{
	if (t->viewer->probing || !downlink_probing(&t->viewer->downlink))
		return;
	TAILQ_INSERT_TAIL(&w->probing, t, probing);
	t->viewer->probing = true;
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
	pace_end(w, t);
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

bool viewer_carries_at_once(const struct worker *w, const struct transport *t, uint32_t bytes)
{
	return !w->adapts ||
	       bytes <= downlink_target(&t->viewer->downlink, w->now_us) / 8 * AT_ONCE_MS / 1000;
}

// Probe packets go to a retransmission stream whose copies carry transport-wide numbers.
static struct subscription *probe_stream(const struct transport *t)
{
	struct subscription *s;

	TAILQ_FOREACH (s, &t->subscriptions, of_transport) {
		if (s->rtx_ssrc && s->transport_cc)
			return s;
	}
	return NULL;
}

static bool may_probe(const struct worker *w, const struct transport *t)
{
	return w->adapts && w->shedding.level < SHED_PROBES && probe_stream(t);
}

void viewer_feedback(struct worker *w, struct transport *t, const struct rtcp_view *v)
{
	struct downlink *d = t->viewer ? &t->viewer->downlink : NULL;

	if (!d || v->body_len < FCI_AT)
		return;
	worker_count(w, AM_COUNTER_transport_feedbacks, 1);
	d->transport_wide = d->sent.answered;
	if (downlink_feedback(d, w->now_us, v->body + FCI_AT, v->body_len - (size_t)FCI_AT) < 0)
		return;
	probing_begin(w, t); // for its long part: by the next tick, too much would be due at once
	// If the queue grows, do not wait for the tick; HURRY_US limits how often a client can
	// cause this.
	if (downlink_usage(d) == DELAY_OVERUSE && w->now_us - t->viewer->hurried_us >= HURRY_US) {
		t->viewer->hurried_us = w->now_us;
		layers_allocate(w, t, may_probe(w, t));
	}
}

// A viewer that negotiated feedback but never sends any is treated like one that did not negotiate
// it.
static void heed_mute(const struct worker *w, struct downlink *d)
{
	if (!d->clock_known && w->now_us - d->feedback_us >= MUTE_US)
		d->transport_wide = false;
}

// Audio is sent twice if much of it gets lost, but not into a queue on a narrow link: there, more
// audio would mean more loss.
static bool is_doubled(const struct worker *w, const struct transport *t)
{
	const struct downlink *d = &t->viewer->downlink;
	uint64_t least_bps = DOUBLED_SHARE * (uint64_t)t->viewer->audio_bps;

	if (!t->link.lossy)
		return false;
	// A queue that stands full does not grow, so it is not seen as one.
	if (w->adapts && downlink_target(d, w->now_us) * 10ull < t->viewer->audio_bps * 16ull)
		return false;
	return !w->adapts || downlink_target(d, w->now_us) >= least_bps ||
	       !downlink_queued_since(d, w->now_us, DOUBLED_QUEUED_US);
}

static void look_at(struct worker *w, struct transport *t)
{
	struct viewer *v = t->viewer;

	layers_shed(w, t);
	heed_mute(w, &v->downlink);
	if (v->downlink.former > 0 && !may_probe(w, t))
		downlink_forget_former(&v->downlink);
	downlink_tick(&v->downlink, w->now_us);
	am_gauge_set(w->gauges->downlinks, t->id, downlink_target(&v->downlink, w->now_us) / 1000);
	t->doubled = is_doubled(w, t);
	if (v->rest > 0 && !v->changed)
		v->rest--;
	else
		layers_allocate(w, t, may_probe(w, t));
	if (t->slow)
		pace_tick(w, v);
	probing_begin(w, t);
}

// Nothing is sent until there is another path; a probe that has begun may continue then.
static void way_lost(struct worker *w, struct transport *t)
{
	if (t->viewer->probing)
		probing_end(w, t);
	pace_end(w, t);
}

void viewer_tick(struct worker *w)
{
	uint32_t left = (w->viewer_count + VIEWER_TICKS - 1) / VIEWER_TICKS;

	uint8_t shed = w->shedding.level;
	if (shed_look(&w->shedding, w->now_us, w->behind)) {
		am_lifecycle_shed(w->lifecycle, w->shedding.level);
		if (w->shedding.level > shed)
			worker_count_shed(w, w->shedding.level);
	}
	for (; left > 0; left--) {
		struct transport *t = TAILQ_FIRST(&w->viewers);
		TAILQ_REMOVE(&w->viewers, t, viewers);
		TAILQ_INSERT_TAIL(&w->viewers, t, viewers);
		if (w->now_us - t->viewer->looked_us < DOWNLINK_TICK_US)
			continue;
		t->viewer->looked_us = w->now_us;
		viewer_figures(w, t);
		if (!transport_is_reachable(t))
			way_lost(w, t);
		else if (!TAILQ_EMPTY(&t->subscriptions))
			look_at(w, t);
	}
}

static void probe_some(struct worker *w, struct transport *t)
{
	struct subscription *s = probe_stream(t);

	pace_some(w, t); // waiting video is as good as padding
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
