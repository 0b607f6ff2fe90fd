#include "path/tx.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#define PREFETCH_AHEAD 3 // buffers

// Prefetches the buffer's own fields and the place where headers will be written.
static inline void prefetch_spare(const struct rte_mbuf *m)
{
	const uint8_t *data = (const uint8_t *)(m + 1) + PORT_MBUF_PRIV + RTE_PKTMBUF_HEADROOM;

	__builtin_prefetch(m, 1);
	__builtin_prefetch(data, 1);
	__builtin_prefetch(data + RTE_CACHE_LINE_SIZE, 1);
}

struct rte_mbuf *tx_take(struct worker *w)
{
	struct tx *t = &w->tx;

	if (t->spare_count == 0) {
		if (rte_pktmbuf_alloc_bulk(w->port->pool, t->spare, TX_SPARE) < 0) {
			worker_count_drop(w, DROP_no_buffers);
			return NULL;
		}
		t->spare_count = TX_SPARE;
	}
	if (t->spare_count > PREFETCH_AHEAD)
		prefetch_spare(t->spare[t->spare_count - 1 - PREFETCH_AHEAD]);
	return t->spare[--t->spare_count];
}

struct rte_mbuf *
tx_alloc(struct worker *w, const struct packet_route *route, uint16_t capacity, uint8_t **payload)
{
	struct rte_mbuf *m = tx_take(w);

	if (!m)
		return NULL;
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
	struct tx *t = &w->tx;

	if (m->pkt_len > w->port->frame_max) {
		rte_pktmbuf_free(m);
		worker_count_drop(w, DROP_too_long);
		return;
	}
	if (t->head - t->tail == TX_QUEUE) {
		rte_pktmbuf_free(t->queue[t->tail++ % TX_QUEUE]);
		worker_count_drop(w, DROP_tx_full);
	}
	t->queue[t->head++ % TX_QUEUE] = m;
	// After a refusal, the port is not tried again before the turn's end.
	if (!t->refused && t->head - t->tail >= TX_BURST)
		tx_flush(w);
}

void tx_flush(struct worker *w)
{
	struct tx *t = &w->tx;
	uint64_t bytes = 0, packets = 0;

	t->refused = w->port_stopped;
	while (t->head != t->tail && !t->refused) {
		uint32_t first = t->tail % TX_QUEUE;
		uint32_t n = t->head - t->tail;
		uint64_t offered = 0;
		if (n > TX_QUEUE - first)
			n = TX_QUEUE - first;
		if (n > TX_BURST)
			n = TX_BURST;
		for (uint32_t i = 0; i < n; i++)
			offered += t->queue[first + i]->pkt_len;
		uint16_t sent =
		        rte_eth_tx_burst(w->port->id, w->queue, &t->queue[first], (uint16_t)n);
		for (uint32_t i = sent; i < n; i++)
			offered -= t->queue[first + i]->pkt_len;
		t->tail += sent;
		packets += sent;
		bytes += offered;
		t->refused = sent < n;
	}
	worker_count(w, AM_COUNTER_tx_packets, packets);
	worker_count(w, AM_COUNTER_tx_bytes, bytes);
}

void tx_drain(struct worker *w)
{
	struct tx *t = &w->tx;

	while (t->tail != t->head)
		rte_pktmbuf_free(t->queue[t->tail++ % TX_QUEUE]);
	while (t->spare_count)
		rte_pktmbuf_free(t->spare[--t->spare_count]);
}
