#include "path/receive.h"

#include <rte_mbuf.h>
#include <rte_ring_elem.h>

#include "media/codec.h"
#include "path/feedback.h"
#include "path/forward.h"
#include "path/incoming.h"
#include "path/pli.h"
#include "path/post.h"
#include "path/ssrc.h"
#include "path/tap.h"
#include "wire/sequence.h"

// Does the element hold exactly this string? No element holds an empty one.
static bool ext_equals(const struct incoming *in, uint8_t id, const char *string)
{
	struct rtp_ext ext;

	return id && *string && rtp_ext_find(in->bytes, &in->view, id, &ext) &&
	       ext.len == strlen(string) && memcmp(in->bytes + ext.offset, string, ext.len) == 0;
}

static bool has_ext(const struct incoming *in, uint8_t id)
{
	struct rtp_ext ext;
	return id && rtp_ext_find(in->bytes, &in->view, id, &ext);
}

// The encoding of an unknown SSRC within a track: by RID or repaired RID (RFC 8852). Otherwise the
// only encoding, if it has no RID, and either has no SSRC yet, or the packet is RTX or has the
// track's MID. -1: none.
static int stream_match(const struct incoming *in, const struct track *t, bool rtx, bool mid)
{
	const struct am_cmd_track_add *p = &t->params;

	for (int i = 0; i < p->encoding_count; i++) {
		const char *rid = p->encodings[i].rid;
		if (ext_equals(in, p->extension_id[AM_EXT_RID], rid) ||
		    (rtx && ext_equals(in, p->extension_id[AM_EXT_REPAIRED_RID], rid)))
			return i;
	}
	if (p->encoding_count == 1 && !p->encodings[0].rid[0] &&
	    (p->encodings[0].ssrc == 0 || rtx || mid))
		return 0;
	return -1;
}

// Finds the track of an SSRC that was not signaled: by MID, or by RID if there is no MID (RFC 8843
// 9.2). The packet must be authentic.
static struct ssrc_route *route_discover(struct transport *t, const struct incoming *in)
{
	struct track *track;

	TAILQ_FOREACH (track, &t->tracks, entry) {
		const struct am_cmd_track_add *p = &track->params;
		bool rtx = p->rtx_payload_type && in->view.pt == p->rtx_payload_type;
		if (!rtx && in->view.pt != p->payload_type)
			continue;
		bool mid = ext_equals(in, p->extension_id[AM_EXT_MID], p->mid);
		if (!mid && has_ext(in, p->extension_id[AM_EXT_MID]))
			continue;
		int stream = stream_match(in, track, rtx, mid);
		if (stream < 0 || (!mid && !p->encodings[stream].rid[0] && p->mid[0]))
			continue;
		return ssrc_learn(t, track, in->view.ssrc, (uint8_t)stream, rtx);
	}
	return NULL;
}

static bool incoming_find(struct worker *w, struct transport *t, struct incoming *in)
{
	struct ssrc_route *r = ssrc_find(t, in->view.ssrc);

	if (!r)
		r = route_discover(t, in);
	if (!r) {
		worker_count_drop(w, DROP_unknown_ssrc);
		return false;
	}
	if (!r->held) {
		srtp_receiver_hold(t->receiver, r->ssrc);
		r->held = true;
	}
	const struct am_cmd_track_add *p = &r->track->params;
	if (in->view.pt != (r->rtx ? p->rtx_payload_type : p->payload_type)) {
		worker_count_drop(w, DROP_unknown_payload_type);
		return false;
	}
	in->track = r->track;
	in->index = r->stream;
	in->stream = &r->track->streams[r->stream];
	in->rtx = r->rtx;
	return true;
}

static void twcc_note(struct worker *w, struct transport *t, const struct incoming *in)
{
	struct rtp_ext ext;
	uint8_t id = in->track->params.extension_id[AM_EXT_TRANSPORT_CC];

	if (t->twcc && id && rtp_ext_find(in->bytes, &in->view, id, &ext) && ext.len == 2)
		twcc_arrived(
		        t->twcc, (uint16_t)(in->bytes[ext.offset] << 8 | in->bytes[ext.offset + 1]),
		        w->now_us
		);
}

static void hold_end(struct worker *, const struct incoming *);

