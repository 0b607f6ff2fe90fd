#include "model.h"

#include <errno.h>
#include <stdlib.h>

#include "sender.h"

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
	// One packet leaves after 8 ms, so there is one place.
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
		// A second after each step, everything sent before it has left.
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
	// Small packets share a line; one that does not fit in the rest waits for the next line.
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
	const struct lane_stats *s = lane_stats(l);

	overload(l, 10 * S);
	assert_in_range(lane_inside_packets(l), 12, 16);
	for (int i = 0; i < 2; i++) { // with packets inside, and without
		assert_int_equal(s->in_packets, 5000);
		assert_int_equal(s->in_bytes, 5000000);
		assert_int_equal(s->out_packets, out_n);
		assert_int_equal(
		        s->in_packets + s->duplicates, s->out_packets + s->dropped_packets +
		                                               s->lost_packets +
		                                               lane_inside_packets(l)
		);
		assert_int_equal(s->out_bytes, 1000 * s->out_packets);
		take_until(l, 20 * S);
	}
	assert_int_equal(lane_inside_packets(l), 0);
	assert_true(s->dropped_packets > 1000 && s->lost_packets > 400 && s->duplicates > 100);
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
	assert_int_equal(out[1].queue_us, 16 * MS);
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
	        cmocka_unit_test(the_books_balance),
	        cmocka_unit_test(destroying_gives_back_each_packet_once),
	        cmocka_unit_test(what_cannot_be_met_is_refused),
	        cmocka_unit_test(time_that_runs_backwards_is_taken_as_standing_still),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
