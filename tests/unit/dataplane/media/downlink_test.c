#include "media/downlink.h"

#include "hostile.h"
#include "media/twcc.h"
#include "simulation.h"

#include <errno.h>

#define RTCP_HEADER 12 // up to the FCI
#define WAY_US      (50 * MS)

static struct downlink down;
static struct twcc viewer;
static int64_t now_us;
static int64_t clock_us; // the viewer's clock minus ours

static void start(bool transport_wide)
{
	now_us = 1000 * SECOND;
	clock_us = 5000 * SECOND;
	downlink_init(&down, now_us, 0, 65000, transport_wide);
	twcc_init(&viewer);
}

static uint32_t target(void)
{
	return downlink_target(&down, now_us);
}

// Builds the viewer's feedback and returns its length; the FCI is at buf + RTCP_HEADER.
static size_t report(uint8_t *buf, size_t size)
{
	size_t len = twcc_build(&viewer, buf, size, 1, 2);
	return len == 0 ? 0 : len - ((buf[0] & 0x20) != 0 ? buf[len - 1] : 0);
}

// Sends 1000 bytes every each_us for a time. All arrive, and the viewer reports that unless
// `silent`.
static void send_for(int64_t us, int64_t each_us, bool silent)
{
	uint8_t buf[1200];
	for (int64_t until_us = now_us + us; now_us < until_us; now_us += MS) {
		if (now_us % each_us == 0) {
			uint16_t number = downlink_sent(&down, now_us, 1000);
			twcc_arrived(&viewer, number, now_us + WAY_US + clock_us);
		}
		if (now_us % DOWNLINK_TICK_US == 0)
			downlink_tick(&down, now_us);
		if (silent || now_us % (50 * MS) != 0)
			continue;
		for (size_t len; (len = report(buf, sizeof(buf))) > 0;)
			assert_int_equal(
			        downlink_feedback(
			                &down, now_us, buf + RTCP_HEADER, len - RTCP_HEADER
			        ),
			        0
			);
	}
}

static void a_new_viewer_has_600_kbit_or_what_it_had(void **)
{
	start(true);
	assert_int_equal(target(), DOWNLINK_RATE_START);
	downlink_init(&down, now_us, 1234567, 0, true);
	assert_in_range(target(), 1234560, 1234567);
	downlink_init(&down, now_us, 1, 0, true);
	assert_int_equal(target(), DELAY_RATE_MIN);
	downlink_init(&down, now_us, UINT32_MAX, 0, true);
	assert_int_equal(target(), DELAY_RATE_MAX);
}

static void numbers_and_clocks_go_round_unnoticed(void **)
{
	start(true);
	twcc_init(&viewer);
	// The viewer's reference time ends after 2^24 × 64 ms; ours, in the ring, after 67 s.
	clock_us = (INT64_C(1) << 24) * 64000 - now_us - 30 * SECOND;
	send_for(20 * SECOND, 10 * MS, false);
	assert_in_range(target(), 1200000, 1210000);
	int64_t until_us = now_us + 700 * SECOND; // numbers wrap after 650 s
	while (now_us < until_us) {
		send_for(SECOND, 10 * MS, false);
		assert_in_range(target(), 1190000, 1210000);
		assert_int_equal(down.delay.usage, DELAY_NORMAL);
		assert_in_range(down.rtt_us, 10000, 200000);
	}
}

static void broken_feedback_changes_nothing(void **)
{
	static struct downlink before;
	start(true);
	send_for(2 * SECOND, 10 * MS, false);
	before = down;
	static const uint8_t broken[] = {0, 1, 0, 9, 0, 0, 1, 0, 0x20, 0x09, 1, 1, 1};
	for (size_t len = 0; len <= sizeof(broken); len++)
		assert_int_equal(downlink_feedback(&down, now_us, broken, len), -EBADMSG);
	assert_memory_equal(&before, &down, sizeof(down));
}

static void feedback_about_what_was_never_sent_counts_for_nothing(void **)
{
	start(true);
	send_for(2 * SECOND, 10 * MS, false);
	uint64_t bin = (uint64_t)down.acked.bin;
	uint32_t rtt_us = down.rtt_us;
	uint16_t next = (uint16_t)down.sent.next;
	uint32_t before = target();
	for (int i = 0; i < 1000; i++) {
		uint16_t base = (uint16_t)(next + i * 30);
		const uint8_t fci[] = {
		        (uint8_t)(base >> 8), (uint8_t)base, 0, 3, 9, 9, 9, 0, 0x20, 3, 1, 1, 1};
		assert_int_equal(downlink_feedback(&down, now_us, fci, sizeof(fci)), 0);
	}
	assert_true(down.acked.bin == (int64_t)bin);
	assert_int_equal(down.rtt_us, rtt_us);
	assert_int_equal(target(), before);
}

