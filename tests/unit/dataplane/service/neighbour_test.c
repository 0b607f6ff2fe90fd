#include "service/neighbour.c"

#include "frame.h"
#include "host/config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#define S 1000000000ull

static const uint8_t evil_mac[6] = {2, 0, 0, 0, 6, 6};
static const uint8_t host_ip[4] = {198, 18, 0, 9};
static const struct config config = {
        .ipv4 =
                {.address = {4, {0}, {198, 18, 0, 2}},
                 .gateway = {4, {0}, {198, 18, 0, 1}},
                 .prefix_len = 24},
        .ipv6 =
                {.address = {6, {0}, {0xfd, [13] = 0x12, 0x34, 2}},
                 .gateway = {6, {0}, {0xfd, [15] = 1}},
                 .prefix_len = 64},
};

static struct neighbour_table *table;
static struct frame sent; // the last frame
static struct frame sent_to_host; // the last ARP request for host_ip; len 0: none
static unsigned sent_count, changed_count;
static uint8_t changed_mac[6];

static void on_send(void *, const uint8_t *frame, uint16_t len)
{
	memcpy(sent.bytes, frame, len);
	sent.len = len;
	sent_count++;
	if (len == 42 && memcmp(frame + 38, host_ip, 4) == 0)
		sent_to_host = sent;
}

static void on_changed(void *, const struct am_address *, const uint8_t mac[6])
{
	memcpy(changed_mac, mac, 6);
	changed_count++;
}

static int setup(void **)
{
	const struct neighbour_hooks hooks = {on_send, on_changed, NULL};

	table = neighbour_create(&config, &frame_us, &hooks);
	sent_count = changed_count = 0;
	return table ? 0 : -1;
}

static int teardown(void **)
{
	neighbour_destroy(table);
	return 0;
}

// Passes the frame on as a worker would; true if the parser accepts it.
static bool receive(const struct frame *f, uint64_t now)
{
	struct packet_view view;
	enum drop why;
	enum packet_class class = frame_parse(f->bytes, f->len, &frame_us, &view, &why);

	if (class != PACKET_ARP && class != PACKET_ICMP6)
		return false;
	assert_true(neighbour_receive(table, class, f->bytes, &view, now));
	return true;
}

static void make_arp(
        struct frame *f, uint8_t operation, const uint8_t *dst, const uint8_t *mac,
        const uint8_t *ip, const uint8_t *target
)
{
	uint8_t body[28] = {0, 1, 8, 0, 6, 4, 0, operation};

	memcpy(body + 8, mac, 6);
	memcpy(body + 14, ip, 4);
	memcpy(body + 24, target, 4);
	frame_ethernet(f, dst, mac, 0, 0x0806);
	frame_append(f, body, 28);
}

// A message from src to dst about target; option 0: none.
static void
make_nd(struct frame *f, uint8_t type, uint8_t flags, const uint8_t *src, const uint8_t *dst,
        const uint8_t *target, uint8_t option, const uint8_t *mac)
{
	uint8_t nd[24] = {type, [4] = flags};
	uint8_t dst_mac[6] = {0x33, 0x33, dst[12], dst[13], dst[14], dst[15]};

	memcpy(nd + 8, target, 16);
	frame_ethernet(f, dst[0] == 0xff ? dst_mac : frame_us.mac, mac, 0, 0x86dd);
	frame_ip6(f, 58);
	memcpy(f->bytes + f->l3 + 8, src, 16);
	memcpy(f->bytes + f->l3 + 24, dst, 16);
	frame_append(f, nd, 24);
	if (option) {
		frame_append(f, (uint8_t[]){option, 1}, 2);
		frame_append(f, mac, 6);
	}
	frame_ip_end(f);
	frame_icmp6_fix(f);
}

static void assert_nd_whole(void)
{
	const uint8_t *ip = sent.bytes + 14;

	assert_int_equal(sent.len, 14 + 40 + 32);
	assert_int_equal(ip[7], 255);
	assert_int_equal(ip[4] << 8 | ip[5], 32);
	assert_memory_equal(ip + 8, frame_us.ipv6.bytes, 16);
	assert_int_equal(frame_checksum_ip6(ip, ip + 40, 32, 58), 0);
}