// The stream continues with another source: nothing of the old one is valid except the numbers
// given out.
static void source_begin(struct worker *w, const struct incoming *in)
{
	const struct track *t = in->track;
	struct track_stream *s = in->stream;

	hold_end(w, in);
	nack_restart(&s->nack);
	s->key_seq = 0;
	s->tap_lost = 0;
	rtp_clock_init(&s->clock, s->clock.rate);
	s->unit = (struct access_unit){0};
	s->dependencies = (struct dependency_structure){0};
	temporal_restart(&s->counter);
	for (int i = 1; i < track_spatial_limits(&t->params); i++)
		temporal_restart(&s[i].counter);
}

// Numbers the packet and notes its arrival. False: there is nothing to relay, and it was counted.
static bool incoming_note(struct worker *w, struct incoming *in)
{
	struct track_stream *s = in->stream;
	const struct am_cmd_track_add *p = &in->track->params;

	if (in->rtx &&
	    (s->ssrc == 0 || rtp_restore_rtx(in->bytes, &in->view, s->ssrc, p->payload_type) < 0)) {
		// Padding without media: how browsers probe for bandwidth.
		worker_count(w, AM_COUNTER_consumed, 1);
		return false;
	}
	switch (numbering_packet(&s->numbering, in->view.seq, in->rtx, &in->source_seq, &in->seq)) {
	case NUMBERING_OUTSIDE: worker_count_drop(w, DROP_too_old); return false;
	case NUMBERING_NEW: source_begin(w, in); break;
	case NUMBERING_NEXT: break;
	}
	in->source = s->numbering.source;
	s->arrived_us = w->now_us;
	s->left = false;
	s->packets++;
	s->octets += in->view.payload_len;
	s->repaired += in->rtx;
	if (!in->rtx)
		reception_packet(&s->reception, in->view.seq, in->view.timestamp, w->now_us);
	if (p->nack && nack_arrived(&s->nack, in->source_seq, in->rtx, w->now_us)) {
		hold_end(w, in); // missing packets are not requested any more
		pli_request(w, in->track, in->index);
	}
	return true;
}

// How many bytes of the payload a viewer's own picture numbers may change.
static uint8_t patch_len(const struct frame_info *f)
{
	uint8_t picture_end = (uint8_t)(f->picture_id_offset + (f->picture_id_bits > 7 ? 2 : 1));
	uint8_t tl0_end = (uint8_t)(f->tl0picidx_offset + 1);

	if (f->picture_id_bits == 0)
		return 0;
	return f->has_tl0picidx && tl0_end > picture_end ? tl0_end : picture_end;
}

// What an AV1 packet's dependency descriptor, if it has one, says about its frame.
static void frame_describe(const struct incoming *in, struct frame_info *frame)
{
	struct rtp_ext ext;
	struct dependency_frame described;
	uint8_t id = in->track->params.extension_id[AM_EXT_DEPENDENCY_DESCRIPTOR];

	if (id && rtp_ext_find(in->bytes, &in->view, id, &ext) &&
	    dependency_read(
	            &in->stream->dependencies, in->seq, in->bytes + ext.offset, ext.len, &described
	    ) == 0)
		codec_describe(frame, &described);
}

// What the payload says about its frame.
static void frame_inspect(
        struct worker *w, const struct incoming *in, struct frame_info *frame,
        struct access_unit_key *key
)
{
	struct track *t = in->track;

	(void)codec_inspect(
	        (enum codec)t->params.codec, in->bytes + in->view.payload_offset,
	        in->view.payload_len, frame
	);
	if (t->params.codec == AM_CODEC_H264)
		frame->key_frame = access_unit_packet(
		        &in->stream->unit, in->seq,
		        in->view.payload_len > 0 ? frame->h264_units : H264_OTHER, key
		);
	if (t->params.codec == AM_CODEC_AV1)
		frame_describe(in, frame);
	if (track_spatial_limits(&t->params) == 1)
		codec_ignore_spatial(frame);
	else if (frame->spatial_id > 0 && frame->spatial_id < SPATIAL_LIMITS)
		t->streams[frame->spatial_id].arrived_us = w->now_us;
}

// Counts the packet for each limit that a viewer may have. 0 or -ERANGE.
static int packet_count(
        const struct incoming *in, const struct frame_info *frame, bool empty,
        struct track_packet *info
)
{
	struct track_stream *s = in->track->streams;
	struct layer_counter *const counters[SPATIAL_LIMITS] = {
	        &s[0].counter, &s[1].counter, &s[2].counter, &s[3].counter};

	if (track_spatial_limits(&in->track->params) > 1)
		return spatial_count(counters, in->seq, frame, empty, info);
	return temporal_count(&in->stream->counter, in->seq, frame, empty, info);
}

