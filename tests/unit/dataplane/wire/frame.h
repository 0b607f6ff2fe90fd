// Frames built and verified the slow way, byte by byte, so that no code is tested against itself.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/packet.h"

#define FRAME_MAX 4096

// The port under test and its peer on the link: 198.18.0.2 and .1, fd00::2 and fd00::1.
extern const struct packet_local frame_us, frame_peer;

struct frame {
	uint8_t bytes[FRAME_MAX];
	size_t len;
	size_t l3, l4; // offsets
};

// RFC 1071, two bytes at a time, big-endian.
uint16_t frame_checksum(const uint8_t *bytes, size_t len, uint32_t sum);
uint16_t frame_checksum_ip6(const uint8_t *ip, const uint8_t *l4, size_t len, uint8_t protocol);

// An empty frame of an ethertype.
void frame_ethernet(
        struct frame *, const uint8_t *dst, const uint8_t *src, uint16_t vlan, uint16_t type
);
void frame_append(struct frame *, const void *bytes, size_t len);

// An IP header from the peer to us. Append its payload, then call frame_ip_end, which fills in the
// lengths and the IPv4 checksum.
void frame_ip4(struct frame *, uint8_t protocol);
void frame_ip6(struct frame *, uint8_t next);
void frame_ip_end(struct frame *);

// A whole UDP packet from the peer to us, with correct checksums.
void frame_udp(
        struct frame *, uint8_t family, uint16_t vlan, uint16_t src_port, uint16_t dst_port,
        const void *payload, size_t len
);

// Corrects the checksum after a change of the payload or the addresses.
void frame_udp_fix(struct frame *);
void frame_icmp6_fix(struct frame *);

// xorshift; the tests print the seed.
uint32_t frame_random(uint64_t *state);

// Parses a copy in heap memory of exactly the frame's length, so that sanitizers detect a read
// beyond it.
enum packet_class
frame_parse(const uint8_t *bytes, size_t len, const struct packet_local *, struct packet_view *, enum drop *);
