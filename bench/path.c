// What a copy costs in the data plane's own fan-out: packets of one track are given to forward()
// and flushed into net_null, with N subscribers that each have keys of their own.
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
#define COPIES_OF_ROUND 16000 // at least; so short rounds do not measure the clock
#define ROUNDS          40
#define POOL_SIZE       65535
#define HEADER_EXT_LEN  16 // of a track header: send time and MID

static const uint32_t viewer_counts[] = {1, 10, 100, 200, 500, 1000, 2000, 5000, 10000, 20000};
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
	struct transport *transports;
	struct fanout *fanout;
	uint32_t viewers;
	uint64_t seq;
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

static int viewer_make(struct bench *b, uint32_t i, uint8_t profile, struct subscription *s)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};
	struct transport *t = &b->transports[i];
	struct srtp_keys keys;
	uint8_t ip[4] = {198, 19, (uint8_t)(i >> 8), (uint8_t)i};

	fill(&keys, sizeof(keys));
	keys.profile = profile;
	*t = (struct transport){.id = i + 1, .key = cipher_key_create(&keys)};
	TAILQ_INIT(&t->tracks);
	TAILQ_INIT(&t->subscriptions);
	packet_route_init(&t->route, &b->worker->local, mac, 4, ip, (uint16_t)(10000 + i % 50000));
	*s = (struct subscription){
	        .transport = t,
	        .fanout = b->fanout,
	        .ssrc = i + 1,
	        .rtx_ssrc = i + 1000000,
	        .mid_len = 1,
	        .mid = "7",
	        .layer_told = AM_LAYER_NONE,
	        .id = i + 1,
	};
	selector_init(&s->selector, SELECTOR_VIDEO, (uint16_t)rand(), (uint32_t)rand());
	selector_set_active(&s->selector, 1);
	return t->key ? 0 : -ENOMEM;
}

// A fan-out of one encoding to `viewers` subscribers.
static int fanout_begin(struct bench *b, uint32_t viewers, uint8_t profile)
{
	b->viewers = viewers;
	b->transports = calloc(viewers, sizeof(*b->transports));
	b->fanout = calloc(1, sizeof(*b->fanout) + sizeof(b->fanout->streams[0]));
	if (!b->transports || !b->fanout)
		return -ENOMEM;
	*b->fanout = (struct fanout
	){.track_id = 1, .codec = AM_CODEC_VP8, .stream_count = 1, .active = 1, .cname = "c"};
	history_init(
	        &b->fanout->streams[0].history, b->fanout->streams[0].slots, RELAY_HISTORY,
	        RELAY_HISTORY_MS
	);
	b->worker->fanouts[1] = b->fanout;
	struct fanout_chunk **end = &b->fanout->chunks;
	for (uint32_t i = 0; i < viewers; i++) {
		if (i % RELAY_CHUNK == 0) {
			if (i)
				end = &(*end)->next;
			*end = aligned_alloc(64, (sizeof(**end) + 63) / 64 * 64);
			if (!*end)
				return -ENOMEM;
			(*end)->used = 0;
			(*end)->next = NULL;
		}
		(*end)->used |= UINT64_C(1) << i % RELAY_CHUNK;
		int ret = viewer_make(b, i, profile, &(*end)->subscriptions[i % RELAY_CHUNK]);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static void fanout_end(struct bench *b)
{
	forward_drain(b->fanout);
	while (b->fanout->chunks) {
		struct fanout_chunk *c = b->fanout->chunks;
		b->fanout->chunks = c->next;
		free(c);
	}
	for (uint32_t i = 0; i < b->viewers; i++)
		cipher_key_destroy(b->transports[i].key);
	free(b->transports);
	free(b->fanout);
	b->worker->fanouts[1] = NULL;
}

// A packet as path/receive.c makes it: a VP8 key frame first, then its packets.
static struct rte_mbuf *packet_make(struct bench *b, uint16_t payload_len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(b->port.pool);

	if (!m)
		return NULL;
	struct media_packet *p = rte_mbuf_to_priv(m);
	uint16_t seq = (uint16_t)++b->seq;
	uint8_t *payload = (uint8_t *)rte_pktmbuf_append(m, payload_len);
	memset(payload, 0x55, payload_len);
	*p = (struct media_packet){
	        .track_id = 1,
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

// One burst through the fan-out; ns of this thread.
static uint64_t burst_run(struct bench *b, uint16_t payload_len)
{
	struct rte_mbuf *packets[BURST];

	for (int i = 0; i < BURST; i++)
		packets[i] = packet_make(b, payload_len);
	b->worker->now_us += 33000;
	uint64_t start = thread_time_ns();
	for (int i = 0; i < BURST; i++)
		forward(b->worker, packets[i]);
	forward_flush(b->worker);
	tx_flush(b->worker);
	return thread_time_ns() - start;
}

static int
measure(struct bench *b, FILE *json, const struct profile *profile, uint16_t payload,
        uint32_t viewers, double floor)
{
	struct series series = {0};
	uint32_t bursts = COPIES_OF_ROUND / (viewers * BURST) + 1;

	int ret = fanout_begin(b, viewers, profile->id);
	if (ret < 0)
		return ret;
	b->seq = 0;
	burst_run(b, payload);
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t copies = b->counters->value[AM_COUNTER_tx_packets], ns = 0;
		for (uint32_t i = 0; i < bursts; i++)
			ns += burst_run(b, payload);
		copies = b->counters->value[AM_COUNTER_tx_packets] - copies;
		if (copies != (uint64_t)bursts * BURST * viewers) {
			fprintf(stderr, "bench: %lu copies left, not %lu\n", copies,
			        (uint64_t)bursts * BURST * viewers);
			return -EIO;
		}
		series_add(&series, (double)ns / (double)copies);
	}
	record(json, &(struct figure){
	                     .name = "copy",
	                     .unit = "ns/packet",
	                     .port = "net_null",
	                     .profile = profile->name,
	                     .payload = payload,
	                     .viewers = viewers,
	                     .workers = 1,
	                     .value = series_min(&series),
	                     .median = series_median(&series),
	                     .floor = floor,
	             });
	fanout_end(b);
	return 0;
}

// floors: of each profile and payload, in the order of the tables above.
static int measure_all(struct bench *b, FILE *json, char **floors)
{
	for (size_t profile = 0; profile < 2; profile++) {
		for (size_t payload = 0; payload < 2; payload++) {
			double floor = atof(floors[profile * 2 + payload]);
			for (size_t i = 0; i < sizeof(viewer_counts) / sizeof(viewer_counts[0]);
			     i++) {
				int ret =
				        measure(b, json, &profiles[profile], payloads[payload],
				                viewer_counts[i], floor);
				if (ret < 0)
					return ret;
			}
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
	if (ret == 0)
		ret = measure_all(&b, json, argv + 2);
	if (ret < 0)
		fprintf(stderr, "bench: %s\n", strerror(-ret));
	fclose(json);
	return ret < 0 ? 1 : 0;
}