// Turns the packet into the track's: room-wide header and metadata in the private area, the payload
// as the mbuf's data. False: to drop; it was counted.
static bool packet_make(struct worker *w, const struct incoming *in, struct rte_mbuf *m)
{
	struct media_packet *p = rte_mbuf_to_priv(m);
	struct track_stream *s = in->stream;
	struct access_unit_key key = {0};
	struct frame_info frame;

	p->track_id = in->track->params.track_id;
	p->ready_us = w->now_us;
	p->info = (struct track_packet){
	        .arrival_us = in->arrival_us,
	        .seq = (uint32_t)in->seq,
	        .timestamp = in->view.timestamp,
	        .layer = in->index,
	        .source = in->source,
	        .flags = in->view.marker ? TRACK_END : 0,
	};
	if (s->clock.known) {
		p->info.track_timestamp = rtp_clock_track_timestamp(&s->clock, in->view.timestamp);
		p->info.flags |= TRACK_TIME;
	}
	frame_inspect(w, in, &frame, &key);
	if (packet_count(in, &frame, in->view.payload_len == 0, &p->info) < 0) {
		worker_count_drop(w, DROP_too_old);
		return false;
	}
	if (rtp_rewrite_track(in->bytes, &in->view, &in->track->format, p->header, &p->template) <
	    0) {
		worker_count_drop(w, DROP_rtp_malformed);
		return false;
	}
	p->info.lead = key.lead;
	p->info.trail = key.trail;
	p->picture_id_offset = frame.picture_id_offset;
	p->tl0picidx_offset = frame.tl0picidx_offset;
	p->patch_len = patch_len(&frame);
	p->active = track_active(in->track, w->now_us);
	if (frame.key_frame) {
		keyframe_arrived(&s->keyframe);
		// A packet of an older key frame may come late.
		s->key_seq = RTE_MAX(s->key_seq, in->source_seq);
		s->key_timestamp = in->view.timestamp;
	}
	if (s->key_seq > 0 && in->view.timestamp == s->key_timestamp)
		p->info.flags |= TRACK_KEY_PICTURE;
	m->data_off = (uint16_t)(in->bytes + in->view.payload_offset - (uint8_t *)m->buf_addr);
	m->data_len = in->view.payload_len;
	m->pkt_len = in->view.payload_len;
	return true;
}

// A packet that fits the publisher's path may be too long for a viewer's, where it carries the
// room's extensions, in RTX the original number, and perhaps an IPv6 header. Copies that are too
// long are dropped one by one; here their track is reported once.
static void length_check(struct worker *w, struct track *t, const struct rte_mbuf *m)
{
	const struct media_packet *p = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	const struct message msg = {
	        .type = MESSAGE_TOO_LONG, .id = t->params.track_id, .value = m->data_len};
	uint32_t ip_udp = w->local.ipv6.family ? PACKET_IP_UDP_MAX : PACKET_IPV4_UDP;
	uint32_t longest =
	        ip_udp + p->template.len + RTP_RTX_OSN_LEN + m->data_len + CIPHER_TRAILER_MAX;

	if (longest <= w->port->mtu || t->too_long_told)
		return;
	// If the ring is full, the next packet reports it.
	t->too_long_told = message_post(w->replies, &msg);
}

// Passes the packet to each worker with subscribers: one reference each.
static void packet_pass(struct worker *w, const struct track *t, struct rte_mbuf *m)
{
	const struct message msg = {.type = MESSAGE_PACKET, .object = m};
	bool here = t->workers & (1u << w->index);

	for (uint16_t i = 0; i < w->worker_count; i++) {
		if (i == w->index || !(t->workers & (1u << i)))
			continue;
		worker_count(w, AM_COUNTER_made_copies, 1);
		rte_mbuf_refcnt_update(m, 1);
		if (rte_ring_sp_enqueue_elem(
		            w->workers[i].handovers[w->index], (void *)(uintptr_t)&msg, sizeof(msg)
		    ) == 0) {
			worker_count(w, AM_COUNTER_handover_out, 1);
		} else {
			rte_pktmbuf_free(m);
			worker_count_drop(w, DROP_handover_full);
		}
	}
	if (here) {
		forward(w, m);
		return;
	}
	rte_pktmbuf_free(m);
	if (t->workers)
		worker_count(w, AM_COUNTER_consumed, 1);
	else
		worker_count_drop(w, DROP_no_subscribers);
}

