#include "path/rx.h"

#include <rte_mbuf.h>
#include <rte_prefetch.h>
#include <rte_ring_elem.h>

#include "path/demux.h"
#include "path/feedback.h"
#include "path/flow.h"
#include "path/receive.h"

#define PREFETCH_AHEAD 4 // packets

static void drop(struct worker *w, struct rte_mbuf *m, enum drop why)
{
	worker_count_drop(w, why);
	rte_pktmbuf_free(m);
}

// To the service thread, which parses the frame again: it is rare, and the ring stays simple.
static void punt(struct worker *w, struct rte_mbuf *m)
{
	const struct message msg = {.type = MESSAGE_PUNT, .object = m};

	if (rte_ring_sp_enqueue_elem(w->punts, (void *)(uintptr_t)&msg, sizeof(msg)) == 0)
		worker_count(w, AM_COUNTER_punted, 1);
	else
		drop(w, m, DROP_punt_full);
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
		drop(w, m, DROP_unknown_flow); // a stranger: silence
		return;
	}
	if (class == DEMUX_DTLS) {
		punt(w, m);
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
			punt(w, m);
		else if (class == DEMUX_UNKNOWN)
			drop(w, m, DROP_unknown_class);
		else
			media(w, m, &v, class, handed_over);
		break;
	}
	case PACKET_ARP:
	case PACKET_ICMP:
	case PACKET_ICMP6:
	case PACKET_FRAGMENT: punt(w, m); break;
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
