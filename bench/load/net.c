#include "net.h"

#include "wire/packet.h"

#define ARP_REQUEST 1
#define ARP_REPLY   2

size_t net_seal(const struct net *n, uint32_t member, uint8_t *frame, size_t payload_len)
{
	struct packet_local local = {.udp_port = net_port(member), .ipv4 = {.family = 4}};
	struct packet_route route;
	uint8_t server[4];

	memcpy(local.mac, n->mac, 6);
	am_put_u32(local.ipv4.bytes, net_ip(member));
	am_put_u32(server, NET_SERVER);
	packet_route_init(&route, &local, n->server_mac, 4, server, n->server_ports[member]);
	return packet_seal(&route, frame, (uint16_t)payload_len, 0);
}

bool net_checksum_good(const uint8_t *frame, size_t payload_len)
{
	uint16_t len = (uint16_t)(payload_len + 8);
	uint64_t sum = packet_sum_pseudo(4, frame + 26, frame + 30, PACKET_PROTOCOL_UDP, len);

	return packet_sum_fold(packet_sum(frame + 34, len, sum)) == 0;
}

static size_t arp_write(
        const struct net *n, uint8_t *frame, uint16_t operation, const uint8_t to_mac[6],
        uint32_t from_ip, uint32_t to_ip
)
{
	static const uint8_t ethernet_ipv4[] = {0, 1, 8, 0, 6, 4};
	bool request = operation == ARP_REQUEST;

	if (request)
		memset(frame, 0xff, 6);
	else
		memcpy(frame, to_mac, 6);
	memcpy(frame + 6, n->mac, 6);
	am_put_u16(frame + 12, PACKET_ETHERTYPE_ARP);
	memcpy(frame + 14, ethernet_ipv4, 6);
	am_put_u16(frame + 20, operation);
	memcpy(frame + 22, n->mac, 6);
	am_put_u32(frame + 28, from_ip);
	if (request)
		memset(frame + 32, 0, 6);
	else
		memcpy(frame + 32, to_mac, 6);
	am_put_u32(frame + 38, to_ip);
	return NET_ARP_LEN;
}

size_t net_arp_request(const struct net *n, uint8_t *frame)
{
	return arp_write(n, frame, ARP_REQUEST, NULL, NET_GATEWAY, NET_SERVER);
}

size_t net_arp_receive(struct net *n, const uint8_t *frame, size_t len, uint8_t *reply)
{
	struct am_reader r = am_reader_init(frame, len);

	am_reader_take(&r, 12);
	uint16_t ethertype = am_read_u16(&r);
	am_reader_take(&r, 6);
	uint16_t operation = am_read_u16(&r);
	const uint8_t *from_mac = am_reader_take(&r, 6);
	uint32_t from_ip = am_read_u32(&r);
	am_reader_take(&r, 6);
	uint32_t to_ip = am_read_u32(&r);
	if (r.failed || ethertype != PACKET_ETHERTYPE_ARP)
		return 0;
	if (from_ip == NET_SERVER) {
		memcpy(n->server_mac, from_mac, 6);
		n->server_known = true;
	}
	if (operation != ARP_REQUEST || to_ip == NET_SERVER || to_ip == from_ip)
		return 0;
	return arp_write(n, reply, ARP_REPLY, from_mac, to_ip, from_ip);
}
