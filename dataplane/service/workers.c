#include "service/workers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_ring_elem.h>

#include "am_log.h"
#include "path/flow.h"
#include "path/tx.h"
#include "path/worker.h"

static struct rte_ring *ring_create(const char *name, uint16_t a, uint16_t b, unsigned size)
{
	char full[WORKER_NAME_LEN];

	snprintf(full, sizeof(full), "%s_%u_%u", name, a, b);
	struct rte_ring *r = rte_ring_create_elem(
	        full, sizeof(struct message), size, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ
	);
	if (!r)
		am_error("worker: no memory for a ring; ring=%s size=%u", full, size);
	return r;
}

static int rings_create(struct worker *w)
{
	w->inbox = ring_create("inbox", w->index, 0, WORKER_INBOX);
	w->replies = ring_create("replies", w->index, 0, WORKER_REPLIES);
	if (!w->inbox || !w->replies)
		return -ENOMEM;
	for (int i = 0; i < PUNT_COUNT; i++) {
		w->punts[i] = ring_create("punts", w->index, i, WORKER_PUNTS);
		if (!w->punts[i])
			return -ENOMEM;
	}
	for (uint16_t i = 0; i < w->worker_count; i++) {
		if (i == w->index)
			continue;
		w->handovers[i] = ring_create("handover", i, w->index, WORKER_HANDOVERS);
		if (!w->handovers[i])
			return -ENOMEM;
	}
	return 0;
}

// Histories get half of the buffers: the other half stays free for receiving and sending, except
// for an eighth of it, in which packets wait for repairs.
static int shares_init(struct worker *w)
{
	w->shares[WORKER_LARGE].budget = w->port->pool->size / 2 / w->worker_count;
	w->shares[WORKER_SMALL].budget = w->port->small_pool->size / w->worker_count;
	w->shares[WORKER_WAITING].budget = w->shares[WORKER_LARGE].budget / 8;
	for (int i = 0; i < WORKER_SHARES; i++) {
		w->shares[i].held_of = calloc(AM_TRANSPORT_MAX, sizeof(uint32_t));
		if (!w->shares[i].held_of)
			return -ENOMEM;
	}
	return 0;
}

int worker_init(
        struct worker *w, uint16_t index, uint16_t count, const struct port *port, bool adaptive
)
{
	char name[WORKER_NAME_LEN];

	*w = (struct worker){
	        .index = index,
	        .queue = index,
	        .worker_count = count,
	        .adaptive = adaptive,
	        .port = port,
	        .tsc_per_s = rte_get_tsc_hz(),
	        .rtx = {.tokens = WORKER_RTX_BURST},
	        .rtcp = {.tokens = WORKER_RTCP_BURST},
	};
	TAILQ_INIT(&w->publishers);
	LIST_INIT(&w->holding);
	TAILQ_INIT(&w->viewers);
	TAILQ_INIT(&w->probing);
	TAILQ_INIT(&w->pacing);
	TAILQ_INIT(&w->fanout_list);
	for (int i = 0; i < WORKER_CLASSES; i++)
		TAILQ_INIT(&w->waiting[i]);
	if (rings_create(w) < 0)
		goto fini;
	snprintf(name, sizeof(name), "flows_%u", index);
	w->flows = flow_table_create(name, SOCKET_ID_ANY);
	w->punt_shares = calloc(AM_TRANSPORT_MAX, sizeof(struct bucket));
	w->cipher = cipher_create();
	w->transports = calloc(AM_TRANSPORT_MAX, sizeof(struct transport *));
	w->tracks = calloc(AM_TRACK_MAX, sizeof(struct track *));
	w->fanouts = calloc(AM_TRACK_MAX, sizeof(struct fanout *));
	if (!w->flows || !w->punt_shares || !w->cipher || !w->transports || !w->tracks ||
	    !w->fanouts || shares_init(w) < 0)
		goto fini;
	return 0;

fini:
	worker_fini(w);
	return -ENOMEM;
}

static void ring_drain(struct rte_ring *r)
{
	struct message msg;

	while (r && rte_ring_sc_dequeue_elem(r, &msg, sizeof(msg)) == 0) {
		if (msg.type == MESSAGE_SEND || msg.type == MESSAGE_PUNT ||
		    msg.type == MESSAGE_HANDOVER || msg.type == MESSAGE_PACKET)
			rte_pktmbuf_free(msg.object);
	}
	rte_ring_free(r);
}

void worker_fini(struct worker *w)
{
	ring_drain(w->inbox);
	ring_drain(w->replies);
	for (int i = 0; i < PUNT_COUNT; i++)
		ring_drain(w->punts[i]);
	for (uint16_t i = 0; i < AM_WORKER_MAX; i++)
		ring_drain(w->handovers[i]);
	if (w->flows)
		flow_table_destroy(w->flows);
	tx_drain(w);
	cipher_destroy(w->cipher);
	free(w->punt_shares);
	free(w->transports);
	free(w->tracks);
	free(w->fanouts);
	for (int i = 0; i < WORKER_SHARES; i++)
		free(w->shares[i].held_of);
	*w = (struct worker){0};
}
