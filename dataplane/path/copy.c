#include "path/copy.h"

#include <rte_ether.h>
#include <rte_mbuf.h>

#include "media/codec.h"
#include "path/tx.h"

#define PADDING_HEADER_LEN  28 // with send time, transport-wide number and MID
#define RTP_PADDED_EXTENDED 0xb0 // version 2, padding, extension

void copy_flush(struct worker *w)
{
	struct batch *b = &w->batch;

	if (b->copy_count > 0)
		cipher_protect_burst(w->cipher, b->jobs, b->copy_count);
	for (uint16_t i = 0; i < b->copy_count; i++)
		tx_send(w, b->routes[i], b->copies[i], b->jobs[i].len);
	b->copy_count = 0;
	for (uint16_t i = 0; i < b->spent_count; i++)
		rte_pktmbuf_free(b->spent[i]);
	b->spent_count = 0;
}

void copy_spend(struct worker *w, struct rte_mbuf *m)
{
	struct batch *b = &w->batch;

	if (b->spent_count == BATCH_SPENT)
		copy_flush(w);
	b->spent[b->spent_count++] = m;
}

// If the viewer's picture numbers differ from the source's, writes the payload's first bytes with
// them to prefix. Returns how many bytes of the payload these replace.
static uint8_t
patch_write(const struct rte_mbuf *m, const struct selector_out *out, uint8_t *prefix)
{
	const struct media_packet *p = media_packet_of(m);

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
	if (out->end)
		to[1] |= RTP_MARKER; // the layers above, with the publisher's marker, are left out
	rtp_set_seq(to, out->seq);
	rtp_set_timestamp(to, out->timestamp);
	rtp_set_ssrc(to, s->ssrc);
	rtp_set_mid(to, &p->template, s->mid, s->mid_len);
	rtp_set_abs_send_time(to, &p->template, rtp_abs_send_time(w->now_us));
}

// The copy's size on the wire, IP and UDP included.
static uint32_t wire_bytes(const struct packet_route *route, const struct cipher_job *job)
{
	return route->len - (uint32_t)sizeof(struct rte_ether_hdr) + job->header_len +
	       job->prefix_len + job->payload_len + CIPHER_TRAILER_MAX;
}

static __rte_always_inline void number_write(
        struct worker *w, const struct transport *t, const struct rtp_template *template,
        const struct cipher_job *job, uint8_t *header
)
{
	uint16_t number =
	        downlink_sent(&t->viewer->downlink, w->now_us, wire_bytes(&t->route, job));
	rtp_set_transport_cc(header, template, number);
}

int copy_queue(
        struct worker *w, struct subscription *s, const struct rte_mbuf *m,
        const struct selector_out *out, uint32_t roc, enum copy_kind kind,
        const struct red_sound *before
)
{
	const struct transport *t = s->transport;
	const struct packet_route *route = &t->route;
	const struct media_packet *p = media_packet_of(m);
	struct batch *b = &w->batch;
	const struct red_sound now = copy_sound(m);
	uint8_t red = before ? red_len(before, &now) : 0;
	bool rtx = kind != COPY_FIRST;
	uint16_t payload_len = kind == COPY_FILLER ? 0 : m->data_len;
	uint8_t extra = rtx ? RTP_RTX_OSN_LEN : red;
	uint32_t len =
	        (uint32_t)route->len + p->template.len + extra + payload_len + CIPHER_TRAILER_MAX;

	// Checked before the copy gets a number; otherwise the viewer would report a loss that did
	// not happen on its link.
	if (len > w->port->frame_max) {
		worker_count_drop(w, DROP_too_long);
		return -1;
	}
	struct rte_mbuf *copy = tx_take(w);
	if (!copy)
		return -1;
	if (len > rte_pktmbuf_tailroom(copy)) {
		rte_pktmbuf_free(copy);
		worker_count_drop(w, DROP_too_long);
		return -1;
	}
	uint8_t *to = rte_pktmbuf_mtod_offset(copy, uint8_t *, route->len);
	uint8_t *prefix = to + p->template.len;
	header_write(w, s, p, out, to);
	if (rtx) {
		am_put_u16(prefix, out->seq);
		prefix += RTP_RTX_OSN_LEN;
		rtp_set_pt(to, s->fanout->room_rtx_payload_type);
		rtp_set_ssrc(to, s->rtx_ssrc);
		rtp_set_seq(to, (uint16_t)s->rtx_index);
	}
	if (red) {
		red_write(before, &now, to[1] & 0x7F, prefix);
		rtp_set_pt(to, s->red_payload_type);
		prefix += extra;
	}
	uint8_t patched = payload_len > 0 ? patch_write(m, out, prefix) : 0;
	if (b->copy_count == 0 || b->jobs[b->copy_count - 1].key != t->key)
		cipher_key_prefetch(t->key, t->key_profile, p->template.len + extra + payload_len);
	b->jobs[b->copy_count] = (struct cipher_job){
	        .key = t->key,
	        .packet = to,
	        .payload = rte_pktmbuf_mtod_offset(m, const uint8_t *, patched),
	        .roc = roc,
	        .payload_len = (uint16_t)(payload_len - patched),
	        .header_len = p->template.len,
	        .prefix_len = (uint8_t)(patched + extra),
	};
	if (s->transport_cc)
		number_write(w, t, &p->template, &b->jobs[b->copy_count], to);
	else
		downlink_sent_plain(
		        &t->viewer->downlink, wire_bytes(route, &b->jobs[b->copy_count])
		);
	b->routes[b->copy_count] = route;
	b->copies[b->copy_count++] = copy;
	if (b->copy_count == CIPHER_BURST)
		copy_flush(w);
	return payload_len + red;
}