static struct am_address host(void)
{
	struct am_address a = {.family = 4};
	memcpy(a.bytes, host_ip, 4);
	return a;
}

static bool knows(const struct am_address *a, uint64_t now, const uint8_t *mac)
{
	uint8_t found[6];
	return neighbour_lookup(table, a, now, found) && memcmp(found, mac, 6) == 0;
}

// Requests the host's MAC address and receives the answer.
static void make_live(uint64_t now)
{
	struct am_address a = host();
	struct frame f;
	uint8_t mac[6];

	assert_false(neighbour_lookup(table, &a, now, mac));
	make_arp(&f, 2, frame_us.mac, frame_peer.mac, host_ip, frame_us.ipv4.bytes);
	assert_true(receive(&f, now));
	assert_true(knows(&a, now, frame_peer.mac));
}

static void next_hops_are_on_the_link_or_the_router(void **)
{
	struct am_address hop;
	uint8_t link_local[16] = {0xfe, 0x80, [15] = 9}, far6[16] = {0x20, 1};

	assert_true(neighbour_next_hop(table, 4, host_ip, &hop));
	assert_memory_equal(hop.bytes, host_ip, 4);
	assert_true(neighbour_next_hop(table, 4, (uint8_t[]){192, 0, 2, 1}, &hop));
	assert_memory_equal(hop.bytes, config.ipv4.gateway.bytes, 4);
	assert_true(neighbour_next_hop(table, 6, link_local, &hop));
	assert_memory_equal(hop.bytes, link_local, 16);
	assert_true(neighbour_next_hop(table, 6, far6, &hop));
	assert_memory_equal(hop.bytes, config.ipv6.gateway.bytes, 16);
	assert_false(neighbour_next_hop(table, 4, frame_us.ipv4.bytes, &hop));
}

static void requests_for_our_address_are_answered(void **)
{
	struct frame f;

	make_arp(
	        &f, 1, (uint8_t[]){255, 255, 255, 255, 255, 255}, frame_peer.mac, host_ip,
	        frame_us.ipv4.bytes
	);
	assert_true(receive(&f, S));
	assert_int_equal(sent_count, 1);
	assert_int_equal(sent.len, 42);
	assert_memory_equal(sent.bytes, frame_peer.mac, 6);
	assert_memory_equal(sent.bytes + 14, ((uint8_t[]){0, 1, 8, 0, 6, 4, 0, 2}), 8);
	assert_memory_equal(sent.bytes + 22, frame_us.mac, 6);
	assert_memory_equal(sent.bytes + 28, frame_us.ipv4.bytes, 4);
	assert_memory_equal(sent.bytes + 32, frame_peer.mac, 6);
	assert_memory_equal(sent.bytes + 38, host_ip, 4);

	struct am_address a = host(); // the host that asked is known now
	assert_true(knows(&a, S, frame_peer.mac));
	assert_int_equal(sent_count, 1);
}

static void requests_for_other_addresses_are_not(void **)
{
	static const uint8_t broadcast[6] = {255, 255, 255, 255, 255, 255};
	struct frame f;

	make_arp(&f, 1, broadcast, frame_peer.mac, host_ip, (uint8_t[]){198, 18, 0, 3});
	assert_true(receive(&f, S));
	make_arp(&f, 1, broadcast, evil_mac, host_ip, host_ip); // gratuitous
	assert_true(receive(&f, S));
	make_arp(&f, 2, broadcast, evil_mac, host_ip, host_ip);
	assert_true(receive(&f, S));
	make_arp(&f, 1, broadcast, frame_peer.mac, host_ip, frame_us.ipv4.bytes);
	f.bytes[15] = 6; // another hardware type
	assert_true(receive(&f, S));
	assert_int_equal(sent_count, 0);
	assert_int_equal(changed_count, 0);
}

static void probes_are_answered_but_teach_nothing(void **)
{
	struct frame f;
	uint8_t zero[4] = {0};

	make_arp(
	        &f, 1, (uint8_t[]){255, 255, 255, 255, 255, 255}, frame_peer.mac, zero,
	        frame_us.ipv4.bytes
	);
	assert_true(receive(&f, S));
	assert_int_equal(sent_count, 1);
	assert_int_equal(changed_count, 0);
}

