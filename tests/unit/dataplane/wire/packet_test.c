#include "frame.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct packet_view view;
static enum drop why;

static enum packet_class parse(const struct frame *f)
{
	return frame_parse(f->bytes, f->len, &frame_us, &view, &why);
}

static void assert_dropped(const struct frame *f, enum drop expected)
{
	enum packet_class class = parse(f);

	if (class != PACKET_DROP || why != expected)
		fail_msg(
		        "class %d, dropped as %s, not as %s", class, drop_name(why),
		        drop_name(expected)
		);
}

static void assert_checksums(const struct packet_route *route, const uint8_t *frame, size_t payload)
{
	const uint8_t *ip = frame + route->l2_len, *udp = ip + route->l3_len;

	if (route->family == 4) {
		uint32_t sum =
		        (uint16_t)~frame_checksum(ip + 12, 8, 0) + 17 + 8 + (uint32_t)payload;
		assert_int_equal(frame_checksum(ip, 20, 0), 0);
		assert_int_equal(frame_checksum(udp, 8 + payload, sum), 0);
	} else {
		assert_int_equal(frame_checksum_ip6(ip, udp, 8 + payload, 17), 0);
	}
}

static void round_trip(uint8_t family, uint16_t vlan, uint16_t len, uint64_t *seed)
{
	struct packet_local us = frame_us, peer = frame_peer;
	const uint8_t *ip = family == 4 ? us.ipv4.bytes : us.ipv6.bytes;
	struct packet_route route;

	us.vlan = peer.vlan = vlan;
	packet_route_init(&route, &peer, us.mac, family, ip, us.udp_port);
	uint8_t *frame = malloc((size_t)route.len + len);
	uint8_t *payload = malloc(len + 1u);
	for (uint16_t i = 0; i < len; i++)
		payload[i] = (uint8_t)frame_random(seed);
	memcpy(frame + route.len, payload, len);

	assert_int_equal(packet_seal(&route, frame, len, 0), route.len + len);
	assert_checksums(&route, frame, len);
	assert_int_equal(
	        frame_parse(frame, (size_t)route.len + len, &us, &view, &why), PACKET_MEDIA_PORT
	);
	assert_int_equal(view.family, family);
	assert_int_equal(view.src_port, peer.udp_port);
	assert_int_equal(view.dst_port, us.udp_port);
	assert_memory_equal(view.src, family == 4 ? peer.ipv4.bytes : peer.ipv6.bytes, 16);
	assert_memory_equal(view.dst, ip, 16);
	assert_memory_equal(view.src_mac, peer.mac, 6);
	assert_int_equal(view.l3_offset, vlan ? 18 : 14);
	assert_int_equal(view.payload_offset, route.len);
	assert_int_equal(view.payload_len, len);
	assert_memory_equal(frame + view.payload_offset, payload, len);
	free(frame);
	free(payload);
}

static void sealed_frames_parse_with_right_checksums(void **)
{
	static const uint16_t lens[] = {0,  1,  2,  3,  7,  8,    9,    31,
	                                32, 33, 63, 64, 65, 1199, 1200, 1452};
	uint64_t seed = 0x1234567;

	for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		for (int n = 0; n < 50; n++) {
			round_trip(4, 0, lens[i], &seed);
			round_trip(6, 0, lens[i], &seed);
			round_trip(4, 4094, lens[i], &seed);
			round_trip(6, 1, lens[i], &seed);
		}
	}
}

static void a_udp_checksum_of_zero_is_sent_as_ffff(void **)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		uint8_t frame[PACKET_HEADER_MAX + 2] = {0};
		struct packet_route r;
		packet_route_init(
		        &r, &frame_peer, frame_us.mac, family,
		        family == 4 ? frame_us.ipv4.bytes : frame_us.ipv6.bytes, 40000
		);
		uint16_t len = packet_seal(&r, frame, 2, 0);
		memcpy(frame + r.len, frame + r.len - 2, 2); // makes the sum all ones
		memset(frame + r.len - 2, 0, 2);
		assert_int_equal(packet_seal(&r, frame, 2, 0), len);
		assert_int_equal(frame[r.len - 2], 0xff);
		assert_int_equal(frame[r.len - 1], 0xff);
		assert_int_equal(
		        frame_parse(frame, len, &frame_us, &view, &why), PACKET_MEDIA_PORT
		);
	}
}

