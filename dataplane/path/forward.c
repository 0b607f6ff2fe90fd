#include "path/forward.h"

#include <rte_mbuf.h>
#include <rte_prefetch.h>
#include <rte_ring_elem.h>

#include "media/codec.h"
#include "path/feedback.h"
#include "path/rtcp.h"
#include "path/tx.h"

#define KEY_FRAME_ASK_US 100000 // between two requests of this worker to the track's worker
#define SR_SIZE          128 // bytes of an SR with an SDES: 28 + 8 + 2 + 63 + padding

static struct media_packet *packet_of(const struct rte_mbuf *m)
{
	return rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
}

// Encrypts all copies that wait and gives them to the port's queue.
static void copies_flush(struct worker *w)
{
	struct batch *b = &w->batch;

	if (b->copy_count == 0)
		return;
	cipher_protect_burst(w->cipher, b->jobs, b->copy_count);
	for (uint16_t i = 0; i < b->copy_count; i++)
		tx_send(w, b->routes[i], b->copies[i], b->jobs[i].len);
	b->copy_count = 0;
}

// Writes the viewer's picture numbers before the payload's rest, where they differ from the
// source's. Returns the bytes of the payload that it replaces.
static uint8_t
patch_write(const struct rte_mbuf *m, const struct selector_out *out, uint8_t *prefix)
{
	const struct media_packet *p = packet_of(m);

	if (p->patch_len == 0 ||
	    (out->picture_id == p->info.picture_id &&
	     (!(p->info.flags & TRACK_TL0PICIDX) || out->tl0picidx == p->info.tl0picidx)))
		return 0;
	const struct frame_info fields = {
	        .has_tl0picidx = p->info.flags & TRACK_TL0PICIDX,
	        .picture_id_bits = p->info.picture_id_bits,
	        .picture_id_offset = p->picture_id_offset,
	        .tl0picidx_offset = p->tl0picidx_offset,
	};
	memcpy(prefix, rte_pktmbuf_mtod(m, const uint8_t *), p->patch_len);
	codec_patch(prefix, &fields, out->picture_id, out->tl0picidx);
	return p->patch_len;
}

static void header_write(
        struct worker *w, const struct subscription *s, const struct media_packet *p,
        const struct selector_out *out, uint8_t *to
)
{
	memcpy(to, p->header, p->template.len);
	rtp_set_seq(to, out->seq);
	rtp_set_timestamp(to, out->timestamp);
	rtp_set_ssrc(to, s->ssrc);
	rtp_set_mid(to, &p->template, s->mid, s->mid_len);
	rtp_set_abs_send_time(to, &p->template, rtp_abs_send_time(w->now_us));
}

// Queues one copy for encryption. roc: of the SSRC and sequence number that the copy goes out with;
// rtx: behind an RTX header (RFC 4588 4). The packet stays until copies_flush. False where it was
// dropped, which is counted.
static bool copy_queue(
        struct worker *w, struct subscription *s, const struct rte_mbuf *m,
        const struct selector_out *out, uint32_t roc, bool rtx
)
{
	const struct transport *t = s->transport;
	const struct packet_route *route = &t->route;
	const struct media_packet *p = packet_of(m);
	struct batch *b = &w->batch;
	struct rte_mbuf *copy = tx_take(w);

	if (!copy)
		return false;
	if (route->len + p->template.len + RTP_RTX_OSN_LEN + m->data_len + CIPHER_TRAILER_MAX >
	    rte_pktmbuf_tailroom(copy)) {
		rte_pktmbuf_free(copy);
		worker_count_drop(w, DROP_too_long);
		return false;
	}
	uint8_t *to = rte_pktmbuf_mtod_offset(copy, uint8_t *, route->len);
	uint8_t *prefix = to + p->template.len;
	header_write(w, s, p, out, to);
	if (rtx) {
		am_put_u16(prefix, out->seq);
		prefix += RTP_RTX_OSN_LEN;
		rtp_set_pt(to, s->fanout->room_rtx_payload_type);
		rtp_set_ssrc(to, s->rtx_ssrc);
		rtp_set_seq(to, s->rtx_seq);
	}
	uint8_t patched = patch_write(m, out, prefix);
	if (b->copy_count == 0 || b->jobs[b->copy_count - 1].key != t->key)
		cipher_key_prefetch(t->key, t->key_profile, p->template.len + m->data_len);
	b->jobs[b->copy_count] = (struct cipher_job){
	        .key = t->key,
	        .packet = to,
	        .payload = rte_pktmbuf_mtod_offset(m, const uint8_t *, patched),
	        .roc = roc,
	        .payload_len = (uint16_t)(m->data_len - patched),
	        .header_len = p->template.len,
	        .prefix_len = (uint8_t)(patched + (rtx ? RTP_RTX_OSN_LEN : 0)),
	};
	b->routes[b->copy_count] = route;
	b->copies[b->copy_count++] = copy;
	if (b->copy_count == CIPHER_BURST)
		copies_flush(w);
	return true;
}

