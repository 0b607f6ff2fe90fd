#include "host/port.h"

#include <errno.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "am_log.h"
#include "host/config.h"

#define POOL_CACHE 256 // buffers in each thread's cache

// A stack, because the buffers returned last are still in the CPU's caches. DPDK's default is a
// queue, which goes through all buffers in turn.
static int pool_create(struct port *port, const struct config *config, int numa_node)
{
	port->pool = rte_pktmbuf_pool_create_by_ops(
	        "port", config->buffers, POOL_CACHE, PORT_MBUF_PRIV, PORT_MBUF_DATA_ROOM, numa_node,
	        "stack"
	);
	port->small_pool = rte_pktmbuf_pool_create_by_ops(
	        "port_small", config->buffers, POOL_CACHE, PORT_MBUF_PRIV, PORT_SMALL_DATA_ROOM,
	        numa_node, "stack"
	);
	if (!port->pool || !port->small_pool) {
		am_error(
		        "port: no memory for packet buffers; count=%u error=%s", config->buffers,
		        rte_strerror(rte_errno)
		);
		return -rte_errno;
	}
	return 0;
}

// The hardware features that we use: spreading clients over the queues, and checksums.
static void
choose_features(struct port *port, const struct rte_eth_dev_info *info, struct rte_eth_conf *conf)
{
	const uint64_t rss = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_IPV6 |
	                     RTE_ETH_RSS_NONFRAG_IPV6_UDP;
	const uint64_t rx = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;

	if (port->queues > 1 && info->flow_type_rss_offloads & rss) {
		conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf->rx_adv_conf.rss_conf.rss_hf = info->flow_type_rss_offloads & rss;
	}
	port->rx_checksum = (info->rx_offload_capa & rx) == rx;
	if (port->rx_checksum)
		conf->rxmode.offloads |= rx;
	if (info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM) {
		conf->txmode.offloads |= RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;
		port->tx_offload |= PACKET_OFFLOAD_IPV4;
	}
	if (info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_UDP_CKSUM) {
		conf->txmode.offloads |= RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
		port->tx_offload |= PACKET_OFFLOAD_UDP;
	}
}

static int setup_queues(const struct port *port, int numa_node)
{
	uint16_t rx = PORT_QUEUE_DEPTH, tx = PORT_QUEUE_DEPTH;
	int ret = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &rx, &tx);

	for (uint16_t i = 0; i < port->queues && ret == 0; i++) {
		ret = rte_eth_rx_queue_setup(
		        port->id, i, rx, (unsigned)numa_node, NULL, port->pool
		);
		if (ret == 0)
			ret = rte_eth_tx_queue_setup(port->id, i, tx, (unsigned)numa_node, NULL);
	}
	if (ret < 0)
		am_error(
		        "port: queues refused; queues=%u error=%s", port->queues, rte_strerror(-ret)
		);
	return ret;
}

// Neighbours ask for our IPv6 address in its solicited-node group (RFC 4291 2.7.1), and routers
// address all nodes. A port that supports neither filter must receive everything.
static void join_groups(const struct port *port, const struct config *config)
{
	const uint8_t *ip = config->ipv6.address.bytes;
	struct rte_ether_addr groups[2] = {
	        {{0x33, 0x33, 0xff, ip[13], ip[14], ip[15]}},
	        {{0x33, 0x33, 0, 0, 0, 1}},
	};

	if (config->ipv6.address.family == 0 ||
	    rte_eth_dev_set_mc_addr_list(port->id, groups, 2) == 0 ||
	    rte_eth_allmulticast_enable(port->id) == 0 || rte_eth_promiscuous_enable(port->id) == 0)
		return;
	am_warning("port: multicast refused, IPv6 neighbours may not find us");
}

