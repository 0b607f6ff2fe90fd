#include "media/twcc_feedback.h"

#include "hostile.h"
#include "media/twcc.h"

#include <errno.h>

#define LOST INT64_MIN

static struct twcc_feedback feedback;
static struct twcc_status status;

#define BEGIN(...) begin((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

// Reads from a buffer of exactly this length, so that the sanitizers detect a read beyond it.
static int begin(const uint8_t *bytes, size_t len)
{
	static uint8_t *exact;
	free(exact);
	exact = malloc(len > 0 ? len : 1);
	assert_non_null(exact);
	memcpy(exact, bytes, len);
	return twcc_feedback_begin(&feedback, exact, len);
}

static void expect(const int64_t *arrival_us, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		assert_true(twcc_feedback_next(&feedback, &status));
		assert_int_equal(status.index, i);
		assert_int_equal(status.arrived, arrival_us[i] != LOST);
		if (status.arrived)
			assert_true(status.arrival_us == arrival_us[i]);
	}
	assert_false(twcc_feedback_next(&feedback, &status));
	assert_false(feedback.chunks.failed || feedback.deltas.failed);
}

static void fields_of_the_header_are_read(void **)
{
	assert_int_equal(BEGIN(0x12, 0x34, 0, 1, 0xFE, 0xDC, 0xBA, 77, 0x20, 0x01, 5), 0);
	assert_int_equal(feedback.base, 0x1234);
	assert_int_equal(feedback.count, 1);
	assert_int_equal(feedback.reference, 0xFEDCBA);
	assert_int_equal(feedback.counter, 77);
	expect((int64_t[]){1250}, 1);
}

// The examples of the draft, 3.1.3: a run of 221 lost packets, then one of 24 that came without
// delay.
static void runs_are_read_as_in_the_draft(void **)
{
	uint8_t bytes[12 + 24] = {0, 1, 0, 245, 0, 0, 0, 0, 0x00, 0xDD, 0x20, 0x18};
	int64_t arrival_us[245];
	for (int i = 0; i < 245; i++)
		arrival_us[i] = i < 221 ? LOST : (i - 220) * 250;
	memset(bytes + 12, 1, 24);
	assert_int_equal(begin(bytes, sizeof(bytes)), 0);
	expect(arrival_us, 245);
}

// 3.1.4, first example: 1 lost, 5 came, 3 lost, 3 came, 2 lost.
static void vectors_of_one_bit_are_read_as_in_the_draft(void **)
{
	const int64_t arrival_us[] = {LOST, 250,  500,  750,  1000, 1250, LOST,
	                              LOST, LOST, 1500, 1750, 2000, LOST, LOST};
	assert_int_equal(BEGIN(0, 1, 0, 14, 0, 0, 0, 0, 0x9F, 0x1C, 1, 1, 1, 1, 1, 1, 1, 1), 0);
	expect(arrival_us, 14);
}

// Second example: 1 lost, 1 large delta, 3 came, 2 lost. 11 in its place is reserved.
static void vectors_of_two_bits_are_read_as_in_the_draft(void **)
{
	assert_int_equal(BEGIN(0, 1, 0, 7, 0, 0, 0, 0, 0xC9, 0x50, 0xFF, 0xFF, 1, 1, 1), 0);
	expect((int64_t[]){LOST, -250, 0, 250, 500, LOST, LOST}, 7);
	assert_int_equal(
	        BEGIN(0, 1, 0, 7, 0, 0, 0, 0, 0xCD, 0x50, 0xFF, 0xFF, 1, 1, 1, 1, 1), -EBADMSG
	);
}

static void large_deltas_may_be_negative(void **)
{
	assert_int_equal(BEGIN(0, 1, 0, 3, 0, 0, 1, 0, 0x40, 0x03, 0x7F, 0xFF, 0x80, 0, 0, 1), 0);
	expect((int64_t[]){32767 * 250, -250, 0}, 3);
}