static void offloaded_checksums_are_left_to_the_port(void **)
{
	struct packet_route r;
	uint8_t frame[PACKET_HEADER_MAX + 100] = {0};

	packet_route_init(&r, &frame_peer, frame_us.mac, 4, frame_us.ipv4.bytes, 40000);
	packet_seal(&r, frame, 100, PACKET_OFFLOAD_IPV4 | PACKET_OFFLOAD_UDP);
	assert_int_equal(frame[24] << 8 | frame[25], 0);
	uint8_t pseudo[12] = {198, 18, 0, 1, 198, 18, 0, 2, 0, 17, 0, 108};
	uint16_t expected = (uint16_t)~frame_checksum(pseudo, 12, 0);
	assert_int_equal(frame[40] << 8 | frame[41], expected);

	packet_route_init(&r, &frame_peer, frame_us.mac, 6, frame_us.ipv6.bytes, 40000);
	packet_seal(&r, frame, 100, PACKET_OFFLOAD_UDP);
	uint8_t none = 0;
	expected = (uint16_t)~frame_checksum_ip6(frame + 14, &none, 0, 17);
	uint32_t sum = (uint32_t)expected + 108;
	assert_int_equal(frame[60] << 8 | frame[61], (sum & 0xffff) + (sum >> 16));
}

static void only_ipv4_may_do_without_a_checksum(void **)
{
	struct packet_route r;
	uint8_t frame[PACKET_HEADER_MAX + 100] = {0}, checked[PACKET_HEADER_MAX + 100] = {0};

	packet_route_init(&r, &frame_peer, frame_us.mac, 4, frame_us.ipv4.bytes, 40000);
	uint16_t len = packet_seal(&r, frame, 100, PACKET_UNCHECKED_IPV4);
	assert_int_equal(frame[40] << 8 | frame[41], 0);
	assert_int_equal(frame_parse(frame, len, &frame_us, &view, &why), PACKET_MEDIA_PORT);
	packet_seal(&r, frame, 100, PACKET_UNCHECKED_IPV4 | PACKET_OFFLOAD_UDP);
	packet_seal(&r, checked, 100, PACKET_OFFLOAD_UDP);
	assert_memory_equal(frame, checked, len); // a checksum by the port costs nothing

	packet_route_init(&r, &frame_peer, frame_us.mac, 6, frame_us.ipv6.bytes, 40000);
	len = packet_seal(&r, frame, 100, PACKET_UNCHECKED_IPV4);
	packet_seal(&r, checked, 100, 0);
	assert_memory_equal(frame, checked, len);
}

static void check_sums(uint64_t (*sum_of)(const void *, size_t, uint64_t))
{
	uint64_t seed = 99;
	uint8_t bytes[300];

	for (int n = 0; n < 5000; n++) {
		size_t len = frame_random(&seed) % sizeof(bytes), start = frame_random(&seed) % 9;
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = n % 3 == 0 ? 0xff : (uint8_t)frame_random(&seed);
		len = start + len > sizeof(bytes) ? 0 : len;
		size_t split = len < 2 ? 0 : frame_random(&seed) % (len / 2) * 2;
		uint64_t sum = sum_of(bytes + start, split, 0);
		sum = sum_of(bytes + start + split, len - split, sum);
		uint16_t check = packet_sum_fold(sum);
		assert_int_equal(__builtin_bswap16(check), frame_checksum(bytes + start, len, 0));
	}
}

