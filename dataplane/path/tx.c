#include "path/tx.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#define TX_TRIES 4 // transmit calls for one burst before the rest is dropped

struct rte_mbuf *
tx_alloc(struct worker *w, const struct packet_route *route, uint16_t capacity, uint8_t **payload)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->port->pool);

	if (!m) {
		worker_count_drop(w, DROP_no_buffers);
		return NULL;
	}
	uint8_t *frame = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(route->len + capacity));
	if (!frame) {
		rte_pktmbuf_free(m);
		worker_count_drop(w, DROP_too_long);
		return NULL;
	}
	*payload = frame + route->len;
	return m;
}

void tx_send(
        struct worker *w, const struct packet_route *route, struct rte_mbuf *m, uint16_t payload_len
)
{
	uint16_t len = packet_seal(
	        route, rte_pktmbuf_mtod(m, uint8_t *), payload_len, w->port->tx_offload
	);
	port_tx_mark(m, route, w->port->tx_offload);
	m->data_len = len;
	m->pkt_len = len;
	tx_push(w, m);
}

void tx_push(struct worker *w, struct rte_mbuf *m)
{
	w->tx[w->tx_count++] = m;
	if (w->tx_count == WORKER_TX_BURST)
		tx_flush(w);
}

void tx_flush(struct worker *w)
{
	uint16_t sent = 0;
	uint64_t bytes = 0;

	if (w->tx_count == 0)
		return;
	for (uint16_t i = 0; i < w->tx_count; i++)
		bytes += w->tx[i]->pkt_len;
	for (int i = 0; i < TX_TRIES && sent < w->tx_count; i++)
		sent += rte_eth_tx_burst(
		        w->port->id, w->queue, w->tx + sent, (uint16_t)(w->tx_count - sent)
		);
	for (uint16_t i = sent; i < w->tx_count; i++) {
		bytes -= w->tx[i]->pkt_len;
		rte_pktmbuf_free(w->tx[i]);
		worker_count_drop(w, DROP_tx_full);
	}
	worker_count(w, AM_COUNTER_tx_packets, sent);
	worker_count(w, AM_COUNTER_tx_bytes, bytes);
	w->tx_count = 0;
}
