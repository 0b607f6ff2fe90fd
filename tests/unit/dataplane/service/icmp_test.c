#include "service/icmp.h"

#include "frame.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#define S 1000000

static uint8_t reply[2048];

static size_t
answer(struct icmp *icmp, const struct packet_local *us, const struct frame *f, int64_t now_us)
{
	struct packet_view view;
	enum drop why;
	enum packet_class class = frame_parse(f->bytes, f->len, us, &view, &why);

	if (class != PACKET_ICMP && class != PACKET_ICMP6)
		return 0;
	return icmp_answer(icmp, us, f->bytes, &view, now_us, reply, sizeof(reply));
}

static void make_echo(struct frame *f, uint8_t family, uint16_t vlan, uint8_t type, size_t len)
{
	uint8_t message[1500] = {type, 0, 0, 0, 0x12, 0x34, 0, 7, 'd', 'a', 't', 'a'};

	frame_ethernet(f, frame_us.mac, frame_peer.mac, vlan, family == 4 ? 0x0800 : 0x86dd);
	if (family == 4)
		frame_ip4(f, 1);
	else
		frame_ip6(f, 58);
	frame_append(f, message, len);
	frame_ip_end(f);
	if (family == 6)
		frame_icmp6_fix(f);
	else
		am_put_u16(f->bytes + f->l4 + 2, frame_checksum(message, len, 0));
}

static void echoes_are_answered(void **)
{
	struct icmp icmp = {0};
	struct frame f;

	for (unsigned n = 0; n < 4; n++) {
		struct packet_local us = frame_us, peer = frame_peer;
		us.vlan = peer.vlan = n & 1 ? 5 : 0;
		uint8_t family = n & 2 ? 6 : 4;
		make_echo(&f, family, us.vlan, family == 4 ? 8 : 128, 57);
		assert_int_equal(answer(&icmp, &us, &f, S), f.len);

		struct packet_view v; // as the peer parses it
		enum drop why;
		enum packet_class class = frame_parse(reply, f.len, &peer, &v, &why);
		assert_int_equal(class, family == 4 ? PACKET_ICMP : PACKET_ICMP6);
		assert_memory_equal(v.src_mac, us.mac, 6);
		assert_int_equal(v.payload_len, 57);
		const uint8_t *icmp_at = reply + v.payload_offset;
		assert_int_equal(icmp_at[0], family == 4 ? 0 : 129);
		assert_memory_equal(icmp_at + 4, f.bytes + f.l4 + 4, 53);
		if (family == 4)
			assert_int_equal(frame_checksum(icmp_at, 57, 0), 0);
		else
			assert_int_equal(
			        frame_checksum_ip6(reply + v.l3_offset, icmp_at, 57, 58), 0
			);
	}
	assert_int_equal(icmp.answered, 4);
}

// proves A13
static void other_types_are_never_reflected(void **)
{
	struct icmp icmp = {0};
	struct frame f;

	for (unsigned type = 0; type < 256; type++) {
		make_echo(&f, 4, 0, (uint8_t)type, 40);
		if (type != 8)
			assert_int_equal(answer(&icmp, &frame_us, &f, S), 0);
		make_echo(&f, 6, 0, (uint8_t)type, 40);
		if (type != 128)
			assert_int_equal(answer(&icmp, &frame_us, &f, S), 0);
	}
	make_echo(&f, 4, 0, 8, 40);
	f.bytes[f.l4 + 1] = 1;
	am_put_u16(f.bytes + f.l4 + 2, 0);
	am_put_u16(f.bytes + f.l4 + 2, frame_checksum(f.bytes + f.l4, 40, 0));
	assert_int_equal(answer(&icmp, &frame_us, &f, S), 0);
	assert_int_equal(icmp.ignored, 511);
	assert_int_equal(icmp.answered, 0);
}

static void groups_and_nobody_get_no_echo(void **)
{
	struct icmp icmp = {0};
	struct frame f;

	make_echo(&f, 6, 0, 128, 40);
	memcpy(f.bytes, (uint8_t[]){0x33, 0x33, 0, 0, 0, 1}, 6);
	memcpy(f.bytes + 38, (uint8_t[16]){0xff, 2, [15] = 1}, 16);
	frame_icmp6_fix(&f);
	assert_int_equal(answer(&icmp, &frame_us, &f, S), 0);
	make_echo(&f, 6, 0, 128, 40);
	memset(f.bytes + 22, 0, 16);
	frame_icmp6_fix(&f);
	assert_int_equal(answer(&icmp, &frame_us, &f, S), 0);
	assert_int_equal(icmp.ignored, 2);
}

static void damaged_echoes_are_dropped(void **)
{
	struct icmp icmp = {0};
	struct frame f;
	struct packet_view v;
	enum drop why;

	for (uint8_t family = 4; family <= 6; family += 2) {
		uint8_t type = family == 4 ? 8 : 128;
		make_echo(&f, family, 0, type, 40);
		f.bytes[f.len - 1] ^= 1;
		assert_int_equal(answer(&icmp, &frame_us, &f, S), 0);
		for (size_t len = 4; len < 8; len++) {
			make_echo(&f, family, 0, type, len);
			assert_int_equal(answer(&icmp, &frame_us, &f, S), 0);
		}
		make_echo(&f, family, 0, type, 1000);
		(void)frame_parse(f.bytes, f.len, &frame_us, &v, &why);
		uint8_t *small = reply;
		assert_int_equal(
		        icmp_answer(&icmp, &frame_us, f.bytes, &v, S, small, f.len - 1), 0
		);
	}
	assert_int_equal(icmp.answered, 0);
	assert_int_equal(icmp.malformed, 12);
}

static void replies_are_rate_limited(void **)
{
	struct icmp icmp = {0};
	struct frame f;
	unsigned n = 0;

	make_echo(&f, 4, 0, 8, 40);
	for (int i = 0; i < 1000; i++)
		n += answer(&icmp, &frame_us, &f, S) != 0;
	assert_int_equal(n, ICMP_BURST);
	for (int i = 0; i < 100000; i++) // ten seconds at 10000 a second
		n += answer(&icmp, &frame_us, &f, S + (i + 1) * 100) != 0;
	assert_in_range(
	        n, ICMP_BURST + 10 * ICMP_RATE_PER_S - 1, ICMP_BURST + 10 * ICMP_RATE_PER_S
	);
	assert_int_equal(icmp.limited, 101000 - n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(echoes_are_answered),
	        cmocka_unit_test(other_types_are_never_reflected),
	        cmocka_unit_test(groups_and_nobody_get_no_echo),
	        cmocka_unit_test(damaged_echoes_are_dropped),
	        cmocka_unit_test(replies_are_rate_limited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