static void srtp_drop(struct worker *w, int error)
{
	switch (error) {
	case -EALREADY: worker_count_drop(w, DROP_srtp_replay); break;
	case -EINVAL: worker_count_drop(w, DROP_srtp_malformed); break;
	case -ENOSPC: worker_count_drop(w, DROP_srtp_stream_limit); break;
	default: worker_count_drop(w, DROP_srtp_auth); break;
	}
}

// True if the transport has not used up its rate. A second's worth may come at once.
static bool publisher_may_send(const struct worker *w, struct transport *t, uint32_t frame_len)
{
	uint32_t packets = w->publisher_packets_per_s, bytes = w->publisher_bytes_per_s;

	bucket_fill(&t->in_packets, w->now_us, packets, packets);
	bucket_fill(&t->in_bytes, w->now_us, bytes, bytes);
	return (!packets || t->in_packets.tokens > 0) &&
	       (!bytes || t->in_bytes.tokens >= frame_len);
}

// Only authentic packets cost anything, so a forger cannot silence a publisher.
static void publisher_pay(struct transport *t, uint32_t frame_len)
{
	t->in_packets.tokens -= RTE_MIN(1u, t->in_packets.tokens);
	t->in_bytes.tokens -= RTE_MIN(frame_len, t->in_bytes.tokens);
}

// A packet of a paused track, or of a voice that is not forwarded, counts for nobody, so viewers'
// numbers continue without a gap.
static void packet_skip(const struct incoming *in)
{
	struct track_stream *s = in->track->streams;

	if (track_spatial_limits(&in->track->params) == 1) {
		temporal_skip(&in->stream->counter, in->seq);
		return;
	}
	for (int i = 0; i < SPATIAL_LIMITS; i++)
		temporal_skip(&s[i].counter, in->seq);
}

// Whether the packet is forwarded. Audio that carries its level is compared with the other voices
// of its room.
static bool voice_is_forwarded(const struct worker *w, const struct incoming *in)
{
	struct track *t = in->track;
	const uint8_t *level = incoming_ext(in, AM_EXT_AUDIO_LEVEL, 1);

	if (t->params.codec != AM_CODEC_OPUS || !level)
		return true;
	level_packet(&t->level, *level, w->now_us);
	return !t->voices ||
	       voices_packet(
	               t->voices, &t->voice, t->params.voices, level_loudness(*level), w->now_us
	       );
}

// True if nobody gets the packet; then it was counted.
static bool packet_withhold(struct worker *w, const struct incoming *in)
{
	if (in->track->paused) {
		worker_count_drop(w, DROP_paused);
	} else if (!voice_is_forwarded(w, in)) {
		worker_count(w, AM_COUNTER_voices_withheld, 1);
		worker_count(w, AM_COUNTER_consumed, 1);
	} else {
		return false;
	}
	packet_skip(in);
	return true;
}

// Numbers the packet and passes it to the workers, or to nobody. The recorder gets it before
// anything is left out for viewers.
static void packet_go(struct worker *w, const struct incoming *in, struct rte_mbuf *m)
{
	if (in->track->tapped && !in->track->paused)
		tap_packet(w, in);
	if (packet_withhold(w, in) || !packet_make(w, in, m)) {
		rte_pktmbuf_free(m);
		return;
	}
	length_check(w, in->track, m);
	packet_pass(w, in->track, m);
}

// Only video waits, since NACKs may repair its gaps. Audio never does.
static bool may_wait(const struct incoming *in)
{
	return in->track->params.nack && in->track->params.codec != AM_CODEC_OPUS;
}

static struct incoming *incoming_of(struct rte_mbuf *m)
{
	static_assert(sizeof(struct incoming) <= PORT_MBUF_PRIV);
	return rte_mbuf_to_priv(m);
}

// While a packet waits, its struct incoming is kept where its media_packet will be.
static bool held_put(struct worker *w, const struct incoming *in, struct rte_mbuf *m)
{
	struct buffer_share *share = &w->shares[WORKER_WAITING];
	struct track_stream *s = in->stream;

	if (!hold_put(&s->hold, in->seq, m, w->now_us))
		return false;
	if (s->hold.count == 1)
		LIST_INSERT_HEAD(&w->holding, s, holding);
	*incoming_of(m) = *in;
	share->held++;
	share->held_of[am_id_slot(in->track->transport->id)]++;
	return true;
}

// NULL is allowed, and returned.
static struct rte_mbuf *held_taken(struct worker *w, struct rte_mbuf *m)
{
	struct buffer_share *share = &w->shares[WORKER_WAITING];