static void what_a_chunk_says_beyond_the_count_is_ignored(void **)
{
	assert_int_equal(BEGIN(0, 1, 0, 2, 0, 0, 0, 0, 0x3F, 0xFF, 4, 4), 0);
	expect((int64_t[]){1000, 2000}, 2);
	assert_int_equal(BEGIN(0, 1, 0, 2, 0, 0, 0, 0, 0xBF, 0xFF, 4, 4), 0);
	expect((int64_t[]){1000, 2000}, 2);
	assert_int_equal(BEGIN(0, 1, 0, 2, 0, 0, 0, 0, 0xD5, 0x55, 4, 4), 0);
	expect((int64_t[]){1000, 2000}, 2);
	assert_int_equal(BEGIN(0, 1, 0, 2, 0, 0, 0, 0, 0xD7, 0xFF, 4, 4), 0); // beyond the count
}

static void broken_messages_are_refused_as_a_whole(void **)
{
	assert_int_equal(BEGIN(0, 1, 0, 0, 0, 0, 0, 0, 0x20, 0x01, 4), -EBADMSG); // no statuses
	assert_int_equal(BEGIN(0, 1, 0, 1, 0, 0, 0, 0, 0x60, 0x01, 4, 4), -EBADMSG); // reserved
	assert_int_equal(BEGIN(0, 1, 0, 1, 0, 0, 0, 0, 0x20, 0x00, 4, 4), -EBADMSG); // run of none
	assert_int_equal(BEGIN(0, 1, 0, 3, 0, 0, 0, 0, 0x20, 0x02, 4, 4), -EBADMSG); // chunk short
	assert_int_equal(BEGIN(0, 1, 0, 2, 0, 0, 0, 0, 0x20, 0x02, 4), -EBADMSG); // delta short
	assert_int_equal(BEGIN(0, 1, 0, 2, 0, 0, 0, 0, 0x40, 0x02, 4, 4, 4), -EBADMSG);
	assert_int_equal(BEGIN(0, 1, 255, 255, 0, 0, 0, 0, 0x3F, 0xFF, 4, 4, 4), -EBADMSG);
}

static void statuses_are_passed_over_with_their_deltas(void **)
{
	static const uint8_t bytes[] = {
	        0, 1, 0, 255, 0, 0, 0, 0, 0x00, 0xC8, 0x9F, 0x1C, 0xC9, 0x50, 0x20, 0x22,
	        1, 1, 1, 1,   1, 1, 1, 1, 0,    1,    1,    1,    1,    9,    9,    9,
	        9, 9, 9, 9,   9, 9, 9, 9, 9,    9,    9,    9,    9,    9,    9,    9,
	        9, 9, 9, 9,   9, 9, 9, 9, 9,    9,    9,    9,    9,    9,    9,    9};
	int64_t all[255];
	for (uint16_t skip = 0; skip < 300; skip++) {
		assert_int_equal(begin(bytes, sizeof(bytes)), 0);
		twcc_feedback_skip(&feedback, skip);
		for (uint16_t i = skip; twcc_feedback_next(&feedback, &status); i++) {
			assert_int_equal(status.index, i);
			int64_t arrival = status.arrived ? status.arrival_us : LOST;
			if (skip == 0)
				all[i] = arrival;
			assert_true(all[i] == arrival);
		}
	}
}

static void the_reference_time_goes_on_past_24_bits(void **)
{
	struct twcc_time t = {.reference = 0xFFFFFE};
	assert_true(twcc_time_us(&t, 0xFFFFFF) == INT64_C(0xFFFFFF) * 64000);
	assert_true(twcc_time_us(&t, 1) == INT64_C(0x1000001) * 64000);
	assert_true(twcc_time_us(&t, 0xFFFFFF) == INT64_C(0xFFFFFF) * 64000); // a late message
	assert_true(twcc_time_us(&t, 0) == INT64_C(0x1000000) * 64000);
}

static int64_t truth[65536];

