// The model's random choices.
#include "model.h"

#include "sender.h"

// Returns the share of n packets that is lost, and the mean length of a burst of losses.
static double loss_measure(const struct lane_config *config, uint32_t n, double *burst)
{
	struct lane *l = lane_new(config);
	uint32_t lost = 0, bursts = 0;
	bool last = false;

	for (uint32_t i = 0; i < n; i++) {
		struct lane_packet p;
		bool is = lane_send(l, i, 100, NULL) == LANE_LOST;
		lost += is;
		bursts += is && !last;
		last = is;
		assert_int_equal(lane_take(l, i, &p), !is);
	}
	assert_int_equal(lane_stats(l)->lost_packets, lost);
	assert_int_equal(lane_stats(l)->lost_bytes, 100 * lost);
	lane_destroy(l, NULL);
	*burst = bursts ? (double)lost / bursts : 0;
	return (double)lost / n;
}

static void independent_loss_has_its_mean(void **)
{
	static const double losses[] = {0.01, 0.05, 0.2};

	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		double p = losses[i], burst;
		double share =
		        loss_measure(&(struct lane_config){.loss = p, .seed = 7}, 1000000, &burst);
		assert_true(share > 0.97 * p && share < 1.03 * p);
		assert_true(burst > 0.98 / (1 - p) && burst < 1.02 / (1 - p));
	}
}

static void gilbert_elliott_has_its_mean_loss_and_mean_burst(void **)
{
	static const struct {
		double loss, burst;
	} cases[] = {{0.01, 3}, {0.05, 4}, {0.1, 10}, {0.2, 2}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lane_config c = {
		        .loss = cases[i].loss, .loss_burst = cases[i].burst, .seed = 7};
		double burst, share = loss_measure(&c, 2000000, &burst);
		assert_true(share > 0.95 * c.loss && share < 1.05 * c.loss);
		assert_true(burst > 0.95 * c.loss_burst && burst < 1.05 * c.loss_burst);
	}
}

static void a_bad_state_that_loses_half_keeps_the_mean(void **)
{
	struct lane_config c = {.loss = 0.05, .loss_burst = 8, .loss_bad = 0.5, .seed = 7};
	double burst, share = loss_measure(&c, 2000000, &burst);

	assert_true(share > 0.0475 && share < 0.0525);
	assert_true(burst > 1.5 && burst < 2.5); // losses without a packet that passes
}

static void delay_and_jitter_keep_their_bounds_and_the_order(void **)
{
	struct lane_config c = {.delay_us = 50 * MS, .jitter_us = 30 * MS, .seed = 3};
	struct lane *l = lane_new(&c);
	int64_t least = INT64_MAX, most = 0;
	uintptr_t n = 0;

	send_evenly(l, 100, 0, 100 * S, 5 * MS, &n);
	take_until(l, 101 * S);
	assert_int_equal(out_n, n);
	for (uint32_t i = 0; i < out_n; i++) {
		int64_t way = out[i].out_us - (int64_t)i * 5 * MS;
		assert_int_equal(out[i].packet, i);
		assert_in_range(way, 50 * MS, 80 * MS);
		least = way < least ? way : least;
		most = way > most ? way : most;
	}
	assert_true(least < 51 * MS && most > 79 * MS);
	lane_destroy(l, NULL);
}

static void next_is_never_later_than_what_comes(void **)
{
	struct lane_config c = {
	        .rate.bit_s = 1000000,
	        .queue_us = 100 * MS,
	        .delay_us = 1 * MS,
	        .jitter_us = 5 * MS,
	        .reorder = 0.3,
	        .reorder_us = 20 * MS,
	        .seed = 3};
	struct lane *l = lane_new(&c);
	struct lane_packet p;

	for (int64_t t = 0; t < 5 * S; t += 100) {
		if (t % (2 * MS) == 0)
			(void)lane_send(l, t, 500, NULL);
		int64_t next = lane_next_us(l);
		while (lane_take(l, t, &p))
			assert_true(next <= p.out_us);
	}
	lane_destroy(l, NULL);
}

static void next_is_the_one_that_overtakes(void **)
{
	struct lane_config c = {.rate.bit_s = 1000000, .reorder = 1, .reorder_us = 100 * MS};
	struct lane *l = lane_new(&c);

	assert_int_equal(lane_send(l, 0, 1000, (void *)1), LANE_ACCEPTED);
	take_until(l, 9 * MS);
	assert_int_equal(lane_next_us(l), 108 * MS);
	c.reorder = 0;
	assert_int_equal(lane_configure(l, 9 * MS, &c), 0);
	assert_int_equal(lane_send(l, 9 * MS, 1000, (void *)2), LANE_ACCEPTED);
	assert_int_equal(lane_next_us(l), 17 * MS);
	take_until(l, S);
	assert_int_equal(out[0].packet, 2);
	assert_int_equal(out[1].packet, 1);
	lane_destroy(l, NULL);
}