static void sums_agree_with_the_slow_way(void **)
{
	check_sums(packet_sum);
	check_sums(packet_sum_narrow);
}

static void truncated_frames_are_dropped(void **)
{
	struct frame f;
	uint8_t payload[40] = "payload";

	for (int variant = 0; variant < 2; variant++) {
		frame_udp(&f, variant ? 6 : 4, 0, 5000, 40000, payload, sizeof(payload));
		assert_int_equal(parse(&f), PACKET_MEDIA_PORT);
		for (size_t len = 0; len < f.len; len++) {
			assert_int_equal(
			        frame_parse(f.bytes, len, &frame_us, &view, &why), PACKET_DROP
			);
			assert_in_range(why, 0, DROP_COUNT - 1);
		}
	}
}

static void padding_of_short_frames_is_no_payload(void **)
{
	struct frame f;

	frame_udp(&f, 4, 0, 5000, 40000, "x", 1);
	f.len = 60;
	assert_int_equal(parse(&f), PACKET_MEDIA_PORT);
	assert_int_equal(view.payload_len, 1);
	frame_udp(&f, 6, 0, 5000, 40000, "xyz", 3);
	f.len += 17;
	assert_int_equal(parse(&f), PACKET_MEDIA_PORT);
	assert_int_equal(view.payload_len, 3);

	frame_udp(&f, 4, 0, 5000, 40000, "x", 1);
	f.bytes[23] = 1; // ICMP: nine bytes
	frame_ip_end(&f);
	f.len = 60;
	assert_int_equal(parse(&f), PACKET_ICMP);
	assert_int_equal(view.payload_len, 9);
}

// A packet of IPv4 with any changed bit is rejected. In IPv6, no checksum covers traffic class,
// flow label and hop limit.
static void flipped_bits_are_noticed(void **)
{
	struct frame f;
	uint8_t payload[24] = "some bytes of a payload";

	for (uint8_t family = 4; family <= 6; family += 2) {
		frame_udp(&f, family, 0, 5000, 40000, payload, sizeof(payload));
		for (size_t i = 0; i < f.len * 8; i++) {
			size_t byte = i / 8, ip = byte - 14;
			bool source_mac = byte >= 6 && byte < 12;
			bool unprotected = family == 6 && byte >= 14 && (ip < 4 || ip == 7);
			f.bytes[byte] ^= (uint8_t)(1 << i % 8);
			enum packet_class class = parse(&f);
			if (!source_mac && !unprotected && class == PACKET_MEDIA_PORT)
				fail_msg("IPv%u: bit %zu went unnoticed", family, i);
			f.bytes[byte] ^= (uint8_t)(1 << i % 8);
		}
	}
}

static void verified_checksums_are_not_computed_again(void **)
{
	struct frame f;

	frame_udp(&f, 4, 0, 5000, 40000, "abc", 3);
	f.bytes[f.l4 + 6] ^= 1;
	assert_dropped(&f, DROP_udp_checksum);
	assert_int_equal(
	        packet_parse(f.bytes, f.len, true, &frame_us, &view, &why), PACKET_MEDIA_PORT
	);
}

// A change of a good packet, whose other fields are corrected, and the expected reason of the drop.
struct change {
	uint8_t family;
	size_t offset; // from the Ethernet header
	uint8_t value;
	enum drop expected; // DROP_COUNT: accepted
};

