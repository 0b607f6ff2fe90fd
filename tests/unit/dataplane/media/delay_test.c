#include "media/delay.h"

#include "hostile.h"

#define MS      INT64_C(1000)
#define SECOND  INT64_C(1000000)
#define WAY_US  (50 * MS)
#define RTT_US  100000
#define STEP_US (10 * MS)

static struct delay delay;
static int64_t now_us;
static int64_t queue_us; // what a packet waits, beside WAY_US
static int64_t clock_us; // the viewer's clock minus ours

static void start(uint32_t rate)
{
	now_us = 1000 * SECOND;
	queue_us = 0;
	clock_us = 7000 * SECOND;
	delay_init(&delay, now_us, rate);
}

// Sends a packet every 10 ms, with feedback every 50 ms; the queue grows by grow_us per packet, and
// never shrinks below 0. Returns how often the rate was cut.
static int run(int64_t us, int64_t grow_us, uint32_t acked)
{
	const struct delay_input in = {.acked = acked, .acked_long = acked, .rtt_us = RTT_US};
	int cuts = 0;
	for (int64_t until = now_us + us; now_us < until; now_us += STEP_US) {
		queue_us = queue_us + grow_us > 0 ? queue_us + grow_us : 0;
		delay_packet(&delay, now_us, now_us + WAY_US + queue_us + clock_us);
		if (now_us % (50 * MS) == 0)
			cuts += delay_update(&delay, now_us, &in);
	}
	return cuts;
}

static void a_link_without_a_queue_lets_the_rate_rise_by_8_percent_a_second(void **)
{
	start(1000000);
	assert_int_equal(run(SECOND, 0, 5000000), 0);
	uint32_t rate = (uint32_t)delay.rate;
	assert_int_equal(run(5 * SECOND, 0, 5000000), 0);
	assert_in_range((uint32_t)(delay.rate * 1000 / (float)rate), 1440, 1500);
	assert_int_equal(delay.usage, DELAY_NORMAL);
}

static void the_rate_rises_to_one_and_a_half_times_what_arrives(void **)
{
	start(300000);
	run(60 * SECOND, 0, 400000);
	assert_in_range((uint32_t)delay.rate, 609000, 610000);
	run(10 * SECOND, 0, 0); // nothing is known, so nothing changes
	assert_in_range((uint32_t)delay.rate, 609000, 610000);
	run(10 * SECOND, 0, 100000); // less arrives: the rate stays
	assert_in_range((uint32_t)delay.rate, 609000, 610000);
}

static void a_growing_queue_cuts_to_0_85_of_what_arrives(void **)
{
	start(1000000);
	run(2 * SECOND, 0, 900000);
	float before = delay.rate;
	assert_true(run(400 * MS, MS, 800000) > 0);
	assert_int_equal(delay.usage, DELAY_OVERUSE);
	assert_true(delay.rate < before);
	assert_in_range((uint32_t)delay.rate, 679000, 681000);
}

static void overuse_is_seen_within_300_ms(void **)
{
	start(1000000);
	run(2 * SECOND, 0, 900000);
	assert_int_equal(run(300 * MS, 2 * MS, 800000) > 0, 1);
}

static void a_draining_queue_holds_the_rate(void **)
{
	start(1000000);
	run(2 * SECOND, 0, 900000);
	run(500 * MS, 2 * MS, 800000);
	run(200 * MS, -2 * MS, 800000);
	float before = delay.rate;
	run(200 * MS, -2 * MS, 800000);
	assert_int_equal(delay.usage, DELAY_UNDERUSE);
	assert_true(delay.rate == before);
	run(2 * SECOND, -2 * MS, 800000);
	assert_int_equal(delay.usage, DELAY_NORMAL);
	assert_true(delay.rate > before);
}

static void near_the_known_capacity_the_rate_rises_by_half_a_packet_a_response(void **)
{
	start(1000000);
	run(2 * SECOND, 0, 900000);
	run(500 * MS, 2 * MS, 800000);
	run(3 * SECOND, -2 * MS, 800000);
	float before = delay.rate;
	run(SECOND, 0, 800000);
	// 600 bytes in 200 ms are 24 kbit/s a second; 8 % would be 54.
	assert_in_range((uint32_t)(delay.rate - before), 22000, 26000);
	run(4 * SECOND, 0, 1200000); // far above the known capacity, which is forgotten
	before = delay.rate;
	run(SECOND, 0, 1200000);
	assert_true(delay.rate > before * 1.06f);
}

static void clocks_that_drift_are_no_queue(void **)
{
	for (int ppm = -300; ppm <= 300; ppm += 100) {
		start(1000000);
		int64_t start_us = now_us;
		for (int i = 0; i < 60; i++) {
			clock_us = 7000 * SECOND + (now_us - start_us) * ppm / 1000000;
			assert_int_equal(run(SECOND, 0, 900000), 0);
		}
	}
}

