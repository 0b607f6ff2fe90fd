#include "path/pace.h"

#include "path/copy.h"
#include "path/layers.h"
#include "path/subscription.h"
#include "path/tx.h"

#define TIGHT_PERCENT 120 // of the estimate, soon after a queue was seen
#define EASY_PERCENT  250
#define TIGHT_US      10000000
#define BURST_US      5000 // of the pace may go out at once, plus a packet
#define BURST_BYTES   1500
#define DEBT_US       300000 // of the pace at most, so a burst of ours is soon forgotten
#define SINCE_US_MAX  200000 // … that may be earned at once: between two calls of pace_tick
#define LAG_US        250000 // then upper temporal layers are left out …
#define NO_LAG_US     100000 // … until the lag is back to this
#define GIVE_UP_US    800000
// On a slow link, the one picture after a screen's page is turned may take longer than that, and
// another key frame would take just as long.
#define SCREEN_LAG_US     1000000
#define SCREEN_GIVE_UP_US 2500000

static const struct history *history_of(const struct subscription *s)
{
	return &s->fanout->streams[s->selector.layer].history;
}

static bool has_picture(const struct subscription *s)
{
	return !s->paused && s->selector.layer < s->fanout->stream_count;
}

void pace_from(struct subscription *s, uint32_t seq)
{
	s->pace_next = s->pace_until = seq;
}

void pace_turn(const struct worker *w, struct subscription *s, const struct fanout_queue *q)
{
	bool slow = s->transport->slow;

	if (s->fanout->codec == AM_CODEC_OPUS || slow == s->paced)
		return;
	if (slow) {
		s->paced = true;
		if (has_picture(s))
			pace_from(s, fanout_queue_begin(q, s->selector.layer, history_of(s)));
	} else if (s->pace_next == s->pace_until || !has_picture(s)) {
		s->paced = s->lags = false;
		layers_prefer(w, s);
	}
}

static void wait_begin(struct worker *w, struct subscription *s)
{
	struct transport *t = s->transport;

	if (s->waits)
		return;
	if (!t->viewer->waiting)
		TAILQ_INSERT_TAIL(&w->pacing, t, pacing);
	s->waiting_next = t->viewer->waiting;
	t->viewer->waiting = s;
	s->waits = true;
}

// Takes the subscription at `*at` off the waiting list.
static void wait_end(struct subscription **at)
{
	struct subscription *s = *at;

	*at = s->waiting_next;
	s->waits = false;
}

bool pace_holds(struct worker *w, struct subscription *s, const struct track_packet *p)
{
	if (!s->paced || p->layer != s->selector.layer || (int32_t)(p->seq - s->pace_next) < 0)
		return false;
	if ((int32_t)(p->seq - s->pace_until) >= 0)
		s->pace_until = p->seq + 1;
	wait_begin(w, s);
	return true;
}

// The next waiting packet, or NULL. Skips packets that have not arrived; they go out when they do.
static const struct rte_mbuf *waiting(const struct worker *w, struct subscription *s)
{
	if (!s->paced || !has_picture(s))
		return NULL;
	for (; (int32_t)(s->pace_next - s->pace_until) < 0; s->pace_next++) {
		const struct rte_mbuf *m = history_get(history_of(s), s->pace_next, w->now_us);
		if (m)
			return m;
	}
	return NULL;
}

// Since when the viewer could have had it: delay on the publisher's link is not the viewer's lag.
static int64_t ready_us(const struct rte_mbuf *m)
{
	return media_packet_of(m)->ready_us;
}

// The subscription whose packet is next: the most important, and among equals the one whose packet
// has waited longest. Subscriptions without waiting packets leave the list.
static struct subscription *pick(const struct worker *w, struct viewer *v)
{
	struct subscription *s, *best = NULL, **at = &v->waiting;
	int64_t best_us = 0;

	while ((s = *at)) {
		const struct rte_mbuf *m = waiting(w, s);
		if (!m) {
			wait_end(at);
			continue;
		}
		at = &s->waiting_next;
		if (best && (s->priority < best->priority ||
		             (s->priority == best->priority && ready_us(m) >= best_us)))
			continue;
		best = s;
		best_us = ready_us(m);
	}
	return best;
}