static void a_message_told_again_counts_once(void **)
{
	start(true);
	uint8_t buf[1200];
	send_for(2 * SECOND, 10 * MS, false);
	for (int i = 0; i < 5; i++)
		twcc_arrived(
		        &viewer, downlink_sent(&down, now_us, 1000), now_us + WAY_US + clock_us
		);
	size_t len = report(buf, sizeof(buf));
	uint32_t bytes[4];
	for (int i = 0; i < 4; i++) {
		(void)downlink_feedback(&down, now_us, buf + RTCP_HEADER, len - RTCP_HEADER);
		bytes[i] = down.acked.bytes[down.acked.bin % ACKED_BINS] + down.loss.bytes;
	}
	assert_int_equal(bytes[0], bytes[3]);
}

static void huge_counts_reach_back_into_the_ring_alone(void **)
{
	start(true);
	send_for(20 * SECOND, 10 * MS, false);
	uint16_t base = (uint16_t)(down.sent.next - 30000);
	uint8_t fci[8 + 16] = {(uint8_t)(base >> 8), (uint8_t)base, 0x75, 0x30, 1, 2, 3, 0};
	for (int i = 0; i < 4; i++) {
		fci[8 + 2 * i] = 0x1F; // 8191 lost
		fci[9 + 2 * i] = 0xFF;
	}
	assert_int_equal(downlink_feedback(&down, now_us, fci, sizeof(fci)), 0);
	assert_true(loss_share(&down.loss) <= 1);
	assert_true(target() >= DELAY_RATE_MIN);
}

static void reports_that_are_shed_are_no_losses(void **)
{
	start(true);
	send_for(10 * SECOND, 10 * MS, false);
	uint32_t before = target();
	uint8_t buf[1200];
	for (int i = 0; i < 400; i++) { // one report in eight is read
		send_for(50 * MS, 10 * MS, true);
		size_t len = report(buf, sizeof(buf));
		if (i % 8 == 7)
			assert_int_equal(
			        downlink_feedback(
			                &down, now_us, buf + RTCP_HEADER, len - RTCP_HEADER
			        ),
			        0
			);
	}
	assert_int_equal(loss_limit(&down.loss), UINT32_MAX);
	assert_int_equal(down.delay.usage, DELAY_NORMAL);
	assert_true(target() >= before);
}

static void a_silent_viewer_sinks_slowly_after_5_seconds(void **)
{
	start(true);
	send_for(10 * SECOND, 10 * MS, false);
	uint32_t before = target();
	send_for(4900 * MS, 10 * MS, true);
	assert_int_equal(target(), before);
	send_for(20 * SECOND, 10 * MS, true);
	assert_in_range(target(), before / 20, before / 4);
	send_for(200 * SECOND, 10 * MS, true);
	assert_int_equal(target(), DELAY_RATE_MIN);
}

static void who_is_sent_nothing_does_not_sink(void **)
{
	start(true);
	send_for(10 * SECOND, 10 * MS, false);
	uint32_t before = target();
	uint64_t first = down.sent.first;
	for (int i = 0; i < 900; i++, now_us += DOWNLINK_TICK_US)
		downlink_tick(&down, now_us);
	assert_int_equal(target(), before);
	assert_true(down.sent.first > first); // old numbers have been forgotten
	send_for(4 * SECOND, 10 * MS, true); // the silence begins with the first packet
	assert_int_equal(target(), before);
}

static void a_clock_that_jumps_begins_anew(void **)
{
	start(true);
	send_for(10 * SECOND, 10 * MS, false);
	uint32_t before = target();
	clock_us += 100000 * SECOND; // the viewer slept
	twcc_init(&viewer);
	send_for(200 * MS, 10 * MS, false);
	assert_int_equal(target(), before);
	send_for(10 * SECOND, 10 * MS, false);
	assert_true(target() >= before);
	assert_in_range(acked_rate(&down.acked, ACKED_LONG), 750000, 850000);
	clock_us -= 100000 * SECOND;
	twcc_init(&viewer);
	send_for(SECOND, 10 * MS, false);
	send_for(5 * SECOND, 20 * MS, false);
	assert_true(target() >= before);
	assert_in_range(acked_rate(&down.acked, ACKED_LONG), 350000, 450000);
}

static void remb_counts_only_without_the_extension(void **)
{
	start(true);
	for (int i = 0; i < 10; i++) {
		send_for(300 * MS, 100 * MS, true);
		downlink_remb(&down, now_us, 100000);
		downlink_report(&down, now_us, 200);
		assert_int_equal(target(), DOWNLINK_RATE_START);
	}
	start(false);
	downlink_remb(&down, now_us, 100000);
	assert_int_equal(target(), 100000);
	downlink_remb(&down, now_us, 2000000);
	assert_int_equal(target(), 2000000);
	downlink_remb(&down, now_us, UINT64_MAX);
	assert_int_equal(target(), DELAY_RATE_MAX);
	downlink_remb(&down, now_us, 0);
	assert_int_equal(target(), DELAY_RATE_MIN);
}

static void an_old_remb_limits_nothing(void **)
{
	start(false);
	downlink_remb(&down, now_us, 100000);
	now_us += DOWNLINK_REMB_US - 1;
	assert_int_equal(target(), 100000);
	now_us += 1;
	assert_int_equal(target(), DELAY_RATE_MAX);
}