static void unknown_neighbours_are_asked_for_once_a_second(void **)
{
	struct am_address a = host();
	uint8_t mac[6];

	for (uint64_t ms = 0; ms < 2500; ms += 10)
		assert_false(neighbour_lookup(table, &a, S + ms * 1000000, mac));
	assert_int_equal(sent_count, 3);
	assert_memory_equal(sent.bytes, ((uint8_t[]){255, 255, 255, 255, 255, 255}), 6);
	assert_memory_equal(sent.bytes + 38, host_ip, 4);
	struct am_address far = {.family = 4, .bytes = {192, 0, 2, 1}};
	assert_false(neighbour_lookup(table, &far, S, mac));
	assert_int_equal(sent_count, 3); // never for addresses that are not on the link
}

static void answers_are_learned_and_told(void **)
{
	make_live(S);
	assert_int_equal(changed_count, 1);
	assert_memory_equal(changed_mac, frame_peer.mac, 6);
}

// proves A13
static void answers_that_nobody_asked_for_are_ignored(void **)
{
	struct frame f;

	make_arp(&f, 2, frame_us.mac, evil_mac, host_ip, frame_us.ipv4.bytes);
	assert_true(receive(&f, S));
	assert_int_equal(changed_count, 0);
	assert_int_equal(table->counts.ignored, 1);
}

static void answers_to_all_are_ignored(void **)
{
	struct am_address a = host();
	struct frame f;
	uint8_t mac[6];

	assert_false(neighbour_lookup(table, &a, S, mac));
	make_arp(
	        &f, 2, (uint8_t[]){255, 255, 255, 255, 255, 255}, evil_mac, host_ip,
	        frame_us.ipv4.bytes
	);
	assert_true(receive(&f, S));
	assert_int_equal(changed_count, 0);
}

static void claims_from_beyond_the_link_are_ignored(void **)
{
	struct frame f;
	static const uint8_t macs[][6] = {{0}, {1, 2, 3, 4, 5, 6}, {255, 255, 255, 255, 255, 255}};

	make_arp(&f, 1, frame_us.mac, evil_mac, (uint8_t[]){192, 0, 2, 1}, frame_us.ipv4.bytes);
	assert_true(receive(&f, S));
	for (int i = 0; i < 3; i++) {
		make_arp(&f, 1, frame_us.mac, evil_mac, host_ip, frame_us.ipv4.bytes);
		memcpy(f.bytes + 22, macs[i], 6);
		assert_true(receive(&f, S));
	}
	assert_int_equal(changed_count, 0);
}

// proves A13
static void a_live_neighbour_is_not_replaced(void **)
{
	struct am_address a = host();
	struct frame f;

	make_live(S);
	for (uint64_t t = S; t < S + NEIGHBOUR_LIVE_NS; t += S) {
		make_arp(&f, 1, frame_us.mac, evil_mac, host_ip, frame_us.ipv4.bytes);
		assert_true(receive(&f, t));
		make_arp(&f, 2, frame_us.mac, evil_mac, host_ip, frame_us.ipv4.bytes);
		assert_true(receive(&f, t));
		neighbour_tick(table, t); // probes begin at 20 s, and evil answers them
		assert_true(knows(&a, t, frame_peer.mac));
	}
	assert_int_equal(changed_count, 1);
	assert_true(table->counts.refused > 30);
}

static void a_neighbour_that_is_gone_can_be_replaced(void **)
{
	struct am_address a = host();
	struct frame f;
	uint8_t mac[6];
	uint64_t late = S + NEIGHBOUR_LIVE_NS;

	make_live(S);
	assert_false(neighbour_lookup(table, &a, late, mac));
	make_arp(&f, 2, frame_us.mac, evil_mac, host_ip, frame_us.ipv4.bytes);
	assert_true(receive(&f, late));
	assert_true(knows(&a, late, evil_mac));
	assert_int_equal(changed_count, 2);
}

