#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring_elem.h>

#include "am_log.h"
#include "inbox.h"
#include "path/feedback.h"
#include "path/flow.h"
#include "path/forward.h"
#include "path/pace.h"
#include "path/receive.h"
#include "path/rx.h"
#include "path/tx.h"
#include "path/viewer.h"
#include "path/wish.h"

#define EXPIRY_US         100000 // between two looks for packets too old to be asked for, and at wishes
#define INBOX_BATCH       64
#define CLOCK_SYNC_US     100000 // between two readings of the system's clock
#define IDLE_TURNS        64 // without work before an adaptive worker sleeps
#define IDLE_SLEEP_NS     50000
#define IDLE_SLEEP_NS_MAX 500000 // reached after IDLE_LONG_TURNS
#define IDLE_LONG_TURNS   2000

static atomic_bool stopped;

void worker_stop_all(void)
{
	atomic_store(&stopped, true);
}

static struct rte_ring *ring_create(const char *name, uint16_t a, uint16_t b, unsigned size)
{
	char full[WORKER_NAME_LEN];

	snprintf(full, sizeof(full), "%s_%u_%u", name, a, b);
	struct rte_ring *r = rte_ring_create_elem(
	        full, sizeof(struct message), size, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ
	);
	if (!r)
		am_error("worker: ring %s size=%u: out of memory", full, size);
	return r;
}

static int rings_create(struct worker *w)
{
	w->inbox = ring_create("inbox", w->index, 0, WORKER_INBOX);
	w->replies = ring_create("replies", w->index, 0, WORKER_REPLIES);
	if (!w->inbox || !w->replies)
		return -ENOMEM;
	for (uint16_t i = 0; i < PUNT_COUNT; i++) {
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

// Histories get half of the buffers: the other half stays free for receiving and sending, but for
// an eighth of it, in which packets wait for repairs.
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
	        .rtx = {.tokens = RELAY_RTX_WORKER_BURST},
	        .rtcp = {.tokens = RELAY_RTCP_WORKER_BURST},
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
	w->punt_shares = calloc(AM_TRANSPORT_MAX, sizeof(struct relay_bucket));
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

static void clock_sync(struct worker *w, uint64_t tsc)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	w->tsc_base = tsc;
	w->tsc_base_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// Sets now_us from the cycle counter, which costs no call; ten times a second it is set right by
// the system's clock, from which it drifts. Time never goes back.
static void clock_advance(struct worker *w, uint64_t tsc)
{
	int64_t since_us = (int64_t)((tsc - w->tsc_base) * 1000000 / w->tsc_per_s);

	if (w->tsc_base == 0 || since_us >= CLOCK_SYNC_US) {
		clock_sync(w, tsc);
		since_us = 0;
	}
	if (w->tsc_base_us + since_us > w->now_us)
		w->now_us = w->tsc_base_us + since_us;
}

static unsigned turn(struct worker *w)
{
	struct rte_mbuf *pkts[WORKER_BURST];
	unsigned work = 0;

	uint16_t n = 0;
	if (!w->port_stopped)
		n = rte_eth_rx_burst(w->port->id, w->queue, pkts, WORKER_BURST);
	if (n)
		rx_burst(w, pkts, n);
	work += n;
	if (w->worker_count > 1)
		work += inbox_workers(w, WORKER_BURST);
	work += inbox_service(w, INBOX_BATCH);
	work += forward_some(w);
	if (w->now_us - w->receive_us >= RECEIVE_TICK_US && !LIST_EMPTY(&w->holding)) {
		w->receive_us = w->now_us;
		receive_tick(w);
	}
	if (w->now_us - w->feedback_us >= FEEDBACK_TICK_US) {
		w->feedback_us = w->now_us;
		feedback_tick(w);
		am_lifecycle_beat(w->lifecycle, (uint64_t)w->now_us * 1000);
	}
	if (w->now_us - w->viewers_us >= VIEWER_TICK_US) {
		w->viewers_us = w->now_us;
		viewer_tick(w);
	}
	if (w->now_us - w->pace_us >= PACE_US && !TAILQ_EMPTY(&w->pacing)) {
		w->pace_us = w->now_us;
		pace(w);
	}
	if (w->now_us - w->probes_us >= VIEWER_PROBE_US && !TAILQ_EMPTY(&w->probing)) {
		w->probes_us = w->now_us;
		viewer_probe(w);
	}
	if (w->now_us - w->levels_us >= FEEDBACK_LEVELS_US) {
		w->levels_us = w->now_us;
		feedback_levels(w);
	}
	if (w->now_us - w->expiry_us >= EXPIRY_US) {
		w->expiry_us = w->now_us;
		forward_expire(w);
		wish_tell(w);
	}
	tx_flush(w);
	return work;
}

static void idle_sleep(unsigned idle_turns)
{
	struct timespec t = {
	        .tv_nsec = idle_turns < IDLE_LONG_TURNS ? IDLE_SLEEP_NS : IDLE_SLEEP_NS_MAX};
	nanosleep(&t, NULL);
}

int worker_run(void *arg)
{
	struct worker *w = arg;
	unsigned idle = 0;
	uint64_t tsc = rte_rdtsc();

	am_lifecycle_set(w->lifecycle, AM_LIFECYCLE_RUN);
	while (!atomic_load_explicit(&stopped, memory_order_relaxed)) {
		clock_advance(w, tsc);
		unsigned work = turn(w);
		uint64_t end = rte_rdtsc();
		worker_count(w, work ? AM_COUNTER_busy_cycles : AM_COUNTER_idle_cycles, end - tsc);
		idle = work ? 0 : idle + 1;
		if (w->adaptive && idle > IDLE_TURNS) {
			idle_sleep(idle);
			end = rte_rdtsc();
		}
		tsc = end;
	}
	am_lifecycle_set(w->lifecycle, AM_LIFECYCLE_HALT);
	return 0;
}
