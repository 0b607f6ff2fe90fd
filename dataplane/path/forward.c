#include "path/forward.h"

#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "path/catchup.h"
#include "path/copy.h"
#include "path/keep.h"
#include "path/pace.h"
#include "path/rtcp_send.h"
#include "path/subscription.h"
#include "path/tx.h"
#include "wire/rtcp.h"

#define SR_SIZE      128 // bytes of an SR with an SDES: 28 + 8 + 2 + 63 + padding
#define SLICE        512 // copies per turn and class: 0.1 ms, in which the port waits
#define ROUND_US     10000 // a round takes one frame's packets, which come within this time
#define BEHIND_US    50000 // if packets have waited longer, viewers' reports must wait
#define LATE_US      200000 // packets that have waited longer are of no use to a live viewer
#define STALE_US     100000 // packets this old are given up, too, so the next round is in time
#define SKIPS_A_COPY 8 // subscribers skipped in the time of one copy

// Sends the publisher's wall clock with the viewer's timestamps, which keeps one publisher's audio
// and video in sync: once for each of its reports, and when another layer begins.
static void report_send(struct worker *w, struct subscription *s)
{
	uint8_t layer;
	uint32_t offset;

	if (!selector_timestamp_offset(&s->selector, &layer, &offset) ||
	    layer >= s->fanout->stream_count)
		return;
	const struct fanout_clock *clock = &s->fanout->streams[layer].clock;
	uint16_t report = (uint16_t)((layer + 1) << 8 | clock->serial);
	if (!clock->known || s->reported == report)
		return;
	const struct rtcp_sender_info info = {
	        .ntp = clock->ntp,
	        .ssrc = s->ssrc,
	        .rtp_timestamp = clock->rtp_timestamp + offset,
	        .packets = s->sent_packets,
	        .octets = s->sent_octets,
	};
	uint8_t *payload;
	struct rte_mbuf *m = rtcp_send_alloc(w, s->transport, SR_SIZE, &payload);
	if (!m)
		return;
	const char *cname = s->fanout->cname;
	size_t len = rtcp_build_sr(payload, SR_SIZE, &info, cname, (uint8_t)strlen(cname));
	rtcp_send(w, s->transport, m, payload, len);
	s->reported = report;
	s->reported_ntp = ntp_middle(clock->ntp);
	s->reported_us = (uint32_t)w->now_us;
}

// The encoding now comes from another source: video continues with a key frame of that one, and
// timestamps start over.
static void restart(struct subscription *s)
{
	keyframe_share_excuse(&s->key_frames);
	selector_pause(&s->selector);
	selector_resume(&s->selector);
}

// A key frame that begins before the packet that completed it: a viewer that begins with it gets
// all of it.
static void forward_key_frame(struct worker *w, struct subscription *s, const struct rte_mbuf *last)
{
	const struct track_packet *whole = &media_packet_of(last)->info;
	const struct history *h = &s->fanout->streams[whole->layer].history;
	bool begun = false;

	for (int32_t i = -(int32_t)whole->lead; i <= whole->trail; i++) {
		const struct rte_mbuf *m =
		        i == 0 ? last : history_get(h, whole->seq + (uint32_t)i, w->now_us);
		if (!m)
			continue;
		if (!begun)
			selector_begin(&s->selector, &media_packet_of(m)->info);
		begun = true;
		subscription_forward(w, s, m);
	}
}

// The audio to repeat in the i-th packet of a round, for a viewer that loses many packets. NULL:
// none.
static const struct red_sound *sound_before(
        const struct subscription *s, const struct fanout_queue *q, uint16_t i,
        struct red_sound *sound
)
{
	if (!s->red_payload_type || !s->transport->doubled)
		return NULL;
	*sound = i > 0 ? copy_sound(q->packets[i - 1].mbuf) : s->fanout->before;
	return sound;
}

