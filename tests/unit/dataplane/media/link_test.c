#include "media/link.h"

#include "test.h"

static uint8_t lost(const struct link *l)
{
	return (uint8_t)link_gauge(l);
}

static uint8_t jitter_ms(const struct link *l)
{
	return (uint8_t)(link_gauge(l) >> 8);
}

static uint16_t rtt_ms(const struct link *l)
{
	return (uint16_t)(link_gauge(l) >> 16);
}

static void a_new_link_is_without_fault(void **)
{
	assert_int_equal(link_gauge(&(struct link){0}), 0);
}

static void one_bad_report_is_not_the_whole_truth(void **)
{
	struct link l = {0};
	link_lost(&l, 100);
	assert_int_equal(lost(&l), 25);
	for (int i = 0; i < 20; i++)
		link_lost(&l, 100);
	assert_in_range(lost(&l), 98, 100);
	for (int i = 0; i < 30; i++)
		link_lost(&l, 0);
	assert_int_equal(lost(&l), 0);
}

static void a_lossy_link_is_one_until_little_is_lost(void **)
{
	struct link l = {0};
	for (int i = 0; i < 30; i++)
		link_lost(&l, 7); // 2.7 %
	assert_false(l.lossy);
	for (int i = 0; i < 30; i++)
		link_lost(&l, 9); // 3.5 %
	assert_true(l.lossy);
	for (int i = 0; i < 30; i++)
		link_lost(&l, 4); // 1.6 %
	assert_true(l.lossy);
	for (int i = 0; i < 30; i++)
		link_lost(&l, 2);
	assert_false(l.lossy);
}

static void jitter_is_told_in_milliseconds(void **)
{
	struct link l = {0};
	link_jitter(&l, 960, 48000);
	assert_int_equal(jitter_ms(&l), 20);
	link_jitter(&l, UINT32_MAX, 1);
	assert_int_equal(jitter_ms(&l), UINT8_MAX);
	assert_int_equal(lost(&l), 0);
}

// RFC 3550 6.4.1: the time since the sender report, less the delay at the viewer, is the round
// trip.
static void the_delay_at_the_viewer_is_no_part_of_the_round_trip(void **)
{
	struct link l = {0};
	link_rtt(&l, 5000000, 4000000, 65536 * 85 / 100);
	assert_int_equal(rtt_ms(&l), 150);
}

static void a_lying_delay_is_bounded(void **)
{
	struct link l = {0};
	link_rtt(&l, 5000000, 4000000, UINT32_MAX);
	assert_int_equal(rtt_ms(&l), 1);
	link_rtt(&l, INT64_C(1) << 60, 0, 0);
	assert_int_equal(rtt_ms(&l), UINT16_MAX);
}

// Streams that are reported, in one packet or in one each, twice in LINK_PROBE_US.
static void each_stream_has_its_turn(void **)
{
	static const unsigned streams[] = {1, 3, 4, 7, 40};

	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		struct link l = {0};
		unsigned turns[40] = {0}, all = 0;
		int64_t now_us = 1000000;
		for (int round = 0; round < 60; round++, now_us += LINK_PROBE_US / 2) {
			for (unsigned k = 0; k < streams[i]; k++)
				turns[k] += link_has_turn(&l, now_us);
		}
		for (unsigned k = 0; k < streams[i]; k++) {
			assert_true(turns[k] > 0);
			all += turns[k];
		}
		assert_in_range(all, 0, 31 * LINK_PROBE_BLOCKS);
	}
}

static void a_flood_of_reports_is_not_looked_up(void **)
{
	struct link l = {0};
	unsigned turns = 0;

	for (int i = 0; i < 100000; i++)
		turns += link_has_turn(&l, 1000000 + i * 100); // for ten seconds
	assert_in_range(turns, 1, 6 * LINK_PROBE_BLOCKS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_new_link_is_without_fault),
	        cmocka_unit_test(one_bad_report_is_not_the_whole_truth),
	        cmocka_unit_test(a_lossy_link_is_one_until_little_is_lost),
	        cmocka_unit_test(jitter_is_told_in_milliseconds),
	        cmocka_unit_test(the_delay_at_the_viewer_is_no_part_of_the_round_trip),
	        cmocka_unit_test(a_lying_delay_is_bounded),
	        cmocka_unit_test(each_stream_has_its_turn),
	        cmocka_unit_test(a_flood_of_reports_is_not_looked_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
