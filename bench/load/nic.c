#include "nic.h"

#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define POOL_SIZE   65535
#define POOL_CACHE  512
#define DATA_ROOM   2176 // headroom and one Ethernet frame, as in the data plane
#define QUEUE_DEPTH 16384 // descriptors, if the port takes that many

static int eal_begin(const struct nic_options *o)
{
	char lcores[32], memory[16];

	snprintf(lcores, sizeof(lcores), "--lcores=0@%u", o->core);
	snprintf(memory, sizeof(memory), "%u", o->memory_mb);
	char *argv[] = {
	        "bench-load",
	        lcores,
	        "--no-pci",
	        "--no-telemetry",
	        "--log-level=error",
	        "--iova-mode=va",
	        o->hugepages ? "--in-memory" : "--no-huge",
	        o->hugepages ? "--single-file-segments" : "--no-shconf",
	        "-m",
	        memory,
	        NULL,
	};
	int argc = (int)(sizeof(argv) / sizeof(argv[0])) - 1;

	if (o->hugepages)
		argc -= 2; // allocates pages as needed
	return rte_eal_init(argc, argv) < 0 ? -rte_errno : 0;
}

static int port_begin(struct nic *n, const struct nic_options *o)
{
	struct rte_eth_conf conf = {0};
	struct rte_ether_addr mac;
	uint16_t rx = QUEUE_DEPTH, tx = QUEUE_DEPTH;
	char name[64];

	int ret = rte_dev_probe(o->device);
	if (ret < 0)
		return ret;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(o->device, ","), o->device);
	ret = rte_eth_dev_get_port_by_name(name, &n->id);
	if (ret == 0)
		ret = rte_eth_dev_configure(n->id, n->queues, n->queues, &conf);
	if (ret == 0)
		ret = rte_eth_dev_adjust_nb_rx_tx_desc(n->id, &rx, &tx);
	for (uint16_t i = 0; i < n->queues && ret == 0; i++) {
		ret = rte_eth_rx_queue_setup(n->id, i, rx, 0, NULL, n->pool);
		if (ret == 0)
			ret = rte_eth_tx_queue_setup(n->id, i, tx, 0, NULL);
	}
	if (ret == 0)
		ret = rte_eth_macaddr_get(n->id, &mac);
	if (ret < 0)
		return ret;
	memcpy(n->mac, mac.addr_bytes, sizeof(n->mac));
	return rte_eth_dev_start(n->id);
}

int nic_open(struct nic *n, const struct nic_options *o)
{
	*n = (struct nic){.queues = o->queues};
	int ret = eal_begin(o);
	if (ret < 0) {
		fprintf(stderr, "bench-load: DPDK did not start: %s\n", strerror(-ret));
		return ret;
	}
	n->pool = rte_pktmbuf_pool_create("load", POOL_SIZE, POOL_CACHE, 0, DATA_ROOM, 0);
	ret = n->pool ? port_begin(n, o) : -rte_errno;
	if (ret < 0)
		fprintf(stderr, "bench-load: no port %s: %s\n", o->device, strerror(-ret));
	return ret;
}

void nic_close(struct nic *n)
{
	nic_flush(n);
	rte_eth_dev_stop(n->id);
	rte_eth_dev_close(n->id);
	rte_eal_cleanup();
}

bool nic_is_up(const struct nic *n)
{
	struct rte_eth_link link = {0};
	return rte_eth_link_get_nowait(n->id, &link) == 0 && link.link_status;
}

static void queue_flush(struct nic *n, uint16_t queue)
{
	struct rte_mbuf **out = n->out[queue];
	uint16_t waiting = n->waiting[queue];

	if (waiting == 0)
		return;
	uint16_t sent = rte_eth_tx_burst(n->id, queue, out, waiting);
	n->unsent += (uint64_t)(waiting - sent);
	rte_pktmbuf_free_bulk(out + sent, (unsigned)(waiting - sent));
	n->waiting[queue] = 0;
}

uint8_t *nic_reserve(struct nic *n, uint16_t queue)
{
	if (n->waiting[queue] == NIC_BURST)
		queue_flush(n, queue);
	struct rte_mbuf *m = rte_pktmbuf_alloc(n->pool);
	if (!m) {
		n->unsent++;
		return NULL;
	}
	n->out[queue][n->waiting[queue]] = m;
	return rte_pktmbuf_mtod(m, uint8_t *);
}
static_assert(NIC_FRAME_MAX <= DATA_ROOM - RTE_PKTMBUF_HEADROOM);

void nic_commit(struct nic *n, uint16_t queue, size_t len)
{
	struct rte_mbuf *m = n->out[queue][n->waiting[queue]++];

	m->data_len = (uint16_t)len;
	m->pkt_len = (uint32_t)len;
}

void nic_release(struct nic *n, uint16_t queue)
{
	rte_pktmbuf_free(n->out[queue][n->waiting[queue]]);
}

void nic_flush(struct nic *n)
{
	for (uint16_t i = 0; i < n->queues; i++)
		queue_flush(n, i);
}

uint64_t nic_missed(const struct nic *n)
{
	struct rte_eth_stats stats = {0};
	return rte_eth_stats_get(n->id, &stats) == 0 ? stats.imissed + stats.rx_nombuf : 0;
}