static int configure(struct port *port, const struct config *config)
{
	struct rte_eth_conf conf = {0};
	struct rte_eth_dev_info info;
	struct rte_ether_addr mac;

	int ret = rte_eth_dev_info_get(port->id, &info);
	if (ret < 0)
		return ret;
	if (info.max_rx_queues < port->queues || info.max_tx_queues < port->queues) {
		am_error(
		        "port: too few queues for the workers; rx=%u tx=%u workers=%u",
		        info.max_rx_queues, info.max_tx_queues, port->queues
		);
		return -ENOTSUP;
	}
	choose_features(port, &info, &conf);
	if (!config->udp_checksum)
		port->tx_offload |= PACKET_UNCHECKED_IPV4;
	// Only by this interrupt does virtio_user notice that its peer has gone or returned.
	conf.intr_conf.lsc = (*info.dev_flags & RTE_ETH_DEV_INTR_LSC) != 0;
	ret = rte_eth_dev_configure(port->id, port->queues, port->queues, &conf);
	if (ret < 0) {
		am_error("port: configuration refused; error=%s", rte_strerror(-ret));
		return ret;
	}
	ret = setup_queues(port, rte_eth_dev_socket_id(port->id));
	if (ret < 0)
		return ret;
	ret = rte_eth_macaddr_get(port->id, &mac);
	if (ret < 0)
		return ret;
	memcpy(port->mac, mac.addr_bytes, sizeof(port->mac));

	ret = rte_eth_dev_get_mtu(port->id, &port->mtu);
	if (ret < 0)
		return ret;
	port->frame_max =
	        (uint16_t)(RTE_ETHER_HDR_LEN + (config->vlan ? RTE_VLAN_HLEN : 0) + port->mtu);

	ret = port_start(port);
	if (ret < 0 && !port->dials) {
		am_error(
		        "port: start failed, a peer with zero-copy=yes must be there first; "
		        "error=%s",
		        rte_strerror(-ret)
		);
		return ret;
	}
	join_groups(port, config);
	return 0;
}

int port_start(struct port *port)
{
	int ret = rte_eth_dev_start(port->id);

	port->started = ret == 0;
	return ret;
}

void port_stop(struct port *port)
{
	int ret = rte_eth_dev_stop(port->id);

	port->started = false;
	if (ret < 0 && ret != -EBUSY && ret != -ENOTSUP)
		am_warning("port: stop failed; error=%s", rte_strerror(-ret));
}

bool port_is_linked(const struct port *port)
{
	struct rte_eth_link link = {0};

	return port->started && rte_eth_link_get_nowait(port->id, &link) == 0 && link.link_status;
}

static void log_port(const struct port *port)
{
	char name[RTE_ETH_NAME_MAX_LEN] = "";

	(void)rte_eth_dev_get_name_by_port(port->id, name);
	am_info("port: open; name=%s mac=" RTE_ETHER_ADDR_PRT_FMT " queues=%u link=%s "
	        "mtu=%u tx_offload=%u rx_checksum=%d",
	        name, port->mac[0], port->mac[1], port->mac[2], port->mac[3], port->mac[4],
	        port->mac[5], port->queues, port_is_linked(port) ? "up" : "down", port->mtu,
	        port->tx_offload, port->rx_checksum);
}

// With zero-copy, memif closes the files of EAL's memory at its first connection or refusal, so
// there can be no second (DPDK 22.11): such a peer must be there before us.
static bool port_dials(const char *name)
{
	return strncmp(name, "net_memif", 9) == 0 && !strstr(name, ",role=server") &&
	       !strstr(name, ",zero-copy=yes");
}

int port_open(struct port *port, const struct config *config)
{
	*port = (struct port){
	        .id = RTE_MAX_ETHPORTS,
	        .queues = config->worker_count,
	        .dials = port_dials(config->port),
	};

	port->id = (uint16_t)rte_eth_find_next(0);
	if (port->id >= RTE_MAX_ETHPORTS) {
		am_error(
		        "port: not found, or refused by its driver, see above; port=%s",
		        config->port
		);
		return -ENODEV;
	}
	int ret = pool_create(port, config, rte_eth_dev_socket_id(port->id));
	if (ret < 0)
		return ret;
	ret = configure(port, config);
	if (ret < 0)
		goto close;
	log_port(port);
	return 0;

close:
	port_close(port);
	return ret;
}

void port_close(struct port *port)
{
	port_stop(port);
	rte_eth_dev_close(port->id);
	rte_mempool_free(port->pool);
	rte_mempool_free(port->small_pool);
	port->pool = port->small_pool = NULL;
}
