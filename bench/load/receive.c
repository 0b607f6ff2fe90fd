#include "generator.h"

#include "learn.h"
#include "wire/demux.h"
#include "wire/rtp.h"

#include <rte_mbuf.h>
#include <rte_prefetch.h>

// Copies from an overloaded server are late, and a speaker may repeat frames after a key frame
// request. So a short history would mistake an old copy for one of a later packet.
#define LEARN_S    5
#define LEARN_REST 8

// A frame in the pipeline.
struct arrival {
	uint8_t *frame;
	uint16_t payload_len;
	uint16_t seq;
	uint32_t member;
	uint32_t ssrc;
};

// The clocks of RTP timestamps, at the time of a burst.
struct clocks {
	uint64_t tsc;
	uint32_t video, audio;
};

static void receive_rtcp(struct generator *g, const struct arrival *a)
{
	uint8_t *packet = a->frame + NET_HEADER_LEN;

	if (a->member < g->audience.options.first) {
		stage_receive(&g->stage, a->member, packet, a->payload_len, g->now_ns);
		return;
	}
	g->audience.rtcp++;
	sample_rtcp(&g->sample, a->member - g->audience.options.first, packet, a->payload_len);
}

static void receive_other(struct generator *g, const struct arrival *a)
{
	const uint8_t *payload = a->frame + NET_HEADER_LEN;

	if (a->member == NET_NONE || a->member >= g->members.options.capacity ||
	    a->payload_len == 0)
		g->strange++;
	else if (demux_class(payload, a->payload_len) == DEMUX_RTCP)
		receive_rtcp(g, a);
	else
		members_receive(&g->members, a->member, payload, a->payload_len, g->now_ns);
}

static void receive_arp(struct generator *g, const uint8_t *frame, size_t len)
{
	uint8_t *reply = nic_reserve(&g->nic, 0);

	if (!reply)
		return;
	size_t n = net_arp_receive(&g->net, frame, len, reply);
	if (n > 0)
		nic_commit(&g->nic, 0, n);
	else
		nic_release(&g->nic, 0);
}

// Searching for packets that are too old would take endless time. So after a failure, the search
// pauses for a multiple of the time that it took.
static void learn(struct generator *g, const struct arrival *a, struct stream *s, struct source *o)
{
	const struct member *m = &g->members.all[a->member];
	uint64_t start = rte_rdtsc();

	if (start < g->learn_tsc)
		return;
	enum learned learned = learn_offset(
	        g->cipher, &m->keys, s, o, a->frame + NET_HEADER_LEN, a->payload_len,
	        start - LEARN_S * g->tsc_per_s
	);
	if (learned == LEARN_FOUND) {
		const struct source_packet *p = source_at(o, (uint16_t)(a->seq - s->seq_offset));
		if (p)
			g->audience.overhead[s->track] = (uint16_t)(a->payload_len - p->len);
		return;
	}
	g->audience.foreign += learned == LEARN_FOREIGN;
	uint64_t end = rte_rdtsc();
	g->learn_tsc = end + LEARN_REST * (end - start);
}

static void moved(struct generator *g, const struct arrival *a, struct stream *s)
{
	audience_moved(&g->audience, s);
	sample_moved(&g->sample, a->member - g->audience.options.first, s);
}

// Takes a packet of a stream whose offset is known. If the server adapts to the viewer's link, the
// offset may have changed, which the length shows, or the bytes of a sample.
static void
known(struct generator *g, const struct arrival *a, struct stream *s, struct source *source,
      uint64_t tsc)
{
	uint32_t viewer = a->member - g->audience.options.first;
	struct source_packet *p = source_at(source, (uint16_t)(a->seq - s->seq_offset));
	bool feedback = g->members.options.feedback;

	if (p && feedback && p->len + g->audience.overhead[s->track] != a->payload_len) {
		moved(g, a, s);
		return;
	}
	if (p)
		source_arrived(p, tsc);
	if (s->sampled && !sample_rtp(&g->sample, viewer, s, a->frame, a->payload_len, feedback) &&
	    feedback)
		moved(g, a, s);
}

