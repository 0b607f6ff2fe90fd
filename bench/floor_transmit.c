#include "floor.h"

#include "record.h"

#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS     200
#define BURSTS     8 // per round: few, so that few rounds are interrupted
#define BURST      32
#define RETRIES    1000 // calls without a frame taken before a round is given up
#define POOL_SIZE  8191
#define POOL_CACHE 256
#define DATA_ROOM  2176
#define QUEUE      1024 // descriptors
#define LINK_MS    5000
#define UDP_LEN    42 // Ethernet, IPv4, UDP
#define TAG_LEN    16
#define NO_PORT    UINT16_MAX

struct pipe {
	struct rte_mempool *pool;
	uint16_t tx; // port
	uint16_t rx; // port on which the frames arrive; NO_PORT: nowhere
};

// From 198.18.0.2 to 198.18.0.3, which are unused: a kernel drops the frame at once.
static const uint8_t frame_start[] = {
        2,    0, 0, 0, 0, 9, 2,    0, 0,  0,  0, 8, 8,   0, // Ethernet
        0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0, 198, 18, 0, 2, 198, 18, 0, 3, // IPv4
};

// Uses ordinary pages, which every machine has. Only zero-copy memif requires hugepages in one
// file.
static int start_eal(bool zero_copy)
{
	char *argv[] = {
	        "bench-floor",
	        "-m",
	        "256",
	        "--no-pci",
	        "--no-telemetry",
	        "--log-level=critical",
	        "--iova-mode=va",
	        zero_copy ? "--in-memory" : "--no-huge",
	        zero_copy ? "--single-file-segments" : "--no-shconf",
	        NULL,
	};
	int argc = (int)(sizeof(argv) / sizeof(argv[0])) - 1;

	return rte_eal_init(argc, argv) < 0 ? -rte_errno : 0;
}

// Attaches and starts a device given as "name,arguments". 0 or -errno.
static int port_start(struct rte_mempool *pool, const char *device, uint16_t *port)
{
	struct rte_eth_conf conf = {0};
	uint16_t rx = QUEUE, tx = QUEUE;
	char name[64];

	int ret = rte_dev_probe(device);
	if (ret < 0)
		return ret;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(device, ","), device);
	ret = rte_eth_dev_get_port_by_name(name, port);
	if (ret == 0)
		ret = rte_eth_dev_configure(*port, 1, 1, &conf);
	if (ret == 0)
		ret = rte_eth_dev_adjust_nb_rx_tx_desc(*port, &rx, &tx);
	if (ret == 0)
		ret = rte_eth_rx_queue_setup(*port, 0, rx, 0, NULL, pool);
	if (ret == 0)
		ret = rte_eth_tx_queue_setup(*port, 0, tx, 0, NULL);
	return ret == 0 ? rte_eth_dev_start(*port) : ret;
}

static bool link_is_up(uint16_t port)
{
	struct rte_eth_link link = {0};

	for (int ms = 0; ms < LINK_MS; ms += 10) {
		if (rte_eth_link_get_nowait(port, &link) == 0 && link.link_status)
			return true;
		usleep(10000);
	}
	return false;
}

static void drain(const struct pipe *p)
{
	struct rte_mbuf *mbufs[BURST];
	uint16_t n;

	if (p->rx == NO_PORT)
		return;
	while ((n = rte_eth_rx_burst(p->rx, 0, mbufs, BURST)) > 0)
		rte_pktmbuf_free_bulk(mbufs, n);
}

// Sends one burst; returns the ticks that the calls took, and in *sent the number of frames sent.
static uint64_t burst_send(const struct pipe *p, uint16_t len, uint16_t *sent)
{
	struct rte_mbuf *mbufs[BURST];
	uint64_t ticks = 0;

	*sent = 0;
	if (rte_pktmbuf_alloc_bulk(p->pool, mbufs, BURST) < 0)
		return 0;
	for (int i = 0; i < BURST; i++) {
		uint8_t *frame = rte_pktmbuf_mtod(mbufs[i], uint8_t *);
		memcpy(frame, frame_start, sizeof(frame_start));
		mbufs[i]->data_len = len;
		mbufs[i]->pkt_len = len;
	}
	for (int i = 0; i < RETRIES && *sent < BURST; i++) {
		uint64_t start = rte_rdtsc_precise();
		uint16_t n = rte_eth_tx_burst(p->tx, 0, mbufs + *sent, BURST - *sent);
		ticks += rte_rdtsc_precise() - start;
		*sent = (uint16_t)(*sent + n);
		drain(p);
	}
	rte_pktmbuf_free_bulk(mbufs + *sent, (unsigned)(BURST - *sent));
	return ticks;
}

// 0, or -EAGAIN if the port took almost nothing.
static int measure(const struct pipe *p, uint16_t payload, struct series *series)
{
	uint16_t len = (uint16_t)(UDP_LEN + FLOOR_HEADER_LEN + payload + TAG_LEN);
	double ns_per_tick = 1e9 / (double)rte_get_tsc_hz();

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t ticks = 0, frames = 0;
		for (int i = 0; i < BURSTS; i++) {
			uint16_t sent;
			ticks += burst_send(p, len, &sent);
			frames += sent;
		}
		if (frames < BURST)
			return -EAGAIN;
		if (round > ROUNDS / 10) // before that, rings and pools fill
			series_add(series, (double)ticks * ns_per_tick / (double)frames);
	}
	return 0;
}

static int pipe_open(struct pipe *p, const char *device, const char *peer)
{
	p->rx = NO_PORT;
	p->pool = rte_pktmbuf_pool_create("bench", POOL_SIZE, POOL_CACHE, 0, DATA_ROOM, 0);
	if (p->pool == NULL)
		return -rte_errno;

	// The end that listens must start first: the peer, unless we send from a vhost.
	bool before = strncmp(device, "net_vhost", 9) == 0;
	int ret = before ? port_start(p->pool, device, &p->tx) : 0;
	if (ret == 0 && peer != NULL)
		ret = port_start(p->pool, peer, &p->rx);
	if (ret == 0 && !before)
		ret = port_start(p->pool, device, &p->tx);
	if (ret < 0)
		return ret;
	if (strncmp(device, "net_ring", 8) == 0)
		p->rx = p->tx; // the port loops frames back
	return link_is_up(p->tx) ? 0 : -ENOLINK;
}

static void pipe_close(void)
{
	uint16_t port;

	RTE_ETH_FOREACH_DEV (port)
		rte_eth_dev_stop(port);
}

int floor_transmit(FILE *json, const char *port, const char *device, const char *peer)
{
	static const uint16_t payloads[] = {1200, 100};
	static struct series series[2];
	struct pipe p = {0};

	int ret = start_eal(strstr(device, "zero-copy=yes") != NULL);
	if (ret == 0)
		ret = pipe_open(&p, device, peer);
	for (int i = 0; i < 2 && ret == 0; i++) {
		ret = measure(&p, payloads[i], &series[i]);
		if (ret == 0)
			record(json, &(struct figure){
			                     .name = "transmit",
			                     .unit = "ns/packet",
			                     .port = port,
			                     .payload = payloads[i],
			                     .workers = 1,
			                     .value = series_min(&series[i]),
			                     .median = series_median(&series[i]),
			             });
	}
	if (ret < 0)
		record_missing(json, "transmit", port, strerror(-ret));
	pipe_close();
	rte_eal_cleanup();
	return ret;
}
