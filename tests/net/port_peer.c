// The other end of a user-space port, as a DPDK process of its own: port_peer DEVICE requests the
// data plane's MAC address and an echo, and exits with 0 once the echo is correct.
#include <rte_arp.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define BUFFERS  4095
#define QUEUE    512 // descriptors
#define BURST    32
#define AGAIN_MS 100 // between two requests
#define GIVEN_UP 100 // requests before it gives up
#define ECHO_LEN 1000
#define OUR_IP   RTE_IPV4(198u, 18, 0, 1)
#define THEIR_IP RTE_IPV4(198u, 18, 0, 2)

struct echo {
	struct rte_ether_hdr ether;
	struct rte_ipv4_hdr ip;
	struct rte_icmp_hdr icmp;
	uint8_t bytes[ECHO_LEN];
} __attribute__((packed, aligned(2)));

struct question {
	struct rte_ether_hdr ether;
	struct rte_arp_hdr arp;
} __attribute__((packed, aligned(2)));

static struct rte_mempool *pool;
static struct rte_ether_addr our_mac, their_mac;
static bool their_mac_known, echoed;

static int port_open(uint16_t port)
{
	struct rte_eth_conf conf = {0};
	uint16_t rx = QUEUE, tx = QUEUE;

	pool = rte_pktmbuf_pool_create("peer", BUFFERS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	if (!pool || rte_eth_dev_configure(port, 1, 1, &conf) < 0 ||
	    rte_eth_dev_adjust_nb_rx_tx_desc(port, &rx, &tx) < 0 ||
	    rte_eth_rx_queue_setup(port, 0, rx, 0, NULL, pool) < 0 ||
	    rte_eth_tx_queue_setup(port, 0, tx, 0, NULL) < 0 ||
	    rte_eth_macaddr_get(port, &our_mac) < 0)
		return -1;
	return rte_eth_dev_start(port);
}

static void frame_send(uint16_t port, const void *frame, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	char *to = m ? rte_pktmbuf_append(m, len) : NULL;

	if (!to)
		return;
	memcpy(to, frame, len);
	if (rte_eth_tx_burst(port, 0, &m, 1) == 0)
		rte_pktmbuf_free(m);
}

static void question_send(uint16_t port)
{
	struct question q = {
	        .ether = {.src_addr = our_mac, .ether_type = RTE_BE16(RTE_ETHER_TYPE_ARP)},
	        .arp =
	                {
	                        .arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER),
	                        .arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4),
	                        .arp_hlen = RTE_ETHER_ADDR_LEN,
	                        .arp_plen = 4,
	                        .arp_opcode = RTE_BE16(RTE_ARP_OP_REQUEST),
	                        .arp_data =
	                                {
	                                        .arp_sha = our_mac,
	                                        .arp_sip = RTE_BE32(OUR_IP),
	                                        .arp_tip = RTE_BE32(THEIR_IP),
	                                },
	                },
	};

	memset(&q.ether.dst_addr, 0xff, sizeof(q.ether.dst_addr));
	frame_send(port, &q, sizeof(q));
}

static void echo_send(uint16_t port)
{
	struct echo e = {
	        .ether =
	                {
	                        .dst_addr = their_mac,
	                        .src_addr = our_mac,
	                        .ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4),
	                },
	        .ip =
	                {
	                        .version_ihl = RTE_IPV4_VHL_DEF,
	                        .total_length =
	                                rte_cpu_to_be_16(sizeof(e) - sizeof(struct rte_ether_hdr)),
	                        .time_to_live = 64,
	                        .next_proto_id = IPPROTO_ICMP,
	                        .src_addr = RTE_BE32(OUR_IP),
	                        .dst_addr = RTE_BE32(THEIR_IP),
	                },
	        .icmp = {.icmp_type = RTE_IP_ICMP_ECHO_REQUEST},
	};

	memset(e.bytes, 0x5a, sizeof(e.bytes));
	e.icmp.icmp_cksum = (uint16_t)~rte_raw_cksum(&e.icmp, sizeof(e.icmp) + sizeof(e.bytes));
	e.ip.hdr_checksum = rte_ipv4_cksum(&e.ip);
	frame_send(port, &e, sizeof(e));
}

static void frame_read(const struct rte_mbuf *m)
{
	const struct question *q = rte_pktmbuf_mtod(m, const struct question *);
	const struct echo *e = rte_pktmbuf_mtod(m, const struct echo *);

	if (m->data_len >= sizeof(*q) && q->ether.ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP) &&
	    q->arp.arp_opcode == RTE_BE16(RTE_ARP_OP_REPLY) &&
	    q->arp.arp_data.arp_sip == RTE_BE32(THEIR_IP)) {
		their_mac = q->arp.arp_data.arp_sha;
		their_mac_known = true;
	}
	if (m->data_len == sizeof(*e) && e->icmp.icmp_type == RTE_IP_ICMP_ECHO_REPLY &&
	    e->ip.src_addr == RTE_BE32(THEIR_IP) && e->bytes[0] == 0x5a &&
	    memcmp(e->bytes, e->bytes + 1, sizeof(e->bytes) - 1) == 0)
		echoed = true;
}

static void receive(uint16_t port)
{
	struct rte_mbuf *mbufs[BURST];
	uint16_t n = rte_eth_rx_burst(port, 0, mbufs, BURST);

	for (uint16_t i = 0; i < n; i++)
		frame_read(mbufs[i]);
	rte_pktmbuf_free_bulk(mbufs, n);
}

int main(int argc, char **argv)
{
	char device[512];
	char *eal[] = {argv[0], "--no-huge",      "--no-shconf",    "-m",
	               "128",   "--no-pci",       "--no-telemetry", "--log-level=warning",
	               device,  "--lcores=0@0-1", "--iova-mode=va", NULL};

	if (argc != 2 ||
	    snprintf(device, sizeof(device), "--vdev=%s", argv[1]) >= (int)sizeof(device))
		return 2;
	if (rte_eal_init((int)(sizeof(eal) / sizeof(eal[0])) - 1, eal) < 0 || port_open(0) < 0) {
		fprintf(stderr, "port_peer: cannot open %s\n", argv[1]);
		return 1;
	}
	for (int tries = 0; tries < GIVEN_UP && !echoed; tries++) {
		if (their_mac_known)
			echo_send(0);
		else
			question_send(0);
		for (int ms = 0; ms < AGAIN_MS && !echoed; ms++) {
			receive(0);
			rte_delay_us_sleep(1000);
		}
	}
	if (!echoed)
		fprintf(stderr, "port_peer: no echo on %s: %s\n", argv[1],
		        their_mac_known ? "but an ARP answer" : "nor an ARP answer");
	rte_eth_dev_stop(0);
	rte_eth_dev_close(0);
	return echoed ? 0 : 1; // EAL's memory stays: its interrupt thread may be using it
}
