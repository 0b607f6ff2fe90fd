// The wire of the generator: one Ethernet port that is the gateway of the server's network, and
// behind it the members, each with an address of its own that follows from its number.
//
//     server 198.18.0.2/24 ── generator 198.18.0.1, the gateway ── member n: 198.19.0.0 + n + 1
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "am_reader.h"

#define NET_GATEWAY    0xc6120001u // 198.18.0.1
#define NET_SERVER     0xc6120002u // 198.18.0.2
#define NET_MEMBERS    0xc6130001u // 198.19.0.1, of member 0
#define NET_MEMBER_MAX 65000
#define NET_NONE       UINT32_MAX

#define NET_HEADER_LEN 42 // Ethernet, IPv4 without options, UDP
#define NET_ARP_LEN    42

struct net {
	uint8_t mac[6]; // ours
	uint8_t server_mac[6];
	bool server_known; // its MAC address is known
	uint16_t server_ports[NET_MEMBER_MAX]; // each member's
};

// IPv4 address and UDP port of a member, in host order.
static inline uint32_t net_ip(uint32_t member)
{
	return NET_MEMBERS + member;
}

static inline uint16_t net_port(uint32_t member)
{
	return (uint16_t)(10000 + member % 50000);
}

// The member to which a frame of at least NET_HEADER_LEN bytes brings a UDP datagram, or NET_NONE.
static inline uint32_t net_member(const uint8_t *frame)
{
	uint32_t type_ip, ip;
	uint16_t port;

	memcpy(&type_ip, frame + 12, 4); // ethertype IPv4, version 4 without options
	memcpy(&ip, frame + 30, 4);
	memcpy(&port, frame + 36, 2);
	uint32_t member = __builtin_bswap32(ip) - NET_MEMBERS;
	if ((type_ip & 0x00ffffffu) != 0x00450008u || frame[23] != 17 || member >= NET_MEMBER_MAX ||
	    __builtin_bswap16(port) != net_port(member))
		return NET_NONE;
	return member;
}

// Length of a datagram's payload according to its header, or 0 if the frame is shorter.
static inline size_t net_payload_len(const uint8_t *frame, size_t len)
{
	size_t udp = (size_t)frame[38] << 8 | frame[39];
	return udp >= 8 && NET_HEADER_LEN - 8 + udp <= len ? udp - 8 : 0;
}

// The sequence number of an RTP packet.
static inline uint16_t net_rtp_seq(const uint8_t *packet)
{
	return (uint16_t)(packet[2] << 8 | packet[3]);
}

static inline uint32_t net_rtp_timestamp(const uint8_t *packet)
{
	uint32_t timestamp;

	memcpy(&timestamp, packet + 4, 4);
	return __builtin_bswap32(timestamp);
}

static inline uint32_t net_rtp_ssrc(const uint8_t *packet)
{
	uint32_t ssrc;

	memcpy(&ssrc, packet + 8, 4);
	return __builtin_bswap32(ssrc);
}

// True if the datagram's UDP checksum is correct. Only samples are checked; in a real client, the
// network card does it.
bool net_checksum_good(const uint8_t *frame, size_t payload_len);

// Writes the headers of a datagram from a member to the server before the payload at frame +
// NET_HEADER_LEN. Returns the frame's length.
size_t net_seal(const struct net *, uint32_t member, uint8_t *frame, size_t payload_len);

// Writes an ARP request for the server's MAC address. Returns the frame's length, NET_ARP_LEN.
size_t net_arp_request(const struct net *, uint8_t *frame);

// Takes an ARP frame: learns the server's MAC address, and answers for every address but the
// server's. Returns the length of the answer written to reply, or 0.
size_t net_arp_receive(struct net *, const uint8_t *frame, size_t len, uint8_t *reply);