// Sends the publisher's wall clock with the viewer's timestamps, so that sound and picture of one
// publisher stay in step.
static void report_send(struct worker *w, struct subscription *s)
{
	uint8_t layer;
	uint32_t offset;

	if (!transport_is_reachable(s->transport) ||
	    !selector_timestamp_offset(&s->selector, &layer, &offset) ||
	    layer >= s->fanout->stream_count || !s->fanout->streams[layer].clock.known)
		return;
	const struct fanout_clock *clock = &s->fanout->streams[layer].clock;
	const struct rtcp_sender_info info = {
	        .ntp = clock->ntp,
	        .ssrc = s->ssrc,
	        .rtp_timestamp = clock->rtp_timestamp + offset,
	        .packets = s->sent_packets,
	        .octets = s->sent_octets,
	};
	uint8_t *payload;
	struct rte_mbuf *m = feedback_alloc(w, s->transport, SR_SIZE, &payload);
	if (!m)
		return;
	const char *cname = s->fanout->cname;
	size_t len = rtcp_build_sr(payload, SR_SIZE, &info, cname, (uint8_t)strlen(cname));
	feedback_send(w, s->transport, m, payload, len);
	s->report_due = false;
}

// Tells the service thread which layers are sent now, if that has changed.
static void layers_tell(struct worker *w, struct subscription *s)
{
	uint8_t layer = s->selector.layer == SELECTOR_NONE ? AM_LAYER_NONE : s->selector.layer;
	uint8_t told = (uint8_t)(layer << 4 | s->selector.limit);

	if (told == s->layer_told)
		return;
	const struct message msg = {
	        .type = MESSAGE_LAYERS,
	        .id = s->id,
	        .value = layer | (uint32_t)s->selector.limit << 8,
	};
	// Where the ring is full it is told with the next packet.
	if (rte_ring_sp_enqueue_elem(w->replies, (void *)(uintptr_t)&msg, sizeof(msg)) == 0)
		s->layer_told = told;
}

// The packets of one track that a batch holds, for one subscriber.
static void
forward_to(struct worker *w, struct subscription *s, struct rte_mbuf *const *packets, uint16_t n)
{
	struct selector_out out;
	uint32_t roc;

	if (s->paused || !transport_is_reachable(s->transport))
		return;
	uint8_t layer = s->selector.layer;
	for (uint16_t i = 0; i < n; i++) {
		if (!selector_forward(&s->selector, &packet_of(packets[i])->info, &out))
			continue;
		worker_count(w, AM_COUNTER_made_copies, 1);
		// No index is used twice, whatever the selector says: a repeated nonce breaks GCM.
		if (!cipher_index_take(&s->index, out.seq, &roc)) {
			worker_count_drop(w, DROP_duplicate);
			continue;
		}
		if (copy_queue(w, s, packets[i], &out, roc, false)) {
			s->sent_packets++;
			s->sent_octets += packets[i]->data_len;
		}
	}
	if (s->selector.layer != layer)
		s->report_due = true;
	if (s->report_due && s->selector.layer != SELECTOR_NONE)
		report_send(w, s);
	layers_tell(w, s);
	forward_request_key_frame(w, s);
}

// What the next subscriber's copies will read: its transport's route and key, and itself.
static void prefetch_ahead(const struct fanout_chunk *c, unsigned place)
{
	unsigned next = fanout_chunk_next(c, place + 1);

	if (next == RELAY_CHUNK)
		return;
	const struct subscription *s = &c->subscriptions[next];
	rte_prefetch0(&s->transport->key);
	rte_prefetch0(&s->transport->route);
	rte_prefetch0((const uint8_t *)&s->transport->route + 64);
	next = fanout_chunk_next(c, next + 1);
	if (next == RELAY_CHUNK)
		return;
	s = &c->subscriptions[next];
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
	FANOUT_FOREACH (s, f)
		selector_set_active(&s->selector, active);
}

// All packets of one fan-out in the batch, from `first` on, viewer by viewer.
static void fanout_flush(struct worker *w, struct fanout *f, uint16_t first)
{
	struct batch *b = &w->batch;
	struct rte_mbuf *packets[WORKER_BATCH];
	uint16_t n = 0;

	for (uint16_t i = first; i < b->packet_count; i++) {
		if (b->fanouts[i] != f)
			continue;
		packets[n++] = b->packets[i];
		b->fanouts[i] = NULL;
	}
	active_update(f, packet_of(packets[n - 1])->active);
	for (struct fanout_chunk *c = f->chunks; c; c = c->next) {
		unsigned place = fanout_chunk_next(c, 0);
		for (; place < RELAY_CHUNK; place = fanout_chunk_next(c, place + 1)) {
			prefetch_ahead(c, place);
			forward_to(w, &c->subscriptions[place], packets, n);
		}
	}
	worker_count(w, AM_COUNTER_consumed, n);
}

void forward_flush(struct worker *w)
{
	struct batch *b = &w->batch;

	for (uint16_t i = 0; i < b->packet_count; i++) {
		if (b->fanouts[i])
			fanout_flush(w, b->fanouts[i], i);
	}
	copies_flush(w);
	for (uint16_t i = 0; i < b->packet_count; i++)
		rte_pktmbuf_free(b->packets[i]);
	b->packet_count = 0;
}

