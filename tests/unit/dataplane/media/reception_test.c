#include "media/reception.h"

#include "test.h"
#include "wire/rtcp.h"

#include <errno.h>

static struct rtcp_report report_of(struct reception *r, int64_t now_us)
{
	struct rtcp_report report;
	assert_int_equal(reception_report(r, 42, now_us, &report), 0);
	assert_int_equal(report.ssrc, 42);
	return report;
}

static void nothing_is_reported_before_the_first_packet(void **)
{
	struct reception r;
	struct rtcp_report report;
	reception_init(&r, 90000);
	assert_int_equal(reception_report(&r, 1, 0, &report), -EAGAIN);
}

// RFC 3550 A.3: of 100 expected, 25 lost: 64/256 in this interval, none in the next.
static void loss_is_told_as_fraction_and_sum_over_the_wrap(void **)
{
	struct reception r;
	reception_init(&r, 90000);
	for (int i = 0; i < 101; i++) {
		if (i % 4 != 1)
			reception_packet(&r, (uint16_t)(65500 + i), (uint32_t)i * 3000, i * 33333);
	}
	struct rtcp_report report = report_of(&r, 0);
	assert_int_equal(report.fraction_lost, 25 * 256 / 101);
	assert_int_equal(report.cumulative_lost, 25);
	assert_int_equal(report.highest_seq, 65536 + 64);
	for (int i = 101; i < 201; i++)
		reception_packet(&r, (uint16_t)(65500 + i), (uint32_t)i * 3000, i * 33333);
	report = report_of(&r, 0);
	assert_int_equal(report.fraction_lost, 0);
	assert_int_equal(report.cumulative_lost, 25);
}

static void duplicates_make_the_sum_negative_but_not_the_fraction(void **)
{
	struct reception r;
	reception_init(&r, 90000);
	for (int i = 0; i < 10; i++) {
		reception_packet(&r, (uint16_t)i, 0, 0);
		reception_packet(&r, (uint16_t)i, 0, 0);
	}
	struct rtcp_report report = report_of(&r, 0);
	assert_int_equal(report.cumulative_lost, -10);
	assert_int_equal(report.fraction_lost, 0);
}

static void reordering_is_not_loss(void **)
{
	struct reception r;
	reception_init(&r, 90000);
	for (int i = 0; i < 100; i++)
		reception_packet(&r, (uint16_t)((i ^ 1) + 65490), 0, 0);
	struct rtcp_report report = report_of(&r, 0);
	// The very first packet came before its predecessor: received, never expected.
	assert_int_equal(report.cumulative_lost, -1);
	assert_int_equal(report.fraction_lost, 0);
}

// RFC 3550 A.1: one stray number is ignored, two in a row are a restart.
static void a_restarted_sender_is_believed_at_the_second_packet(void **)
{
	struct reception r;
	reception_init(&r, 90000);
	for (int i = 0; i < 10; i++)
		reception_packet(&r, (uint16_t)i, 0, 0);
	reception_packet(&r, 30000, 0, 0);
	assert_int_equal(report_of(&r, 0).highest_seq, 9);
	reception_packet(&r, 10, 0, 0);
	reception_packet(&r, 30001, 0, 0); // not in a row: the stream went on meanwhile
	assert_int_equal(report_of(&r, 0).highest_seq, 10);
	reception_packet(&r, 40000, 0, 0);
	reception_packet(&r, 40001, 0, 0);
	struct rtcp_report report = report_of(&r, 0);
	assert_int_equal(report.highest_seq, 40001);
	assert_int_equal(report.cumulative_lost, 0);
}

// RFC 3550 A.8: each transit differs by 1 ms = 90 units, so the estimate tends to 90.
static void jitter_tends_to_the_mean_transit_difference(void **)
{
	struct reception r;
	reception_init(&r, 90000);
	for (int i = 0; i < 1000; i++)
		reception_packet(
		        &r, (uint16_t)i, 0xFFFFFF00 + (uint32_t)i * 1800,
		        1000000000 + i * 20000 + (i & 1) * 1000
		);
	assert_in_range(report_of(&r, 0).jitter, 88, 92);

	reception_init(&r, 90000);
	for (int i = 0; i < 1000; i++)
		reception_packet(&r, (uint16_t)i, (uint32_t)i * 1800, i * 20000);
	assert_int_equal(report_of(&r, 0).jitter, 0);
}

static void reports_quote_the_last_sender_report(void **)
{
	struct reception r;
	reception_init(&r, 48000);
	reception_packet(&r, 1, 0, 0);
	assert_int_equal(report_of(&r, 5000000).last_sr, 0);
	assert_int_equal(report_of(&r, 5000000).delay_since_last_sr, 0);
	reception_sr(&r, 0x1122334455667788, 1000000);
	struct rtcp_report report = report_of(&r, 2500000);
	assert_int_equal(report.last_sr, 0x33445566);
	assert_int_equal(report.delay_since_last_sr, 65536 + 32768);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(nothing_is_reported_before_the_first_packet),
	        cmocka_unit_test(loss_is_told_as_fraction_and_sum_over_the_wrap),
	        cmocka_unit_test(duplicates_make_the_sum_negative_but_not_the_fraction),
	        cmocka_unit_test(reordering_is_not_loss),
	        cmocka_unit_test(a_restarted_sender_is_believed_at_the_second_packet),
	        cmocka_unit_test(jitter_tends_to_the_mean_transit_difference),
	        cmocka_unit_test(reports_quote_the_last_sender_report),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
