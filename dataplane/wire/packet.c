#include "wire/packet.h"

#include <immintrin.h>

#define EXTENSION_MAX 4 // IPv6 extension headers before the payload

#define EXTENSION_HOP_BY_HOP 0
#define EXTENSION_FRAGMENT   44
#define EXTENSION_DST_OPTS   60

// A frame on its way through the layers.
struct parse {
	struct am_reader reader; // at the next header, ends with the current layer
	const uint8_t *frame;
	const struct packet_local *local;
	struct packet_view *view;
	enum drop why;
	bool verified;
	bool group; // sent to a multicast or broadcast MAC address
};

static enum packet_class refuse(struct parse *p, enum drop why)
{
	p->why = why;
	return PACKET_DROP;
}

uint64_t packet_sum_narrow(const void *bytes, size_t len, uint64_t sum)
{
	const uint8_t *p = (const uint8_t *)bytes;
	const __m128i half = _mm_set1_epi64x(0xffffffff);
	__m128i a = _mm_setzero_si128(), b = a; // 64-bit lanes of 32-bit words: no carry is lost

	for (; len >= 32; p += 32, len -= 32) {
		__m128i x = _mm_loadu_si128((const __m128i *)p);
		__m128i y = _mm_loadu_si128((const __m128i *)(p + 16));
		a = _mm_add_epi64(a, _mm_and_si128(x, half));
		b = _mm_add_epi64(b, _mm_srli_epi64(x, 32));
		a = _mm_add_epi64(a, _mm_and_si128(y, half));
		b = _mm_add_epi64(b, _mm_srli_epi64(y, 32));
	}
	a = _mm_add_epi64(a, b);
	sum += (uint64_t)_mm_extract_epi64(a, 0) + (uint64_t)_mm_extract_epi64(a, 1);

	uint64_t word;
	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum += (word & 0xffffffff) + (word >> 32);
	}
	word = 0; // the last bytes, as if zeros followed
	memcpy(&word, p, len);
	sum += (word & 0xffffffff) + (word >> 32);
	return sum;
}

// 64 bytes at a time, and the last bytes as if zeros followed.
__attribute__((target("avx512bw"))) static uint64_t
sum_wide(const void *bytes, size_t len, uint64_t sum)
{
	const uint8_t *p = (const uint8_t *)bytes;
	const __m512i half = _mm512_set1_epi64(0xffffffff);
	__m512i a = _mm512_setzero_si512(), b = a;

	for (; len >= 64; p += 64, len -= 64) {
		__m512i x = _mm512_loadu_si512(p);
		a = _mm512_add_epi64(a, _mm512_and_si512(x, half));
		b = _mm512_add_epi64(b, _mm512_srli_epi64(x, 32));
	}
	__m512i x = _mm512_maskz_loadu_epi8((UINT64_C(1) << len) - 1, p);
	a = _mm512_add_epi64(a, _mm512_and_si512(x, half));
	b = _mm512_add_epi64(b, _mm512_srli_epi64(x, 32));
	return sum + (uint64_t)_mm512_reduce_add_epi64(_mm512_add_epi64(a, b));
}

uint64_t packet_sum(const void *bytes, size_t len, uint64_t sum)
{
	return __builtin_cpu_supports("avx512bw") ? sum_wide(bytes, len, sum)
	                                          : packet_sum_narrow(bytes, len, sum);
}

uint64_t packet_sum_pseudo(
        uint8_t family, const uint8_t *src, const uint8_t *dst, uint8_t protocol, uint16_t len
)
{
	size_t size = family == 4 ? 4 : 16;
	uint64_t sum = packet_sum_u16(protocol) + packet_sum_u16(len);

	return packet_sum(dst, size, packet_sum(src, size, sum));
}

static void mark_payload(struct parse *p)
{
	p->view->payload_offset = (uint16_t)(p->reader.next - p->frame);
	p->view->payload_len = (uint16_t)am_reader_left(&p->reader);
}

static enum packet_class parse_udp(struct parse *p)
{
	const uint8_t *udp = am_reader_take(&p->reader, 8);
	struct packet_view *view = p->view;

