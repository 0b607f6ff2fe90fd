#include "conference/quality.h"

#include "base/clock.h"
#include "base/memory.h"
#include "conference/state.h"
#include "media/region.h"
#include "statistics/statistics.h"
#include "terms/metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_MS      12000 // how long a report counts, unless another comes
#define AFTERMATH_MS 3000 // by which pages' reports lag behind measurements of links

static int late_index(const struct media_counters *m)
{
	for (int i = 0; i < m->drop_count; i++) {
		if (strcmp(m->drop_names[i].name, AM_DROP_LATE) == 0)
			return i;
	}
	return -1;
}

static void
worker_look(struct worker_look *w, uint64_t copies, uint64_t late, uint32_t shed, uint64_t now_ms)
{
	bool goes_on = copies >= w->copies && late >= w->late; // else it is a new process

	w->quality = goes_on ? quality_of_worker(copies - w->copies, late - w->late, shed)
	                     : QUALITY_GOOD;
	w->copies = copies;
	w->late = late;
	if (w->quality != QUALITY_GOOD)
		w->weak_ms = now_ms;
}

static void server_look(struct conference *c)
{
	static struct media_counters now; // 20 kB
	int late = media_read_counters(c->media, &now) ? late_index(&now) : -1;

	for (uint32_t i = 0; i < AM_WORKER_MAX; i++) {
		bool known = late >= 0 && i < now.worker_count;
		worker_look(
		        &c->workers[i], known ? now.value[i][AM_COUNTER_made_copies] : 0,
		        known ? now.drops[i][late] : 0, known ? now.shed[i] : 0,
		        loop_now_ms(c->loop)
		);
	}
}

bool conference_is_short(const struct conference *c)
{
	static struct media_counters now;
	uint32_t shed = 0;

	if (!media_read_counters(c->media, &now))
		return false;
	for (uint32_t i = 0; i < now.worker_count; i++)
		shed |= now.shed[i];
	return shed != 0;
}

// Measures a transport. False if it carries nothing.
static bool
transport_look(const struct conference *c, const struct transport *t, struct link_quality *l)
{
	struct am_transport_state state;
	struct am_transport_figures figures;

	if (!t->id || !media_read_transport(c->media, am_id_slot(t->id), &state) ||
	    state.id != t->id || state.dtls != AM_DTLS_CONNECTED)
		return false;
	uint64_t now_ns = clock_monotonic_ns();
	uint64_t age_ns = now_ns > state.checked_ns ? now_ns - state.checked_ns : 0;
	uint32_t gauge = media_link_gauge(c->media, t->id);
	media_transport_figures(c->media, t->id, &figures);
	*l = (struct link_quality){
	        .quality = quality_of(gauge, age_ns / 1000000),
	        .lost = (uint8_t)gauge,
	        .jitter_ms = (uint8_t)(gauge >> 8),
	        .rtt_ms = (uint16_t)(gauge >> 16),
	        .worker = state.worker,
	        .estimate_kbps = media_downlink(c->media, t->id),
	        .bps = figures.bps,
	};
	return true;
}

// Measures the worst of the peer's transports in one direction.
static void
link_look(const struct conference *c, const struct peer *p, bool consuming, struct link_quality *l)
{
	struct link_quality now = {.weak_ms = l->weak_ms}, one;

	for (int i = 0; i < 2 * PEER_TRANSPORT_MAX; i++) {
		const struct transport *t = &p->transports[i];
		if (t->consuming != consuming || !transport_look(c, t, &one))
			continue;
		one.weak_ms = now.weak_ms;
		if (now.quality == QUALITY_UNKNOWN || one.quality < now.quality)
			now = one;
	}
	if (now.quality != QUALITY_UNKNOWN && now.quality != QUALITY_GOOD)
		now.weak_ms = loop_now_ms(c->loop);
	*l = now;
}

static void observe(const struct link_quality *l)
{
	metric_observe(HISTOGRAM_loss, l->lost / 256.0);
	metric_observe(HISTOGRAM_jitter, l->jitter_ms / 1000.0);
	metric_observe(HISTOGRAM_bitrate, l->bps);
	if (l->rtt_ms)
		metric_observe(HISTOGRAM_rtt, l->rtt_ms / 1000.0);
	if (l->estimate_kbps)
		metric_observe(HISTOGRAM_estimate, l->estimate_kbps * 1000.0);
}

