#include "path/repeat.h"

#include <rte_mbuf.h>

#include "path/copy.h"
#include "path/keep.h"
#include "path/tx.h"

#define REPAIR_PERCENT     15 // of what the link carries may be retransmissions
#define REPAIR_BURST_S     4 // this many seconds' worth at once
#define REPAIR_BYTES_PER_S 8000 // … and this much in any case

// Whether the viewer's link has room for one more retransmission.
static bool link_may_repeat(struct worker *w, struct transport *t)
{
	if (!t->viewer || !w->adapts)
		return true;
	uint64_t bytes_per_s = downlink_target(&t->viewer->downlink, w->now_us) / 8;

	bytes_per_s = bytes_per_s * REPAIR_PERCENT / 100;
	if (bytes_per_s < REPAIR_BYTES_PER_S)
		bytes_per_s = REPAIR_BYTES_PER_S;
	bucket_fill(
	        &t->viewer->repairs, w->now_us, (int64_t)bytes_per_s,
	        (int64_t)bytes_per_s * REPAIR_BURST_S
	);
	return t->viewer->repairs.tokens > 0;
}

static void link_spend(struct transport *t, uint32_t bytes)
{
	if (!t->viewer)
		return;
	struct bucket *b = &t->viewer->repairs;
	b->tokens -= bytes < b->tokens ? bytes : b->tokens;
}

// Whether to send the number again, which media/repeats.h limits. If so, the repeat is noted.
static bool is_due(const struct worker *w, const struct subscription *s, uint16_t seq)
{
	struct transport *t = s->transport;

	return repeats_take(&t->viewer->repeats, s->ssrc, seq, w->now_us, transport_rtt_us(t));
}

static bool transport_may_repeat(struct worker *w, struct transport *t)
{
	bucket_fill(&t->rtx, w->now_us, TRANSPORT_RTX_PER_S, TRANSPORT_RTX_BURST);
	return t->rtx.tokens > 0 && link_may_repeat(w, t);
}

// Checked before anything is looked up, since thousands of viewers may ask. The second half of the
// worker's share is for viewers that have not used up half of theirs.
static bool worker_may_repeat(struct worker *w, const struct transport *t)
{
	uint32_t reserve = t->rtx.tokens < TRANSPORT_RTX_BURST / 2 ? WORKER_RTX_BURST / 2 : 0;
	int64_t per_s = WORKER_RTX_PER_S;

	if (w->shedding.level >= SHED_REPEATS)
		per_s /= 2;
	bucket_fill(&w->rtx, w->now_us, per_s, WORKER_RTX_BURST);
	return w->rtx.tokens > reserve;
}

static void refuse(struct worker *w)
{
	worker_count(w, AM_COUNTER_retransmissions_refused, 1);
}

void repeat_send(struct worker *w, struct subscription *s, uint16_t seq)
{
	struct selector_source source;
	struct selector_out out;

	if (!transport_may_repeat(w, s->transport) || !worker_may_repeat(w, s->transport))
		return refuse(w);
	if (!s->rtx_ssrc || !transport_is_reachable(s->transport) || tx_is_full(w) ||
	    !selector_find(&s->selector, seq, &source) || source.layer >= s->fanout->stream_count)
		return;
	// The current encoding began with a key frame: packets missing before it are of no use.
	if (source.layer != s->selector.layer)
		return refuse(w);
	struct fanout_stream *stream = &s->fanout->streams[source.layer];
	uint16_t in = keep_seq(s->fanout, &source);
	struct rte_mbuf *m = history_find(&stream->history, in, w->now_us);
	if (!m)
		return;
	const struct track_packet *p = &media_packet_of(m)->info;
	bool filler = selector_fill(&source, p, &out);
	if (!filler && !selector_repeat(&source, p, &out))
		return;
	if (!is_due(w, s, seq))
		return refuse(w);
	uint32_t payload_len = filler ? 0 : m->data_len;
	w->rtx.tokens--;
	s->transport->rtx.tokens--;
	link_spend(s->transport, payload_len + COPY_WIRE_OVERHEAD);
	s->rtx_index++; // it only counts up, so no index is used twice
	worker_count(w, AM_COUNTER_made_retransmissions, 1);
	(void)copy_queue(
	        w, s, m, &out, (uint32_t)(s->rtx_index >> 16), filler ? COPY_FILLER : COPY_REPEAT,
	        NULL
	);
	// The history may release the packet before the next flush.
	copy_flush(w);
}
