#include "service/fragment.h"

#include "frame.h"
#include "host/port.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#define BUFFERS 255

static struct rte_mempool *pool;
static struct fragment_table *table;
static uint64_t now;

static int start(void **)
{
	char *argv[] = {
	        "fragment_test",  "--no-huge",         "--no-pci",     "--no-shconf", "-m", "64",
	        "--no-telemetry", "--log-level=error", "--lcores=0@0", NULL};
	if (rte_eal_init(9, argv) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create("out", BUFFERS, 0, PORT_MBUF_PRIV, PORT_MBUF_DATA_ROOM, -1);
	return pool ? 0 : -1;
}

static int stop(void **)
{
	rte_mempool_free(pool);
	return rte_eal_cleanup();
}

static int setup(void **)
{
	now = rte_rdtsc();
	table = fragment_create(pool);
	return table ? 0 : -1;
}

static int teardown(void **)
{
	fragment_destroy(table);
	assert_int_equal(rte_mempool_avail_count(pool), BUFFERS); // nothing leaks
	return 0;
}

static struct frame whole; // the datagram that the fragments are cut from

static void make_whole(uint8_t family, size_t len)
{
	uint8_t payload[FRAME_MAX];
	uint64_t seed = 77 + len;

	for (size_t i = 0; i < len; i++)
		payload[i] = (uint8_t)frame_random(&seed);
	frame_udp(&whole, family, 0, 5000, 40000, payload, len);
}

// Cuts `whole`: bytes offset to offset + len of what follows the IP header.
static void cut(struct frame *f, uint32_t id, size_t offset, size_t len, bool more)
{
	frame_ethernet(f, frame_us.mac, frame_peer.mac, 0, whole.bytes[12] << 8 | whole.bytes[13]);
	if (whole.bytes[14] >> 4 == 4) {
		frame_ip4(f, 17);
		am_put_u16(f->bytes + 18, (uint16_t)id);
		am_put_u16(f->bytes + 20, (uint16_t)(offset / 8 | (more ? 0x2000u : 0)));
	} else {
		uint8_t h[8] = {17};
		frame_ip6(f, 44);
		am_put_u16(h + 2, (uint16_t)(offset | more));
		am_put_u32(h + 4, id);
		frame_append(f, h, 8);
	}
	frame_append(f, whole.bytes + whole.l4 + offset, len);
	frame_ip_end(f);
	while (f->len < 60) // Ethernet's padding
		frame_append(f, "\xee", 1);
}

static struct rte_mbuf *add(const struct frame *f)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct packet_view view;
	enum drop why;

	assert_non_null(m);
	void *to = rte_pktmbuf_append(m, (uint16_t)f->len);
	assert_non_null(to);
	memcpy(to, f->bytes, f->len);
	enum packet_class class = packet_parse(to, f->len, false, &frame_us, &view, &why);
	assert_int_equal(class, PACKET_FRAGMENT);
	return fragment_add(table, m, &view, now);
}

static struct rte_mbuf *add_cut(uint32_t id, size_t offset, size_t len, bool more)
{
	struct frame f;

	cut(&f, id, offset, len, more);
	return add(&f);
}

static void assert_whole(struct rte_mbuf *m)
{
	struct packet_view v;
	enum drop why = DROP_COUNT;

	assert_non_null(m);
	assert_int_equal(m->nb_segs, 1);
	assert_ptr_equal(m->pool, pool);
	assert_int_equal(m->data_len, whole.len);
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	assert_int_equal(
	        packet_parse(frame, m->data_len, false, &frame_us, &v, &why), PACKET_MEDIA_PORT
	);
	assert_memory_equal(frame + v.payload_offset, whole.bytes + whole.l4 + 8, v.payload_len);
	rte_pktmbuf_free(m);
}

// proves F12
static void fragments_in_any_order_make_the_datagram(void **)
{
	static const uint8_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
	                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	static const struct {
		size_t offset, len;
		bool more;
	} parts[] = {{0, 480, true}, {480, 480, true}, {960, 48, false}};

	for (uint8_t family = 4; family <= 6; family += 2) {
		make_whole(family, 1000);
		for (uint32_t i = 0; i < 6; i++) {
			struct rte_mbuf *m = NULL;
			for (int j = 0; j < 3; j++) {
				assert_null(m);
				m =
				        add_cut(i, parts[orders[i][j]].offset,
				                parts[orders[i][j]].len, parts[orders[i][j]].more);
			}
			assert_whole(m);
		}
	}
	for (uint32_t i = 0; i < 2 * FRAGMENT_BUFFERS; i++) { // more than there are buffers
		assert_null(add_cut(i, 0, 480, true));
		assert_whole(add_cut(i, 480, 528, false));
	}
	assert_int_equal(fragment_counts(table)->completed, 12 + 2 * FRAGMENT_BUFFERS);
	assert_int_equal(fragment_counts(table)->refused, 0);
}

