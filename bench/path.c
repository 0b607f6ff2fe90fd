// What a copy costs in the data plane's own fan-out: bursts of packets of one or more tracks are
// given to forward() and flushed into net_null, with N viewers that each have keys of their own and
// subscribe to all tracks.
#include "record.h"

#include "am_region.h"
#include "path/cipher.h"
#include "path/forward.h"
#include "path/tx.h"
#include "worker.h"

#include <errno.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <stdlib.h>
#include <string.h>

#define BURST           8 // packets of a video frame that come together
#define BURST_MAX       16 // packets of all tracks together
#define TRACKS_MAX      8
#define COPIES_OF_ROUND 16000 // at least; so short rounds do not measure the clock
#define COPIES_OF_CASE  2000000 // enough: fewer rounds then
#define ROUNDS          40
#define ROUNDS_MIN      10
#define POOL_SIZE       65535
#define HEADER_EXT_LEN  16 // of a track header: send time and MID

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
        // frames of different lengths: what viewer by viewer gains
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
static const uint16_t payloads[] = {1200, 100};

struct profile {
	const char *name;
	uint8_t id;
};
static const struct profile profiles[] = {
        {"gcm", SRTP_PROFILE_AEAD_AES_128_GCM},
        {"cm", SRTP_PROFILE_AES128_CM_SHA1_80},
};

struct bench {
	struct port port;
	struct worker *worker;
	struct am_counters *counters;
	struct bench_case now;
	struct transport **transports;
	struct fanout *fanouts[TRACKS_MAX];
	uint64_t seq; // packets of each track so far
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

static int port_begin(struct port *p)
{
	const struct rte_eth_conf conf = {0};

	*p = (struct port){.queues = 1, .mac = {2, 0, 0, 0, 0, 8}};
	p->pool = rte_pktmbuf_pool_create(
	        "bench", POOL_SIZE, 512, PORT_MBUF_PRIV, PORT_MBUF_DATA_ROOM, SOCKET_ID_ANY
	);
	if (!p->pool)
		return -rte_errno;
	int ret = rte_eth_dev_configure(p->id, 1, 1, &conf);
	if (ret == 0)
		ret = rte_eth_rx_queue_setup(p->id, 0, 128, 0, NULL, p->pool);
	if (ret == 0)
		ret = rte_eth_tx_queue_setup(p->id, 0, 128, 0, NULL);
	return ret == 0 ? rte_eth_dev_start(p->id) : ret;
}

static int worker_begin(struct bench *b)
{
	b->worker = aligned_alloc(64, (sizeof(*b->worker) + 63) / 64 * 64);
	b->counters = calloc(1, sizeof(*b->counters));
	if (!b->worker || !b->counters)
		return -ENOMEM;
	int ret = worker_init(b->worker, 0, 1, &b->port, false);
	if (ret < 0)
		return ret;
	struct worker *w = b->worker;
	w->counters = b->counters;
	w->workers = w;
	memcpy(w->local.mac, b->port.mac, 6);
	w->local.udp_port = 40000;
	w->local.ipv4 = (struct am_address){.family = 4, .bytes = {198, 18, 0, 2}};
	w->now_us = 1000000;
	return 0;
}

static void fill(void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)bytes)[i] = (uint8_t)rand();
}

static struct transport *transport_make(const struct bench *b, uint32_t i, uint8_t profile)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};
	struct transport *t = calloc(1, sizeof(*t));
	struct srtp_keys keys;
	uint8_t ip[4] = {198, 19, (uint8_t)(i >> 8), (uint8_t)i};

	if (!t)
		return NULL;
	fill(&keys, sizeof(keys));
	keys.profile = profile;
	t->id = i + 1;
	t->key = cipher_key_create(&keys);
	t->key_profile = profile;
	TAILQ_INIT(&t->tracks);
	TAILQ_INIT(&t->subscriptions);
	packet_route_init(&t->route, &b->worker->local, mac, 4, ip, (uint16_t)(10000 + i % 50000));
	return t;
}