	if (!udp)
		return refuse(p, DROP_udp_malformed);
	view->src_port = (uint16_t)(udp[0] << 8 | udp[1]);
	view->dst_port = (uint16_t)(udp[2] << 8 | udp[3]);
	uint16_t len = (uint16_t)(udp[4] << 8 | udp[5]);
	if (view->dst_port != p->local->udp_port)
		return refuse(p, DROP_wrong_udp_port);
	if (view->src_port == 0)
		return refuse(p, DROP_bad_source);
	if (len < 8 || len > 8 + am_reader_left(&p->reader))
		return refuse(p, DROP_udp_malformed);
	p->reader.end = udp + len;

	bool unchecked = udp[6] == 0 && udp[7] == 0;
	if (unchecked && view->family == 6) // RFC 8200 8.1
		return refuse(p, DROP_udp_checksum);
	if (!unchecked && !p->verified) {
		uint64_t sum = packet_sum_pseudo(
		        view->family, view->src, view->dst, PACKET_PROTOCOL_UDP, len
		);
		if (packet_sum_fold(packet_sum(udp, len, sum)) != 0)
			return refuse(p, DROP_udp_checksum);
	}
	mark_payload(p);
	return PACKET_MEDIA_PORT;
}

// True if a host can have the address: not "this network", loopback, multicast or reserved (RFC
// 1122 3.2.1.3).
static bool ipv4_source_is_host(const uint8_t *ip)
{
	return ip[0] != 0 && ip[0] != 127 && ip[0] < 224;
}

static enum packet_class parse_ipv4(struct parse *p)
{
	const uint8_t *ip = am_reader_take(&p->reader, 20);
	struct packet_view *view = p->view;

	if (!ip)
		return refuse(p, DROP_too_short);
	if (p->group)
		return refuse(p, DROP_not_our_mac);
	size_t header = (size_t)(ip[0] & 15) * 4;
	size_t total = (size_t)(ip[2] << 8 | ip[3]);
	if (ip[0] >> 4 != 4 || header < 20 || total < header ||
	    total > 20 + am_reader_left(&p->reader))
		return refuse(p, DROP_ipv4_malformed);
	p->reader.end = ip + total;
	am_reader_take(&p->reader, header - 20); // options are skipped, never obeyed
	if (!p->verified && packet_sum_fold(packet_sum(ip, header, 0)) != 0)
		return refuse(p, DROP_ipv4_checksum);

	if (p->local->ipv4.family != 4 || memcmp(ip + 16, p->local->ipv4.bytes, 4) != 0)
		return refuse(p, DROP_not_our_ip);
	if (!ipv4_source_is_host(ip + 12) || memcmp(ip + 12, ip + 16, 4) == 0)
		return refuse(p, DROP_bad_source);
	view->family = 4;
	view->hop_limit = ip[8];
	memcpy(view->src, ip + 12, 4);
	memcpy(view->dst, ip + 16, 4);

	bool fragment = (ip[6] << 8 | ip[7]) & 0x3fff; // more to come, or not the first
	if (fragment && ip[9] == PACKET_PROTOCOL_UDP) {
		mark_payload(p);
		return PACKET_FRAGMENT;
	}
	if (ip[9] == PACKET_PROTOCOL_UDP)
		return parse_udp(p);
	if (fragment || ip[9] != PACKET_PROTOCOL_ICMP)
		return refuse(p, DROP_unknown_protocol);
	mark_payload(p);
	return PACKET_ICMP;
}

enum ipv6_target {
	IPV6_OTHER,
	IPV6_UNICAST,
	IPV6_GROUP, // all nodes, or our solicited-node group (RFC 4291 2.7.1)
};

static enum ipv6_target ipv6_target(const uint8_t *dst, const struct packet_local *local)
{
	static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
	static const uint8_t solicited[13] = {0xff, 2, [11] = 1, 0xff};

	if (local->ipv6.family != 6)
		return IPV6_OTHER;
	if (memcmp(dst, local->ipv6.bytes, 16) == 0)
		return IPV6_UNICAST;
	if (memcmp(dst, all_nodes, 16) == 0)
		return IPV6_GROUP;
	if (memcmp(dst, solicited, 13) == 0 && memcmp(dst + 13, local->ipv6.bytes + 13, 3) == 0)
		return IPV6_GROUP;
	return IPV6_OTHER;
}

