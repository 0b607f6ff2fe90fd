#include "model.h"

#include <errno.h>
#include <stdlib.h>

#include "test.h"

#define S       INT64_C(1000000)
#define MS      INT64_C(1000)
#define OUT_MAX 200000

// What has come out of a lane, in its order.
static struct lane_packet out[OUT_MAX];
static uint32_t out_n;

static struct lane *lane_new(const struct lane_config *config)
{
	struct lane *l = lane_create(config, 0);

	assert_non_null(l);
	out_n = 0;
	return l;
}

static void take_until(struct lane *l, int64_t until_us)
{
	int64_t next;

	while ((next = lane_next_us(l)) <= until_us)
		while (out_n < OUT_MAX && lane_take(l, next, &out[out_n]))
			out_n++;
}

// Packets of so many bytes, numbered from *n, each `every_us` from from_us until before until_us;
// what comes out by then is in `out`. Returns how many were dropped by the queue.
static uint32_t send_evenly(
        struct lane *l, uint32_t bytes, int64_t from_us, int64_t until_us, int64_t every_us,
        uintptr_t *n
)
{
	uint32_t dropped = 0;

	for (int64_t t = from_us; t < until_us; t += every_us) {
		take_until(l, t);
		dropped += lane_send(l, t, bytes, (void *)(*n)++) == LANE_DROPPED;
	}
	take_until(l, until_us);
	return dropped;
}

static uint64_t bytes_between(int64_t from_us, int64_t to_us)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < out_n; i++)
		if (out[i].out_us > from_us && out[i].out_us <= to_us)
			sum += out[i].bytes;
	return sum;
}

// Twice what the rate carries, or more, for so long.
static void overload(struct lane *l, int64_t us)
{
	uintptr_t n = 0;

	send_evenly(l, 1000, 0, us, 2 * MS, &n); // 4 Mbit/s
}

static void a_lane_of_zeros_passes_all_at_once(void **)
{
	struct lane *l = lane_new(&(struct lane_config){0});
	uintptr_t n = 0;

	assert_int_equal(lane_next_us(l), INT64_MAX);
	assert_int_equal(send_evenly(l, 1500, 0, S, 10, &n), 0);
	assert_int_equal(out_n, n);
	for (uint32_t i = 0; i < out_n; i++) {
		assert_int_equal(out[i].out_us, 10 * i);
		assert_int_equal(out[i].packet, i);
		assert_int_equal(out[i].queue_us, 0);
	}
	lane_destroy(l, NULL);
}

static void a_constant_rate_delivers_exactly_its_bytes_in_each_second(void **)
{
	struct lane_config c = {.rate.bit_s = 1000000, .queue_us = 200 * MS};
	struct lane *l = lane_new(&c);

	overload(l, 60 * S);
	for (int64_t s = 0; s < 60; s++)
		assert_int_equal(bytes_between(s * S, (s + 1) * S), 125000);
	lane_destroy(l, NULL);
}

static void a_rate_that_divides_into_no_microsecond_loses_none(void **)
{
	struct lane_config c = {.rate.bit_s = 700001, .queue_us = 200 * MS};
	struct lane *l = lane_new(&c);

	overload(l, 1000 * S);
	// 1000 s at this rate, but for the packet that is being sent
	assert_in_range(bytes_between(0, 1000 * S), 87500125 - 1000, 87500125);
	lane_destroy(l, NULL);
}

static void an_idle_serial_line_takes_the_time_of_each_packet(void **)
{
	struct lane_config c = {.rate.bit_s = 1000000};
	struct lane *l = lane_new(&c);

	assert_int_equal(lane_send(l, 5 * S, 1250, NULL), LANE_ACCEPTED);
	assert_int_equal(lane_next_us(l), 5 * S + 10 * MS);
	take_until(l, 6 * S);
	assert_int_equal(out_n, 1);
	assert_int_equal(out[0].queue_us, 10 * MS);
	lane_destroy(l, NULL);
}

