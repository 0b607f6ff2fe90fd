// The cost of a copy in the data plane's own fan-out: bursts of packets of one or more tracks go to
// forward() and are flushed into net_null, for N viewers that each have their own keys and
// subscribe to all tracks. Then the cost if the viewers' links are narrow, so that video waits for
// its turn (path/pace.h), the cost of the tap, and the other costs of viewers.
#include "record.h"
#include "rig.h"
#include "tap_cost.h"
#include "viewer_cost.h"

#include "path/forward.h"
#include "path/pace.h"
#include "path/tx.h"
#include "path/viewer.h"

#include <errno.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <stdlib.h>
#include <string.h>

#define BURST           8 // packets of a video frame, which arrive together
#define BURST_MAX       16 // packets of all tracks together
#define COPIES_OF_ROUND 16000 // minimum, so that short rounds do not measure the clock
#define COPIES_OF_CASE  800000 // enough: with more copies per round there are fewer rounds
#define ROUNDS          16
#define ROUNDS_MIN      4
#define PASSES          3 // over all cases, so that noise does not affect a single one
#define BUFFERS         65535
#define BUFFER_CACHE    512

struct bench_case {
	uint32_t viewers;
	uint16_t tracks;
	uint16_t burst; // packets of all tracks that come together
};
static const struct bench_case cases[] = {
        // a frame of one track, for more and more viewers
        {1, 1, BURST},
        {10, 1, BURST},
        {100, 1, BURST},
        {200, 1, BURST},
        {500, 1, BURST},
        {1000, 1, BURST},
        {2000, 1, BURST},
        {5000, 1, BURST},
        {10000, 1, BURST},
        {20000, 1, BURST},
        // frames of different lengths: the gain of going viewer by viewer
        {2000, 1, 1},
        {2000, 1, 2},
        {2000, 1, 4},
        {2000, 1, 16},
        // frames of several tracks at once
        {200, 4, 8},
        {2000, 4, 8},
        {20000, 4, 8},
        {200, 8, 16},
        {2000, 8, 16},
        {20000, 8, 16},
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

// Viewers with narrow links: one of their tracks sends, the others are idle.
#define SLOW_VIEWERS 2000
#define SLOW_RATE    4000000 // bit/s: a burst takes half the time until the next
#define SLOW_PAYLOAD 1200
#define SLOW_ROUNDS  30
#define SLOW_VISITS  500 // in which everything is sent; a second's worth
static const uint16_t slow_tracks[] = {1, RIG_TRACKS_MAX};
#define SLOW_CASES (sizeof(slow_tracks) / sizeof(slow_tracks[0]))

static const uint16_t payloads[] = {1200, 100};
#define PAYLOADS (sizeof(payloads) / sizeof(payloads[0]))

struct profile {
	const char *name;
	uint8_t id;
};
static const struct profile profiles[] = {
        {"gcm", SRTP_PROFILE_AEAD_AES_128_GCM},
        {"cm", SRTP_PROFILE_AES_CM_128_HMAC_SHA1_80},
};

struct bench {
	struct rig rig;
	struct bench_case now;
	uint32_t seq; // packets of each track so far
};

static int eal_begin(void)
{
	char *argv[] = {
	        "bench-path",
	        "--in-memory",
	        "--no-pci",
	        "--no-telemetry",
	        "--log-level=critical",
	        "--iova-mode=va",
	        "--vdev=net_null0,no-rx=1",
	        NULL,
	};
	char *plain[] = {
	        "bench-path",
	        "--no-huge",
	        "-m",
	        "512",
	        "--no-pci",
	        "--no-telemetry",
	        "--log-level=critical",
	        "--iova-mode=va",
	        "--no-shconf",
	        "--vdev=net_null0,no-rx=1",
	        NULL,
	};
	FILE *f = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "re");
	int pages = 0;

	if (f) {
		if (fscanf(f, "%d", &pages) != 1)
			pages = 0;
		fclose(f);
	}
	int ret = pages >= 256 ? rte_eal_init(7, argv) : rte_eal_init(10, plain);
	return ret < 0 ? -rte_errno : 0;
}

static int port_begin(const struct rig *r)
{
	const struct rte_eth_conf conf = {0};

	int ret = rte_eth_dev_configure(r->port.id, 1, 1, &conf);
	if (ret == 0)
		ret = rte_eth_rx_queue_setup(r->port.id, 0, 128, 0, NULL, r->port.pool);
	if (ret == 0)
		ret = rte_eth_tx_queue_setup(r->port.id, 0, 128, 0, NULL);
	return ret == 0 ? rte_eth_dev_start(r->port.id) : ret;
}

