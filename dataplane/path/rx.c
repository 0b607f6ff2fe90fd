#include "path/rx.h"

#include <rte_mbuf.h>
#include <rte_prefetch.h>
#include <rte_ring_elem.h>

#include "path/feedback.h"
#include "path/flow.h"
#include "path/receive.h"
#include "wire/demux.h"

#define PREFETCH_AHEAD 4 // packets
#define ND_FIRST       133 // ICMPv6 types, RFC 4861 4: router solicitation
#define ND_LAST        137 // redirect

static void drop(struct worker *w, struct rte_mbuf *m, enum drop why)
{
	worker_count_drop(w, why);
	rte_pktmbuf_free(m);
}

// Passes a frame to the service thread, which parses it again. That is rare, and keeps the rings
// simple.
static void punt(struct worker *w, struct rte_mbuf *m, enum worker_punt kind)
{
	const struct message msg = {.type = MESSAGE_PUNT, .object = m};

	if (rte_ring_sp_enqueue_elem(w->punts[kind], (void *)(uintptr_t)&msg, sizeof(msg)) == 0)
		worker_count(w, AM_COUNTER_punted, 1);
	else
		drop(w, m, kind == PUNT_KNOWN ? DROP_punt_full : DROP_punt_other_full);
}

// Punts a packet from a proven source. If the source sends more than its share, its packets go to
// the strangers' ring, since packets in its name may be forged.
static void punt_known(struct worker *w, struct rte_mbuf *m, const struct flow *flow)
{
	struct bucket *share = &w->punt_shares[flow->slot % AM_TRANSPORT_MAX];

	bucket_fill(share, w->now_us, WORKER_PUNT_PER_S, WORKER_PUNT_BURST);
	if (share->tokens == 0) {
		punt(w, m, PUNT_STRANGER);
		return;
	}
	share->tokens--;
	punt(w, m, PUNT_KNOWN);
}

static void stun(struct worker *w, struct rte_mbuf *m, const struct packet_view *v)
{
	struct flow_key key;
	struct flow flow;

	flow_key_from_view(&key, v);
	if (flow_lookup(w->flows, &key, &flow))
		punt_known(w, m, &flow);
	else
		punt(w, m, PUNT_STRANGER);
}

// Neighbour discovery comes only from the local link (RFC 4861 7.1); other ICMPv6 from anywhere.
static enum worker_punt icmp6_kind(const struct rte_mbuf *m, const struct packet_view *v)
{
	const uint8_t *type = rte_pktmbuf_mtod_offset(m, const uint8_t *, v->payload_offset);

	return v->payload_len > 0 && v->hop_limit == 255 && *type >= ND_FIRST && *type <= ND_LAST
	               ? PUNT_NEIGHBOUR
	               : PUNT_OTHER;
}

static void handover(struct worker *w, struct rte_mbuf *m, uint16_t owner)
{
	const struct message msg = {.type = MESSAGE_HANDOVER, .object = m};

	if (rte_ring_sp_enqueue_elem(
	            w->workers[owner].handovers[w->index], (void *)(uintptr_t)&msg, sizeof(msg)
	    ) == 0)
		worker_count(w, AM_COUNTER_handover_out, 1);
	else
		drop(w, m, DROP_handover_full);
}

static void
media(struct worker *w, struct rte_mbuf *m, const struct packet_view *v, enum demux_class class,
      bool handed_over)
{
	struct flow_key key;
	struct flow flow;

	flow_key_from_view(&key, v);
	if (!flow_lookup(w->flows, &key, &flow)) {
		drop(w, m, DROP_unknown_flow); // a stranger gets no answer
		return;
	}
	if (class == DEMUX_DTLS) {
		punt_known(w, m, &flow);
		return;
	}
	if (flow.worker != w->index && !handed_over) {
		handover(w, m, flow.worker);
		return;
	}
	struct transport *t = w->transports[flow.slot % AM_TRANSPORT_MAX];
	if (!t)
		drop(w, m, DROP_transport_closed);
	else if (class == DEMUX_RTP)
		receive_rtp(w, t, m, v);
	else
		feedback_receive(w, t, m, v);
}

static void rx_one(struct worker *w, struct rte_mbuf *m, bool handed_over)
{
	struct packet_view v;
	enum drop why;

	if (m->nb_segs != 1) {
		drop(w, m, DROP_segmented);
		return;
	}
	switch (packet_parse(
	        rte_pktmbuf_mtod(m, const uint8_t *), m->data_len,
	        w->port->rx_checksum && port_rx_verified(m), &w->local, &v, &why
	)) {
	case PACKET_MEDIA_PORT: {
		const uint8_t *payload = rte_pktmbuf_mtod_offset(m, uint8_t *, v.payload_offset);
		enum demux_class class = demux_class(payload, v.payload_len);
		if (class == DEMUX_STUN)
			stun(w, m, &v);
		else if (class == DEMUX_UNKNOWN)
			drop(w, m, DROP_unknown_class);
		else
			media(w, m, &v, class, handed_over);
		break;
	}
	case PACKET_ARP: punt(w, m, PUNT_NEIGHBOUR); break;
	case PACKET_ICMP6: punt(w, m, icmp6_kind(m, &v)); break;
	case PACKET_ICMP:
	case PACKET_FRAGMENT: punt(w, m, PUNT_OTHER); break;
	case PACKET_DROP: drop(w, m, why); break;
	}
}

void rx_burst(struct worker *w, struct rte_mbuf **pkts, uint16_t n)
{
	uint64_t bytes = 0;

	for (uint16_t i = 0; i < n && i < PREFETCH_AHEAD; i++)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
	for (uint16_t i = 0; i < n; i++) {
		if (i + PREFETCH_AHEAD < n)
			rte_prefetch0(rte_pktmbuf_mtod(pkts[i + PREFETCH_AHEAD], void *));
		bytes += pkts[i]->pkt_len;
		rx_one(w, pkts[i], false);
	}
	worker_count(w, AM_COUNTER_rx_packets, n);
	worker_count(w, AM_COUNTER_rx_bytes, bytes);
}

void rx_handover(struct worker *w, struct rte_mbuf *m)
{
	rx_one(w, m, true);
}