static void the_bucket_lets_its_depth_through_and_no_more(void **)
{
	static const uint32_t depths[] = {1600, 6000, 12500};

	for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
		struct lane_config c = {.rate.bit_s = 1000000, .depth_bytes = depths[i]};
		struct lane *l = lane_new(&c);
		for (int burst = 0; burst < 2; burst++) { // full at first, and full again when idle
			int64_t t = burst * 10 * S;
			out_n = 0;
			for (uint32_t p = 0; p < 100; p++)
				assert_int_equal(lane_send(l, t, 500, NULL), LANE_ACCEPTED);
			take_until(l, t);
			assert_int_equal(out_n, depths[i] / 500);
			take_until(l, t + S / 10);
			// The depth and 100 ms of the rate.
			assert_int_equal(
			        bytes_between(-1, t + S / 10), (depths[i] + 12500) / 500 * 500
			);
			take_until(l, t + S);
			assert_int_equal(out_n, 100);
		}
		lane_destroy(l, NULL);
	}
}

static void a_packet_larger_than_the_bucket_still_passes(void **)
{
	struct lane_config c = {.rate.bit_s = 1000000, .depth_bytes = 100};
	struct lane *l = lane_new(&c);

	assert_int_equal(lane_send(l, 0, 1350, NULL), LANE_ACCEPTED);
	assert_int_equal(lane_next_us(l), 10 * MS);
	lane_destroy(l, NULL);
}

static void the_queue_drops_its_tail_beyond_its_bytes(void **)
{
	struct lane_config c = {.rate.bit_s = 1000000, .queue_bytes = 10000};
	struct lane *l = lane_new(&c);

	for (uintptr_t i = 0; i < 20; i++)
		assert_int_equal(
		        lane_send(l, 0, 1000, (void *)i), i < 10 ? LANE_ACCEPTED : LANE_DROPPED
		);
	assert_int_equal(lane_queue_bytes(l), 10000);
	// One goes after 8 ms: one place.
	assert_int_equal(lane_send(l, 8 * MS - 1, 1000, (void *)20), LANE_DROPPED);
	assert_int_equal(lane_send(l, 8 * MS, 1000, (void *)21), LANE_ACCEPTED);
	assert_int_equal(lane_send(l, 8 * MS, 1, (void *)22), LANE_DROPPED);
	take_until(l, S);
	assert_int_equal(out_n, 11);
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(out[i].packet, i);
	assert_int_equal(out[10].packet, 21);
	assert_int_equal(lane_stats(l)->dropped_packets, 12);
	assert_int_equal(lane_stats(l)->dropped_bytes, 11001);
	lane_destroy(l, NULL);
}

static void the_queue_in_time_is_never_longer_and_follows_the_rate(void **)
{
	static const struct rate_step steps[] = {{0, 2000000}, {10 * S, 600000}, {20 * S, 2000000}};
	struct lane_config c = {
	        .rate = {.steps = steps, .steps_n = 3}, .queue_us = 200 * MS, .delay_us = 20 * MS};
	struct lane *l = lane_new(&c);
	int64_t max[3] = {0};

	overload(l, 30 * S);
	for (uint32_t i = 0; i < out_n; i++) {
		int64_t left = out[i].out_us - 20 * MS;
		// A second after each step what came before it has left.
		if (left % (10 * S) > S && max[left / (10 * S)] < out[i].queue_us)
			max[left / (10 * S)] = out[i].queue_us;
	}
	for (int i = 0; i < 3; i++)
		assert_in_range(max[i], 180 * MS, 200 * MS);
	lane_destroy(l, NULL);
}

static void a_short_queue_in_time_has_place_for_one_packet(void **)
{
	struct lane_config c = {.rate.bit_s = 100000, .queue_us = 1 * MS};
	struct lane *l = lane_new(&c);

	assert_int_equal(lane_send(l, 0, 1500, NULL), LANE_ACCEPTED);
	assert_int_equal(lane_send(l, 0, 1, NULL), LANE_DROPPED);
	lane_destroy(l, NULL);
}