static void a_used_neighbour_is_probed_before_it_expires(void **)
{
	struct am_address a = host();
	struct frame f;
	unsigned probes = 0;

	make_live(S);
	for (uint64_t t = S; t < S + 100 * S; t += S / 4) {
		sent_to_host.len = 0;
		neighbour_tick(table, t);
		assert_true(knows(&a, t, frame_peer.mac));
		if (sent_to_host.len == 0)
			continue;
		probes++;
		assert_memory_equal(sent_to_host.bytes, frame_peer.mac, 6); // unicast
		make_arp(&f, 2, frame_us.mac, frame_peer.mac, host_ip, frame_us.ipv4.bytes);
		assert_true(receive(&f, t));
	}
	assert_int_equal(probes, 4); // at 20, 40, 60 and 80 s
	assert_int_equal(changed_count, 1);
}

static void an_unused_or_silent_neighbour_is_forgotten(void **)
{
	struct am_address a = host();
	uint8_t mac[6];

	make_live(S);
	for (uint64_t t = S; t < 200 * S; t += S / 4)
		neighbour_tick(table, t);
	sent_count = 0;
	neighbour_tick(table, 200 * S + S / 2);
	assert_true(sent_count <= 2); // requests for the routers only
	assert_false(neighbour_lookup(table, &a, 201 * S, mac));
	for (uint64_t t = 201 * S; t < 210 * S; t += S / 4)
		neighbour_tick(table, t);
	sent_count = 0;
	neighbour_tick(table, 211 * S);
	assert_true(sent_count <= 2);
}

static void a_renewed_life_needs_our_own_question(void **)
{
	struct am_address a = host();
	struct frame f;
	uint8_t mac[6];

	make_live(S);
	make_arp(&f, 1, frame_us.mac, frame_peer.mac, host_ip, frame_us.ipv4.bytes);
	assert_true(receive(&f, S + 29 * S));
	assert_false(neighbour_lookup(table, &a, S + NEIGHBOUR_LIVE_NS, mac));
}