// proves A13
static void each_wrong_field_has_its_reason(void **)
{
	static const struct change changes[] = {
	        {4, 0, 0x06, DROP_not_our_mac},
	        {4, 0, 0x03, DROP_not_our_mac},
	        {4, 6, 0x03, DROP_bad_source},
	        {4, 11, 2, DROP_own_frame},
	        {4, 12, 9, DROP_unknown_ethertype},
	        {4, 14, 0x55, DROP_ipv4_malformed},
	        {4, 14, 0x44, DROP_ipv4_malformed},
	        {4, 16, 1, DROP_ipv4_malformed},
	        {4, 23, 6, DROP_unknown_protocol},
	        {4, 26, 0, DROP_bad_source},
	        {4, 26, 127, DROP_bad_source},
	        {4, 26, 224, DROP_bad_source},
	        {4, 26, 255, DROP_bad_source},
	        {4, 29, 2, DROP_bad_source},
	        {4, 33, 3, DROP_not_our_ip},
	        {4, 37, 1, DROP_wrong_udp_port},
	        {4, 22, 0, DROP_COUNT},
	        {4, 15, 0xb8, DROP_COUNT},
	        {4, 20, 0x40, DROP_COUNT},
	        {6, 14, 0x40, DROP_ipv6_malformed},
	        {6, 18, 1, DROP_ipv6_malformed},
	        {6, 20, 6, DROP_unknown_protocol},
	        {6, 20, 59, DROP_unknown_protocol},
	        {6, 22, 0xff, DROP_bad_source},
	        {6, 53, 3, DROP_not_our_ip},
	        {6, 57, 1, DROP_wrong_udp_port},
	        {6, 21, 0, DROP_COUNT},
	        {6, 14, 0x6f, DROP_COUNT},
	};

	for (unsigned i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const struct change *c = &changes[i];
		struct frame f;
		frame_udp(&f, c->family, 0, 5000, 40000, "abcd", 4);
		f.bytes[c->offset] = c->value;
		if (c->offset != 16 && c->offset != 18) { // not the total length itself
			if (c->offset < 14 || c->offset > 16)
				frame_ip_end(&f);
			frame_udp_fix(&f);
		}
		if (c->family == 4 && c->offset > 14 && c->offset != 16)
			frame_ip_end(&f);
		if (c->expected != DROP_COUNT)
			assert_dropped(&f, c->expected);
		else
			assert_int_equal(parse(&f), PACKET_MEDIA_PORT);
	}
}

static void udp_lengths_and_missing_checksums(void **)
{
	struct frame f;

	for (uint8_t family = 4; family <= 6; family += 2) {
		static const uint8_t bad[] = {0, 7, 13, 200};
		for (unsigned i = 0; i < sizeof(bad); i++) {
			frame_udp(&f, family, 0, 5000, 40000, "abcd", 4);
			f.bytes[f.l4 + 5] = bad[i];
			assert_dropped(&f, DROP_udp_malformed);
		}
		frame_udp(&f, family, 0, 5000, 40000, "abcd", 4);
		f.bytes[f.l4 + 5] = 10; // shorter than the IP payload: the rest is ignored
		frame_udp_fix(&f);
		assert_int_equal(parse(&f), PACKET_MEDIA_PORT);
		assert_int_equal(view.payload_len, 2);
		frame_udp(&f, family, 0, 0, 40000, "abcd", 4);
		assert_dropped(&f, DROP_bad_source);
	}
	frame_udp(&f, 4, 0, 5000, 40000, "abcd", 4);
	memset(f.bytes + f.l4 + 6, 0, 2);
	assert_int_equal(parse(&f), PACKET_MEDIA_PORT);
	frame_udp(&f, 6, 0, 5000, 40000, "abcd", 4);
	memset(f.bytes + f.l4 + 6, 0, 2);
	assert_dropped(&f, DROP_udp_checksum); // RFC 8200 8.1
}