static void check_built(const uint8_t *buf, size_t len)
{
	size_t padding = (buf[0] & 0x20) != 0 ? buf[len - 1] : 0;
	assert_int_equal(begin(buf + 12, len - 12 - padding), 0);
	struct twcc_time t = {.reference = 1000000000 / 64000};
	int64_t reference_us = twcc_time_us(&t, feedback.reference);
	while (twcc_feedback_next(&feedback, &status)) {
		int64_t expected = truth[(uint16_t)(feedback.base + status.index)];
		assert_int_equal(status.arrived, expected != LOST);
		if (status.arrived)
			assert_true(reference_us + status.arrival_us == expected);
	}
	assert_int_equal(am_reader_left(&feedback.deltas), 0);
}

// The reader against our own builder of feedback: losses, pauses, packets out of order.
static void what_twcc_builds_is_read_to_the_tick(void **)
{
	static struct twcc twcc;
	uint64_t random = hostile_seed();
	uint8_t buf[1200];
	twcc_init(&twcc);
	for (int i = 0; i < 65536; i++)
		truth[i] = LOST;
	int64_t now = 1000000000;
	for (uint16_t seq = 1; seq < 30000; seq++) {
		uint32_t dice = hostile_random(&random) % 1000;
		now += dice < 3 ? 5000000 : dice < 300 ? dice * 100 : 250;
		if (seq % 200 == 0) {
			for (size_t len; (len = twcc_build(&twcc, buf, sizeof(buf), 1, 2)) > 0;)
				check_built(buf, len);
		}
		if (dice % 5 == 0)
			continue;
		int64_t at = now - (dice % 11 == 0 ? 3000 : 0);
		truth[seq] = at / 250 * 250;
		twcc_arrived(&twcc, seq, at);
	}
}

static void parse(const uint8_t *bytes, size_t len)
{
	struct twcc_feedback f;
	if (twcc_feedback_begin(&f, bytes, len) < 0)
		return;
	uint32_t n = 0;
	struct twcc_feedback passed = f;
	while (twcc_feedback_next(&f, &status))
		assert_int_equal(status.index, n++);
	assert_int_equal(n, f.count);
	assert_false(f.chunks.failed || f.deltas.failed);
	uint16_t half = f.count / 2;
	twcc_feedback_skip(&passed, half);
	for (n = 0; twcc_feedback_next(&passed, &status);)
		n++;
	assert_int_equal(n, f.count - half);
	assert_true(passed.ticks == f.ticks);
}

static void hostile_bytes_are_survived(void **)
{
	static const uint8_t valid[] = {0x12, 0x34, 0,    60,   0,    0,    1,    0,    0x20, 0x05,
	                                0x9F, 0x1C, 0xC9, 0x50, 0x40, 0x02, 0x00, 0x20, 1,    2,
	                                3,    4,    5,    1,    1,    1,    1,    1,    1,    1,
	                                1,    0xFF, 0xFF, 1,    1,    1,    0x7F, 0xFF, 0x80, 0};
	assert_int_equal(begin(valid, sizeof(valid)), 0);
	hostile_bytes(parse, valid, sizeof(valid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(fields_of_the_header_are_read),
	        cmocka_unit_test(runs_are_read_as_in_the_draft),
	        cmocka_unit_test(vectors_of_one_bit_are_read_as_in_the_draft),
	        cmocka_unit_test(vectors_of_two_bits_are_read_as_in_the_draft),
	        cmocka_unit_test(large_deltas_may_be_negative),
	        cmocka_unit_test(what_a_chunk_says_beyond_the_count_is_ignored),
	        cmocka_unit_test(broken_messages_are_refused_as_a_whole),
	        cmocka_unit_test(statuses_are_passed_over_with_their_deltas),
	        cmocka_unit_test(the_reference_time_goes_on_past_24_bits),
	        cmocka_unit_test(what_twcc_builds_is_read_to_the_tick),
	        cmocka_unit_test(hostile_bytes_are_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