static void steps_take_effect_at_their_time(void **)
{
	static const struct rate_step steps[] = {
	        {0, 2000000}, {10 * S, 600000}, {20 * S, RATE_STALLED}, {30 * S, 1000000}};
	struct lane_config c = {.rate = {.steps = steps, .steps_n = 4}, .queue_us = 100 * MS};
	struct lane *l = lane_new(&c);

	overload(l, 40 * S);
	assert_int_equal(bytes_between(0, 10 * S), 2500000);
	assert_int_equal(bytes_between(10 * S, 20 * S), 750000);
	assert_int_equal(bytes_between(20 * S, 30 * S), 0);
	assert_int_equal(bytes_between(30 * S, 40 * S), 1250000);
	lane_destroy(l, NULL);
}

static void a_packet_that_a_step_meets_is_sent_at_both_rates(void **)
{
	static const struct rate_step steps[] = {{0, 1000000}, {4 * MS, 2000000}};
	struct lane_config c = {.rate = {.steps = steps, .steps_n = 2}};
	struct lane *l = lane_new(&c);

	assert_int_equal(lane_send(l, 0, 1000, NULL), LANE_ACCEPTED);
	assert_int_equal(lane_next_us(l), 4 * MS + 2 * MS);
	lane_destroy(l, NULL);
}

static void a_rate_changed_on_the_way_holds_from_then_on(void **)
{
	struct lane_config c = {.rate.bit_s = 1000000, .queue_us = 100 * MS};
	struct lane *l = lane_new(&c);
	uintptr_t n = 0;

	send_evenly(l, 1000, 0, 10 * S, 2 * MS, &n);
	c.rate.bit_s = 250000;
	assert_int_equal(lane_configure(l, 10 * S, &c), 0);
	send_evenly(l, 1000, 10 * S, 20 * S, 2 * MS, &n);
	assert_int_equal(bytes_between(0, 10 * S), 1250000);
	assert_in_range(bytes_between(10 * S, 20 * S), 312500 - 1000, 312500);
	c.rate.bit_s = RATE_UNLIMITED;
	assert_int_equal(lane_configure(l, 20 * S, &c), 0);
	take_until(l, 20 * S);
	assert_int_equal(lane_queue_bytes(l), 0);
	lane_destroy(l, NULL);
}

static void a_change_of_something_else_lets_the_steps_go_on(void **)
{
	static const struct rate_step steps[] = {{0, 2000000}, {10 * S, 600000}};
	struct lane_config c = {.rate = {.steps = steps, .steps_n = 2}, .queue_us = 100 * MS};
	struct lane *l = lane_new(&c);
	uintptr_t n = 0;

	send_evenly(l, 1000, 0, 5 * S, 2 * MS, &n);
	c.delay_us = 1;
	assert_int_equal(lane_configure(l, 5 * S, &c), 0);
	send_evenly(l, 1000, 5 * S, 15 * S, 2 * MS, &n);
	assert_in_range(bytes_between(11 * S, 12 * S), 74000, 76000);
	lane_destroy(l, NULL);
}

static void a_trace_carries_1500_bytes_at_each_line_and_is_cyclic(void **)
{
	static const uint32_t trace[] = {3, 3, 7, 10};
	struct lane_config c = {.rate = {.trace = trace, .trace_n = 4}};
	struct lane *l = lane_new(&c);

	for (uintptr_t i = 0; i < 4000; i++)
		assert_int_equal(lane_send(l, 0, 1500, (void *)i), LANE_ACCEPTED);
	take_until(l, 100 * S);
	assert_int_equal(out_n, 4000);
	for (uint32_t i = 0; i < out_n; i++)
		assert_int_equal(out[i].out_us, i / 4 * 10 * MS + trace[i % 4] * MS);
	lane_destroy(l, NULL);
}