static void only_the_configured_vlan_is_heard(void **)
{
	struct packet_local tagged = frame_us;
	struct frame f;

	tagged.vlan = 100;
	frame_udp(&f, 4, 0, 5000, 40000, "a", 1);
	assert_int_equal(frame_parse(f.bytes, f.len, &tagged, &view, &why), PACKET_DROP);
	assert_int_equal(why, DROP_vlan_mismatch);
	frame_udp(&f, 4, 101, 5000, 40000, "a", 1);
	assert_int_equal(frame_parse(f.bytes, f.len, &tagged, &view, &why), PACKET_DROP);
	assert_dropped(&f, DROP_vlan_mismatch);
	frame_udp(&f, 4, 100 | 0xe000, 5000, 40000, "a", 1); // with a priority
	assert_int_equal(frame_parse(f.bytes, f.len, &tagged, &view, &why), PACKET_MEDIA_PORT);
	frame_udp(&f, 4, 0xa000, 5000, 40000, "a", 1); // only a priority
	assert_int_equal(parse(&f), PACKET_MEDIA_PORT);

	uint8_t twice[4] = {0x81, 0, 0, 100};
	frame_ethernet(&f, frame_us.mac, frame_peer.mac, 100, 0x8100);
	frame_append(&f, twice + 2, 2);
	frame_append(&f, "\x08\x00", 2);
	assert_int_equal(frame_parse(f.bytes, f.len, &tagged, &view, &why), PACKET_DROP);
	assert_int_equal(why, DROP_unknown_ethertype);
}

// proves A13
static void ipv4_options_are_skipped(void **)
{
	static const uint8_t route[40] = {0x83, 39, 4, 10, 0, 0, 1}; // loose source route
	struct frame f, g;

	frame_udp(&f, 4, 0, 5000, 40000, "abcd", 4);
	frame_ethernet(&g, frame_us.mac, frame_peer.mac, 0, 0x0800);
	frame_append(&g, f.bytes + 14, 20);
	frame_append(&g, route, 40);
	g.l4 = g.len;
	frame_append(&g, f.bytes + 34, 12);
	g.bytes[14] = 0x4f;
	frame_ip_end(&g);
	assert_int_equal(parse(&g), PACKET_MEDIA_PORT);
	assert_int_equal(view.payload_offset, 14 + 60 + 8);
	g.bytes[14 + 30] ^= 1;
	assert_dropped(&g, DROP_ipv4_checksum);
	g.bytes[14 + 3] = 59; // total length within the header
	assert_dropped(&g, DROP_ipv4_malformed);
}

static void ipv4_fragments_are_told_apart(void **)
{
	struct frame f;

	frame_udp(&f, 4, 0, 5000, 40000, "abcdefgh", 8);
	f.bytes[20] = 0x20; // more fragments follow
	frame_ip_end(&f);
	assert_int_equal(parse(&f), PACKET_FRAGMENT);
	assert_int_equal(view.payload_offset, 34);
	assert_int_equal(view.payload_len, 16);
	f.bytes[20] = 0;
	f.bytes[21] = 2; // fragment offset
	frame_ip_end(&f);
	assert_int_equal(parse(&f), PACKET_FRAGMENT);
	f.bytes[23] = 1; // fragmented ICMP
	frame_ip_end(&f);
	assert_dropped(&f, DROP_unknown_protocol);
}

// Builds IPv6 with the given extension headers before a UDP packet to us.
static void extended(struct frame *f, uint8_t first, const uint8_t *extensions, size_t len)
{
	struct frame plain;

	frame_udp(&plain, 6, 0, 5000, 40000, "abcd", 4);
	frame_ethernet(f, frame_us.mac, frame_peer.mac, 0, 0x86dd);
	frame_ip6(f, first);
	frame_append(f, extensions, len);
	f->l4 = f->len;
	frame_append(f, plain.bytes + 54, 12);
	frame_ip_end(f);
}