	if (!m)
		return NULL;
	const struct incoming *in = incoming_of(m);
	share->held--;
	share->held_of[am_id_slot(in->track->transport->id)]--;
	if (in->stream->hold.count == 0)
		LIST_REMOVE(in->stream, holding);
	return m;
}

static void held_go(struct worker *w, struct rte_mbuf *m)
{
	const struct incoming in = *incoming_of(m);

	worker_count(w, AM_COUNTER_held, in.arrival_us < w->now_us);
	packet_go(w, &in, m);
}

// Publishers that lose much must not take the buffers that others require for receiving.
static int64_t wait_limit_us(const struct worker *w, const struct incoming *in)
{
	static_assert(NACK_GRACE_US_MIN + RECEIVE_TICK_US < HOLD_ASK_US);
	const struct buffer_share *share = &w->shares[WORKER_WAITING];
	const struct nack *n = &in->stream->nack;

	if (!buffer_share_is_left(share, am_id_slot(in->track->transport->id)) ||
	    !nack_is_answered(n))
		return 0;
	return hold_limit_us(n->rtt_us);
}

// Passes on packets that need not wait any more. in: any packet of the encoding.
static void hold_release(struct worker *w, const struct incoming *in)
{
	struct hold *h = &in->stream->hold;
	int64_t limit_us = wait_limit_us(w, in);
	uint32_t gaps = h->gaps;
	struct rte_mbuf *m;

	while ((m = held_taken(w, hold_take(h, w->now_us, limit_us))))
		held_go(w, m);
	worker_count(w, AM_COUNTER_held_in_vain, h->gaps - gaps);
	// Where NACKs are answered, the repair may still come in time for the recorder.
	if (h->gaps != gaps && in->track->tapped && !nack_is_answered(&in->stream->nack))
		pli_request(w, in->track, in->index);
}

static void hold_end(struct worker *w, const struct incoming *in)
{
	struct rte_mbuf *m;

	while ((m = held_taken(w, hold_drain(&in->stream->hold))))
		held_go(w, m);
}

void receive_tick(struct worker *w)
{
	struct track_stream *s, *next;

	for (s = LIST_FIRST(&w->holding); s; s = next) {
		const struct incoming in = *incoming_of(s->hold.entries[0].packet);
		next = LIST_NEXT(s, holding);
		feedback_nack(w, in.track, in.index);
		hold_release(w, &in);
	}
}

void receive_end(struct worker *w, struct track *t)
{
	struct rte_mbuf *m;

	for (int i = 0; i < t->params.encoding_count; i++) {
		while ((m = held_taken(w, hold_drain(&t->streams[i].hold)))) {
			worker_count(w, AM_COUNTER_consumed, 1);
			rte_pktmbuf_free(m);
		}
	}
}

void receive_rtp(
        struct worker *w, struct transport *t, struct rte_mbuf *m, const struct packet_view *v
)
{
	uint8_t *packet = rte_pktmbuf_mtod_offset(m, uint8_t *, v->payload_offset);
	size_t len = v->payload_len;
	struct incoming in = {.bytes = packet, .arrival_us = w->now_us};

	if (!t->receiver || !t->ssrcs) { // it has no keys, or has never had a track
		worker_count_drop(w, t->key ? DROP_unknown_ssrc : DROP_no_keys);
		goto free;
	}
	if (!publisher_may_send(w, t, m->pkt_len)) {
		worker_count_drop(w, DROP_publisher_rate);
		goto free;
	}
	int ret = srtp_receive_rtp(t->receiver, packet, &len);
	if (ret < 0) {
		srtp_drop(w, ret);
		goto free;
	}
	publisher_pay(t, m->pkt_len);
	if (t->awaits)
		feedback_path_seen(w, t, v);
	if (rtp_parse(packet, len, &in.view) < 0) {
		worker_count_drop(w, DROP_rtp_malformed);
		goto free;
	}
	if (!incoming_find(w, t, &in))
		goto free;
	worker_count(w, AM_COUNTER_rtp_packets, 1);
	twcc_note(w, t, &in);
	if (!incoming_note(w, &in))
		goto free;
	if (!may_wait(&in) || hold_passes(&in.stream->hold, in.seq)) {
		packet_go(w, &in, m);
	} else if (!held_put(w, &in, m)) {
		worker_count_drop(w, DROP_duplicate);
		goto free;
	}
	if (in.stream->hold.count > 0)
		hold_release(w, &in);
	return;

free:
	rte_pktmbuf_free(m);
}