// Places for all viewers, as the service thread makes them.
static int chunks_make(struct fanout *f, uint32_t viewers)
{
	struct fanout_chunk **end = &f->chunks;

	for (uint32_t i = 0; i < viewers; i += RELAY_CHUNK, end = &(*end)->next) {
		uint32_t places = viewers - i < RELAY_CHUNK ? viewers - i : RELAY_CHUNK;
		*end = aligned_alloc(64, (sizeof(**end) + 63) / 64 * 64);
		if (!*end)
			return -ENOMEM;
		(*end)->used = UINT64_MAX >> (RELAY_CHUNK - places);
		(*end)->next = NULL;
	}
	return 0;
}

// All viewers subscribe to the track.
static void subscriptions_make(const struct bench *b, struct fanout *f)
{
	struct subscription *s;
	uint32_t i = 0;

	FANOUT_FOREACH (s, f) {
		*s = (struct subscription){
		        .transport = b->transports[i],
		        .fanout = f,
		        .ssrc = (uint32_t)f->track_id << 20 | i,
		        .rtx_ssrc = (uint32_t)f->track_id << 20 | i | UINT32_C(1) << 31,
		        .mid_len = 1,
		        .mid = "7",
		        .layer_told = AM_LAYER_NONE,
		        .id = i + 1,
		};
		selector_init(&s->selector, SELECTOR_VIDEO, (uint16_t)rand(), (uint32_t)rand());
		selector_set_active(&s->selector, 1);
		i++;
	}
}

// A fan-out of one encoding.
static int fanout_begin(struct bench *b, uint16_t track)
{
	struct fanout *f = calloc(1, sizeof(*f) + sizeof(f->streams[0]));

	if (!f)
		return -ENOMEM;
	f->track_id = track + 1u;
	f->codec = AM_CODEC_VP8;
	f->stream_count = 1;
	f->active = 1;
	memcpy(f->cname, "c", 2);
	history_init(&f->streams[0].history, f->streams[0].slots, RELAY_HISTORY, RELAY_HISTORY_MS);
	b->fanouts[track] = f;
	b->worker->fanouts[am_id_slot(f->track_id)] = f;
	int ret = chunks_make(f, b->now.viewers);
	if (ret == 0)
		subscriptions_make(b, f);
	return ret;
}