bool copy_queue_padding(struct worker *w, struct subscription *s)
{
	// The last byte counts the padding, itself included (RFC 3550 5.1).
	static const uint8_t padding[UINT8_MAX] = {[UINT8_MAX - 1] = UINT8_MAX};
	static const struct rtp_template template = {
	        .len = PADDING_HEADER_LEN,
	        .abs_send_time_offset = RTP_HEADER_LEN + 5,
	        .transport_cc_offset = RTP_HEADER_LEN + 8,
	        .transport_cc_id = AM_EXT_TRANSPORT_CC,
	        .mid_offset = RTP_HEADER_LEN + 11,
	        .mid_id = AM_EXT_MID,
	};
	static_assert(RTP_HEADER_LEN + 11 + 1 + RTP_MID_LEN_MAX <= PADDING_HEADER_LEN);
	const struct transport *t = s->transport;
	struct batch *b = &w->batch;
	struct rte_mbuf *copy = tx_take(w);

	if (!copy)
		return false;
	uint8_t *to = rte_pktmbuf_mtod_offset(copy, uint8_t *, t->route.len);
	memset(to, 0, PADDING_HEADER_LEN);
	s->rtx_index++; // shared with retransmissions
	to[0] = RTP_PADDED_EXTENDED;
	rtp_set_pt(to, s->fanout->room_rtx_payload_type);
	rtp_set_seq(to, (uint16_t)s->rtx_index);
	rtp_set_timestamp(to, s->selector.timestamp);
	rtp_set_ssrc(to, s->rtx_ssrc);
	am_put_u16(to + RTP_HEADER_LEN, RTP_EXT_ONE_BYTE);
	am_put_u16(to + RTP_HEADER_LEN + 2, (PADDING_HEADER_LEN - RTP_HEADER_LEN) / 4 - 1);
	to[RTP_HEADER_LEN + 4] = AM_EXT_ABS_SEND_TIME << 4 | 2;
	rtp_set_abs_send_time(to, &template, rtp_abs_send_time(w->now_us));
	// Firefox's feedback leaves out packets whose stream it does not know. It learns an RTX
	// SSRC from the first packet with a MID (RFC 8843 9.2).
	rtp_set_mid(to, &template, s->mid, s->mid_len);
	b->jobs[b->copy_count] = (struct cipher_job){
	        .key = t->key,
	        .packet = to,
	        .payload = padding,
	        .roc = (uint32_t)(s->rtx_index >> 16),
	        .payload_len = sizeof(padding),
	        .header_len = PADDING_HEADER_LEN,
	};
	number_write(w, t, &template, &b->jobs[b->copy_count], to);
	b->routes[b->copy_count] = &t->route;
	b->copies[b->copy_count++] = copy;
	if (b->copy_count == CIPHER_BURST)
		copy_flush(w);
	return true;
}