// The i-th packet of a round, for one subscriber.
static void
forward_next(struct worker *w, struct subscription *s, const struct fanout_queue *q, uint16_t i)
{
	const struct rte_mbuf *m = q->packets[i].mbuf;
	const struct track_packet *p = &media_packet_of(m)->info;
	struct red_sound sound;

	if (p->source != s->source && p->layer == s->selector.layer)
		restart(s);
	uint8_t layer = s->selector.layer;
	if ((p->lead | p->trail) != 0 && selector_may_begin(&s->selector, p))
		forward_key_frame(w, s, m);
	else if (!pace_holds(w, s, p))
		subscription_forward_with(w, s, m, sound_before(s, q, i, &sound));
	if (s->paced && s->selector.layer != layer)
		pace_from(s, p->seq + p->trail + 1);
}

// The round has nothing for a subscriber that gets what it wants from another encoding.
static bool is_content(const struct subscription *s, const struct fanout_queue *q)
{
	uint8_t layer = s->selector.layer;

	return layer != SELECTOR_NONE && !(q->layers >> layer & 1) && !s->paced &&
	       !s->transport->slow && selector_wanted_layer(&s->selector) == SELECTOR_NONE;
}

// The packets of a round, for one subscriber.
static void forward_to(struct worker *w, struct subscription *s, const struct fanout_queue *q)
{
	if (is_content(s, q))
		return;
	downlink_prefetch(&s->transport->viewer->downlink);
	selector_resume(&s->selector); // it may have been unreachable
	pace_turn(w, s, q);
	if (s->selector.layer == SELECTOR_NONE && s->fanout->codec != AM_CODEC_OPUS)
		catchup(w, s, q);
	for (uint16_t i = 0; i < q->round; i++)
		forward_next(w, s, q, i);
	if (s->paced)
		pace_some(w, s->transport);
	if (s->selector.layer != SELECTOR_NONE)
		report_send(w, s);
	subscription_tell_layers(w, s);
	subscription_request_key_frame(w, s);
}

void forward_begin(struct worker *w, struct subscription *s)
{
	struct fanout_queue *q = &s->fanout->queue;

	// A round in progress has already visited this viewer or will do so. If the port is behind,
	// the next round sends the past.
	if (s->paused || s->fanout->codec == AM_CODEC_OPUS || q->round > 0 || tx_is_full(w) ||
	    !transport_is_reachable(s->transport))
		return;
	selector_resume(&s->selector);
	if (s->selector.layer != SELECTOR_NONE)
		return;
	pace_turn(w, s, q);
	catchup(w, s, q);
	copy_flush(w); // the next message may end the transport
	subscription_tell_layers(w, s);
}

// Gives up the packets of a late round for one subscriber. Their numbers stay free, so the viewer
// may request them again.
static void skip(struct worker *w, const struct subscription *s, const struct fanout_queue *q)
{
	for (uint16_t i = 0; i < q->round; i++) {
		const struct track_packet *p = &media_packet_of(q->packets[i].mbuf)->info;
		if (p->layer != s->selector.layer || !track_packet_is_within(p, s->selector.limit))
			continue;
		worker_count(w, AM_COUNTER_made_copies, 1);
		worker_count_drop(w, DROP_late);
	}
}

// The viewer has no path. Its numbers must not run on meanwhile: after half of their range, the
// viewer would take new packets for old ones.
static void suspend(struct worker *w, struct subscription *s)
{
	selector_pause(&s->selector);
	subscription_tell_layers(w, s);
}

// Prefetches what the next subscribers' copies will read, each pointer one turn before its target:
// the viewer's count of what was sent, the transport's route and key, the subscription itself.
static void prefetch_ahead(const struct fanout_chunk *c, unsigned place)
{
	unsigned next = fanout_chunk_next(c, place + 1);

	if (next == FANOUT_CHUNK)
		return;
	rte_prefetch0(c->subscriptions[next].transport->viewer);
	next = fanout_chunk_next(c, next + 1);
	if (next == FANOUT_CHUNK)
		return;
	const struct transport *t = c->subscriptions[next].transport;
	rte_prefetch0(t);
	rte_prefetch0((const uint8_t *)t + 64);
	next = fanout_chunk_next(c, next + 1);
	if (next == FANOUT_CHUNK)
		return;
	const struct subscription *s = &c->subscriptions[next];
	rte_prefetch0(s);
	rte_prefetch0((const uint8_t *)s + 64);
	rte_prefetch0((const uint8_t *)s + 128);
}