// True for an address that is neither multicast, loopback nor IPv4-mapped. *unspecified: "::",
// which only ICMPv6 may use.
static bool ipv6_source_is_host(const uint8_t *ip, bool *unspecified)
{
	static const uint8_t zero[16];
	static const uint8_t mapped[12] = {[10] = 0xff, 0xff};

	*unspecified = memcmp(ip, zero, 16) == 0;
	if (memcmp(ip, zero, 15) == 0 && ip[15] == 1)
		return false;
	return ip[0] != 0xff && memcmp(ip, mapped, 12) != 0;
}

// Walks the extension headers from `next` on. *next becomes the payload's protocol.
static enum packet_class walk_extensions(struct parse *p, uint8_t *next)
{
	for (int i = 0; i < EXTENSION_MAX; i++) {
		if (*next == EXTENSION_FRAGMENT) {
			const uint8_t *h = am_reader_take(&p->reader, 8);
			// Only UDP may come in fragments: neighbour discovery must not (RFC 6980).
			// Reassembly requires this header to be the first.
			if (!h || h[0] != PACKET_PROTOCOL_UDP || i > 0)
				return refuse(p, DROP_ipv6_extension);
			*next = h[0];
			if (h[2] == 0 && (h[3] & 0xf9) == 0) // RFC 6946: an atomic fragment
				return PACKET_MEDIA_PORT;
			mark_payload(p);
			return PACKET_FRAGMENT;
		}
		if (*next != EXTENSION_DST_OPTS && !(*next == EXTENSION_HOP_BY_HOP && i == 0))
			return PACKET_MEDIA_PORT;
		const uint8_t *h = am_reader_take(&p->reader, 8);
		if (!h || !am_reader_take(&p->reader, (size_t)h[1] * 8))
			return refuse(p, DROP_ipv6_extension);
		*next = h[0];
	}
	return refuse(p, DROP_ipv6_extension);
}

static enum packet_class parse_ipv6(struct parse *p)
{
	const uint8_t *ip = am_reader_take(&p->reader, 40);
	struct packet_view *view = p->view;
	bool unspecified;

	if (!ip)
		return refuse(p, DROP_too_short);
	size_t len = (size_t)(ip[4] << 8 | ip[5]);
	if (ip[0] >> 4 != 6 || len > am_reader_left(&p->reader))
		return refuse(p, DROP_ipv6_malformed);
	p->reader.end = ip + 40 + len;

	enum ipv6_target target = ipv6_target(ip + 24, p->local);
	if (target == IPV6_OTHER)
		return refuse(p, DROP_not_our_ip);
	if (p->group && target != IPV6_GROUP)
		return refuse(p, DROP_not_our_mac);
	if (!ipv6_source_is_host(ip + 8, &unspecified) ||
	    memcmp(ip + 8, p->local->ipv6.bytes, 16) == 0)
		return refuse(p, DROP_bad_source);
	view->family = 6;
	view->hop_limit = ip[7];
	memcpy(view->src, ip + 8, 16);
	memcpy(view->dst, ip + 24, 16);

	uint8_t next = ip[6];
	enum packet_class class = walk_extensions(p, &next);
	if (class == PACKET_DROP)
		return class;
	if (next == PACKET_PROTOCOL_ICMP6) {
		mark_payload(p);
		return PACKET_ICMP6;
	}
	if (next != PACKET_PROTOCOL_UDP)
		return refuse(p, DROP_unknown_protocol);
	if (target != IPV6_UNICAST)
		return refuse(p, DROP_not_our_ip);
	if (unspecified)
		return refuse(p, DROP_bad_source);
	return class == PACKET_FRAGMENT ? class : parse_udp(p);
}

static enum packet_class parse_arp(struct parse *p)
{
	if (!am_reader_take(&p->reader, 28))
		return refuse(p, DROP_too_short);
	p->view->payload_offset = p->view->l3_offset;
	p->view->payload_len = 28;
	return PACKET_ARP;
}

static enum packet_class parse_ethernet(struct parse *p)
{
	static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	const uint8_t *eth = am_reader_take(&p->reader, 14);

	if (!eth)
		return refuse(p, DROP_too_short);
	if (memcmp(eth + 6, p->local->mac, 6) == 0)
		return refuse(p, DROP_own_frame);
	if (eth[6] & 1)
		return refuse(p, DROP_bad_source);
	p->group = eth[0] & 1;
	if (!p->group && memcmp(eth, p->local->mac, 6) != 0)
		return refuse(p, DROP_not_our_mac);