// The viewer is too far behind to continue with these pictures.
static void give_up(struct worker *w, struct subscription *s)
{
	selector_pause(&s->selector);
	selector_resume(&s->selector);
	keyframe_share_reserve(&s->key_frames, w->now_us);
	s->lags = false;
	layers_prefer(w, s);
	worker_count(w, AM_COUNTER_pace_given_up, 1);
}

static void heed_lag(const struct worker *w, struct subscription *s, int64_t lag_us)
{
	int64_t limit_us = s->fanout->screen ? SCREEN_LAG_US : LAG_US;
	bool lags = lag_us > (s->lags ? NO_LAG_US : limit_us);

	if (lags == s->lags)
		return;
	s->lags = lags;
	layers_prefer(w, s);
}

static void send_next(struct worker *w, struct subscription *s)
{
	const struct rte_mbuf *m = waiting(w, s);
	int64_t lag_us = w->now_us - ready_us(m);

	if (lag_us > (s->fanout->screen ? SCREEN_GIVE_UP_US : GIVE_UP_US))
		return give_up(w, s);
	heed_lag(w, s, lag_us);
	s->pace_next++;
	subscription_forward(w, s, m);
}

// During a probe the pace is at least its rate, and it sends video for as long as any waits.
static int64_t bytes_per_s(const struct worker *w, const struct downlink *d)
{
	bool tight = downlink_queued_since(d, w->now_us, TIGHT_US);
	uint64_t bps = downlink_target(d, w->now_us);

	bps = bps * (tight ? TIGHT_PERCENT : EASY_PERCENT) / 100;
	if (downlink_probing(d) && d->probe.rate > bps)
		bps = d->probe.rate;
	return (int64_t)(bps / 8);
}

void pace_tick(const struct worker *w, struct viewer *v)
{
	int64_t per_s = bytes_per_s(w, &v->downlink), since_us = w->now_us - v->pace_us;
	uint32_t sent = (uint32_t)v->downlink.sent.bytes;

	if (since_us > SINCE_US_MAX)
		since_us = SINCE_US_MAX;
	int64_t bytes =
	        v->pace_bytes + per_s * since_us / 1000000 - (uint32_t)(sent - v->pace_sent);
	int64_t most = per_s * BURST_US / 1000000 + BURST_BYTES;
	int64_t least = -per_s * DEBT_US / 1000000;
	bytes = bytes < most ? bytes : most;
	v->pace_bytes = (int32_t)(bytes > least ? bytes : least);
	v->pace_sent = sent;
	v->pace_us = w->now_us;
}

static bool has_room(const struct worker *w, struct viewer *v)
{
	pace_tick(w, v);
	return v->pace_bytes > 0 || downlink_probe(&v->downlink, w->now_us) > 0;
}

void pace_some(struct worker *w, struct transport *t)
{
	struct subscription *s;

	if (!transport_has_backlog(t) || !transport_is_reachable(t))
		return;
	while (has_room(w, t->viewer) && !tx_is_full(w) && (s = pick(w, t->viewer)))
		send_next(w, s);
	if (!transport_has_backlog(t))
		TAILQ_REMOVE(&w->pacing, t, pacing);
}

void pace(struct worker *w)
{
	struct transport *t, *next;

	for (t = TAILQ_FIRST(&w->pacing); t; t = next) {
		next = TAILQ_NEXT(t, pacing);
		pace_some(w, t);
	}
	copy_flush(w);
}

void pace_leave(struct worker *w, struct subscription *s)
{
	struct transport *t = s->transport;
	struct subscription **at = &t->viewer->waiting;

	if (!s->waits)
		return;
	while (*at != s)
		at = &(*at)->waiting_next;
	wait_end(at);
	if (!transport_has_backlog(t))
		TAILQ_REMOVE(&w->pacing, t, pacing);
}

void pace_end(struct worker *w, struct transport *t)
{
	if (!transport_has_backlog(t))
		return;
	while (t->viewer->waiting)
		wait_end(&t->viewer->waiting);
	TAILQ_REMOVE(&w->pacing, t, pacing);
}
