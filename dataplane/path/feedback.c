#include "path/feedback.h"

#include <rte_mbuf.h>

#include "path/figures.h"
#include "path/forward.h"
#include "path/pli.h"
#include "path/post.h"
#include "path/repeat.h"
#include "path/rtcp_send.h"
#include "path/ssrc.h"
#include "path/subscription.h"
#include "path/tap.h"
#include "path/viewer.h"
#include "wire/rtcp.h"

#define FEEDBACK_SIZE 1000 // bytes of one RTCP packet that we make
#define NACK_BATCH    64 // sequence numbers in one NACK packet
#define REPORT_BLOCKS 31 // RFC 3550 6.4.2
#define SOUND_RATE    48000 // Opus: RFC 7587 4.1
#define PICTURE_RATE  90000
#define SHED          8 // a worker that is behind reads one SRTCP packet out of this many
#define REPORTED_US   5000000 // no report has covered any packet for this long: nothing is sent

// In units of TRANSPORT_RTCP_PER_S. A number in a NACK and an SSRC in a BYE cost one each.
#define PACKET_COST 4 // to decrypt a packet
#define PART_COST   2 // to read a packet of a compound
#define FIND_COST   8 // to look up a subscription, or to update an estimate

#define STATUSES_COST 8 // statuses of transport-wide feedback for one unit

static struct subscription *subscription_find(struct transport *t, uint32_t ssrc)
{
	struct subscription *s;

	TAILQ_FOREACH (s, &t->subscriptions, of_transport) {
		if (s->ssrc == ssrc)
			return s;
	}
	return NULL;
}

// A stream of this publisher by its media SSRC. Checked for each packet: only SSRCs received on
// this very transport count.
static struct ssrc_route *stream_find(struct transport *t, uint32_t ssrc)
{
	struct ssrc_route *r = t->ssrcs ? ssrc_find(t, ssrc) : NULL;

	return r && !r->rtx ? r : NULL;
}

static void read_sender_report(struct worker *w, struct transport *t, const struct rtcp_view *v)
{
	struct rtcp_sender_info info;
	struct message msg = {.type = MESSAGE_REPORT};

	if (rtcp_parse_sender_info(v, &info) < 0)
		return;
	struct ssrc_route *r = stream_find(t, info.ssrc);
	if (!r)
		return;
	struct track_stream *s = &r->track->streams[r->stream];
	rtp_clock_update(&s->clock, info.ntp, info.rtp_timestamp);
	reception_sr(&s->reception, info.ntp, w->now_us);
	if (r->track->tapped)
		tap_report(w, r->track, r->stream);

	msg.id = r->track->params.track_id;
	msg.report = (struct message_report){info.ntp, info.rtp_timestamp, r->stream};
	for (uint16_t i = 0; i < w->worker_count; i++) {
		if (i == w->index || !(r->track->workers & (1u << i)))
			continue;
		// A report that is lost here is made up for by the next one.
		(void)!message_post(w->workers[i].handovers[w->index], &msg);
	}
	struct fanout *f = worker_fanout(w, msg.id);
	if (f)
		forward_report(f, &msg.report);
}

static void link_tell(struct worker *w, const struct transport *t)
{
	am_gauge_set(w->gauges->transports, t->id, link_gauge(&t->link));
}

// What one block says about the path to the viewer besides loss.
static void link_probe(struct worker *w, struct transport *t, const struct rtcp_report *r)
{
	const struct subscription *s = subscription_find(t, r->ssrc);

	if (!s)
		return;
	bool sound = s->fanout->codec == AM_CODEC_OPUS;
	figures_report(w, s, r, sound ? SOUND_RATE : PICTURE_RATE);
	if (sound) // video comes in bursts by nature
		link_jitter(&t->link, r->jitter, SOUND_RATE);
	if (r->last_sr && r->last_sr == s->reported_ntp) {
		uint32_t age_us = (uint32_t)w->now_us - s->reported_us;
		link_rtt(&t->link, w->now_us, w->now_us - age_us, r->delay_since_last_sr);
	}
}

// A viewer's reception reports, from an SR or RR. Each block counts for as many packets as it
// covers: a stream that has stopped loses nothing and says nothing about the path.
static void read_reports(struct worker *w, struct transport *t, const struct rtcp_view *v)
{
	struct rtcp_report r;
	uint32_t lost = 0, expected = 0;
	uint8_t n = 0;

	static_assert((uint64_t)RTCP_REPORT_COUNT_MAX * INT16_MAX * UINT8_MAX < UINT32_MAX);
	for (; t->viewer && rtcp_report_at(v, n, &r); n++) {
		uint32_t packets = expected_since(&t->viewer->expected, r.ssrc, r.highest_seq);
		lost += packets * r.fraction_lost;
		expected += packets;
		if (link_has_turn(&t->link, w->now_us))
			link_probe(w, t, &r);
	}
	if (n == 0)
		return;
	if (expected > 0) {
		t->viewer->reported_us = w->now_us;
		link_lost(&t->link, (uint8_t)(lost / expected));
		viewer_report(w, t, (uint8_t)(lost / expected));
	} else if (t->viewer && w->now_us - t->viewer->reported_us > REPORTED_US) {
		link_lost(&t->link, 0); // nothing is sent: earlier losses are forgotten
	}
	link_tell(w, t);
}