static void what_nobody_uses_of_a_trace_is_lost(void **)
{
	static const uint32_t trace[] = {5, 10};
	struct lane_config c = {.rate = {.trace = trace, .trace_n = 2}};
	struct lane *l = lane_new(&c);

	assert_int_equal(lane_send(l, 7 * S + 1, 1000, NULL), LANE_ACCEPTED);
	assert_int_equal(lane_next_us(l), 7 * S + 5 * MS);
	// Small ones share a line, and the one that finds too little left waits for the next.
	for (int i = 0; i < 4; i++)
		assert_int_equal(lane_send(l, 7 * S + 1, 400, NULL), LANE_ACCEPTED);
	take_until(l, 8 * S);
	assert_int_equal(out_n, 5);
	assert_int_equal(out[1].out_us, 7 * S + 5 * MS);
	assert_int_equal(out[2].out_us, 7 * S + 10 * MS);
	assert_int_equal(out[4].out_us, 7 * S + 10 * MS);
	assert_int_equal(lane_send(l, 9 * S + 1, 1500, NULL), LANE_ACCEPTED);
	assert_int_equal(lane_next_us(l), 9 * S + 5 * MS);
	lane_destroy(l, NULL);
}

// Share that is lost of n, and the mean length of what is lost at a stretch.
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
	assert_true(burst > 1.5 && burst < 2.5); // of losses without one that passes between
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
	        .delay_us = 10 * MS,
	        .jitter_us = 5 * MS,
	        .reorder = 0.1,
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

// A sum over all that came out of a lane with everything on.
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

static void how_often_it_is_asked_changes_nothing(void **)
{
	assert_int_equal(run_hash(1, 0), run_hash(1, 333));
	assert_int_equal(run_hash(1, 0), run_hash(1, 5 * MS));
}

static void the_books_balance(void **)
{
	struct lane_config c = {
	        .rate.bit_s = 1000000,
	        .queue_us = 100 * MS,
	        .delay_us = 10 * MS,
	        .loss = 0.1,
	        .duplicate = 0.1,
	        .seed = 1};
	struct lane *l = lane_new(&c);

	overload(l, 10 * S);
	take_until(l, 20 * S);
	const struct lane_stats *s = lane_stats(l);
	assert_int_equal(s->in_packets, 5000);
	assert_int_equal(s->in_bytes, 5000000);
	assert_int_equal(s->out_packets, out_n);
	assert_true(s->dropped_packets > 1000 && s->lost_packets > 400 && s->duplicates > 100);
	assert_int_equal(
	        s->in_packets + s->duplicates, s->out_packets + s->dropped_packets + s->lost_packets
	);
	assert_int_equal(s->out_bytes, 1000 * s->out_packets);
	lane_destroy(l, NULL);
}

static uint32_t released;

static void release(void *packet)
{
	free(packet);
	released++;
}

static void destroying_gives_back_each_packet_once(void **)
{
	struct lane_config c = {
	        .rate.bit_s = 1000000, .depth_bytes = 50000, .delay_us = S, .duplicate = 0.5};
	struct lane *l = lane_new(&c);

	for (int i = 0; i < 100; i++)
		assert_int_equal(lane_send(l, 0, 1000, malloc(1)), LANE_ACCEPTED);
	released = 0;
	lane_destroy(l, release);
	assert_int_equal(released, 100);
	lane_destroy(NULL, release);
}