static void
receive_rtp(struct generator *g, const struct arrival *a, const struct clocks *c, unsigned *learned)
{
	struct audience *au = &g->audience;
	uint32_t viewer = a->member - au->options.first;

	au->packets++;
	au->bytes += a->payload_len;
	if (a->member < au->options.first || viewer >= au->options.capacity) {
		au->strangers++;
		return;
	}
	answers_take(&g->answers, viewer, a->frame + NET_HEADER_LEN, a->payload_len, g->now_ns);
	struct stream *s = audience_find(au, viewer, a->ssrc);
	if (!s) {
		au->strangers++;
		return;
	}
	if (s->ssrc != a->ssrc) {
		s->resent++;
		return;
	}
	if (stream_receive(s, a->seq))
		audience_ask(au, s);
	const struct server_stream *layout = &au->layout[s->track];
	struct source *source = &g->stage.sources[layout->speaker * LOAD_TRACKS + layout->track];
	if (source->video && pictures_wait(&g->pictures, viewer, layout->speaker))
		pictures_take(
		        &g->pictures, viewer, layout->speaker, s, &g->members.all[a->member].keys,
		        a->frame + NET_HEADER_LEN, a->payload_len, g->now_ns
		);
	uint32_t timestamp = net_rtp_timestamp(a->frame + NET_HEADER_LEN);
	stream_jitter(s, timestamp, source->video ? c->video : c->audio);
	if (s->known) {
		known(g, a, s, source, c->tsc);
	} else if (*learned < AUDIENCE_LEARN) {
		++*learned;
		learn(g, a, s, source);
	}
}

// Finds the viewer that a frame is for, and prefetches the stream for the next step.
static void arrival_begin(struct generator *g, struct arrival *a, struct rte_mbuf *m)
{
	uint16_t len = rte_pktmbuf_data_len(m);
	const struct audience *au = &g->audience;

	*a = (struct arrival){.frame = rte_pktmbuf_mtod(m, uint8_t *), .member = NET_NONE};
	if (len < NET_HEADER_LEN + RTP_HEADER_LEN)
		return;
	a->member = net_member(a->frame);
	if (a->member == NET_NONE)
		return;
	a->payload_len = (uint16_t)net_payload_len(a->frame, len);
	const uint8_t *packet = a->frame + NET_HEADER_LEN;
	a->seq = net_rtp_seq(packet);
	a->ssrc = net_rtp_ssrc(packet);
	uint32_t viewer = a->member - au->options.first;
	if (viewer < au->options.capacity) {
		rte_prefetch0(audience_guess(au, viewer, a->ssrc));
		answers_prefetch(&g->answers, viewer);
	}
}

void receive_burst(struct generator *g, struct rte_mbuf **mbufs, uint16_t n, uint64_t tsc)
{
	struct arrival arrivals[NIC_BURST];
	const struct clocks clocks = {
	        .tsc = tsc,
	        .video =
	                (uint32_t)(uint64_t)((double)tsc * CLIP_VIDEO_CLOCK / (double)g->tsc_per_s),
	        .audio =
	                (uint32_t)(uint64_t)((double)tsc * CLIP_AUDIO_CLOCK / (double)g->tsc_per_s),
	};
	unsigned learned = 0;

	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], void *));
	for (uint16_t i = 0; i < n; i++)
		arrival_begin(g, &arrivals[i], mbufs[i]);
	for (uint16_t i = 0; i < n; i++) {
		const struct arrival *a = &arrivals[i];
		if (a->payload_len > 0 &&
		    demux_class(a->frame + NET_HEADER_LEN, a->payload_len) == DEMUX_RTP)
			receive_rtp(g, a, &clocks, &learned);
		else if (a->member == NET_NONE && a->frame[12] == 8 && a->frame[13] == 6)
			receive_arp(g, a->frame, rte_pktmbuf_data_len(mbufs[i]));
		else
			receive_other(g, a);
	}
	g->frames += n;
	rte_pktmbuf_free_bulk(mbufs, n);
}
