#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rte_eal.h>
#include <rte_mbuf.h>
#include <rte_ring_elem.h>

#include "frame.h"
#include "path/flow.h"
#include "path/rx.h"
#include "rig.h"

#define BUFFERS     16383
#define FLOOD       3000 // more than any ring holds
#define KNOWN_PORT  5001 // first port of the clients that a check has proven
#define STRANGER    4000
#define STUN_LEN    20
#define CLIENTS     4
#define RING_PLACES (WORKER_PUNTS - 1)

static struct rig rig;

static int eal_begin(void **)
{
	char *argv[] = {
	        "rx_test",        "--no-huge",      "-m",          "128", "--no-pci",
	        "--no-telemetry", "--iova-mode=va", "--no-shconf", NULL,
	};
	return rte_eal_init(8, argv) < 0 ? -1 : 0;
}

static int begin(void **)
{
	if (rig_init(&rig, BUFFERS, 0) < 0)
		return -1;
	rig.worker->local = frame_us;
	for (uint16_t i = 0; i < CLIENTS; i++) {
		struct flow_key key = {.port = (uint16_t)(KNOWN_PORT + i), .family = 4};
		memcpy(key.ip, frame_peer.ipv4.bytes, 4);
		if (flow_add(rig.worker->flows, &key, (struct flow){i, 0}) < 0)
			return -1;
	}
	return 0;
}

static uint64_t dropped(enum drop reason)
{
	return rig.counters->drops[reason];
}

static int end(void **)
{
	uint64_t out = rig.counters->value[AM_COUNTER_punted];

	for (int i = 0; i < DROP_COUNT; i++)
		out += dropped((enum drop)i);
	bool balanced = out == rig.counters->value[AM_COUNTER_rx_packets];
	rig_fini(&rig);
	return balanced ? 0 : -1;
}

static void receive(const struct frame *f)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(rig.port.pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)f->len), f->bytes, f->len);
	rx_burst(rig.worker, &m, 1);
}

static void receive_udp(uint16_t port, uint8_t first_byte)
{
	uint8_t payload[STUN_LEN] = {first_byte, 1};
	struct frame f;

	frame_udp(&f, 4, 0, port, frame_us.udp_port, payload, sizeof(payload));
	receive(&f);
}

static void receive_arp(void)
{
	uint8_t body[28] = {0, 1, 8, 0, 6, 4, 0, 1};
	struct frame f;

	frame_ethernet(&f, frame_us.mac, frame_peer.mac, 0, PACKET_ETHERTYPE_ARP);
	frame_append(&f, body, sizeof(body));
	receive(&f);
}

static void receive_icmp(void)
{
	uint8_t echo[8] = {8};
	struct frame f;

	frame_ethernet(&f, frame_us.mac, frame_peer.mac, 0, PACKET_ETHERTYPE_IPV4);
	frame_ip4(&f, PACKET_PROTOCOL_ICMP);
	frame_append(&f, echo, sizeof(echo));
	frame_ip_end(&f);
	receive(&f);
}

static void receive_icmp6(uint8_t type, uint8_t hop_limit)
{
	uint8_t body[24] = {type};
	struct frame f;

	frame_ethernet(&f, frame_us.mac, frame_peer.mac, 0, PACKET_ETHERTYPE_IPV6);
	frame_ip6(&f, PACKET_PROTOCOL_ICMP6);
	frame_append(&f, body, sizeof(body));
	frame_ip_end(&f);
	f.bytes[f.l3 + 7] = hop_limit;
	receive(&f);
}

static void receive_fragment(void)
{
	uint8_t part[24] = {0};
	struct frame f;

	frame_ethernet(&f, frame_us.mac, frame_peer.mac, 0, PACKET_ETHERTYPE_IPV4);
	frame_ip4(&f, PACKET_PROTOCOL_UDP);
	f.bytes[f.l3 + 6] = 0x20; // more to come
	frame_append(&f, part, sizeof(part));
	frame_ip_end(&f);
	receive(&f);
}

static unsigned waiting(enum worker_punt kind)
{
	return rte_ring_count(rig.worker->punts[kind]);
}

// Packets from strangers fill only their own rings, and the checks of known clients get through.
static void strangers_keep_no_check_out(void **)
{
	for (int i = 0; i < FLOOD; i++) {
		receive_udp((uint16_t)(STRANGER + i % 900), 0);
		receive_arp();
		receive_icmp();
		receive_icmp6(128, 255);
		receive_fragment();
	}
	assert_int_equal(waiting(PUNT_STRANGER), RING_PLACES);
	assert_int_equal(waiting(PUNT_NEIGHBOUR), RING_PLACES);
	assert_int_equal(waiting(PUNT_OTHER), RING_PLACES);
	assert_int_equal(dropped(DROP_punt_other_full), 5 * FLOOD - 3 * RING_PLACES);
	for (uint16_t i = 0; i < CLIENTS; i++) {
		receive_udp((uint16_t)(KNOWN_PORT + i), 0); // a check
		receive_udp((uint16_t)(KNOWN_PORT + i), 22); // DTLS
	}
	assert_int_equal(waiting(PUNT_KNOWN), 2 * CLIENTS);
	assert_int_equal(dropped(DROP_punt_full), 0);
}

static void each_kind_has_its_ring(void **)
{
	receive_udp(STRANGER, 0);
	assert_int_equal(waiting(PUNT_STRANGER), 1);
	receive_arp();
	receive_icmp6(135, 255);
	receive_icmp6(136, 255);
	assert_int_equal(waiting(PUNT_NEIGHBOUR), 3);
	receive_icmp6(135, 64); // from beyond the link
	receive_icmp6(128, 255);
	receive_icmp();
	receive_fragment();
	assert_int_equal(waiting(PUNT_OTHER), 4);
	receive_udp(STRANGER, 22); // a stranger's DTLS is dropped
	assert_int_equal(dropped(DROP_unknown_flow), 1);
	assert_int_equal(waiting(PUNT_KNOWN), 0);
}

// A flood from a validated client, or from somebody who forges its address, fills only its share.
static void who_is_known_has_a_share(void **)
{
	for (int i = 0; i < FLOOD; i++)
		receive_udp(KNOWN_PORT, i % 2 ? 22 : 0);
	assert_int_equal(waiting(PUNT_KNOWN), WORKER_PUNT_BURST);
	assert_int_equal(waiting(PUNT_STRANGER), RING_PLACES);
	receive_udp(KNOWN_PORT + 1, 0);
	assert_int_equal(waiting(PUNT_KNOWN), WORKER_PUNT_BURST + 1);
	rig.worker->now_us += 100000;
	for (int i = 0; i < FLOOD; i++)
		receive_udp(KNOWN_PORT, 0);
	assert_int_equal(waiting(PUNT_KNOWN), WORKER_PUNT_BURST + 1 + WORKER_PUNT_PER_S / 10);
	assert_int_equal(dropped(DROP_punt_full), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(strangers_keep_no_check_out, begin, end),
	        cmocka_unit_test_setup_teardown(each_kind_has_its_ring, begin, end),
	        cmocka_unit_test_setup_teardown(who_is_known_has_a_share, begin, end),
	};
	return cmocka_run_group_tests(tests, eal_begin, NULL);
}
