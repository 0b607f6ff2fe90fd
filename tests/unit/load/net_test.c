// Addresses of members, and the frames between them and the server.
#include "net.h"

#include "test.h"
#include "wire/packet.h"

static const uint8_t server_mac[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1};

static struct net net_make(void)
{
	struct net n = {0};
	memcpy(n.mac, our_mac, 6);
	return n;
}

// A frame as the server sends it to a member.
static size_t frame_make(uint8_t *frame, uint32_t ip, uint16_t port, size_t payload_len)
{
	struct packet_local local = {
	        .udp_port = 40000, .ipv4 = {.family = 4, .bytes = {198, 18, 0, 2}}};
	struct packet_route route;
	uint8_t to[4];

	memcpy(local.mac, server_mac, 6);
	am_put_u32(to, ip);
	packet_route_init(&route, &local, our_mac, 4, to, port);
	memset(frame + NET_HEADER_LEN, 0x5a, payload_len);
	return packet_seal(&route, frame, (uint16_t)payload_len, 0);
}

static void every_member_is_found_by_its_address(void **)
{
	uint8_t frame[256];

	for (uint32_t i = 0; i < NET_MEMBER_MAX; i++) {
		size_t len = frame_make(frame, net_ip(i), net_port(i), 100);
		assert_int_equal(net_member(frame), i);
		assert_int_equal(net_payload_len(frame, len), 100);
	}
}

static void addresses_of_nobody_are_nobodys(void **)
{
	static const struct {
		uint32_t ip;
		uint16_t port;
	} cases[] = {
	        {NET_MEMBERS - 1, 10000},
	        {NET_MEMBERS, 10001},
	        {NET_MEMBERS + NET_MEMBER_MAX, 10000 + NET_MEMBER_MAX % 50000},
	        {NET_GATEWAY, 10000},
	        {NET_SERVER, 40000},
	        {0, 0},
	};
	uint8_t frame[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		frame_make(frame, cases[i].ip, cases[i].port, 20);
		assert_int_equal(net_member(frame), NET_NONE);
	}
}

static void only_ipv4_udp_without_options_is_a_datagram(void **)
{
	uint8_t frame[256];

	frame_make(frame, net_ip(7), net_port(7), 20);
	frame[13] = 6; // ARP
	assert_int_equal(net_member(frame), NET_NONE);
	frame_make(frame, net_ip(7), net_port(7), 20);
	frame[14] = 0x46; // options
	assert_int_equal(net_member(frame), NET_NONE);
	frame_make(frame, net_ip(7), net_port(7), 20);
	frame[23] = 6; // TCP
	assert_int_equal(net_member(frame), NET_NONE);
}

static void the_payload_ends_where_udp_says(void **)
{
	uint8_t frame[256];
	size_t len = frame_make(frame, net_ip(0), net_port(0), 5);

	assert_int_equal(net_payload_len(frame, len + 10), 5); // Ethernet padding
	assert_int_equal(net_payload_len(frame, len - 1), 0); // cut
	am_put_u16(frame + 38, 7); // shorter than its own header
	assert_int_equal(net_payload_len(frame, len), 0);
}

static void a_sealed_datagram_is_what_the_server_parses(void **)
{
	struct packet_local server = {
	        .udp_port = 40000, .ipv4 = {.family = 4, .bytes = {198, 18, 0, 2}}};
	struct net n = net_make();
	struct packet_view view;
	uint8_t frame[256];
	enum drop why;

	n.server_ports[12345] = 40000;
	memcpy(n.server_mac, server_mac, 6);
	memcpy(server.mac, server_mac, 6);
	memset(frame + NET_HEADER_LEN, 0x77, 33);
	size_t len = net_seal(&n, 12345, frame, 33);
	assert_int_equal(packet_parse(frame, len, false, &server, &view, &why), PACKET_MEDIA_PORT);
	assert_int_equal(view.payload_len, 33);
	assert_int_equal(view.src_port, net_port(12345));
	assert_int_equal(
	        (uint32_t)view.src[0] << 24 | (uint32_t)view.src[1] << 16 | view.src[2] << 8 |
	                view.src[3],
	        net_ip(12345)
	);
}

static void a_wrong_checksum_is_seen(void **)
{
	uint8_t frame[256];

	frame_make(frame, net_ip(3), net_port(3), 77);
	assert_true(net_checksum_good(frame, 77));
	frame[NET_HEADER_LEN + 50] ^= 1;
	assert_false(net_checksum_good(frame, 77));
}

static void the_server_is_learned_from_its_answer(void **)
{
	struct net us = net_make(), server = net_make();
	uint8_t request[NET_ARP_LEN], answer[NET_ARP_LEN], nothing[NET_ARP_LEN];

	memcpy(server.mac, server_mac, 6);
	assert_int_equal(net_arp_request(&us, request), NET_ARP_LEN);
	// The answer is made by hand, since net.c would not answer for the server's address.
	assert_int_equal(net_arp_receive(&server, request, sizeof(request), answer), 0);
	memcpy(answer, request, sizeof(answer));
	am_put_u16(answer + 20, 2);
	memcpy(answer + 22, server_mac, 6);
	am_put_u32(answer + 28, NET_SERVER);
	am_put_u32(answer + 38, NET_GATEWAY);
	assert_false(us.server_known);
	assert_int_equal(net_arp_receive(&us, answer, sizeof(answer), nothing), 0);
	assert_true(us.server_known);
	assert_memory_equal(us.server_mac, server_mac, 6);
}

static void requests_for_any_other_address_get_ours(void **)
{
	static const uint32_t wanted[] = {NET_GATEWAY, 0xc6130005u};
	struct net us = net_make(), server = net_make();
	uint8_t request[NET_ARP_LEN], answer[NET_ARP_LEN];

	memcpy(server.mac, server_mac, 6);
	for (int i = 0; i < 2; i++) {
		net_arp_request(&server, request);
		am_put_u32(request + 28, NET_SERVER);
		am_put_u32(request + 38, wanted[i]);
		assert_int_equal(
		        net_arp_receive(&us, request, sizeof(request), answer), NET_ARP_LEN
		);
		assert_memory_equal(answer, server_mac, 6);
		assert_memory_equal(answer + 22, our_mac, 6);
	}
	am_put_u32(request + 38, NET_SERVER); // the server announces itself
	assert_int_equal(net_arp_receive(&us, request, sizeof(request), answer), 0);
	assert_int_equal(net_arp_receive(&us, request, 30, answer), 0); // cut
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_member_is_found_by_its_address),
	        cmocka_unit_test(addresses_of_nobody_are_nobodys),
	        cmocka_unit_test(only_ipv4_udp_without_options_is_a_datagram),
	        cmocka_unit_test(the_payload_ends_where_udp_says),
	        cmocka_unit_test(a_sealed_datagram_is_what_the_server_parses),
	        cmocka_unit_test(a_wrong_checksum_is_seen),
	        cmocka_unit_test(the_server_is_learned_from_its_answer),
	        cmocka_unit_test(requests_for_any_other_address_get_ours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