static void a_flood_of_strangers_keeps_what_we_use(void **)
{
	struct am_address a = host();
	struct frame f;

	make_live(S);
	for (uint32_t i = 0; i < 5000; i++) {
		uint8_t ip[16] = {
		        0xfd, [12] = 1, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
		make_nd(&f, 135, 0, ip, frame_us.ipv6.bytes, frame_us.ipv6.bytes, 1, evil_mac);
		assert_true(receive(&f, S));
	}
	assert_true(table->counts.evicted >= 5000 - NEIGHBOUR_MAX);
	assert_true(knows(&a, S, frame_peer.mac));
}

// With every entry in use, there is no room for a stranger, but still for our own requests.
static void a_full_table_prefers_our_own_questions(void **)
{
	struct am_address a = {.family = 6, .bytes = {0xfd}};
	struct frame f;
	uint8_t mac[6];

	for (uint32_t i = 1; i <= NEIGHBOUR_MAX; i++) {
		am_put_u32(a.bytes + 8, i << 8);
		assert_false(neighbour_lookup(table, &a, S + i, mac));
	}
	uint64_t evicted = table->counts.evicted;
	assert_true(evicted > 0); // routers are not evicted
	make_nd(&f, 135, 0, frame_peer.ipv6.bytes, frame_us.ipv6.bytes, frame_us.ipv6.bytes, 1,
	        frame_peer.mac);
	f.bytes[f.l3 + 8 + 12] = 9;
	frame_icmp6_fix(&f);
	assert_true(receive(&f, 2 * S));
	assert_int_equal(table->counts.evicted, evicted);
	assert_int_equal(changed_count, 0);
	make_live(2 * S);
	assert_int_equal(table->counts.evicted, evicted + 1);
}

static void our_own_address_is_defended(void **)
{
	struct frame f;

	for (int i = 0; i < 20; i++) {
		make_arp(
		        &f, 1, (uint8_t[]){255, 255, 255, 255, 255, 255}, evil_mac,
		        frame_us.ipv4.bytes, frame_us.ipv4.bytes
		);
		assert_true(receive(&f, S + (uint64_t)i * S / 4));
	}
	// ARP, an advertisement, and a request for each of the two routers; once in 10 s.
	assert_int_equal(sent_count, 4);
	assert_int_equal(changed_count, 0);
	make_nd(&f, 136, 0x20, frame_peer.ipv6.bytes, (uint8_t[16]){0xff, 2, [15] = 1},
	        frame_us.ipv6.bytes, 2, evil_mac);
	assert_true(receive(&f, 20 * S));
	assert_true(sent_count > 4);
}

static void the_start_is_announced(void **)
{
	neighbour_announce(table, S);
	assert_int_equal(sent_count, 4);
}

static void solicitations_are_answered(void **)
{
	uint8_t group[16] = {0xff, 2, [11] = 1, 0xff, 0x12, 0x34, 2};
	struct frame f;

	make_nd(&f, 135, 0, frame_peer.ipv6.bytes, group, frame_us.ipv6.bytes, 1, frame_peer.mac);
	assert_true(receive(&f, S));
	assert_int_equal(sent_count, 1);
	assert_nd_whole();
	assert_memory_equal(sent.bytes, frame_peer.mac, 6);
	assert_memory_equal(sent.bytes + 38, frame_peer.ipv6.bytes, 16);
	assert_int_equal(sent.bytes[54], 136);
	assert_int_equal(sent.bytes[58], 0x60);
	assert_memory_equal(sent.bytes + 62, frame_us.ipv6.bytes, 16);
	assert_memory_equal(sent.bytes + 78, ((uint8_t[]){2, 1, 2, 0, 0, 0, 0, 2}), 8);
	assert_true(knows(&config.ipv6.gateway, S, frame_peer.mac));

	// Duplicate address detection: the answer goes to all.
	make_nd(&f, 135, 0, (uint8_t[16]){0}, group, frame_us.ipv6.bytes, 0, frame_peer.mac);
	assert_true(receive(&f, S));
	assert_int_equal(sent_count, 2);
	assert_nd_whole();
	assert_memory_equal(sent.bytes, ((uint8_t[]){0x33, 0x33, 0, 0, 0, 1}), 6);
	assert_int_equal(sent.bytes[58], 0x20);
}

static void bad_solicitations_are_not(void **)
{
	uint8_t group[16] = {0xff, 2, [11] = 1, 0xff, 0x12, 0x34, 2};
	const uint8_t *peer = frame_peer.ipv6.bytes, *us = frame_us.ipv6.bytes;
	struct frame f;

	make_nd(&f, 135, 0, peer, group, us, 1, evil_mac);
	f.bytes[f.l3 + 7] = 254; // forwarded
	assert_true(receive(&f, S));
	make_nd(&f, 135, 0, peer, group, us, 1, evil_mac);
	f.bytes[f.l4 + 2] ^= 1; // wrong checksum
	assert_true(receive(&f, S));
	make_nd(&f, 135, 0, peer, group, us, 1, evil_mac);
	f.bytes[f.l4 + 1] = 1; // wrong code
	frame_icmp6_fix(&f);
	assert_true(receive(&f, S));
	make_nd(&f, 135, 0, peer, group, us, 1, evil_mac);
	f.bytes[f.l4 + 25] = 0; // option without length
	frame_icmp6_fix(&f);
	assert_true(receive(&f, S));
	f.bytes[f.l4 + 25] = 2; // option beyond the end
	frame_icmp6_fix(&f);
	assert_true(receive(&f, S));
	make_nd(&f, 135, 0, peer, group, peer, 1, evil_mac); // about somebody else
	assert_true(receive(&f, S));
	make_nd(&f, 135, 0, (uint8_t[16]){0}, group, us, 1, evil_mac); // RFC 4861 7.1.1
	assert_true(receive(&f, S));
	make_nd(&f, 135, 0, peer, us, us, 0, evil_mac);
	for (size_t len = f.l4 + 1; len < f.len; len++) {
		struct frame g = f;
		g.len = len;
		frame_ip_end(&g);
		frame_icmp6_fix(&g);
		if (len >= f.l4 + 4)
			assert_true(receive(&g, S));
	}
	assert_int_equal(sent_count, 0);
	assert_int_equal(changed_count, 0);
}

static void advertisements_must_be_asked_for(void **)
{
	const uint8_t *peer = frame_peer.ipv6.bytes, *us = frame_us.ipv6.bytes;
	const struct am_address *router = &config.ipv6.gateway;
	struct frame f;
	uint8_t mac[6];

	make_nd(&f, 136, 0x60, peer, us, peer, 2, evil_mac);
	assert_true(receive(&f, S));
	assert_int_equal(changed_count, 0); // not requested
	assert_false(neighbour_lookup(table, router, S, mac));
	assert_nd_whole();
	assert_memory_equal(sent.bytes, ((uint8_t[]){0x33, 0x33, 0xff, 0, 0, 1}), 6);
	make_nd(&f, 136, 0x20, peer, us, peer, 2, evil_mac);
	assert_true(receive(&f, S));
	assert_int_equal(changed_count, 0); // not solicited
	make_nd(&f, 136, 0x60, peer, us, peer, 0, frame_peer.mac);
	assert_true(receive(&f, S));
	assert_int_equal(changed_count, 0); // without a MAC address
	make_nd(&f, 136, 0x60, peer, us, peer, 2, frame_peer.mac);
	f.bytes[f.l4 + 26] |= 1; // a group's
	frame_icmp6_fix(&f);
	assert_true(receive(&f, S));
	assert_int_equal(changed_count, 0);
	make_nd(&f, 136, 0x60, peer, us, peer, 2, frame_peer.mac);
	assert_true(receive(&f, S));
	assert_true(knows(router, S, frame_peer.mac));
	make_nd(&f, 136, 0x60, peer, us, peer, 2, evil_mac);
	assert_true(receive(&f, S));
	assert_true(knows(router, S, frame_peer.mac));
}

// proves A13
static void redirects_and_router_advertisements_change_nothing(void **)
{
	static const uint8_t types[] = {133, 134, 137};
	struct frame f;

	for (int i = 0; i < 3; i++) {
		make_nd(&f, types[i], 0x60, frame_peer.ipv6.bytes, frame_us.ipv6.bytes,
		        frame_peer.ipv6.bytes, 2, evil_mac);
		assert_true(receive(&f, S));
	}
	assert_int_equal(sent_count, 0);
	assert_int_equal(changed_count, 0);
	assert_int_equal(table->counts.ignored, 3);
}

static void frames_carry_the_vlan(void **)
{
	struct packet_local tagged = frame_us;
	const struct neighbour_hooks hooks = {on_send, NULL, NULL};

	tagged.vlan = 0x123;
	struct neighbour_table *t = neighbour_create(&config, &tagged, &hooks);
	neighbour_announce(t, S);
	assert_int_equal(sent.len, 90);
	assert_memory_equal(sent.bytes + 12, ((uint8_t[]){0x81, 0, 1, 0x23, 0x86, 0xdd}), 6);
	neighbour_destroy(t);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(next_hops_are_on_the_link_or_the_router),
	        TEST(requests_for_our_address_are_answered),
	        TEST(requests_for_other_addresses_are_not),
	        TEST(probes_are_answered_but_teach_nothing),
	        TEST(unknown_neighbours_are_asked_for_once_a_second),
	        TEST(answers_are_learned_and_told),
	        TEST(answers_that_nobody_asked_for_are_ignored),
	        TEST(answers_to_all_are_ignored),
	        TEST(claims_from_beyond_the_link_are_ignored),
	        TEST(a_live_neighbour_is_not_replaced),
	        TEST(a_neighbour_that_is_gone_can_be_replaced),
	        TEST(a_used_neighbour_is_probed_before_it_expires),
	        TEST(an_unused_or_silent_neighbour_is_forgotten),
	        TEST(a_renewed_life_needs_our_own_question),
	        TEST(a_flood_of_strangers_keeps_what_we_use),
	        TEST(a_full_table_prefers_our_own_questions),
	        TEST(our_own_address_is_defended),
	        TEST(the_start_is_announced),
	        TEST(solicitations_are_answered),
	        TEST(bad_solicitations_are_not),
	        TEST(advertisements_must_be_asked_for),
	        TEST(redirects_and_router_advertisements_change_nothing),
	        TEST(frames_carry_the_vlan),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
