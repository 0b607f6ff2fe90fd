#include "path/forward.h"

#include <rte_mbuf.h>
#include <rte_ring_elem.h>

#include "media/codec.h"
#include "path/feedback.h"
#include "path/rtcp.h"
#include "path/tx.h"

#define KEY_FRAME_ASK_US 100000 // between two requests of this worker to the track's worker
#define SR_SIZE          128 // bytes of an SR with an SDES: 28 + 8 + 2 + 63 + padding

static struct media_packet *packet_of(struct rte_mbuf *m)
{
	return rte_mbuf_to_priv(m);
}

static bool is_reachable(const struct transport *t)
{
	return t->sender && t->route.len;
}

// Writes the viewer's RTP packet to `to`, and returns its length. An RTX packet has its original
// sequence number before the payload (RFC 4588 4).
static size_t copy_write(
        struct worker *w, const struct subscription *s, const struct rte_mbuf *m,
        const struct selector_out *out, bool rtx, uint8_t *to
)
{
	const struct media_packet *p = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	uint8_t *payload = to + p->template.len;

	memcpy(to, p->header, p->template.len);
	rtp_set_seq(to, out->seq);
	rtp_set_timestamp(to, out->timestamp);
	rtp_set_ssrc(to, s->ssrc);
	rtp_set_mid(to, &p->template, s->mid, s->mid_len);
	rtp_set_abs_send_time(to, &p->template, rtp_abs_send_time(w->now_us));
	if (rtx) {
		am_put_u16(payload, out->seq);
		payload += RTP_RTX_OSN_LEN;
	}
	memcpy(payload, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
	if (p->info.picture_id_bits) {
		const struct frame_info fields = {
		        .has_tl0picidx = p->info.flags & TRACK_TL0PICIDX,
		        .picture_id_bits = p->info.picture_id_bits,
		        .picture_id_offset = p->picture_id_offset,
		        .tl0picidx_offset = p->tl0picidx_offset,
		};
		codec_patch(payload, &fields, out->picture_id, out->tl0picidx);
	}
	return (size_t)(payload - to) + m->data_len;
}

// Encrypts the copy and sends it. False where it was dropped, which is counted.
static bool copy_send(
        struct worker *w, struct subscription *s, const struct rte_mbuf *m,
        const struct selector_out *out, bool rtx
)
{
	const struct packet_route *route = &s->transport->route;
	const struct media_packet *p = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	uint16_t capacity =
	        (uint16_t)(p->template.len + m->data_len + RTP_RTX_OSN_LEN + SRTP_TRAILER_MAX);
	uint8_t *payload;
	struct rte_mbuf *copy = tx_alloc(w, route, capacity, &payload);

	if (!copy)
		return false;
	size_t len = copy_write(w, s, m, out, rtx, payload);
	if (rtx) {
		rtp_set_pt(payload, s->fanout->room_rtx_payload_type);
		rtp_set_ssrc(payload, s->rtx_ssrc);
		rtp_set_seq(payload, s->rtx_seq++);
	}
	if (srtp_send_rtp(s->transport->sender, payload, &len, capacity) < 0) {
		rte_pktmbuf_free(copy);
		worker_count_drop(w, DROP_cipher_failed);
		return false;
	}
	tx_send(w, route, copy, (uint16_t)len);
	return true;
}

// Sends the publisher's wall clock with the viewer's timestamps, so that sound and picture of one
// publisher stay in step.
static void report_send(struct worker *w, struct subscription *s)
{
	uint8_t layer;
	uint32_t offset;

	if (!is_reachable(s->transport) ||
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

static void forward_one(struct worker *w, struct subscription *s, const struct rte_mbuf *m)
{
	const struct media_packet *p = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	struct selector_out out;
	uint8_t layer = s->selector.layer;

	if (s->paused || !is_reachable(s->transport))
		return;
	if (selector_forward(&s->selector, &p->info, &out)) {
		worker_count(w, AM_COUNTER_made_copies, 1);
		if (copy_send(w, s, m, &out, false)) {
			s->sent_packets++;
			s->sent_octets += m->data_len;
		}
		if (s->selector.layer != layer)
			s->report_due = true;
		if (s->report_due)
			report_send(w, s);
	}
	layers_tell(w, s);
	forward_request_key_frame(w, s);
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
	struct subscription *s;

	if (!f || p->info.layer >= f->stream_count) {
		worker_count_drop(w, DROP_no_subscribers);
		goto free;
	}
	if (f->codec != AM_CODEC_OPUS && !history_keep(w, f, m)) {
		worker_count_drop(w, DROP_duplicate);
		goto free;
	}
	if (f->active != p->active) {
		f->active = p->active;
		TAILQ_FOREACH(s, &f->subscriptions, of_fanout)
		selector_set_active(&s->selector, f->active);
	}
	TAILQ_FOREACH(s, &f->subscriptions, of_fanout)
	forward_one(w, s, m);
	worker_count(w, AM_COUNTER_consumed, 1);
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

	if (!s->rtx_ssrc || !is_reachable(s->transport) ||
	    !selector_find(&s->selector, seq, &source) || source.layer >= s->fanout->stream_count)
		return;
	struct fanout_stream *stream = &s->fanout->streams[source.layer];
	uint32_t in = stream->seq_of[source.limit][source.seq_at % RELAY_HISTORY];
	struct rte_mbuf *m = history_find(&stream->history, (uint16_t)in, w->now_us);
	if (!m || !selector_repeat(&source, &packet_of(m)->info, &out) || out.seq != seq)
		return;
	if (!repeat_is_allowed(w, s->transport))
		return;
	worker_count(w, AM_COUNTER_made_retransmissions, 1);
	copy_send(w, s, m, &out, true);
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
	TAILQ_FOREACH(s, &f->subscriptions, of_fanout)
	{
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

void forward_drain(struct fanout *f)
{
	struct rte_mbuf *m;

	for (int i = 0; i < f->stream_count; i++) {
		while ((m = history_drain(&f->streams[i].history)))
			rte_pktmbuf_free(m);
	}
}