	uint16_t type = (uint16_t)(eth[12] << 8 | eth[13]);
	uint16_t vlan = 0;
	if (type == PACKET_ETHERTYPE_VLAN) {
		vlan = am_read_u16(&p->reader) & 0xfff; // id 0: a priority only (IEEE 802.1Q 9.6)
		type = am_read_u16(&p->reader);
		if (p->reader.failed)
			return refuse(p, DROP_too_short);
	}
	if (vlan != p->local->vlan)
		return refuse(p, DROP_vlan_mismatch);
	p->view->src_mac = eth + 6;
	p->view->l3_offset = (uint16_t)(p->reader.next - p->frame);

	switch (type) {
	case PACKET_ETHERTYPE_IPV4: return parse_ipv4(p);
	case PACKET_ETHERTYPE_IPV6: return parse_ipv6(p);
	case PACKET_ETHERTYPE_ARP:
		if (p->group && memcmp(eth, broadcast, 6) != 0)
			return refuse(p, DROP_not_our_mac);
		return parse_arp(p);
	default: return refuse(p, DROP_unknown_ethertype);
	}
}

enum packet_class packet_parse(
        const uint8_t *frame, size_t len, bool checksums_verified, const struct packet_local *local,
        struct packet_view *view, enum drop *why
)
{
	struct parse p = {
	        .reader = am_reader_init(frame, len),
	        .frame = frame,
	        .local = local,
	        .view = view,
	        .verified = checksums_verified,
	};
	enum packet_class class;

	memset(view, 0, sizeof(*view));
	class = len <= UINT16_MAX ? parse_ethernet(&p) : refuse(&p, DROP_too_long);
	if (class == PACKET_DROP)
		*why = p.why;
	return class;
}

uint8_t *packet_write_ethernet(
        uint8_t *p, const struct packet_local *local, const uint8_t dst_mac[6], uint16_t ethertype
)
{
	memcpy(p, dst_mac, 6);
	memcpy(p + 6, local->mac, 6);
	p += 12;
	if (local->vlan != 0) {
		am_put_u16(p, PACKET_ETHERTYPE_VLAN);
		am_put_u16(p + 2, local->vlan);
		p += 4;
	}
	am_put_u16(p, ethertype);
	return p + 2;
}

void packet_route_init(
        struct packet_route *route, const struct packet_local *local, const uint8_t dst_mac[6],
        uint8_t family, const uint8_t *dst_ip, uint16_t dst_port
)
{
	memset(route, 0, sizeof(*route));
	uint8_t *ip = packet_write_ethernet(
	        route->header, local, dst_mac,
	        family == 4 ? PACKET_ETHERTYPE_IPV4 : PACKET_ETHERTYPE_IPV6
	);
	const uint8_t *src_ip = family == 4 ? local->ipv4.bytes : local->ipv6.bytes;

	if (family == 4) {
		ip[0] = 0x45;
		ip[6] = 0x40; // never fragmented, so the identification may stay 0 (RFC 6864 4.1)
		ip[8] = 64;
		ip[9] = PACKET_PROTOCOL_UDP;
		memcpy(ip + 12, src_ip, 4);
		memcpy(ip + 16, dst_ip, 4);
		route->ip_sum = (uint16_t)~packet_sum_fold(packet_sum(ip, 20, 0));
	} else {
		ip[0] = 0x60;
		ip[6] = PACKET_PROTOCOL_UDP;
		ip[7] = 64;
		memcpy(ip + 8, src_ip, 16);
		memcpy(ip + 24, dst_ip, 16);
	}
	route->family = family;
	route->l2_len = (uint8_t)(ip - route->header);
	route->l3_len = family == 4 ? 20 : 40;
	route->len = (uint8_t)(route->l2_len + route->l3_len + 8);

	uint8_t *udp = ip + route->l3_len;
	am_put_u16(udp, local->udp_port);
	am_put_u16(udp + 2, dst_port);
	uint64_t pseudo = packet_sum_pseudo(family, src_ip, dst_ip, PACKET_PROTOCOL_UDP, 0);
	route->pseudo_sum = (uint16_t)~packet_sum_fold(pseudo);
	route->udp_sum = (uint16_t)~packet_sum_fold(packet_sum(udp, 4, pseudo));
}
