#include "frame.h"

#include <stdlib.h>
#include <string.h>

const struct packet_local frame_us = {
        .mac = {2, 0, 0, 0, 0, 2},
        .udp_port = 40000,
        .ipv4 = {4, {0}, {198, 18, 0, 2}},
        .ipv6 = {6, {0}, {0xfd, [13] = 0x12, 0x34, 2}},
};
const struct packet_local frame_peer = {
        .mac = {2, 0, 0, 0, 0, 1},
        .udp_port = 5000,
        .ipv4 = {4, {0}, {198, 18, 0, 1}},
        .ipv6 = {6, {0}, {0xfd, [15] = 1}},
};

uint16_t frame_checksum(const uint8_t *bytes, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++) {
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)~sum;
}

uint16_t frame_checksum_ip6(const uint8_t *ip, const uint8_t *l4, size_t len, uint8_t protocol)
{
	uint32_t sum = (uint16_t)~frame_checksum(ip + 8, 32, 0);
	return frame_checksum(l4, len, sum + (uint32_t)len + protocol);
}

void frame_append(struct frame *f, const void *bytes, size_t len)
{
	if (len > FRAME_MAX - f->len)
		abort();
	memcpy(f->bytes + f->len, bytes, len);
	f->len += len;
}

void frame_ethernet(
        struct frame *f, const uint8_t *dst, const uint8_t *src, uint16_t vlan, uint16_t type
)
{
	uint8_t tag[4] = {0x81, 0, (uint8_t)(vlan >> 8), (uint8_t)vlan};
	uint8_t ethertype[2] = {(uint8_t)(type >> 8), (uint8_t)type};

	f->len = 0;
	frame_append(f, dst, 6);
	frame_append(f, src, 6);
	if (vlan != 0)
		frame_append(f, tag, 4);
	frame_append(f, ethertype, 2);
	f->l3 = f->l4 = f->len;
}

void frame_ip4(struct frame *f, uint8_t protocol)
{
	uint8_t ip[20] = {0x45, [8] = 7, protocol};

	memcpy(ip + 12, frame_peer.ipv4.bytes, 4);
	memcpy(ip + 16, frame_us.ipv4.bytes, 4);
	frame_append(f, ip, sizeof(ip));
	f->l4 = f->len;
}

void frame_ip6(struct frame *f, uint8_t next)
{
	uint8_t ip[40] = {0x60, [6] = next, 255};

	memcpy(ip + 8, frame_peer.ipv6.bytes, 16);
	memcpy(ip + 24, frame_us.ipv6.bytes, 16);
	frame_append(f, ip, sizeof(ip));
	f->l4 = f->len;
}

void frame_ip_end(struct frame *f)
{
	uint8_t *ip = f->bytes + f->l3;
	size_t len = f->len - f->l3;

	if (ip[0] >> 4 == 6) {
		am_put_u16(ip + 4, (uint16_t)(len - 40));
		return;
	}
	am_put_u16(ip + 2, (uint16_t)len);
	am_put_u16(ip + 10, 0);
	am_put_u16(ip + 10, frame_checksum(ip, (size_t)(ip[0] & 15) * 4, 0));
}

void frame_udp_fix(struct frame *f)
{
	uint8_t *ip = f->bytes + f->l3, *udp = f->bytes + f->l4;
	size_t len = (size_t)(udp[4] << 8 | udp[5]);
	uint16_t check;

	am_put_u16(udp + 6, 0);
	if (ip[0] >> 4 == 6) {
		check = frame_checksum_ip6(ip, udp, len, 17);
	} else {
		uint32_t sum = (uint16_t)~frame_checksum(ip + 12, 8, 0);
		check = frame_checksum(udp, len, sum + (uint32_t)len + 17);
	}
	am_put_u16(udp + 6, check == 0 ? 0xffff : check);
}

void frame_icmp6_fix(struct frame *f)
{
	uint8_t *icmp = f->bytes + f->l4;

	am_put_u16(icmp + 2, 0);
	am_put_u16(icmp + 2, frame_checksum_ip6(f->bytes + f->l3, icmp, f->len - f->l4, 58));
}

void frame_udp(
        struct frame *f, uint8_t family, uint16_t vlan, uint16_t src_port, uint16_t dst_port,
        const void *payload, size_t len
)
{
	uint8_t udp[8];

	frame_ethernet(f, frame_us.mac, frame_peer.mac, vlan, family == 4 ? 0x0800 : 0x86dd);
	if (family == 4)
		frame_ip4(f, 17);
	else
		frame_ip6(f, 17);
	am_put_u16(udp, src_port);
	am_put_u16(udp + 2, dst_port);
	am_put_u16(udp + 4, (uint16_t)(8 + len));
	am_put_u16(udp + 6, 0);
	frame_append(f, udp, sizeof(udp));
	frame_append(f, payload, len);
	frame_ip_end(f);
	frame_udp_fix(f);
}

uint32_t frame_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 32);
}

enum packet_class frame_parse(
        const uint8_t *bytes, size_t len, const struct packet_local *local,
        struct packet_view *view, enum drop *why
)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	memcpy(copy, bytes, len);
	*why = DROP_COUNT;
	enum packet_class class = packet_parse(copy, len, false, local, view, why);
	if (view->src_mac) // as a pointer into the caller's frame
		view->src_mac = bytes + (view->src_mac - copy);
	free(copy);
	return class;
}