// Keeps the packet for NACKs. Returns false for a duplicate, which is the caller's again.
static bool history_keep(struct worker *w, struct fanout *f, struct rte_mbuf *m)
{
	const struct media_packet *p = packet_of(m);
	struct fanout_stream *s = &f->streams[p->info.layer];

	rte_mbuf_refcnt_update(m, 1);
	void *out = history_put(&s->history, p->info.seq, m, w->now_us);
	if (out == m) {
		rte_pktmbuf_free(m);
		return false;
	}
	if (out)
		rte_pktmbuf_free(out);
	for (int limit = 0; limit < TEMPORAL_LIMITS; limit++)
		s->seq_of[limit][p->info.seq_at[limit] % RELAY_HISTORY] = p->info.seq;
	return true;
}

void forward(struct worker *w, struct rte_mbuf *m)
{
	const struct media_packet *p = packet_of(m);
	struct fanout *f = worker_fanout(w, p->track_id);
	struct batch *b = &w->batch;

	if (!f || p->info.layer >= f->stream_count) {
		worker_count_drop(w, DROP_no_subscribers);
		goto free;
	}
	if (f->codec != AM_CODEC_OPUS && !history_keep(w, f, m)) {
		worker_count_drop(w, DROP_duplicate);
		goto free;
	}
	b->fanouts[b->packet_count] = f;
	b->packets[b->packet_count++] = m;
	if (b->packet_count == WORKER_BATCH)
		forward_flush(w);
	return;
free:
	rte_pktmbuf_free(m);
}

static bool repeat_is_allowed(struct worker *w, struct transport *t)
{
	int64_t gone_us = w->now_us - t->rtx_refilled_us;
	int64_t refill = gone_us * RELAY_RTX_PER_S / 1000000;

	if (refill > 0) {
		int64_t tokens = t->rtx_tokens + refill;
		t->rtx_tokens = (uint32_t)(tokens < RELAY_RTX_BURST ? tokens : RELAY_RTX_BURST);
		t->rtx_refilled_us = w->now_us;
	}
	if (t->rtx_tokens == 0)
		return false;
	t->rtx_tokens--;
	return true;
}

void forward_repeat(struct worker *w, struct subscription *s, uint16_t seq)
{
	struct selector_source source;
	struct selector_out out;
	uint32_t roc;

	if (!s->rtx_ssrc || !transport_is_reachable(s->transport) ||
	    !selector_find(&s->selector, seq, &source) || source.layer >= s->fanout->stream_count)
		return;
	struct fanout_stream *stream = &s->fanout->streams[source.layer];
	uint32_t in = stream->seq_of[source.limit][source.seq_at % RELAY_HISTORY];
	struct rte_mbuf *m = history_find(&stream->history, (uint16_t)in, w->now_us);
	if (!m || !selector_repeat(&source, &packet_of(m)->info, &out) || out.seq != seq)
		return;
	if (!repeat_is_allowed(w, s->transport))
		return;
	s->rtx_seq++;
	worker_count(w, AM_COUNTER_made_retransmissions, 1);
	if (!cipher_index_take(&s->rtx_index, s->rtx_seq, &roc))
		worker_count_drop(w, DROP_duplicate);
	else
		copy_queue(w, s, m, &out, roc, true);
	// The history may let go of the packet before the next flush.
	copies_flush(w);
}

void forward_report(struct worker *w, struct fanout *f, const struct message_report *report)
{
	struct subscription *s;

	if (report->stream >= f->stream_count)
		return;
	f->streams[report->stream].clock = (struct fanout_clock){
	        .ntp = report->ntp,
	        .rtp_timestamp = report->rtp_timestamp,
	        .known = true,
	};
	FANOUT_FOREACH (s, f) {
		if (!s->paused && s->selector.layer == report->stream)
			report_send(w, s);
	}
}

void forward_request_key_frame(struct worker *w, struct subscription *s)
{
	struct fanout *f = s->fanout;
	uint8_t layer = selector_wanted_layer(&s->selector);

	if (layer == SELECTOR_NONE || layer >= f->stream_count || f->codec == AM_CODEC_OPUS ||
	    w->now_us - f->streams[layer].key_frame_asked_us < KEY_FRAME_ASK_US)
		return;
	f->streams[layer].key_frame_asked_us = w->now_us;
	feedback_ask_key_frame(w, f, layer);
}

void forward_expire(struct worker *w)
{
	struct fanout *f;
	struct rte_mbuf *m;

	TAILQ_FOREACH (f, &w->fanout_list, entry) {
		for (int i = 0; i < f->stream_count; i++) {
			while ((m = history_expire(&f->streams[i].history, w->now_us)))
				rte_pktmbuf_free(m);
		}
	}
}

void forward_drain(struct fanout *f)
{
	struct rte_mbuf *m;

	for (int i = 0; i < f->stream_count; i++) {
		while ((m = history_drain(&f->streams[i].history)))
			rte_pktmbuf_free(m);
	}
}