static void work_refill(struct worker *w, struct transport *t)
{
	bucket_fill(&t->rtcp, w->now_us, TRANSPORT_RTCP_PER_S, TRANSPORT_RTCP_BURST);
	bucket_fill(&w->rtcp, w->now_us, WORKER_RTCP_PER_S, WORKER_RTCP_BURST);
}

// A client that has used up half of its share must wait first: the second half of the worker's
// share is for the others.
static bool asks_much(const struct transport *t)
{
	return t->rtcp.tokens < TRANSPORT_RTCP_BURST / 2;
}

// Pays for work before it is done. False: the work must not be done.
static bool work_take(struct worker *w, struct transport *t, uint32_t cost)
{
	uint32_t reserve = asks_much(t) ? WORKER_RTCP_BURST / 2 : 0;

	if (t->rtcp.tokens < cost || w->rtcp.tokens < cost + reserve)
		return false;
	t->rtcp.tokens -= cost;
	w->rtcp.tokens -= cost;
	return true;
}

// This and the other readers return false once the client has used up its share.
static bool read_nack(struct worker *w, struct transport *t, const struct rtcp_view *v)
{
	struct rtcp_feedback f;
	uint16_t seq;

	if (!work_take(w, t, FIND_COST))
		return false;
	if (rtcp_parse_feedback(v, &f) < 0)
		return true;
	struct subscription *s = subscription_find(t, f.media_ssrc);
	if (!s)
		return true;
	struct rtcp_nack_iter it = rtcp_nack_begin(v);
	uint64_t repeated = s->rtx_index;
	uint32_t asked = 0;
	bool paid = true;
	while (rtcp_nack_next(&it, &seq) && (paid = work_take(w, t, 1))) {
		asked++;
		repeat_send(w, s, seq);
	}
	worker_count(w, AM_COUNTER_nacks_received, asked);
	figures_nack(w, s, asked, (uint32_t)(s->rtx_index - repeated));
	return paid;
}

void feedback_refresh(struct worker *w, struct subscription *s)
{
	uint8_t layer = s->selector.layer;

	if (s->paused || s->fanout->codec == AM_CODEC_OPUS)
		return;
	if (layer == SELECTOR_NONE) // it is being requested anyway
		subscription_request_key_frame(w, s);
	else if (keyframe_share_is_served(
	                 &s->key_frames, w->now_us, transport_rtt_us(s->transport)
	         ))
		worker_count(w, AM_COUNTER_plis_refused, 1);
	else if (keyframe_share_take(&s->key_frames, w->now_us))
		pli_ask(w, s->fanout, layer);
	else
		worker_count(w, AM_COUNTER_plis_refused, 1);
}

// A viewer requests a key frame by PLI (RFC 4585 6.3.1) or FIR (RFC 5104 4.3.1).
static bool read_key_frame_request(struct worker *w, struct transport *t, uint32_t ssrc)
{
	if (!work_take(w, t, FIND_COST))
		return false;
	struct subscription *s = subscription_find(t, ssrc);
	if (!s)
		return true;
	worker_count(w, AM_COUNTER_plis_received, 1);
	figures_pli(w, s);
	feedback_refresh(w, s);
	return true;
}

// RFC 3550 6.6. A publisher that goes on afterwards is accepted as before: a BYE says nothing about
// numbers.
static void read_bye(struct transport *t, const struct rtcp_view *v)
{
	uint32_t ssrc;

	for (uint8_t i = 0; rtcp_bye_at(v, i, &ssrc); i++) {
		struct ssrc_route *r = stream_find(t, ssrc);
		if (r)
			r->track->streams[r->stream].left = true;
	}
}

// Which of a viewer's copies arrived, and when.
static bool read_transport_cc(struct worker *w, struct transport *t, const struct rtcp_view *v)
{
	if (!work_take(w, t, FIND_COST + viewer_feedback_statuses(v) / STATUSES_COST))
		return false;
	viewer_feedback(w, t, v);
	return true;
}