// Passes one burst through the fan-out, track after track. Returns this thread's CPU time in ns.
static uint64_t burst_run(struct bench *b, uint16_t payload_len)
{
	struct rte_mbuf *packets[BURST_MAX];
	uint16_t of_track = b->now.burst / b->now.tracks;

	for (uint16_t i = 0; i < of_track; i++) {
		b->seq++;
		for (uint16_t track = 0; track < b->now.tracks; track++)
			packets[track * of_track + i] =
			        rig_packet(&b->rig, track, b->seq, payload_len);
	}
	struct worker *w = b->rig.worker;
	w->now_us += 33000;
	uint64_t start = thread_time_ns();
	for (uint16_t i = 0; i < b->now.burst; i++)
		forward(w, packets[i]);
	while (forward_some(w) > 0)
		tx_flush(w);
	return thread_time_ns() - start;
}

// Runs this many bursts. Returns ns per copy, or a negative number if copies are missing.
static double round_run(struct bench *b, uint16_t payload, uint32_t bursts)
{
	uint64_t copies = b->rig.counters->value[AM_COUNTER_tx_packets], ns = 0;
	uint64_t expected = (uint64_t)bursts * b->now.burst * b->now.viewers;

	for (uint32_t i = 0; i < bursts; i++)
		ns += burst_run(b, payload);
	copies = b->rig.counters->value[AM_COUNTER_tx_packets] - copies;
	if (copies == expected)
		return (double)ns / (double)copies;
	fprintf(stderr, "bench: %lu copies were sent, not %lu\n", copies, expected);
	return -1;
}

// Runs one pass of a case.
static int measure(struct bench *b, uint16_t payload, struct series *series)
{
	uint32_t copies = b->now.viewers * b->now.burst;
	uint32_t bursts = COPIES_OF_ROUND / copies + 1;
	uint32_t rounds = COPIES_OF_CASE / (bursts * copies);

	rounds = RTE_MAX(ROUNDS_MIN, RTE_MIN(ROUNDS, rounds));
	burst_run(b, payload); // the key frame, and warm caches
	for (uint32_t i = 0; i < rounds; i++) {
		double ns = round_run(b, payload, bursts);
		if (ns < 0)
			return -EIO;
		series_add(series, ns);
	}
	return 0;
}

static int measure_case(
        struct bench *b, const struct profile *profile, uint16_t payload,
        const struct bench_case *c, struct series *series
)
{
	b->now = *c;
	b->seq = 0;
	int ret = rig_fill(&b->rig, c->viewers, c->tracks, profile->id);
	if (ret == 0)
		ret = measure(b, payload, series);
	rig_clear(&b->rig);
	return ret;
}

// floors: of both payloads, in the order of the table above.
static int
measure_profile(struct bench *b, FILE *json, const struct profile *profile, char **floors)
{
	static struct series series[PAYLOADS][CASES];

	memset(series, 0, sizeof(series));
	for (size_t i = 0; i < PASSES * PAYLOADS * CASES; i++) {
		size_t p = i / CASES % PAYLOADS, c = i % CASES;
		int ret = measure_case(b, profile, payloads[p], &cases[c], &series[p][c]);
		if (ret < 0)
			return ret;
	}
	for (size_t i = 0; i < PAYLOADS * CASES; i++) {
		size_t p = i / CASES, c = i % CASES;
		record(json, &(struct figure){
		                     .name = "copy",
		                     .unit = "ns/packet",
		                     .port = "net_null",
		                     .profile = profile->name,
		                     .payload = payloads[p],
		                     .viewers = cases[c].viewers,
		                     .tracks = cases[c].tracks,
		                     .burst = cases[c].burst,
		                     .workers = 1,
		                     .value = series_min(&series[p][c]),
		                     .median = series_median(&series[p][c]),
		                     .floor = atof(floors[p]),
		             });
	}
	return 0;
}

// Marks each viewer's link as queueing for a long time.
static int links_narrow(struct bench *b)
{
	struct worker *w = b->rig.worker;

	for (uint32_t i = 0; i < b->rig.viewers; i++) {
		struct downlink *d = &b->rig.transports[i]->viewer->downlink;
		downlink_init(d, w->now_us, SLOW_RATE, 0, true);
		d->unhurt = false;
		d->overuse_us = w->now_us + INT64_C(3600000000);
	}
	for (int i = 0; i < 2 * VIEWER_TICKS; i++) {
		w->now_us += VIEWER_TICK_US;
		viewer_tick(w);
	}
	for (uint32_t i = 0; i < b->rig.viewers; i++) {
		if (!b->rig.transports[i]->slow)
			return -EIO;
	}
	return 0;
}