static void ipv6_extension_headers_are_bounded(void **)
{
	uint8_t e[64] = {0};
	struct frame f;

	memcpy(e, (uint8_t[]){60, 0}, 2); // hop-by-hop, destination options
	memcpy(e + 8, (uint8_t[]){17, 1}, 2);
	extended(&f, 0, e, 24);
	assert_int_equal(parse(&f), PACKET_MEDIA_PORT);
	assert_int_equal(view.payload_offset, 14 + 40 + 24 + 8);

	memset(e, 0, sizeof(e)); // one header too many
	e[0] = e[8] = e[16] = 60;
	e[24] = 17;
	extended(&f, 60, e, 32);
	assert_dropped(&f, DROP_ipv6_extension);
	e[16] = 17;
	extended(&f, 60, e, 24);
	assert_int_equal(parse(&f), PACKET_MEDIA_PORT);

	e[0] = 0; // hop-by-hop, but not first
	e[8] = 17;
	extended(&f, 60, e, 16);
	assert_dropped(&f, DROP_unknown_protocol);
	e[0] = 17; // longer than the packet
	e[1] = 255;
	extended(&f, 60, e, 8);
	assert_dropped(&f, DROP_ipv6_extension);
	e[1] = 0;
	extended(&f, 43, e, 8); // routing
	assert_dropped(&f, DROP_unknown_protocol);
	extended(&f, 60, e, 8);
	for (size_t len = 0; len < f.len; len++) {
		am_put_u16(f.bytes + 18, (uint16_t)(len < 54 ? 0 : len - 54));
		assert_int_equal(frame_parse(f.bytes, len, &frame_us, &view, &why), PACKET_DROP);
	}
}

static void ipv6_fragments_are_told_apart(void **)
{
	uint8_t e[16] = {17, 0, 0, 1, 1, 2, 3, 4};
	struct frame f;

	extended(&f, 44, e, 8);
	assert_int_equal(parse(&f), PACKET_FRAGMENT);
	assert_int_equal(view.payload_offset, 62);
	e[3] = 8;
	extended(&f, 44, e, 8);
	assert_int_equal(parse(&f), PACKET_FRAGMENT);
	e[3] = 6; // reserved bits: an atomic fragment (RFC 6946)
	extended(&f, 44, e, 8);
	assert_int_equal(parse(&f), PACKET_MEDIA_PORT);
	e[0] = 58; // fragmented neighbour discovery (RFC 6980)
	extended(&f, 44, e, 8);
	assert_dropped(&f, DROP_ipv6_extension);
	uint8_t behind[16] = {44, 0, [8] = 17, 0, 0, 1};
	extended(&f, 60, behind, 16);
	assert_dropped(&f, DROP_ipv6_extension);
}

static void groups_are_for_icmp6_only(void **)
{
	uint8_t solicited[16] = {0xff, 2, [11] = 1, 0xff, 0x12, 0x34, 2};
	uint8_t mac[6] = {0x33, 0x33, 0xff, 0x12, 0x34, 2};
	struct frame f;

	frame_ethernet(&f, mac, frame_peer.mac, 0, 0x86dd);
	frame_ip6(&f, 58);
	frame_append(&f, "\x87\0\0\0\0\0\0\0", 8);
	frame_ip_end(&f);
	assert_dropped(&f, DROP_not_our_mac); // our address in a multicast frame
	memcpy(f.bytes + 38, solicited, 16);
	assert_int_equal(parse(&f), PACKET_ICMP6);
	memset(f.bytes + 22, 0, 16); // from ::, as in duplicate address detection
	assert_int_equal(parse(&f), PACKET_ICMP6);
	f.bytes[20] = 17;
	assert_dropped(&f, DROP_not_our_ip);
	f.bytes[51] ^= 1; // somebody else's group
	assert_dropped(&f, DROP_not_our_ip);

	frame_udp(&f, 4, 0, 5000, 40000, "a", 1);
	memset(f.bytes, 0xff, 6);
	assert_dropped(&f, DROP_not_our_mac);
}

static void arp_and_icmp_are_told_apart(void **)
{
	struct frame f;
	uint8_t body[28] = {0, 1, 8, 0, 6, 4, 0, 1};

	frame_ethernet(&f, (uint8_t[]){255, 255, 255, 255, 255, 255}, frame_peer.mac, 0, 0x0806);
	frame_append(&f, body, 27);
	assert_dropped(&f, DROP_too_short);
	frame_append(&f, body, 19);
	assert_int_equal(parse(&f), PACKET_ARP);
	assert_int_equal(view.payload_offset, 14);
	assert_int_equal(view.payload_len, 28);
	f.bytes[0] = 1;
	assert_dropped(&f, DROP_not_our_mac);

	frame_ethernet(&f, frame_us.mac, frame_peer.mac, 0, 0x0800);
	frame_ip4(&f, 1);
	frame_append(&f, "\x08\0\0\0abcd", 8);
	frame_ip_end(&f);
	assert_int_equal(parse(&f), PACKET_ICMP);
	assert_int_equal(view.payload_len, 8);
}

