// The one network port: its queues, its packet buffers, and the work that its hardware takes over.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "wire/packet.h"

struct config;

#define PORT_MBUF_PRIV       256 // bytes before each buffer's headroom, for the worker's metadata
#define PORT_MBUF_DATA_ROOM  2176 // headroom and one Ethernet frame
#define PORT_SMALL_PAYLOAD   512 // bytes; packets up to this are kept in small buffers in histories
#define PORT_SMALL_DATA_ROOM (RTE_PKTMBUF_HEADROOM + PORT_SMALL_PAYLOAD)
#define PORT_QUEUE_DEPTH     1024 // descriptors per queue, if the port allows that many
static_assert(PORT_MBUF_PRIV % RTE_MBUF_PRIV_ALIGN == 0);
static_assert(PORT_MBUF_DATA_ROOM == RTE_PKTMBUF_HEADROOM + 2048);

struct port {
	uint16_t id;
	uint16_t queues; // of each direction: queue i belongs to worker i
	uint8_t mac[6];
	uint16_t mtu; // bytes of the longest IP packet
	uint16_t frame_max; // the same with Ethernet and VLAN headers; longer frames get lost
	uint8_t tx_offload; // enum packet_offload bits, as packet_seal takes them
	bool rx_checksum; // the hardware verifies checksums; if not, ignore port_rx_verified
	bool dials; // a memif client: port_start connects it to its peer, or fails if there is none
	bool started;
	struct rte_mempool *pool; // owned; every received and made packet comes from it
	struct rte_mempool *small_pool; // owned; copies of small packets in histories
};

// Opens the port that eal_start attached and starts it, unless it dials and no peer answers yet;
// then try port_start again later. 0 or -errno, logged.
[[nodiscard]] int port_open(struct port *, const struct config *);

// Only while no worker receives or sends. 0 or -errno.
[[nodiscard]] int port_start(struct port *);
void port_stop(struct port *);

// True if there is a peer at the other end. This call also lets virtio_user reconnect to a peer
// that has returned, so call it regularly.
bool port_is_linked(const struct port *);

// Stops the port and frees the pools. No mbuf may be in use any more.
void port_close(struct port *);

// True if the hardware has found the UDP checksum correct and, for IPv4, the header's (IPv6 has
// none); for packet_parse's checksums_verified.
static inline bool port_rx_verified(const struct rte_mbuf *m)
{
	uint64_t ip = m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;

	return (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD &&
	       (ip == RTE_MBUF_F_RX_IP_CKSUM_GOOD || RTE_ETH_IS_IPV6_HDR(m->packet_type));
}

// Marks a frame that packet_seal made with the same offload.
static inline void
port_tx_mark(struct rte_mbuf *m, const struct packet_route *route, uint8_t offload)
{
	if (!(offload & (PACKET_OFFLOAD_IPV4 | PACKET_OFFLOAD_UDP)))
		return;
	m->l2_len = route->l2_len;
	m->l3_len = route->l3_len;
	m->ol_flags |= route->family == 4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;
	if (route->family == 4 && offload & PACKET_OFFLOAD_IPV4)
		m->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
	if (offload & PACKET_OFFLOAD_UDP)
		m->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM;
}