static bool is_starved(const struct peer *p)
{
	const struct subscription *s;

	LIST_FOREACH (s, &p->subscriptions, of_viewer) {
		if (s->withheld == AM_LIMIT_BANDWIDTH && subscription_is_due(s))
			return true;
	}
	return false;
}

// What a viewer was sent since the last look.
struct sent {
	uint32_t packets, repeats;
	bool narrow; // a video is below what was requested, since the link carries no more
};

static void sent_add(const struct conference *c, struct subscription *s, struct sent *sent)
{
	struct am_subscription_figures f;

	if (!media_subscription_figures(c->media, s->id, &f))
		return;
	// If the figures are lower than before, a new data plane has started from zero.
	if (f.packets >= s->seen.packets && f.retransmitted >= s->seen.repeats) {
		sent->packets += f.packets - s->seen.packets;
		sent->repeats += f.retransmitted - s->seen.repeats;
	}
	s->seen.packets = f.packets;
	s->seen.repeats = f.retransmitted;
	if (s->track->media.kind == ORTC_AUDIO)
		return;
	enum am_limit limit = subscription_limit(s, f.limit);
	metric_count_picture(s->spatial_layer_now, limit);
	if (limit == AM_LIMIT_BANDWIDTH && subscription_is_due(s))
		sent->narrow = true;
}

static void look_at_sent(const struct conference *c, struct peer *p)
{
	struct sent sent = {0};
	struct subscription *s;

	LIST_FOREACH (s, &p->subscriptions, of_viewer)
		sent_add(c, s, &sent);
	if (sent.narrow)
		p->narrow_ms = loop_now_ms(c->loop);
	if (sent.packets > 0)
		metric_observe(
		        HISTOGRAM_retransmitted,
		        (double)sent.repeats / ((double)sent.packets + sent.repeats)
		);
}

// The worse of two qualities; QUALITY_UNKNOWN never counts as worse.
static enum quality worse(enum quality a, enum quality b)
{
	return a == QUALITY_UNKNOWN || (b != QUALITY_UNKNOWN && b < a) ? b : a;
}

static void blame(struct stretch *s, enum quality q, enum stretch_cause cause)
{
	if (q == QUALITY_UNKNOWN || q >= s->quality)
		return;
	s->quality = q;
	s->cause = cause;
}

static enum quality worker_quality(const struct conference *c, const struct peer *p)
{
	const struct link_quality *l = &p->down;

	return l->quality && l->worker < AM_WORKER_MAX ? c->workers[l->worker].quality
	                                               : QUALITY_UNKNOWN;
}

// Makes a look into part of a stretch: the worst quality counts, with the first cause that is as
// bad.
static struct stretch stretch_of(const struct conference *c, const struct peer *p, int64_t now_ms)
{
	enum quality link = worse(p->up.quality, p->down.quality);
	const struct link_quality *l = link == p->down.quality ? &p->down : &p->up;
	struct stretch s = {
	        .quality = QUALITY_GOOD,
	        .from_ms = now_ms - QUALITY_LOOK_MS,
	        .to_ms = now_ms,
	        .lost = l->lost,
	        .rtt_ms = l->rtt_ms,
	        .estimate_kbps = p->down.estimate_kbps,
	};

	blame(&s, link, STRETCH_OWN_LINK);
	if (is_starved(p))
		blame(&s, QUALITY_FAIR, STRETCH_OWN_LINK);
	blame(&s, worker_quality(c, p), STRETCH_SERVER);
	if (!p->page.at_ms || loop_now_ms(c->loop) - p->page.at_ms >= PAGE_MS)
		return s;
	s.concealed = p->page.report.concealed;
	s.frozen_ms = p->page.frozen_ms;
	if (p->page.frozen_ms && p->stretches.now.quality == QUALITY_GOOD)
		s.from_ms = now_ms - p->page.report.span_ms;
	blame(&s, p->page.quality, p->page.cause);
	if (s.cause == STRETCH_SPEAKER)
		s.speaker = p->page.speaker;
	return s;
}