static void losses_of_reports_limit_who_has_no_extension(void **)
{
	start(false);
	for (int i = 0; i < 100; i++) {
		send_for(300 * MS, 10 * MS, true); // 800 kbit/s
		downlink_remb(&down, now_us, 2000000);
		downlink_report(&down, now_us, i < 50 ? 0 : 77); // 30 %
		if (i < 50) // after 4 s it is taken to follow what is sent, and after 8 s even more
			assert_int_equal(target(), i < 14 ? 2000000 : i < 27 ? 6000000 : 12000000);
	}
	assert_in_range(target(), 500000, 800000);
}

// The first feedback also tells the viewer's clock.
static void the_first_wish_is_probed_once_there_is_feedback(void **)
{
	start(true);
	downlink_want(&down, now_us, 900000, 900000);
	for (int i = 0; i < 10; i++) {
		downlink_tick(&down, now_us + i * DOWNLINK_TICK_US);
		assert_false(downlink_probing(&down));
	}
	send_for(300 * MS, 20 * MS, false);
	assert_true(downlink_probing(&down));
}

static void what_arrives_without_a_queue_is_what_the_link_carries(void **)
{
	start(true);
	send_for(2 * SECOND, 2 * MS, false); // 4 Mbit/s
	assert_true(target() >= 3900000);
	assert_true(downlink_is_unhurt(&down));
}

static void a_wish_is_probed_after_a_second(void **)
{
	start(true);
	downlink_want(&down, now_us, 900000, 900000);
	send_for(3 * SECOND, 20 * MS, false);
	probe_finish(&down.probe, now_us, PROBE_REACHED);
	downlink_want(&down, now_us, 0, 0);
	send_for(6 * SECOND, 20 * MS, false);
	assert_false(downlink_probing(&down));
	downlink_want(&down, now_us, 900000, 900000);
	send_for(900 * MS, 20 * MS, false);
	assert_false(downlink_probing(&down));
	for (int i = 0; i < 300 && !downlink_probing(&down); i++)
		send_for(MS, 20 * MS, false);
	assert_true(downlink_probing(&down));
	assert_true(downlink_probe(&down, now_us) > 0);
}

static void without_a_wish_nothing_is_probed(void **)
{
	start(true);
	for (int i = 0; i < 100; i++) {
		send_for(100 * MS, 20 * MS, false);
		assert_false(downlink_probing(&down));
	}
	downlink_want(&down, now_us, 300000, 300000); // the link carries more than that
	for (int i = 0; i < 100; i++) {
		send_for(100 * MS, 20 * MS, false);
		assert_false(downlink_probing(&down));
	}
}

static void parse(const uint8_t *bytes, size_t len)
{
	(void)downlink_feedback(&down, now_us, bytes, len);
	now_us += MS;
	assert_true(target() >= DELAY_RATE_MIN && target() <= DELAY_RATE_MAX);
}

// proves A14
static void hostile_feedback_is_survived(void **)
{
	start(true);
	send_for(10 * SECOND, 10 * MS, false);
	uint16_t base = (uint16_t)(down.sent.next - 60);
	const uint8_t valid[] = {
	        (uint8_t)(base >> 8),
	        (uint8_t)base,
	        0,
	        60,
	        0,
	        0,
	        1,
	        0,
	        0x20,
	        0x05,
	        0x9F,
	        0x1C,
	        0xC9,
	        0x50,
	        0x40,
	        0x02,
	        0x00,
	        0x20,
	        1,
	        2,
	        3,
	        4,
	        5,
	        1,
	        1,
	        1,
	        1,
	        1,
	        1,
	        1,
	        1,
	        0xFF,
	        0xFF,
	        1,
	        1,
	        1,
	        0x7F,
	        0xFF,
	        0x80,
	        0};
	hostile_bytes(parse, valid, sizeof(valid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_new_viewer_has_600_kbit_or_what_it_had),
	        cmocka_unit_test(numbers_and_clocks_go_round_unnoticed),
	        cmocka_unit_test(broken_feedback_changes_nothing),
	        cmocka_unit_test(feedback_about_what_was_never_sent_counts_for_nothing),
	        cmocka_unit_test(a_message_told_again_counts_once),
	        cmocka_unit_test(huge_counts_reach_back_into_the_ring_alone),
	        cmocka_unit_test(reports_that_are_shed_are_no_losses),
	        cmocka_unit_test(a_silent_viewer_sinks_slowly_after_5_seconds),
	        cmocka_unit_test(who_is_sent_nothing_does_not_sink),
	        cmocka_unit_test(a_clock_that_jumps_begins_anew),
	        cmocka_unit_test(remb_counts_only_without_the_extension),
	        cmocka_unit_test(an_old_remb_limits_nothing),
	        cmocka_unit_test(losses_of_reports_limit_who_has_no_extension),
	        cmocka_unit_test(the_first_wish_is_probed_once_there_is_feedback),
	        cmocka_unit_test(what_arrives_without_a_queue_is_what_the_link_carries),
	        cmocka_unit_test(a_wish_is_probed_after_a_second),
	        cmocka_unit_test(without_a_wish_nothing_is_probed),
	        cmocka_unit_test(hostile_feedback_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