static void active_update(struct fanout *f, uint8_t active)
{
	struct subscription *s;

	if (f->active == active)
		return;
	f->active = active;
	FANOUT_FOREACH (s, f) {
		selector_set_active(&s->selector, active);
		keyframe_share_excuse(&s->key_frames);
	}
}

static int64_t age_us(const struct worker *w, const struct fanout_packet *p)
{
	return w->now_us - p->queued_us;
}

// A round that is late from its start is given up together with everything that is about to be
// late. If a starved worker gave up frame by frame, and only frames that are already late, it would
// take so long that the next frame would be late, too, and nobody would be served any more.
static uint16_t round_size(const struct worker *w, const struct fanout_queue *q)
{
	const struct fanout_packet *first = &q->packets[0];
	bool late = age_us(w, first) > LATE_US;
	uint16_t n = 1;

	while (n < q->count && (late ? age_us(w, &q->packets[n]) > STALE_US
	                             : q->packets[n].queued_us - first->queued_us <= ROUND_US))
		n++;
	return n;
}

static void round_begin(const struct worker *w, struct fanout *f)
{
	struct fanout_queue *q = &f->queue;

	q->round = round_size(w, q);
	active_update(f, media_packet_of(q->packets[q->round - 1].mbuf)->active);
	if (!q->start.chunk)
		q->start = (struct fanout_cursor){f->chunks, 0};
	q->at = q->next = q->start;
	q->wrapped = false;
	q->late = false;
	q->layers = 0;
	for (uint16_t i = 0; i < q->round; i++)
		q->layers |= (uint8_t)(1 << media_packet_of(q->packets[i].mbuf)->info.layer);
}

// The next subscription of the round, or NULL at the end.
static struct subscription *round_next(struct fanout *f)
{
	struct fanout_queue *q = &f->queue;
	struct fanout_cursor *at = &q->at;

	while (at->chunk) {
		bool last = q->wrapped && at->chunk == q->start.chunk;
		unsigned place = fanout_chunk_next(at->chunk, at->place);
		if (place < (last ? q->start.place : FANOUT_CHUNK)) {
			at->place = place + 1;
			prefetch_ahead(at->chunk, place);
			return &at->chunk->subscriptions[place];
		}
		if (last)
			break;
		*at = (struct fanout_cursor){at->chunk->next, 0};
		if (!at->chunk) {
			at->chunk = f->chunks;
			q->wrapped = true;
		}
	}
	return NULL;
}

// Keeps the last packet's audio for the next round, since the packet itself is freed.
static void sound_keep(struct fanout *f, const struct rte_mbuf *m)
{
	f->before = copy_sound(m);
	if (f->before.len > sizeof(f->before_bytes))
		f->before.len = 0;
	memcpy(f->before_bytes, f->before.payload, f->before.len);
	f->before.payload = f->before_bytes;
}

static void round_end(struct worker *w, struct fanout *f)
{
	struct fanout_queue *q = &f->queue;

	if (f->codec == AM_CODEC_OPUS)
		sound_keep(f, q->packets[q->round - 1].mbuf);
	for (uint16_t i = 0; i < q->round; i++)
		copy_spend(w, q->packets[i].mbuf);
	worker_count(w, AM_COUNTER_consumed, q->round);
	q->count = (uint16_t)(q->count - q->round);
	memmove(q->packets, q->packets + q->round, q->count * sizeof(q->packets[0]));
	q->round = 0;
	q->start = q->next;
}

// Continues the round, up to SLICE copies in *done. True once it has ended. Once it is late, nobody
// else is served, but the first viewer to miss it is the first in the next round, so a port that
// takes too little takes equally from all viewers.
static bool round_some(struct worker *w, struct fanout *f, bool late, unsigned *done)
{
	struct fanout_queue *q = &f->queue;
	struct subscription *s;
	unsigned skips = 0;

	if (late && !q->late) {
		q->late = true;
		q->next = q->at;
	}
	while (*done < SLICE) {
		s = round_next(f);
		if (!s)
			return true;
		*done += late ? skips++ % SKIPS_A_COPY == 0 : q->round;
		if (s->paused)
			continue;
		if (!transport_is_reachable(s->transport))
			suspend(w, s);
		else if (late && !s->paced) // paced viewers get it from the history
			skip(w, s, q);
		else if (late)
			continue;
		else
			forward_to(w, s, q);
	}
	return false;
}