static void jitter_without_a_trend_is_forgiven(void **)
{
	uint64_t random = hostile_seed();
	const struct delay_input in = {.acked = 900000, .acked_long = 900000, .rtt_us = RTT_US};
	int cuts = 0;
	start(1000000);
	for (int i = 0; i < 6000; i++, now_us += STEP_US) {
		int64_t jitter_us = hostile_random(&random) % 5000;
		delay_packet(&delay, now_us, now_us + WAY_US + jitter_us);
		if (i % 5 == 0)
			cuts += delay_update(&delay, now_us, &in);
	}
	assert_int_equal(cuts, 0);
}

static void a_queue_that_stands_is_cut_though_its_slope_is_none(void **)
{
	start(1000000);
	run(2 * SECOND, 0, 900000);
	int cuts = 0;
	for (int i = 0; i < 160 && cuts == 0; i++) {
		cuts += run(50 * MS, 100, 900000); // grows too slowly for the slope
		assert_int_equal(delay.usage, DELAY_NORMAL);
	}
	assert_int_equal(cuts, 1);
	assert_in_range(queue_us, 60 * MS, 75 * MS);
	assert_in_range((uint32_t)delay.rate, 764000, 766000); // 0.85 of what arrives
}

static void a_way_that_has_become_longer_is_not_cut_for_ever(void **)
{
	start(1000000);
	run(2 * SECOND, 0, 900000);
	delay_restart(&delay);
	queue_us = 100 * MS;
	assert_in_range(run(30 * SECOND, 0, 900000), 1, 3);
	assert_true(delay.rate > 1000000);
}

static void a_burst_of_ours_excuses_overuse(void **)
{
	const struct delay_input in = {
	        .acked = 500000, .acked_long = 500000, .rtt_us = RTT_US, .excused = true};
	start(1000000);
	run(2 * SECOND, 0, 900000);
	delay.usage = DELAY_OVERUSE;
	assert_false(delay_update(&delay, now_us, &in));
	assert_true((uint32_t)delay.rate > 1000000);
}

static void arrivals_out_of_order_begin_anew_and_harm_nobody(void **)
{
	uint64_t random = hostile_seed();
	const struct delay_input in = {
	        .acked = UINT32_MAX, .acked_long = UINT32_MAX, .rtt_us = 10000};
	start(1000000);
	for (int i = 0; i < 100000; i++, now_us += STEP_US) {
		int64_t sent_us = now_us - hostile_random(&random) % 100000;
		int64_t arrival_us = (int64_t)hostile_random(&random) * 1000 - 2000000000;
		if (i % 3 == 0)
			arrival_us *= 1000000;
		delay_packet(&delay, sent_us, arrival_us);
		(void)delay_update(&delay, now_us, &in);
		assert_true(delay.rate >= DELAY_RATE_MIN && delay.rate <= DELAY_RATE_MAX);
		assert_true(delay.threshold_ms >= 6 && delay.threshold_ms <= 600);
	}
}

static void the_rate_stays_within_its_bounds(void **)
{
	start(0);
	assert_true((uint32_t)delay.rate == DELAY_RATE_MIN);
	delay_set(&delay, now_us, UINT32_MAX);
	assert_true((uint32_t)delay.rate == DELAY_RATE_MAX);
	run(2 * SECOND, 0, UINT32_MAX);
	assert_true((uint32_t)delay.rate == DELAY_RATE_MAX);
	run(2 * SECOND, 2 * MS, 1);
	assert_true((uint32_t)delay.rate == DELAY_RATE_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_link_without_a_queue_lets_the_rate_rise_by_8_percent_a_second),
	        cmocka_unit_test(the_rate_rises_to_one_and_a_half_times_what_arrives),
	        cmocka_unit_test(a_growing_queue_cuts_to_0_85_of_what_arrives),
	        cmocka_unit_test(overuse_is_seen_within_300_ms),
	        cmocka_unit_test(a_draining_queue_holds_the_rate),
	        cmocka_unit_test(near_the_known_capacity_the_rate_rises_by_half_a_packet_a_response
	        ),
	        cmocka_unit_test(clocks_that_drift_are_no_queue),
	        cmocka_unit_test(jitter_without_a_trend_is_forgiven),
	        cmocka_unit_test(a_queue_that_stands_is_cut_though_its_slope_is_none),
	        cmocka_unit_test(a_way_that_has_become_longer_is_not_cut_for_ever),
	        cmocka_unit_test(a_burst_of_ours_excuses_overuse),
	        cmocka_unit_test(arrivals_out_of_order_begin_anew_and_harm_nobody),
	        cmocka_unit_test(the_rate_stays_within_its_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