static bool read_one(struct worker *w, struct transport *t, const struct rtcp_view *v)
{
	struct rtcp_feedback f;
	struct rtcp_fir fir;

	if (!work_take(w, t, PART_COST))
		return false;
	switch (v->kind) {
	case RTCP_SR:
		read_sender_report(w, t, v);
		read_reports(w, t, v);
		break;
	case RTCP_RR: read_reports(w, t, v); break;
	case RTCP_NACK: return read_nack(w, t, v);
	case RTCP_PLI:
		return rtcp_parse_feedback(v, &f) < 0 || read_key_frame_request(w, t, f.media_ssrc);
	case RTCP_FIR:
		for (uint8_t i = 0; rtcp_fir_at(v, i, &fir); i++) {
			if (!read_key_frame_request(w, t, fir.ssrc))
				return false;
		}
		break;
	case RTCP_BYE:
		if (!work_take(w, t, v->count))
			return false;
		read_bye(t, v);
		break;
	case RTCP_TRANSPORT_CC: return read_transport_cc(w, t, v);
	case RTCP_REMB: viewer_remb(w, t, v); break;
	default: break; // SDES: nothing depends on it
	}
	return true;
}

void feedback_path_await(struct transport *t, const struct flow_key *flow)
{
	uint8_t i = 0;

	while (i < TRANSPORT_AWAITED && memcmp(&t->awaited[i], flow, sizeof(*flow)) != 0)
		i++;
	if (i == TRANSPORT_AWAITED) {
		i = t->awaited_next;
		t->awaited_next = (uint8_t)((i + 1) % TRANSPORT_AWAITED);
		t->awaited[i] = *flow;
	}
	t->awaits |= (uint8_t)(1 << i);
}

void feedback_path_seen(struct worker *w, struct transport *t, const struct packet_view *v)
{
	struct message msg = {.type = MESSAGE_PATH_PROVEN, .id = t->id};

	flow_key_from_view(&msg.flow, v);
	memcpy(msg.mac, v->src_mac, sizeof(msg.mac));
	for (uint8_t i = 0; i < TRANSPORT_AWAITED; i++) {
		if (!(t->awaits & 1 << i) ||
		    memcmp(&msg.flow, &t->awaited[i], sizeof(msg.flow)) != 0)
			continue;
		// If the ring is full, the next packet reports it.
		if (message_post(w->replies, &msg))
			t->awaits &= (uint8_t) ~(1 << i);
	}
}

// Packets that are not even decrypted. A worker that is behind reads one of eight: after a stall,
// thousands of viewers request what they missed, and reading it all would take the time for
// catching up. From clients that request much, it reads none.
static bool is_shed(struct worker *w, struct transport *t, enum drop *why)
{
	work_refill(w, t);
	*why = DROP_busy;
	if (w->behind && (asks_much(t) || ++w->shed % SHED != 0))
		return true;
	*why = DROP_rtcp_rate;
	return t->rtcp.tokens < PACKET_COST;
}

void feedback_receive(
        struct worker *w, struct transport *t, struct rte_mbuf *m, const struct packet_view *v
)
{
	uint8_t *packet = rte_pktmbuf_mtod_offset(m, uint8_t *, v->payload_offset);
	size_t len = v->payload_len;
	struct rtcp_view sub;
	bool paid = true;
	enum drop why;

	if (is_shed(w, t, &why)) {
		worker_count_drop(w, why);
		goto free;
	}
	if (!t->rtcp_receiver) {
		worker_count_drop(w, DROP_no_keys);
		goto free;
	}
	int ret = cipher_unprotect_rtcp(w->cipher, t->rtcp_receiver, packet, &len);
	if (ret < 0) {
		worker_count_drop(w, ret == -EALREADY ? DROP_srtcp_replay : DROP_srtcp_auth);
		goto free;
	}
	if (t->awaits)
		feedback_path_seen(w, t, v);
	worker_count(w, AM_COUNTER_rtcp_packets, 1);
	struct rtcp_iter it = rtcp_begin(packet, len);
	paid = work_take(w, t, PACKET_COST); // not earlier, since it may be forged
	while (paid && rtcp_next(&it, &sub))
		paid = read_one(w, t, &sub);
	if (!paid)
		worker_count_drop(w, DROP_rtcp_rate);
	else if (it.reader.failed)
		worker_count_drop(w, DROP_rtcp_malformed);
	else
		worker_count(w, AM_COUNTER_consumed, 1);
free:
	rte_pktmbuf_free(m);
}

// VP8 and VP9 decoders see from the pictures whether they require the missing packets. With other
// codecs, video stands still until a key frame.
static bool needs_all(const struct track *t)
{
	return t->params.codec == AM_CODEC_H264 || t->params.codec == AM_CODEC_AV1;
}