// Fan-outs take turns. While the port is behind they wait, unless they are late.
static unsigned class_some(struct worker *w, enum worker_class c)
{
	struct fanout *f;
	unsigned done = 0;

	while (done < SLICE && (f = TAILQ_FIRST(&w->waiting[c]))) {
		struct fanout_queue *q = &f->queue;
		if (q->round == 0)
			round_begin(w, f);
		bool late = age_us(w, &q->packets[0]) > LATE_US;
		if (!late && tx_is_full(w))
			break;
		if (round_some(w, f, late, &done))
			round_end(w, f);
		TAILQ_REMOVE(&w->waiting[c], f, waiting);
		if (q->count > 0)
			TAILQ_INSERT_TAIL(&w->waiting[c], f, waiting);
	}
	return done;
}

static bool is_behind(const struct worker *w)
{
	const struct fanout *f = TAILQ_FIRST(&w->waiting[WORKER_PICTURES]);

	return f && age_us(w, &f->queue.packets[0]) > BEHIND_US;
}

unsigned forward_some(struct worker *w)
{
	unsigned done = 0;

	for (int c = 0; c < WORKER_CLASSES; c++)
		done += class_some(w, (enum worker_class)c);
	copy_flush(w);
	w->behind = is_behind(w);
	return done;
}

// Another source's sender reports say nothing about this one's timestamps.
static void source_note(struct fanout_stream *s, uint8_t source)
{
	if (s->source == source)
		return;
	s->source = source;
	s->clock.known = false;
	chain_break(&s->chain);
}

static enum worker_class class_of(const struct fanout *f)
{
	return f->codec == AM_CODEC_OPUS ? WORKER_SOUND : WORKER_PICTURES;
}

void forward(struct worker *w, struct rte_mbuf *m)
{
	const struct media_packet *p = media_packet_of(m);
	struct fanout *f = worker_fanout(w, p->track_id);
	enum drop why = DROP_no_subscribers;

	if (!f || p->info.layer >= f->stream_count)
		goto drop;
	source_note(&f->streams[p->info.layer], p->info.source);
	why = DROP_duplicate;
	if (f->codec != AM_CODEC_OPUS && !keep_packet(w, f, m))
		goto drop;
	// A publisher's probes repeat packets: they are no part of what the video weighs.
	rates_packet(
	        &f->rates, &p->info, (uint32_t)m->data_len + p->template.len + COPY_WIRE_OVERHEAD,
	        w->now_us
	);
	chain_packet(&f->streams[p->info.layer].chain, &p->info, m->data_len);
	struct fanout_queue *q = &f->queue;
	why = DROP_late;
	if (q->count == FANOUT_PACKETS)
		goto drop;
	q->packets[q->count++] = (struct fanout_packet){m, w->now_us};
	if (q->count == 1)
		TAILQ_INSERT_TAIL(&w->waiting[class_of(f)], f, waiting);
	return;
drop:
	worker_count_drop(w, why);
	rte_pktmbuf_free(m);
}

void forward_report(struct fanout *f, const struct message_report *report)
{
	if (report->stream >= f->stream_count)
		return;
	struct fanout_clock *clock = &f->streams[report->stream].clock;
	*clock = (struct fanout_clock){
	        .ntp = report->ntp,
	        .rtp_timestamp = report->rtp_timestamp,
	        .serial = (uint8_t)(clock->serial + 1),
	        .known = true,
	};
}

void forward_end(struct worker *w, struct fanout *f)
{
	struct fanout_queue *q = &f->queue;

	if (q->count > 0)
		TAILQ_REMOVE(&w->waiting[class_of(f)], f, waiting);
	for (uint16_t i = 0; i < q->count; i++)
		rte_pktmbuf_free(q->packets[i].mbuf);
	worker_count(w, AM_COUNTER_consumed, q->count);
	keep_end(w, f);
}