static int case_begin(struct bench *b, const struct bench_case *c, uint8_t profile)
{
	b->now = *c;
	b->seq = 0;
	b->transports = calloc(c->viewers, sizeof(struct transport *));
	if (!b->transports)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->viewers; i++) {
		b->transports[i] = transport_make(b, i, profile);
		if (!b->transports[i] || !b->transports[i]->key)
			return -ENOMEM;
	}
	for (uint16_t i = 0; i < c->tracks; i++) {
		int ret = fanout_begin(b, i);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static void fanout_end(struct bench *b, struct fanout *f)
{
	forward_drain(f);
	while (f->chunks) {
		struct fanout_chunk *c = f->chunks;
		f->chunks = c->next;
		free(c);
	}
	b->worker->fanouts[am_id_slot(f->track_id)] = NULL;
	free(f);
}

static void case_end(struct bench *b)
{
	for (uint16_t i = 0; i < b->now.tracks; i++)
		fanout_end(b, b->fanouts[i]);
	for (uint32_t i = 0; i < b->now.viewers; i++) {
		cipher_key_destroy(b->transports[i]->key);
		free(b->transports[i]);
	}
	free(b->transports);
}

// The next packet of a track as path/receive.c makes it: a VP8 key frame first, then its packets.
static struct rte_mbuf *packet_make(const struct bench *b, am_id track_id, uint16_t payload_len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(b->port.pool);

	if (!m)
		return NULL;
	struct media_packet *p = rte_mbuf_to_priv(m);
	uint16_t seq = (uint16_t)b->seq;
	uint8_t *payload = (uint8_t *)rte_pktmbuf_append(m, payload_len);
	memset(payload, 0x55, payload_len);
	*p = (struct media_packet){
	        .track_id = track_id,
	        .info =
	                {
	                        .arrival_us = b->worker->now_us,
	                        .seq = (uint32_t)b->seq,
	                        .timestamp = (uint32_t)(b->seq / BURST * 3000),
	                        .seq_at = {seq, seq, seq, seq},
	                        .flags = b->seq == 1 ? TRACK_KEY_FRAME | TRACK_BEGIN : 0,
	                },
	        .template =
	                {
	                        .len = RTP_HEADER_LEN + HEADER_EXT_LEN,
	                        .abs_send_time_offset = 17,
	                        .mid_offset = 20,
	                        .mid_id = AM_EXT_MID,
	                },
	        .active = 1,
	        .header = {0x90, 101, [12] = 0xbe, 0xde, 0, 3, AM_EXT_ABS_SEND_TIME << 4 | 2},
	};
	return m;
}

// One burst through the fan-out, track after track; ns of this thread.
static uint64_t burst_run(struct bench *b, uint16_t payload_len)
{
	struct rte_mbuf *packets[BURST_MAX];
	uint16_t of_track = b->now.burst / b->now.tracks;

	for (uint16_t i = 0; i < of_track; i++) {
		b->seq++;
		for (uint16_t track = 0; track < b->now.tracks; track++)
			packets[track * of_track + i] = packet_make(b, track + 1u, payload_len);
	}
	b->worker->now_us += 33000;
	uint64_t start = thread_time_ns();
	for (uint16_t i = 0; i < b->now.burst; i++)
		forward(b->worker, packets[i]);
	forward_flush(b->worker);
	tx_flush(b->worker);
	return thread_time_ns() - start;
}

// ns per copy of so many bursts, or a negative number where copies are missing.
static double round_run(struct bench *b, uint16_t payload, uint32_t bursts)
{
	uint64_t copies = b->counters->value[AM_COUNTER_tx_packets], ns = 0;
	uint64_t expected = (uint64_t)bursts * b->now.burst * b->now.viewers;

	for (uint32_t i = 0; i < bursts; i++)
		ns += burst_run(b, payload);
	copies = b->counters->value[AM_COUNTER_tx_packets] - copies;
	if (copies == expected)
		return (double)ns / (double)copies;
	fprintf(stderr, "bench: %lu copies left, not %lu\n", copies, expected);
	return -1;
}

static int
measure(struct bench *b, FILE *json, const struct profile *profile, uint16_t payload, double floor)
{
	struct series series = {0};
	uint32_t copies = b->now.viewers * b->now.burst;
	uint32_t bursts = COPIES_OF_ROUND / copies + 1;
	uint32_t rounds = COPIES_OF_CASE / (bursts * copies);

	rounds = RTE_MAX(ROUNDS_MIN, RTE_MIN(ROUNDS, rounds));
	burst_run(b, payload);
	for (uint32_t i = 0; i < rounds; i++) {
		double ns = round_run(b, payload, bursts);
		if (ns < 0)
			return -EIO;
		series_add(&series, ns);
	}
	record(json, &(struct figure){
	                     .name = "copy",
	                     .unit = "ns/packet",
	                     .port = "net_null",
	                     .profile = profile->name,
	                     .payload = payload,
	                     .viewers = b->now.viewers,
	                     .tracks = b->now.tracks,
	                     .burst = b->now.burst,
	                     .workers = 1,
	                     .value = series_min(&series),
	                     .median = series_median(&series),
	                     .floor = floor,
	             });
	return 0;
}

// floors: of both payloads, in the order of the table above.
static int
measure_profile(struct bench *b, FILE *json, const struct profile *profile, char **floors)
{
	for (size_t payload = 0; payload < 2; payload++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			int ret = case_begin(b, &cases[i], profile->id);
			if (ret == 0)
				ret =
				        measure(b, json, profile, payloads[payload],
				                atof(floors[payload]));
			if (ret < 0)
				return ret;
			case_end(b);
		}
	}
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
		ret = port_begin(&b.port);
	if (ret == 0)
		ret = worker_begin(&b);
	for (size_t i = 0; i < 2 && ret == 0; i++)
		ret = measure_profile(&b, json, &profiles[i], argv + 2 + 2 * i);
	if (ret < 0)
		fprintf(stderr, "bench: %s\n", strerror(-ret));
	fclose(json);
	return ret < 0 ? 1 : 0;
}
