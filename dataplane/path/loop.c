#include "path/loop.h"

#include <stdatomic.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "path/feedback.h"
#include "path/forward.h"
#include "path/inbox.h"
#include "path/keep.h"
#include "path/pace.h"
#include "path/receive.h"
#include "path/rx.h"
#include "path/tx.h"
#include "path/viewer.h"
#include "path/wish.h"
#include "path/worker.h"

#define EXPIRY_US         100000 // between two looks for packets too old to request, and at wishes
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

static void clock_sync(struct worker *w, uint64_t tsc)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	w->tsc_base = tsc;
	w->tsc_base_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// Sets now_us from the cycle counter, which takes no call. It drifts, so ten times a second the
// system's clock corrects it. Time never goes backwards.
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
		keep_expire(w);
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