static void the_asked_share_is_reordered_and_none_lost(void **)
{
	struct lane_config c = {
	        .delay_us = 10 * MS, .reorder = 0.1, .reorder_us = 12 * MS, .seed = 5};
	struct lane *l = lane_new(&c);
	uint32_t held = 0;
	uintptr_t n = 0;

	send_evenly(l, 100, 0, 100 * S, 5 * MS, &n);
	take_until(l, 101 * S);
	assert_int_equal(out_n, n);
	for (uint32_t i = 1; i < out_n; i++)
		held += out[i].packet < out[i - 1].packet;
	assert_in_range(held, n * 8 / 100, n * 12 / 100);
	assert_in_range(lane_stats(l)->reordered, n * 9 / 100, n * 11 / 100);
	lane_destroy(l, NULL);
}

static void a_copy_comes_right_behind_and_only_the_first_says_so(void **)
{
	struct lane_config c = {.delay_us = 10 * MS, .duplicate = 0.2, .seed = 5};
	struct lane *l = lane_new(&c);
	uint32_t copies = 0;
	uintptr_t n = 0;

	send_evenly(l, 100, 0, 50 * S, 5 * MS, &n);
	take_until(l, 51 * S);
	for (uint32_t i = 0; i < out_n; i++) {
		copies += out[i].again;
		if (out[i].again) {
			assert_int_equal(out[i + 1].packet, out[i].packet);
			assert_false(out[i + 1].again);
		}
	}
	assert_int_equal(out_n, n + copies);
	assert_in_range(copies, n * 18 / 100, n * 22 / 100);
	assert_int_equal(lane_stats(l)->duplicates, copies);
	lane_destroy(l, NULL);
}

// A hash over everything that left a lane with all settings on.
static uint64_t run_hash(uint64_t seed, int64_t poll_us)
{
	struct lane_config c = {
	        .rate.bit_s = 1000000,
	        .depth_bytes = 1600,
	        .queue_us = 100 * MS,
	        .delay_us = 10 * MS,
	        .jitter_us = 5 * MS,
	        .loss = 0.05,
	        .loss_burst = 3,
	        .reorder = 0.02,
	        .reorder_us = 20 * MS,
	        .duplicate = 0.01,
	        .seed = seed};
	struct lane *l = lane_new(&c);
	uint64_t hash = 0;
	uintptr_t n = 0;

	for (int64_t t = 0; t < 20 * S; t += 5 * MS) {
		(void)lane_send(l, t, 700, (void *)n++);
		for (int64_t p = t; poll_us && p < t + 5 * MS; p += poll_us)
			while (lane_take(l, p, &out[out_n]))
				out_n++;
	}
	take_until(l, 30 * S);
	for (uint32_t i = 0; i < out_n; i++)
		hash = (hash ^ (uint64_t)(uintptr_t)out[i].packet ^ (uint64_t)out[i].out_us << 20) *
		       UINT64_C(0x100000001b3);
	lane_destroy(l, NULL);
	return hash;
}

static void a_seed_gives_the_same_run_and_another_one_another(void **)
{
	assert_int_equal(run_hash(1, 0), run_hash(1, 0));
	assert_int_not_equal(run_hash(1, 0), run_hash(2, 0));
}

// Which of 64 packets a lane loses, reorders or duplicates, or how late each is.
static uint64_t fate(struct lane_config c, uint64_t seed)
{
	uint64_t hash = 0;
	uintptr_t n = 0;

	c.seed = seed;
	struct lane *l = lane_new(&c);
	send_evenly(l, 100, 0, 64, 1, &n);
	take_until(l, S);
	for (uint32_t i = 0; i < out_n; i++)
		hash = hash * 31 + (uintptr_t)out[i].packet * 7 + (uint64_t)out[i].out_us;
	lane_destroy(l, NULL);
	return hash;
}

static void each_kind_of_chance_comes_from_the_seed(void **)
{
	const struct lane_config kinds[] = {
	        {.loss = 0.5},
	        {.loss = 0.5, .loss_burst = 3},
	        {.jitter_us = 1000},
	        {.reorder = 0.5, .reorder_us = 100},
	        {.duplicate = 0.5}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		assert_int_equal(fate(kinds[i], 1), fate(kinds[i], 1));
		assert_int_not_equal(fate(kinds[i], 1), fate(kinds[i], 2));
	}
}

static void how_often_it_is_asked_changes_nothing(void **)
{
	assert_int_equal(run_hash(1, 0), run_hash(1, 333));
	assert_int_equal(run_hash(1, 0), run_hash(1, 5 * MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(independent_loss_has_its_mean),
	        cmocka_unit_test(gilbert_elliott_has_its_mean_loss_and_mean_burst),
	        cmocka_unit_test(a_bad_state_that_loses_half_keeps_the_mean),
	        cmocka_unit_test(delay_and_jitter_keep_their_bounds_and_the_order),
	        cmocka_unit_test(next_is_never_later_than_what_comes),
	        cmocka_unit_test(next_is_the_one_that_overtakes),
	        cmocka_unit_test(the_asked_share_is_reordered_and_none_lost),
	        cmocka_unit_test(a_copy_comes_right_behind_and_only_the_first_says_so),
	        cmocka_unit_test(a_seed_gives_the_same_run_and_another_one_another),
	        cmocka_unit_test(each_kind_of_chance_comes_from_the_seed),
	        cmocka_unit_test(how_often_it_is_asked_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