void feedback_nack(struct worker *w, struct track *track, uint8_t stream)
{
	struct transport *t = track->transport;
	struct track_stream *s = &track->streams[stream];
	uint16_t seqs[NACK_BATCH];
	uint8_t *payload;

	if (!transport_is_reachable(t))
		return;
	uint32_t given_up = s->nack.given_up;
	uint16_t n = nack_collect(&s->nack, w->now_us, seqs, NACK_BATCH);
	bool lost = s->nack.given_up != given_up && s->nack.lost > s->key_seq;
	bool stuck = lost && track->workers && needs_all(track); // and there are viewers
	if (tap_has_lost(w, track, s) || stuck)
		pli_request(w, track, stream);
	if (n == 0)
		return;
	struct rte_mbuf *m = rtcp_send_alloc(w, t, FEEDBACK_SIZE, &payload);
	if (!m)
		return;
	const struct rtcp_feedback f = {t->feedback_ssrc, s->ssrc};
	rtcp_send(w, t, m, payload, rtcp_build_nack(payload, FEEDBACK_SIZE, &f, seqs, n));
	worker_count(w, AM_COUNTER_nacks_sent, n);
	figures_stream_nack(w, track, stream, n);
}

static void stream_tick(struct worker *w, struct track *track, uint8_t stream)
{
	struct track_stream *s = &track->streams[stream];

	if (s->ssrc == 0)
		return;
	if (track->params.nack)
		feedback_nack(w, track, stream);
	pli_tick(w, track, stream);
}

static void reports_send(struct worker *w, struct transport *t, int64_t since_us)
{
	struct rtcp_report blocks[REPORT_BLOCKS];
	uint32_t lost = 0, heard = 0, bps = 0;
	uint8_t n = 0;
	struct track *track;
	uint8_t *payload;

	TAILQ_FOREACH (track, &t->tracks, entry) {
		for (uint8_t i = 0; i < track->params.encoding_count && n < REPORT_BLOCKS; i++) {
			struct track_stream *s = &track->streams[i];
			if (!s->ssrc ||
			    reception_report(&s->reception, s->ssrc, w->now_us, &blocks[n]) < 0)
				continue;
			bps += figures_stream(w, track, i, &blocks[n], since_us);
			if (w->now_us - s->arrived_us < FEEDBACK_REPORT_US) {
				lost += blocks[n].fraction_lost;
				heard++;
				if (track->params.codec == AM_CODEC_OPUS)
					link_jitter(&t->link, blocks[n].jitter, SOUND_RATE);
			}
			n++;
		}
	}
	if (n == 0)
		return;
	figures_publisher(w, t->id, bps);
	if (heard > 0) { // silence says nothing about the link
		link_lost(&t->link, (uint8_t)(lost / heard));
		link_tell(w, t);
	}
	struct rte_mbuf *m = rtcp_send_alloc(w, t, FEEDBACK_SIZE, &payload);
	if (m)
		rtcp_send(
		        w, t, m, payload,
		        rtcp_build_rr(payload, FEEDBACK_SIZE, t->feedback_ssrc, blocks, n)
		);
}

static void twcc_send(struct worker *w, struct transport *t)
{
	uint8_t bytes[FEEDBACK_SIZE];
	uint8_t *payload;
	size_t len;
	struct track *track = TAILQ_FIRST(&t->tracks);
	uint32_t media_ssrc = track ? track->streams[0].ssrc : 0;

	while ((len = twcc_build(t->twcc, bytes, sizeof(bytes), t->feedback_ssrc, media_ssrc))) {
		struct rte_mbuf *m = rtcp_send_alloc(w, t, FEEDBACK_SIZE, &payload);
		if (!m)
			return;
		memcpy(payload, bytes, len);
		rtcp_send(w, t, m, payload, len);
	}
}

static void transport_tick(struct worker *w, struct transport *t)
{
	struct track *track;

	TAILQ_FOREACH (track, &t->tracks, entry) {
		for (uint8_t i = 0; i < track->params.encoding_count; i++)
			stream_tick(w, track, i);
	}
	int64_t since_us = w->now_us - t->report_sent_us;
	if (since_us >= FEEDBACK_REPORT_US) {
		t->report_sent_us = w->now_us;
		reports_send(w, t, since_us);
	}
	if (t->twcc && w->now_us - t->twcc_sent_us >= FEEDBACK_TWCC_US) {
		t->twcc_sent_us = w->now_us;
		twcc_send(w, t);
	}
}

void feedback_tick(struct worker *w)
{
	struct transport *t;

	TAILQ_FOREACH (t, &w->publishers, publishers) {
		if (transport_is_reachable(t))
			transport_tick(w, t);
	}
}

void feedback_levels(struct worker *w)
{
	struct transport *t;
	struct track *track;

	TAILQ_FOREACH (t, &w->publishers, publishers) {
		TAILQ_FOREACH (track, &t->tracks, entry) {
			if (track->params.codec == AM_CODEC_OPUS)
				am_gauge_set(
				        w->gauges->tracks, track->params.track_id,
				        level_read(&track->level, w->now_us)
				);
		}
	}
}
