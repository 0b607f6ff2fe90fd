#include "service/icmp.h"

#include <string.h>

#define ECHO_REPLY    0
#define ECHO_REQUEST  8
#define ECHO6_REQUEST 128
#define ECHO6_REPLY   129
#define ECHO_HEADER   8 // type, code, checksum, identifier, sequence

// Ethernet to IP header of the reply; returns where ICMP starts.
static uint8_t *put_headers(
        uint8_t *p, const struct packet_local *local, const struct packet_view *view, uint16_t len
)
{
	p = packet_write_ethernet(
	        p, local, view->src_mac,
	        view->family == 4 ? PACKET_ETHERTYPE_IPV4 : PACKET_ETHERTYPE_IPV6
	);
	if (view->family == 4) {
		memset(p, 0, 20);
		p[0] = 0x45;
		am_put_u16(p + 2, (uint16_t)(20 + len));
		p[6] = 0x40;
		p[8] = 64;
		p[9] = PACKET_PROTOCOL_ICMP;
		memcpy(p + 12, view->dst, 4);
		memcpy(p + 16, view->src, 4);
		uint16_t check = packet_sum_fold(packet_sum(p, 20, 0));
		memcpy(p + 10, &check, 2);
		return p + 20;
	}
	memset(p, 0, 8);
	p[0] = 0x60;
	am_put_u16(p + 4, len);
	p[6] = PACKET_PROTOCOL_ICMP6;
	p[7] = 64;
	memcpy(p + 8, view->dst, 16);
	memcpy(p + 24, view->src, 16);
	return p + 40;
}

// Sum of the ICMPv6 pseudo-header; ICMPv4 has none.
static uint64_t sum_start(const struct packet_view *view)
{
	return view->family == 4
	               ? 0
	               : packet_sum_pseudo(
	                         6, view->src, view->dst, PACKET_PROTOCOL_ICMP6, view->payload_len
	                 );
}

static bool
is_echo_to_us(const struct packet_local *local, const struct packet_view *view, uint8_t type)
{
	static const uint8_t unspecified[16];

	if (view->family == 4)
		return type == ECHO_REQUEST;
	return type == ECHO6_REQUEST && memcmp(view->dst, local->ipv6.bytes, 16) == 0 &&
	       memcmp(view->src, unspecified, 16) != 0;
}

size_t icmp_answer(
        struct icmp *icmp, const struct packet_local *local, const uint8_t *frame,
        const struct packet_view *view, int64_t now_us, uint8_t *out, size_t out_size
)
{
	const uint8_t *request = frame + view->payload_offset;
	uint16_t len = view->payload_len;
	size_t header = 14 + (local->vlan != 0 ? 4 : 0) + (view->family == 4 ? 20 : 40);

	if (len < ECHO_HEADER || header + len > out_size ||
	    packet_sum_fold(packet_sum(request, len, sum_start(view))) != 0) {
		icmp->malformed++;
		return 0;
	}
	if (!is_echo_to_us(local, view, request[0]) || request[1] != 0) {
		icmp->ignored++;
		return 0;
	}
	if (!bucket_draw(&icmp->replies, now_us, ICMP_RATE_PER_S, ICMP_BURST)) {
		icmp->limited++;
		return 0;
	}

	uint8_t *reply = put_headers(out, local, view, len);
	memcpy(reply, request, len);
	reply[0] = view->family == 4 ? ECHO_REPLY : ECHO6_REPLY;
	memset(reply + 2, 0, 2);
	// Exchanging the addresses does not change the pseudo-header's sum.
	uint16_t check = packet_sum_fold(packet_sum(reply, len, sum_start(view)));
	memcpy(reply + 2, &check, 2);
	icmp->answered++;
	return header + len;
}
