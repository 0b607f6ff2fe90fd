#include "media/loss.h"

#include "hostile.h"

#define MS     INT64_C(1000)
#define SECOND INT64_C(1000000)
#define BYTES  1000

static struct loss loss;
static int64_t now_us;
static uint64_t random_state;

static void start(void)
{
	loss_init(&loss);
	now_us = 100 * SECOND;
	random_state = 12345;
}

// Sends at a rate, of which `percent` are lost at random, and everything above the capacity (0: no
// limit). Returns the bit/s that arrived.
static uint32_t run(int64_t us, uint32_t rate, uint32_t percent, uint32_t capacity, uint32_t delay)
{
	int64_t step_us = (int64_t)BYTES * 8 * SECOND / rate, until_us = now_us + us;
	double tokens = 0, acked = capacity > 0 && capacity < rate ? capacity : rate;
	acked *= (100 - percent) / 100.0;
	for (int64_t fed_us = now_us; now_us < until_us; now_us += step_us) {
		tokens += (double)capacity * (double)step_us / (8.0 * SECOND);
		bool lost = hostile_random(&random_state) % 100 < percent;
		if (capacity > 0 && !lost) {
			lost = tokens < BYTES;
			tokens -= lost ? 0 : BYTES;
		}
		loss_packet(&loss, now_us, BYTES, lost, false);
		if (now_us - fed_us < 50 * MS)
			continue;
		fed_us = now_us;
		loss_update(&loss, now_us, delay, (uint32_t)acked);
	}
	return (uint32_t)acked;
}

static void without_loss_there_is_no_limit(void **)
{
	start();
	run(20 * SECOND, 500000, 0, 0, 1000000);
	assert_int_equal(loss_limit(&loss), UINT32_MAX);
}

static void random_loss_limits_nothing_that_is_sent(void **)
{
	static const uint32_t rates[] = {100000, 214000, 564000, 1564000, 3000000};
	for (size_t i = 0; i < COUNT(rates); i++) {
		for (uint32_t percent = 1; percent <= 5; percent++) {
			start();
			uint32_t delay = rates[i] / 2 * 3;
			for (int s = 0; s < 60; s++) {
				run(SECOND, rates[i], percent, 0, delay);
				assert_true(loss_limit(&loss) >= rates[i] - rates[i] / 50);
			}
		}
	}
}

static void a_full_link_is_found_by_its_losses(void **)
{
	start();
	run(5 * SECOND, 1000000, 0, 0, 1200000);
	for (int s = 0; s < 20; s++)
		run(SECOND, 1000000, 0, 600000, 1200000);
	assert_in_range(loss_limit(&loss), 600000, 700000);
}

static void the_limit_is_never_below_what_arrives(void **)
{
	for (uint32_t percent = 10; percent <= 60; percent += 10) {
		start();
		for (int i = 0; i < 100; i++) {
			uint32_t acked = run(100 * MS, 800000, percent, 0, 1000000);
			assert_true(loss_limit(&loss) >= acked - 1000);
		}
	}
}

static void the_limit_is_never_above_the_delays(void **)
{
	start();
	run(5 * SECOND, 800000, 4, 0, 1000000);
	run(5 * SECOND, 800000, 4, 0, 300000);
	assert_true(loss_limit(&loss) <= 761000); // the floor is what arrives
	run(5 * SECOND, 200000, 4, 0, 300000);
	assert_true(loss_limit(&loss) <= 300000);
}

static void what_was_only_late_was_not_lost(void **)
{
	start();
	run(5 * SECOND, 800000, 0, 0, 1000000);
	for (int i = 0; i < 100; i++, now_us += 10 * MS) {
		loss_packet(&loss, now_us, BYTES, true, false);
		loss_packet(&loss, now_us, BYTES, false, true);
		loss_update(&loss, now_us, 1000000, 800000);
	}
	assert_true(loss_share(&loss) == 0);
	assert_int_equal(loss_limit(&loss), UINT32_MAX);
}