struct stay {
	struct conference *conference;
	const struct peer *peer;
};

static void keep(void *owner, const struct stretch *s)
{
	const struct stay *stay = owner;

	statistics_stretch(stay->conference->statistics, stay->peer->statistics_session, s);
}

static void peer_look(struct conference *c, struct peer *p)
{
	struct stay stay = {c, p};

	link_look(c, p, false, &p->up);
	link_look(c, p, true, &p->down);
	if (is_starved(p))
		p->down.weak_ms = loop_now_ms(c->loop);
	if (p->down.quality != QUALITY_UNKNOWN) {
		look_at_sent(c, p);
		observe(&p->down);
	}
	enum quality link = worse(p->up.quality, p->down.quality);
	if (link == QUALITY_UNKNOWN)
		return;
	if (quality_look(&p->quality, link))
		c->events->quality(c->events->owner, p);
	if (!p->joined)
		return;
	struct stretch s = stretch_of(c, p, clock_real_ms());
	stretches_look(&p->stretches, &s, keep, &stay);
	p->page.frozen_ms = 0;
}

static void peers_look(struct conference *c, struct peer_list *list)
{
	struct peer *p;

	TAILQ_FOREACH (p, list, in_room)
		peer_look(c, p);
}

void conference_look_at_quality(struct conference *c)
{
	server_look(c);
	for (struct room *r = NULL; (r = rooms_next(&c->rooms, r));) {
		peers_look(c, &r->speakers);
		peers_look(c, &r->viewers);
	}
}

void conference_end_quality(struct conference *c, struct peer *p)
{
	struct stay stay = {c, p};

	stretches_end(&p->stretches, keep, &stay);
	p->page.at_ms = 0;
	p->page.frozen_ms = 0;
}

// Whether something was last weak during the time that the report covers.
static bool was_weak(uint64_t weak_ms, uint64_t now_ms, uint32_t span_ms)
{
	return weak_ms && now_ms - weak_ms < (uint64_t)span_ms + AFTERMATH_MS;
}

// Finds the cause of what a page has reported: the part nearest to the page that was weak
// meanwhile. A narrow link comes last: it may be narrow for long without harm, if the videos fit.
static void
find_cause(struct conference *c, struct peer *p, const struct peer *const from[], int count)
{
	uint64_t now_ms = loop_now_ms(c->loop);
	uint32_t span_ms = p->page.report.span_ms;
	uint16_t worker = p->down.worker % AM_WORKER_MAX;

	free(p->page.speaker);
	p->page.speaker = NULL;
	p->page.cause = STRETCH_UNKNOWN;
	if (was_weak(p->down.weak_ms, now_ms, span_ms)) {
		p->page.cause = STRETCH_OWN_LINK;
		return;
	}
	for (int i = 0; i < count; i++) {
		if (from[i] == p || !was_weak(from[i]->up.weak_ms, now_ms, span_ms))
			continue;
		p->page.cause = STRETCH_SPEAKER;
		p->page.speaker = memory_copy_string(from[i]->id);
		return;
	}
	if (was_weak(c->workers[worker].weak_ms, now_ms, span_ms))
		p->page.cause = STRETCH_SERVER;
	else if (was_weak(p->narrow_ms, now_ms, span_ms))
		p->page.cause = STRETCH_OWN_LINK;
}

int conference_report_quality(
        struct conference *c, struct peer *p, const struct page_report *report,
        const struct peer *const from[], int count
)
{
	uint64_t now_ms = loop_now_ms(c->loop);

	if (p->page.at_ms && now_ms - p->page.at_ms < CONFERENCE_REPORT_MS)
		return -EAGAIN;
	metric_count(METRIC_page_reports);
	if (report->frozen_ms > 0)
		metric_observe(HISTOGRAM_frozen, report->frozen_ms / 1000.0);
	if (report->concealed > 0)
		metric_observe(HISTOGRAM_concealed, report->concealed / 1000.0);
	p->page.report = *report;
	p->page.at_ms = now_ms ? now_ms : 1;
	p->page.quality = quality_of_page(report);
	find_cause(c, p, from, count);
	p->page.frozen_ms += report->frozen_ms;
	return 0;
}