static void what_cannot_be_met_is_refused(void **)
{
	static const struct rate_step late[] = {{1, 1000}}, back[] = {{0, 1}, {5, 1}, {5, 2}};
	static const uint32_t empty[] = {0, 0}, falling[] = {5, 4};
	const struct lane_config cases[] = {
	        {.rate.bit_s = -2},
	        {.rate.bit_s = RATE_MAX + 1},
	        {.rate = {.steps = late, .steps_n = 1}},
	        {.rate = {.steps = back, .steps_n = 3}},
	        {.rate = {.trace = empty, .trace_n = 2}},
	        {.rate = {.trace = falling, .trace_n = 2}},
	        {.queue_us = -1},
	        {.delay_us = -1},
	        {.jitter_us = -1},
	        {.loss = -0.1},
	        {.loss = 1.1},
	        {.loss = 0.5, .loss_burst = -1},
	        {.loss = 0.5, .loss_burst = 4, .loss_bad = 0.5}, // the bad state alone for ever
	        {.loss = 0.9, .loss_burst = 2}, // two good packets between bursts are too many
	        {.reorder = 0.1},
	        {.duplicate = 2},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_null(lane_create(&cases[i], 0));
		assert_int_equal(errno, EINVAL);
	}
	struct lane *l = lane_new(&(struct lane_config){.delay_us = 5});
	assert_int_equal(lane_configure(l, 0, &cases[0]), -EINVAL);
	assert_int_equal(lane_config(l)->delay_us, 5);
	lane_destroy(l, NULL);
}

static void time_that_runs_backwards_is_taken_as_standing_still(void **)
{
	struct lane *l = lane_new(&(struct lane_config){.rate.bit_s = 1000000});

	assert_int_equal(lane_send(l, S, 1000, NULL), LANE_ACCEPTED);
	assert_int_equal(lane_send(l, S / 2, 1000, NULL), LANE_ACCEPTED);
	take_until(l, 2 * S);
	assert_int_equal(out_n, 2);
	assert_int_equal(out[1].out_us, S + 16 * MS);
	lane_destroy(l, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_lane_of_zeros_passes_all_at_once),
	        cmocka_unit_test(a_constant_rate_delivers_exactly_its_bytes_in_each_second),
	        cmocka_unit_test(a_rate_that_divides_into_no_microsecond_loses_none),
	        cmocka_unit_test(an_idle_serial_line_takes_the_time_of_each_packet),
	        cmocka_unit_test(the_bucket_lets_its_depth_through_and_no_more),
	        cmocka_unit_test(a_packet_larger_than_the_bucket_still_passes),
	        cmocka_unit_test(the_queue_drops_its_tail_beyond_its_bytes),
	        cmocka_unit_test(the_queue_in_time_is_never_longer_and_follows_the_rate),
	        cmocka_unit_test(a_short_queue_in_time_has_place_for_one_packet),
	        cmocka_unit_test(steps_take_effect_at_their_time),
	        cmocka_unit_test(a_packet_that_a_step_meets_is_sent_at_both_rates),
	        cmocka_unit_test(a_rate_changed_on_the_way_holds_from_then_on),
	        cmocka_unit_test(a_change_of_something_else_lets_the_steps_go_on),
	        cmocka_unit_test(a_trace_carries_1500_bytes_at_each_line_and_is_cyclic),
	        cmocka_unit_test(what_nobody_uses_of_a_trace_is_lost),
	        cmocka_unit_test(independent_loss_has_its_mean),
	        cmocka_unit_test(gilbert_elliott_has_its_mean_loss_and_mean_burst),
	        cmocka_unit_test(a_bad_state_that_loses_half_keeps_the_mean),
	        cmocka_unit_test(delay_and_jitter_keep_their_bounds_and_the_order),
	        cmocka_unit_test(next_is_never_later_than_what_comes),
	        cmocka_unit_test(the_asked_share_is_reordered_and_none_lost),
	        cmocka_unit_test(a_copy_comes_right_behind_and_only_the_first_says_so),
	        cmocka_unit_test(a_seed_gives_the_same_run_and_another_one_another),
	        cmocka_unit_test(how_often_it_is_asked_changes_nothing),
	        cmocka_unit_test(the_books_balance),
	        cmocka_unit_test(destroying_gives_back_each_packet_once),
	        cmocka_unit_test(what_cannot_be_met_is_refused),
	        cmocka_unit_test(time_that_runs_backwards_is_taken_as_standing_still),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