static void a_last_part_of_few_bytes_is_without_padding(void **)
{
	make_whole(4, 1001);
	assert_null(add_cut(1, 0, 1008, true));
	assert_whole(add_cut(1, 1008, 1, false));
}

// proves A13
static void overlaps_never_make_a_datagram(void **)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		make_whole(family, 1000);
		assert_null(add_cut(1, 0, 480, true));
		assert_null(add_cut(1, 240, 480, true));
		assert_null(add_cut(1, 720, 288, false));
		assert_null(add_cut(2, 0, 480, true)); // a duplicate
		assert_null(add_cut(2, 0, 480, true));
		assert_null(add_cut(2, 480, 528, false));
		assert_null(add_cut(3, 480, 528, false)); // covered by what comes later
		assert_null(add_cut(3, 0, 1008, true));
		assert_null(add_cut(4, 0, 240, true)); // the sizes add up, with a hole
		assert_null(add_cut(4, 240, 240, true));
		assert_null(add_cut(4, 240, 240, true));
		assert_null(add_cut(4, 720, 288, false));
	}
	assert_int_equal(fragment_counts(table)->completed, 0);
	assert_true(fragment_counts(table)->refused > 10);
}

static void impossible_parts_are_refused(void **)
{
	uint64_t refused = 0;

	for (uint8_t family = 4; family <= 6; family += 2) {
		make_whole(family, 2900);
		assert_null(add_cut(1, 480, 0, true)); // empty
		assert_null(add_cut(1, 480, 0, false));
		assert_null(add_cut(1, 0, 479, true)); // odd length, though more follow
		assert_null(add_cut(1, 2000, 48, true)); // ends beyond the limit
		assert_null(add_cut(1, 2008, 100, false));
		refused += 5;
		assert_int_equal(fragment_counts(table)->refused, refused);
	}
	struct frame f; // IPv4 options
	make_whole(4, 1000);
	cut(&f, 9, 0, 480, true);
	f.bytes[14] = 0x46;
	frame_ip_end(&f);
	assert_null(add(&f));
	assert_int_equal(fragment_counts(table)->refused, refused + 1);
}

// DPDK keeps RTE_LIBRTE_IP_FRAG_MAX_FRAG parts of a datagram.
static void too_many_parts_are_refused(void **)
{
	struct rte_mbuf *m = NULL;

	make_whole(4, 1000);
	for (size_t i = 0; i < 1008 && !m; i += 48)
		m = add_cut(1, i, 48, i + 48 < 1008);
	assert_null(m);
	assert_true(fragment_counts(table)->refused > 0);
}

// proves A13
static void a_flood_is_bounded_and_passes(void **)
{
	make_whole(4, 1000);
	for (uint32_t i = 0; i < 20000; i++) // never the first fragment, so none completes
		assert_null(add_cut(i % 1000, 48 + i / 1000 % 6 * 48, 48, true));
	assert_int_equal(rte_mempool_avail_count(pool), BUFFERS); // media's buffers are untouched
	assert_true(fragment_counts(table)->refused >= 20000 - FRAGMENT_BUFFERS);

	now += rte_get_tsc_hz() * FRAGMENT_TIMEOUT_MS / 1000 + 1;
	fragment_expire(table, now);
	assert_null(add_cut(30000, 0, 960, true));
	assert_whole(add_cut(30000, 960, 48, false));
}

static void late_parts_find_nothing(void **)
{
	make_whole(6, 1000);
	assert_null(add_cut(1, 0, 960, true));
	now += rte_get_tsc_hz() * FRAGMENT_TIMEOUT_MS / 1000 + 1;
	assert_null(add_cut(1, 960, 48, false));
	assert_int_equal(fragment_counts(table)->completed, 0);
}

static void without_free_buffers_nothing_leaks(void **)
{
	struct rte_mbuf *held[BUFFERS];
	unsigned n = 0;

	make_whole(4, 1000);
	assert_null(add_cut(1, 0, 960, true));
	while (n < BUFFERS - 1 && (held[n] = rte_pktmbuf_alloc(pool)) != NULL)
		n++;
	struct rte_mbuf *m = add_cut(1, 960, 48, false); // takes the last buffer and gives it back
	assert_whole(m);
	rte_pktmbuf_free_bulk(held, n);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(fragments_in_any_order_make_the_datagram),
	        TEST(a_last_part_of_few_bytes_is_without_padding),
	        TEST(overlaps_never_make_a_datagram),
	        TEST(impossible_parts_are_refused),
	        TEST(too_many_parts_are_refused),
	        TEST(a_flood_is_bounded_and_passes),
	        TEST(late_parts_find_nothing),
	        TEST(without_free_buffers_nothing_leaks),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
