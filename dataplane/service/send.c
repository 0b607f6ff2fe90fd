#include "service/send.h"

#include <string.h>

#include <rte_mbuf.h>

#include "path/post.h"
#include "service/service.h"

void service_count_drop(struct service *s, enum drop reason)
{
	uint64_t v = atomic_load_explicit(&s->counters->drops[reason], memory_order_relaxed);
	atomic_store_explicit(&s->counters->drops[reason], v + 1, memory_order_relaxed);
}

static void frame_post(struct service *s, uint16_t worker, struct rte_mbuf *m)
{
	const struct message msg = {.type = MESSAGE_SEND, .object = m};

	// Frames may be lost; only objects wait for room.
	if (!message_post(s->registry.workers[worker].inbox, &msg)) {
		rte_pktmbuf_free(m);
		service_count_drop(s, DROP_tx_full);
	}
}

static uint8_t *frame_alloc(struct service *s, size_t len, struct rte_mbuf **m)
{
	*m = rte_pktmbuf_alloc(s->port->pool);
	uint8_t *frame =
	        *m && len <= UINT16_MAX ? (uint8_t *)rte_pktmbuf_append(*m, (uint16_t)len) : NULL;
	if (!frame) {
		rte_pktmbuf_free(*m);
		service_count_drop(s, DROP_no_buffers);
	}
	return frame;
}

void service_send_frame(struct service *s, uint16_t worker, const uint8_t *frame, uint16_t len)
{
	struct rte_mbuf *m;
	uint8_t *to = frame_alloc(s, len, &m);

	if (!to)
		return;
	memcpy(to, frame, len);
	frame_post(s, worker, m);
}

void service_send_payload(
        struct service *s, uint16_t worker, const struct packet_route *route,
        const uint8_t *payload, size_t len
)
{
	struct rte_mbuf *m;
	uint8_t *to = frame_alloc(s, route->len + len, &m);

	if (!to)
		return;
	memcpy(to + route->len, payload, len);
	packet_seal(route, to, (uint16_t)len, s->port->tx_offload);
	port_tx_mark(m, route, s->port->tx_offload);
	frame_post(s, worker, m);
}