// Sends n packets of a track to all viewers, at their pace. Returns this thread's CPU time in ns.
static uint64_t slow_run(struct bench *b, uint16_t track, uint32_t first, uint32_t n)
{
	struct rte_mbuf *packets[BURST_MAX];
	struct worker *w = b->rig.worker;
	uint64_t all = b->rig.counters->value[AM_COUNTER_tx_packets] + n * b->rig.viewers;

	for (uint32_t i = 0; i < n; i++)
		packets[i] = rig_packet(&b->rig, track, first + i, SLOW_PAYLOAD);
	uint64_t start = thread_time_ns();
	for (uint32_t i = 0; i < n; i++)
		forward(w, packets[i]);
	while (forward_some(w) > 0)
		tx_flush(w);
	for (int i = 0; i < SLOW_VISITS && b->rig.counters->value[AM_COUNTER_tx_packets] < all;
	     i++) {
		w->now_us += PACE_US;
		pace(w);
		tx_flush(w);
	}
	return thread_time_ns() - start;
}

// Sends nothing for a second. Returns this thread's CPU time in us.
static double slow_idle(struct bench *b)
{
	struct worker *w = b->rig.worker;
	uint64_t start = thread_time_ns();

	for (int i = 0; i < SLOW_VISITS; i++) {
		w->now_us += PACE_US;
		pace(w);
	}
	return (double)(thread_time_ns() - start) / 1e3;
}

static int measure_slow(struct bench *b, struct series *copies, struct series *idle)
{
	uint32_t seq = 1;

	if (links_narrow(b) < 0)
		return -EIO;
	for (uint16_t track = 0; track < b->rig.tracks; track++)
		slow_run(b, track, 1, 1);
	for (int i = 0; i < SLOW_ROUNDS; i++, seq += BURST) {
		uint64_t sent = b->rig.counters->value[AM_COUNTER_tx_packets];
		uint64_t ns = slow_run(b, 0, seq + 1, BURST);
		sent = b->rig.counters->value[AM_COUNTER_tx_packets] - sent;
		if (sent != BURST * b->rig.viewers) {
			fprintf(stderr, "bench: %lu slow copies were sent\n", sent);
			return -EIO;
		}
		series_add(copies, (double)ns / (double)sent);
	}
	for (int i = 0; i < ROUNDS_MIN; i++)
		series_add(idle, slow_idle(b));
	return 0;
}

static void record_slow(
        FILE *json, const char *name, const char *unit, uint16_t tracks, struct series *series,
        double floor
)
{
	record(json, &(struct figure){
	                     .name = name,
	                     .unit = unit,
	                     .port = "net_null",
	                     .profile = "gcm",
	                     .payload = SLOW_PAYLOAD,
	                     .viewers = SLOW_VIEWERS,
	                     .tracks = tracks,
	                     .burst = BURST,
	                     .workers = 1,
	                     .value = series_min(series),
	                     .median = series_median(series),
	                     .floor = floor,
	             });
}

static int measure_narrow(struct bench *b, FILE *json, double floor)
{
	static struct series copies[SLOW_CASES], idle[SLOW_CASES];

	for (size_t i = 0; i < SLOW_CASES; i++) {
		int ret = rig_fill(
		        &b->rig, SLOW_VIEWERS, slow_tracks[i], SRTP_PROFILE_AEAD_AES_128_GCM
		);
		if (ret == 0)
			ret = measure_slow(b, &copies[i], &idle[i]);
		rig_clear(&b->rig);
		if (ret < 0)
			return ret;
	}
	for (size_t i = 0; i < SLOW_CASES; i++)
		record_slow(json, "slow copy", "ns/packet", slow_tracks[i], &copies[i], floor);
	for (size_t i = 0; i < SLOW_CASES; i++)
		record_slow(json, "slow idle, us of a second", "us/s", slow_tracks[i], &idle[i], 0);
	return 0;
}

int main(int argc, char **argv)
{
	static struct bench b;

	if (argc != 6) {
		fprintf(stderr, "usage: bench-path FILE FLOOR FLOOR FLOOR FLOOR\n"
		                "  floors in ns: gcm 1200 B, gcm 100 B, cm 1200 B, cm 100 B\n");
		return 2;
	}
	FILE *json = fopen(argv[1], "ae");
	if (!json) {
		perror(argv[1]);
		return 1;
	}
	int ret = eal_begin();
	if (ret == 0)
		ret = rig_init(&b.rig, BUFFERS, BUFFER_CACHE);
	if (ret == 0)
		ret = port_begin(&b.rig);
	if (ret == 0)
		ret = tap_cost(&b.rig, json);
	if (ret == 0)
		ret = measure_narrow(&b, json, atof(argv[2]));
	for (size_t i = 0; i < 2 && ret == 0; i++)
		ret = measure_profile(&b, json, &profiles[i], argv + 2 + 2 * i);
	if (ret == 0)
		ret = viewer_cost(&b.rig, json);
	if (ret < 0)
		fprintf(stderr, "bench: %s\n", strerror(-ret));
	fclose(json);
	return ret < 0 ? 1 : 0;
}