static void a_family_that_is_off_hears_nothing(void **)
{
	struct packet_local only4 = frame_us, only6 = frame_us;
	struct frame f;

	only4.ipv6 = (struct am_address){0};
	only6.ipv4 = (struct am_address){0};
	frame_udp(&f, 6, 0, 5000, 40000, "a", 1);
	assert_int_equal(frame_parse(f.bytes, f.len, &only4, &view, &why), PACKET_DROP);
	frame_udp(&f, 4, 0, 5000, 40000, "a", 1);
	assert_int_equal(frame_parse(f.bytes, f.len, &only6, &view, &why), PACKET_DROP);
}

// Views never point outside the frame, whatever the bytes.
static void noise_stays_in_bounds(void **)
{
	uint64_t seed = 4711;
	struct frame f;

	for (int n = 0; n < 300000; n++) {
		uint8_t noise[120];
		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = (uint8_t)frame_random(&seed);
		frame_udp(&f, n & 1 ? 6 : 4, 0, 5000, 40000, noise, frame_random(&seed) % 100);
		for (uint32_t i = frame_random(&seed) % 6; i > 0; i--)
			f.bytes[12 + frame_random(&seed) % (f.len - 12)] = noise[i];
		f.len -= frame_random(&seed) % 8 == 0 ? frame_random(&seed) % f.len : 0;
		uint8_t *copy = malloc(f.len);
		memcpy(copy, f.bytes, f.len);
		enum packet_class class = packet_parse(copy, f.len, n & 2, &frame_us, &view, &why);
		if (class != PACKET_DROP)
			assert_true((size_t)view.payload_offset + view.payload_len <= f.len);
		free(copy);
	}
}

static void reasons_have_names(void **)
{
	assert_string_equal(drop_name(DROP_too_short), "too_short");
	assert_string_equal(drop_name(DROP_cipher_failed), "cipher_failed");
	assert_string_equal(drop_name(DROP_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(sealed_frames_parse_with_right_checksums),
	        cmocka_unit_test(a_udp_checksum_of_zero_is_sent_as_ffff),
	        cmocka_unit_test(offloaded_checksums_are_left_to_the_port),
	        cmocka_unit_test(only_ipv4_may_do_without_a_checksum),
	        cmocka_unit_test(sums_agree_with_the_slow_way),
	        cmocka_unit_test(truncated_frames_are_dropped),
	        cmocka_unit_test(padding_of_short_frames_is_no_payload),
	        cmocka_unit_test(flipped_bits_are_noticed),
	        cmocka_unit_test(verified_checksums_are_not_computed_again),
	        cmocka_unit_test(each_wrong_field_has_its_reason),
	        cmocka_unit_test(udp_lengths_and_missing_checksums),
	        cmocka_unit_test(only_the_configured_vlan_is_heard),
	        cmocka_unit_test(ipv4_options_are_skipped),
	        cmocka_unit_test(ipv4_fragments_are_told_apart),
	        cmocka_unit_test(ipv6_extension_headers_are_bounded),
	        cmocka_unit_test(ipv6_fragments_are_told_apart),
	        cmocka_unit_test(groups_are_for_icmp6_only),
	        cmocka_unit_test(arp_and_icmp_are_told_apart),
	        cmocka_unit_test(a_family_that_is_off_hears_nothing),
	        cmocka_unit_test(noise_stays_in_bounds),
	        cmocka_unit_test(reasons_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
