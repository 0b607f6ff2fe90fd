#include "media/sent.h"

#include "test.h"

#define SECOND INT64_C(1000000)

static struct sent sent;
static struct sent_packet packet;

static void numbers_go_on_past_16_bits(void **)
{
	sent_init(&sent, 0, 65534);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(sent_put(&sent, i * 1000, 100 + i), (65534 + i) & 0xFFFF);
	uint64_t first = sent_extend(&sent, 65534);
	for (uint16_t i = 0; i < 5; i++) {
		uint64_t number = sent_extend(&sent, (uint16_t)(65534 + i));
		assert_int_equal(number, first + i);
		assert_true(sent_find(&sent, number, 4000, &packet));
		assert_int_equal(packet.bytes, 100 + i);
	}
	assert_int_equal(sent.bytes, 100 + 101 + 102 + 103 + 104);
}

static void times_are_kept_to_64_us_also_past_20_bits(void **)
{
	const int64_t round_us = INT64_C(1) << (SENT_TIME_BITS + SENT_TICK_SHIFT);
	for (int64_t at_us = round_us - 200; at_us < round_us + 200; at_us += 7) {
		sent_init(&sent, at_us, 1);
		sent_put(&sent, at_us, 1200);
		assert_true(sent_find(&sent, sent_extend(&sent, 1), at_us + 29 * SECOND, &packet));
		assert_in_range(at_us - packet.us, 0, 63);
	}
}

static void only_what_was_sent_is_found(void **)
{
	sent_init(&sent, 0, 10);
	assert_false(sent_find(&sent, sent_extend(&sent, 10), 0, &packet));
	assert_false(sent_find(&sent, sent_extend(&sent, 9), 0, &packet));
	sent_put(&sent, 0, 100);
	assert_true(sent_find(&sent, sent_extend(&sent, 10), 0, &packet));
	assert_false(sent_find(&sent, sent_extend(&sent, 9), 0, &packet));
	assert_false(sent_find(&sent, sent_extend(&sent, 11), 0, &packet));
	assert_false(sent_find(&sent, sent_extend(&sent, 10 + 32768), 0, &packet));
	assert_false(sent_find(&sent, UINT64_MAX, 0, &packet));
	assert_false(sent_find(&sent, 0, 0, &packet));
}

static void what_fell_out_of_the_ring_is_not_found(void **)
{
	sent_init(&sent, 0, 0);
	for (int i = 0; i < SENT_COUNT + 1; i++)
		sent_put(&sent, i, 100);
	assert_false(sent_find(&sent, sent_extend(&sent, 0), SENT_COUNT, &packet));
	assert_true(sent_find(&sent, sent_extend(&sent, 1), SENT_COUNT, &packet));
	assert_false(sent_find(&sent, sent_extend(&sent, SENT_COUNT + 1), SENT_COUNT, &packet));
}

static void an_arrival_is_told_once(void **)
{
	sent_init(&sent, 0, 7);
	sent_put(&sent, 0, 100);
	sent_put(&sent, 0, 200);
	uint64_t number = sent_extend(&sent, 7);
	sent_told_lost(&sent, number);
	assert_true(sent_find(&sent, number, 0, &packet));
	assert_true(packet.told_lost);
	assert_int_equal(packet.bytes, 100);
	sent_told_arrived(&sent, number);
	assert_false(sent_find(&sent, number, 0, &packet));
	assert_true(sent_find(&sent, number + 1, 0, &packet));
	assert_false(packet.told_lost);
}

static void sizes_beyond_11_bits_count_as_the_most(void **)
{
	sent_init(&sent, 0, 7);
	sent_put(&sent, 0, 100000);
	assert_true(sent_find(&sent, sent_extend(&sent, 7), 0, &packet));
	assert_int_equal(packet.bytes, SENT_BYTES_MAX);
	assert_int_equal(packet.us, 0);
}

// With sparse audio, the ring would reach back for minutes, but its times wrap earlier.
static void old_numbers_are_forgotten_before_the_time_goes_round(void **)
{
	int64_t now = 0, sent_us[600];
	sent_init(&sent, now, 0);
	for (uint16_t i = 0; i < COUNT(sent_us); i++, now += SECOND / 2) {
		sent_us[i] = now;
		sent_put(&sent, now, 100);
		sent_tick(&sent, now);
		for (uint16_t j = 0; j <= i; j++) {
			bool found = sent_find(&sent, sent_extend(&sent, j), now, &packet);
			int64_t age = now - sent_us[j];
			if (age < SENT_AGE_US)
				assert_true(found);
			if (found)
				assert_in_range(sent_us[j] - packet.us, 0, 63);
		}
	}
}

static void without_ticks_for_long_nothing_is_known(void **)
{
	sent_init(&sent, 0, 0);
	sent_put(&sent, 0, 100);
	sent_tick(&sent, 61 * SECOND);
	assert_false(sent_find(&sent, sent_extend(&sent, 0), 61 * SECOND, &packet));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(numbers_go_on_past_16_bits),
	        cmocka_unit_test(times_are_kept_to_64_us_also_past_20_bits),
	        cmocka_unit_test(only_what_was_sent_is_found),
	        cmocka_unit_test(what_fell_out_of_the_ring_is_not_found),
	        cmocka_unit_test(an_arrival_is_told_once),
	        cmocka_unit_test(sizes_beyond_11_bits_count_as_the_most),
	        cmocka_unit_test(old_numbers_are_forgotten_before_the_time_goes_round),
	        cmocka_unit_test(without_ticks_for_long_nothing_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