static void a_loss_told_again_counts_once(void **)
{
	start();
	for (int i = 0; i < 1000; i++, now_us += 10 * MS) {
		loss_packet(&loss, now_us, BYTES, i % 10 == 0, false);
		if (i % 10 == 0)
			loss_packet(&loss, now_us, BYTES, true, true);
		loss_update(&loss, now_us, 1000000, 700000);
	}
	assert_in_range((uint32_t)(loss_share(&loss) * 1000), 70, 130);
}

static void it_is_forgotten_once_all_observations_are_without(void **)
{
	start();
	run(5 * SECOND, 1000000, 0, 400000, 1200000);
	assert_true(loss_limit(&loss) < 1200000);
	run(3 * SECOND, 300000, 0, 0, 1200000);
	assert_true(loss_limit(&loss) < UINT32_MAX);
	run(2 * SECOND, 300000, 0, 0, 1200000);
	assert_int_equal(loss_limit(&loss), UINT32_MAX);
}

// If it were not, a viewer that gets too little for an observation would keep its limit for ever.
static void it_is_forgotten_after_a_silence(void **)
{
	start();
	run(5 * SECOND, 1000000, 0, 400000, 1200000);
	assert_true(loss_limit(&loss) < 1200000);
	for (int i = 0; i < 3; i++, now_us += 3 * (int64_t)SECOND) {
		loss_packet(&loss, now_us + 3 * (int64_t)SECOND, BYTES, false, false);
		loss_update(&loss, now_us + 3 * (int64_t)SECOND, 1200000, 1000);
	}
	assert_int_equal(loss_limit(&loss), UINT32_MAX);
}

static void each_cut_holds_for_longer(void **)
{
	start();
	run(2 * SECOND, 1000000, 0, 0, 1200000);
	assert_int_equal(loss.hold_us, LOSS_HOLD_US_MIN);
	run(10 * SECOND, 1000000, 0, 400000, 1200000);
	assert_true(loss.hold_us >= 2 * LOSS_HOLD_US_MIN);
	assert_true(loss.hold_us <= LOSS_HOLD_US_MAX);
	loss_set(&loss, 1100000); // a probe has shown more
	assert_int_equal(loss_limit(&loss), 1100000);
}

static void absurd_rates_stay_numbers(void **)
{
	start();
	for (int i = 0; i < 10000; i++) {
		now_us += hostile_random(&random_state) % 3000000;
		bool lost = hostile_random(&random_state) % 2 != 0;
		bool was_lost = hostile_random(&random_state) % 4 == 0;
		uint32_t bytes = hostile_random(&random_state) % 2048;
		for (int j = 0; j < i % 100; j++)
			loss_packet(&loss, now_us + j, bytes, lost, was_lost);
		uint32_t delay = 30000 + hostile_random(&random_state) % 30000000;
		loss_update(&loss, now_us, delay, hostile_random(&random_state));
		assert_true(loss_limit(&loss) > 0);
		assert_true(loss_share(&loss) >= 0 && loss_share(&loss) <= 1);
		assert_true(loss.inherent > 0 && loss.inherent < 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(without_loss_there_is_no_limit),
	        cmocka_unit_test(random_loss_limits_nothing_that_is_sent),
	        cmocka_unit_test(a_full_link_is_found_by_its_losses),
	        cmocka_unit_test(the_limit_is_never_below_what_arrives),
	        cmocka_unit_test(the_limit_is_never_above_the_delays),
	        cmocka_unit_test(what_was_only_late_was_not_lost),
	        cmocka_unit_test(a_loss_told_again_counts_once),
	        cmocka_unit_test(it_is_forgotten_once_all_observations_are_without),
	        cmocka_unit_test(it_is_forgotten_after_a_silence),
	        cmocka_unit_test(each_cut_holds_for_longer),
	        cmocka_unit_test(absurd_rates_stay_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
