// The estimate against the link model, in virtual time: RFC 8867 5.1 to 5.8, the cases of RFC
// 8869's wireless links that a relay meets, and our own goals. Delays are 50 ms one way. Unlike in
// RFC 8867, a flow is audio and video to a viewer, an encoder that follows the estimate has no
// upper limit, and only feedback goes the other way.
#include "simulation.h"

#include "test.h"

#define WAY_US (50 * MS)
#define KBIT   1000

static struct simulation sim, guests[GUESTS_MAX];
static struct tcp_short pages;

static struct simulation_config link_of(enum traffic traffic, int64_t kbit_s, int64_t queue_us)
{
	return (struct simulation_config){
	        .traffic = traffic,
	        .down =
	                {.rate.bit_s = kbit_s * KBIT,
	                 .queue_us = queue_us,
	                 .delay_us = WAY_US,
	                 .seed = 1},
	        .up = {.delay_us = WAY_US},
	};
}

// Runs for a time and measures from `from` on.
static void run(const struct simulation_config *config, int64_t from, int64_t until)
{
	simulation_start(&sim, config);
	simulation_run(&sim, from * SECOND);
	simulation_measure(&sim);
	simulation_run(&sim, until * SECOND);
	simulation_stop(&sim);
}

static int64_t layer_percent(int layer)
{
	return sim.result.layer_us[layer] * 100 / sim.result.us;
}

// Tenths of a second until the target reaches kbit_s, from `from` on; -1: not within 60 s.
static int reached(int64_t kbit_s, int64_t from)
{
	for (int i = 0; i < 600; i++) {
		simulation_run(&sim, from * SECOND + i * 100 * MS);
		if (simulation_target(&sim) >= kbit_s * KBIT)
			return i;
	}
	return -1;
}

static void two_mbit_are_used_within_5_seconds_and_stay(void **)
{
	struct simulation_config config = link_of(TRAFFIC_GREEDY, 2000, 300 * MS);
	simulation_start(&sim, &config);
	assert_in_range(reached(1800, 0), 1, 50);
	simulation_run(&sim, 10 * SECOND);
	simulation_measure(&sim);
	simulation_run(&sim, 70 * SECOND);
	simulation_stop(&sim);
	assert_true(simulation_goodput(&sim) >= 1800 * KBIT);
	assert_true(simulation_queue_ms(&sim, 95) <= 100);
	assert_true(sim.result.target_max <= 2300 * KBIT);
	assert_true(sim.result.target_min >= 1500 * KBIT);
}

static void two_mbit_carry_the_top_layer_within_6_seconds_without_a_change_after(void **)
{
	struct simulation_config config = link_of(TRAFFIC_LAYERS, 2000, 300 * MS);
	run(&config, 6, 126);
	assert_int_equal(layer_percent(3), 100);
	assert_int_equal(sim.result.ups + sim.result.downs, 0);
	assert_true(simulation_queue_ms(&sim, 95) <= 50);
}

// RFC 8867 5.1: variable available capacity with a single flow.
static void capacity_that_varies_is_followed(void **)
{
	static const struct rate_step steps[] = {
	        {0, 1000 * KBIT},
	        {40 * SECOND, 2500 * KBIT},
	        {60 * SECOND, 600 * KBIT},
	        {80 * SECOND, 1000 * KBIT},
	};
	struct simulation_config config = link_of(TRAFFIC_GREEDY, 0, 300 * MS);
	config.down.rate = (struct rate){.steps = steps, .steps_n = COUNT(steps)};
	simulation_start(&sim, &config);
	simulation_run(&sim, 5 * SECOND);
	simulation_measure(&sim);
	simulation_run(&sim, 40 * SECOND);
	assert_true(simulation_goodput(&sim) >= 850 * KBIT);
	assert_true(simulation_queue_ms(&sim, 95) <= 150);
	assert_in_range(reached(2250, 40), 1, 120);
	simulation_run(&sim, 62 * SECOND); // the drop: within 2 s, the target is below the capacity
	assert_true(simulation_target(&sim) <= 660 * KBIT);
	simulation_run(&sim, 65 * SECOND);
	simulation_measure(&sim);
	simulation_run(&sim, 80 * SECOND);
	assert_true(simulation_goodput(&sim) >= 500 * KBIT);
	assert_true(simulation_queue_ms(&sim, 95) <= 200);
	assert_in_range(reached(850, 80), 1, 180);
	simulation_stop(&sim);
}

static struct simulation *viewer(uint32_t i)
{
	return i == 0 ? &sim : &guests[i - 1];
}

static uint32_t goodput_of_all(void)
{
	uint32_t sum = 0;
	for (uint32_t i = 0; i <= sim.guests_n; i++)
		sum += simulation_goodput(viewer(i));
	return sum;
}

// A viewer's share of what arrives at all viewers, in percent.
static uint32_t percent_of(uint32_t i)
{
	return (uint32_t)((uint64_t)simulation_goodput(viewer(i)) * 100 / goodput_of_all());
}

static void shares_are_in(uint32_t least, uint32_t most)
{
	for (uint32_t i = 0; i <= sim.guests_n; i++)
		assert_in_range(percent_of(i), least, most);
}

// RFC 8867 5.2: variable available capacity with multiple flows: two on 2, 1, 1.75, 0.5 and 1 times
// 2 Mbit/s. They have the first 10 s of each step to converge. The fourth step does not limit the
// queue: after the link falls to two sevenths, it can stand full for all of the 25 s.
static void two_viewers_follow_a_link_that_varies(void **)
{
	static const struct rate_step steps[] = {
	        {0, 4000 * KBIT},           {25 * SECOND, 2000 * KBIT},  {50 * SECOND, 3500 * KBIT},
	        {75 * SECOND, 1000 * KBIT}, {100 * SECOND, 2000 * KBIT},
	};
	int full = 0;
	for (uint64_t seed = 1; seed <= 8; seed++) {
		struct simulation_config config = link_of(TRAFFIC_GREEDY, 0, 300 * MS);
		config.down.rate = (struct rate){.steps = steps, .steps_n = COUNT(steps)};
		config.down.seed = seed;
		simulation_start(&sim, &config);
		config.down.seed = seed + 100;
		simulation_join(&sim, &guests[0], &config);
		for (size_t i = 0; i < COUNT(steps); i++) {
			simulation_run(&sim, steps[i].at_us + 10 * SECOND);
			simulation_measure(&sim);
			simulation_run(&sim, steps[i].at_us + 25 * SECOND);
			assert_true(goodput_of_all() >= steps[i].bit_s * 80 / 100);
			shares_are_in(20, 80);
			full += i != 3 && simulation_queue_ms(&sim, 50) > 150;
		}
		simulation_stop(&sim);
	}
	assert_true(full <= 1); // with 1 or 2 of 24 seeds, a queue stands full after a step
}

// Viewers join one after the other, each with its own one-way delay. They share the lane, whose
// delay is the first viewer's, the shortest. The rest is added to the way back, since a sender-side
// estimate only sees the round trip.
static void
join_with(struct simulation_config *config, const int64_t *ways_ms, uint32_t n, int apart)
{
	config->down.delay_us = config->up.delay_us = ways_ms[0] * MS;
	simulation_start(&sim, config);
	for (uint32_t i = 1; i < n; i++) {
		simulation_run(&sim, (int64_t)i * apart * SECOND);
		config->up.delay_us = (2 * ways_ms[i] - ways_ms[0]) * MS;
		config->down.seed += 100;
		simulation_join(&sim, &guests[i - 1], config);
	}
}

// RFC 8867 5.4: competing media flows: three that begin 20 s apart, on 3.5 Mbit/s.
static void three_viewers_share_a_link(void **)
{
	static const int64_t ways_ms[] = {50, 50, 50};
	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct simulation_config config = link_of(TRAFFIC_GREEDY, 3500, 300 * MS);
		config.down.seed = seed;
		join_with(&config, ways_ms, COUNT(ways_ms), 20);
		simulation_run(&sim, 60 * SECOND);
		simulation_measure(&sim);
		simulation_run(&sim, 120 * SECOND);
		simulation_stop(&sim);
		assert_true(goodput_of_all() >= 3500 * KBIT * 85 / 100);
		shares_are_in(20, 55);
		assert_true(simulation_queue_ms(&sim, 95) <= 250);
	}
}

// The same for two flows that begin together, or 20 s apart.
static void two_viewers_share_a_link(void **)
{
	for (int64_t kbit_s = 1000; kbit_s <= 4000; kbit_s *= 2) {
		for (int late = 0; late <= 20; late += 20) {
			struct simulation_config config = link_of(TRAFFIC_GREEDY, kbit_s, 300 * MS);
			simulation_start(&sim, &config);
			simulation_run(&sim, late * SECOND);
			config.down.seed = 7;
			simulation_join(&sim, &guests[0], &config);
			simulation_run(&sim, (late + 20) * SECOND);
			simulation_measure(&sim);
			simulation_run(&sim, (late + 140) * SECOND);
			simulation_stop(&sim);
			assert_true(goodput_of_all() >= kbit_s * KBIT * 85 / 100);
			shares_are_in(25, 75);
			assert_true(simulation_queue_ms(&sim, 95) <= 250);
		}
	}
}

// RFC 8867 5.5: round trip time fairness on 4 Mbit/s, with encoders that follow the estimate. The
// RFC has five flows, this test two and three: with four or more, the queue can stand full for
// good, even if all delays are the same.
static void viewers_with_unlike_ways_share_a_link(void **)
{
	static const int64_t ways_ms[][3] = {{10, 150}, {10, 50, 150}};
	for (uint32_t n = 2; n <= 3; n++) {
		for (uint64_t seed = 1; seed <= 3; seed++) {
			struct simulation_config config = link_of(TRAFFIC_GREEDY, 4000, 300 * MS);
			config.down.seed = seed;
			join_with(&config, ways_ms[n - 2], n, 10);
			simulation_run(&sim, 100 * SECOND);
			simulation_measure(&sim);
			simulation_run(&sim, 250 * SECOND);
			simulation_stop(&sim);
			assert_true(goodput_of_all() >= 4000 * KBIT * 85 / 100);
			shares_are_in(60 / n, 140 / n);
			assert_true(simulation_queue_ms(&sim, 95) <= 200);
		}
	}
}

// RFC 8867 5.5 with its five flows, which send layers: 4 Mbit/s carry the middle layer of all, with
// room to spare.
static void five_viewers_with_unlike_ways_have_pictures(void **)
{
	static const int64_t ways_ms[] = {10, 25, 50, 100, 150};
	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct simulation_config config = link_of(TRAFFIC_LAYERS, 4000, 300 * MS);
		config.down.seed = seed;
		join_with(&config, ways_ms, COUNT(ways_ms), 10);
		simulation_run(&sim, 100 * SECOND);
		simulation_measure(&sim);
		simulation_run(&sim, 300 * SECOND);
		simulation_stop(&sim);
		assert_true(goodput_of_all() >= 4000 * KBIT * 65 / 100);
		shares_are_in(10, 30);
		for (uint32_t i = 0; i <= sim.guests_n; i++)
			assert_true(viewer(i)->result.layer_us[0] <= 200 * SECOND * 35 / 100);
		assert_true(simulation_queue_ms(&sim, 95) <= 150);
	}
}

// RFC 8867 5.7: short TCP flows, ten on 2 Mbit/s, which cause a new queue about every second. One
// encoder follows the estimate; with the RFC's two, the queue can stand full for good.
static void beside_pages_half_of_the_rest_is_used(void **)
{
	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct simulation_config config = link_of(TRAFFIC_GREEDY, 2000, 300 * MS);
		config.pages = &pages;
		config.down.seed = seed;
		simulation_start(&sim, &config);
		simulation_run(&sim, 20 * SECOND);
		simulation_measure(&sim);
		simulation_run(&sim, 300 * SECOND);
		simulation_stop(&sim);
		uint32_t tcp = (uint32_t)(sim.result.tcp_bytes * 8 / 280);
		assert_true(simulation_goodput(&sim) >= (2000 * KBIT - tcp) / 2);
		assert_true(simulation_queue_ms(&sim, 50) <= 60);
		assert_true(pages.files >= 200);
	}
}

// RFC 8867 5.7 with its two media flows, which send layers. They get little of the 1.7 Mbit/s that
// pages leave, and the test requires nothing of either alone, which may be without video most of
// the time.
static void pages_keep_their_way_beside_two_viewers(void **)
{
	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct simulation_config config = link_of(TRAFFIC_LAYERS, 2000, 300 * MS);
		config.pages = &pages;
		config.down.seed = seed;
		simulation_start(&sim, &config);
		config.pages = NULL;
		config.down.seed = seed + 100;
		simulation_join(&sim, &guests[0], &config);
		simulation_run(&sim, 20 * SECOND);
		simulation_measure(&sim);
		simulation_run(&sim, 300 * SECOND);
		simulation_stop(&sim);
		assert_true(goodput_of_all() >= 400 * KBIT);
		assert_true(simulation_queue_ms(&sim, 95) <= 250);
		assert_true(pages.files >= 200);
	}
}

// RFC 8867 5.6: a long TCP download, which fills any queue: the longer the queue, the smaller the
// share left for media. Over 24 seeds that was 42 to 99 % with a queue of 100 ms and 26 to 45 with
// 200; with the RFC's own queues it was 13 to 30 with 300 ms and 3 to 13 with 1000. The goal is 30
// to 70. There is no upper limit at 100 ms: with a queue of 8 packets, CUBIC may depend on its
// timeouts.
static void beside_tcp_a_share_is_left(void **)
{
	static const struct {
		int64_t queue_ms;
		uint32_t least; // percent
	} cases[] = {{100, 35}, {200, 20}, {300, 10}, {1000, 2}};
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (int64_t kbit_s = 1000; kbit_s <= 4000; kbit_s *= 2) {
			for (uint64_t seed = 1; seed <= 2; seed++) {
				struct simulation_config config =
				        link_of(TRAFFIC_GREEDY, kbit_s, cases[i].queue_ms * MS);
				config.tcp = true;
				config.down.seed = seed;
				run(&config, 30, 150);
				assert_true(simulation_share(&sim) >= cases[i].least);
				if (cases[i].queue_ms > 100)
					assert_true(simulation_share(&sim) <= 75);
				uint64_t all = sim.result.media_bytes + sim.result.tcp_bytes;
				assert_true(all * 8 / 120 >= (uint64_t)kbit_s * KBIT * 85 / 100);
			}
		}
	}
}

// RFC 8867 5.3: congested feedback link. The RFC fills it with media the other way, whose rate
// would adapt; here the link is narrow and loses packets, and only feedback has to pass.
static void a_congested_way_back_stops_nobody(void **)
{
	struct simulation_config config = link_of(TRAFFIC_LAYERS, 2000, 300 * MS);
	config.up.rate.bit_s = 40 * KBIT;
	config.up.queue_us = 300 * MS;
	config.up.loss = 0.1;
	run(&config, 15, 75);
	assert_true(layer_percent(3) >= 95);
}

// A round trip of 400 ms.
static void a_long_way_only_takes_longer(void **)
{
	struct simulation_config config = link_of(TRAFFIC_LAYERS, 2000, 300 * MS);
	config.down.delay_us = config.up.delay_us = 200 * MS;
	run(&config, 12, 72);
	assert_true(layer_percent(3) >= 95);
}

// RFC 8867 5.8: media pause and resume, with one viewer instead of three.
static void pictures_that_pause_come_back_as_they_were(void **)
{
	struct simulation_config config = link_of(TRAFFIC_LAYERS, 2000, 300 * MS);
	simulation_start(&sim, &config);
	simulation_run(&sim, 20 * SECOND);
	sim.paused = true;
	simulation_run(&sim, 60 * SECOND);
	sim.paused = false;
	simulation_measure(&sim);
	simulation_run(&sim, 90 * SECOND);
	simulation_stop(&sim);
	assert_int_equal(layer_percent(3), 100);
}

// A trap for other estimators, as measured: they begin with probes that a token bucket lets
// through, raise their estimate to 0.9–2 Mbit/s, and collapse every 10 to 15 s.
static void at_600_kbit_no_probe_brings_a_collapse(void **)
{
	static const uint32_t depths[] = {0, 1600, 6000};
	for (size_t i = 0; i < 8 * COUNT(depths); i++) {
		struct simulation_config config = link_of(TRAFFIC_LAYERS, 600, 200 * MS);
		config.middle = 330 * KBIT; // as Chromium's fake camera sends
		config.down.depth_bytes = depths[i % COUNT(depths)];
		config.down.seed = i + 1;
		run(&config, 15, 135);
		assert_int_equal(sim.result.downs, 0);
		assert_int_equal(sim.result.layer_us[3], 0);
		assert_true(layer_percent(2) >= 90);
		assert_true(sim.result.target_max <= 700 * KBIT);
		assert_true(sim.result.target_min >= 330 * KBIT);
		assert_true(simulation_queue_ms(&sim, 95) <= 100);
		assert_true(sim.result.probe_bytes * 100 <= sim.result.sent_bytes * 10);
	}
}

static void a_greedy_encoder_at_600_kbit_keeps_the_queue_short(void **)
{
	static const uint32_t depths[] = {0, 1600, 6000};
	for (size_t i = 0; i < COUNT(depths); i++) {
		struct simulation_config config = link_of(TRAFFIC_GREEDY, 600, 200 * MS);
		config.down.depth_bytes = depths[i];
		run(&config, 10, 130);
		assert_true(simulation_goodput(&sim) >= 520 * KBIT);
		assert_true(simulation_queue_ms(&sim, 95) <= 100);
	}
}

static void the_lowest_layer_stays_on_250_kbit(void **)
{
	static const uint32_t depths[] = {0, 1600, 6000};
	for (size_t i = 0; i < COUNT(depths); i++) {
		struct simulation_config config = link_of(TRAFFIC_LAYERS, 250, 200 * MS);
		config.down.depth_bytes = depths[i];
		run(&config, 10, 130);
		assert_int_equal(layer_percent(1), 100);
		assert_true(simulation_queue_ms(&sim, 95) <= 100);
	}
}

// 3 M → 600 k → 150 k → 3 M, with a middle layer that fits.
static void layers_follow_a_link_that_falls_in_2_s_and_rises_in_9(void **)
{
	static const struct rate_step steps[] = {
	        {0, 3000 * KBIT},
	        {30 * SECOND, 600 * KBIT},
	        {60 * SECOND, 150 * KBIT},
	        {90 * SECOND, 3000 * KBIT},
	};
	struct simulation_config config = link_of(TRAFFIC_LAYERS, 0, 200 * MS);
	config.down.rate = (struct rate){.steps = steps, .steps_n = COUNT(steps)};
	config.middle = 330 * KBIT;
	simulation_start(&sim, &config);
	simulation_run(&sim, 30 * SECOND);
	assert_int_equal(sim.layer, 3);
	simulation_run(&sim, 32 * SECOND);
	assert_true(sim.layer < 3);
	simulation_run(&sim, 60 * SECOND);
	assert_int_equal(sim.layer, 2);
	simulation_run(&sim, 62 * SECOND);
	assert_int_equal(sim.layer, 0);
	simulation_run(&sim, 90 * SECOND);
	assert_int_equal(sim.layer, 0);
	simulation_run(&sim, 96 * SECOND);
	assert_true(sim.layer > 0);
	simulation_run(&sim, 100 * SECOND);
	assert_int_equal(sim.layer, 3);
	simulation_stop(&sim);
}

static void random_loss_up_to_5_percent_lowers_no_layer(void **)
{
	static const int64_t links[] = {250, 800, 3000};
	for (int layer = 1; layer < LAYERS; layer++) {
		for (int percent = 1; percent <= 5; percent++) {
			struct simulation_config config =
			        link_of(TRAFFIC_LAYERS, links[layer - 1], 200 * MS);
			config.down.loss = percent / 100.0;
			config.down.seed = (uint64_t)percent;
			run(&config, 20, 80);
			assert_int_equal(layer_percent(layer), 100);
		}
	}
}

static void more_loss_takes_layers_but_not_the_lowest(void **)
{
	for (int percent = 10; percent <= 20; percent += 10) {
		for (uint64_t seed = 1; seed <= 5; seed++) {
			struct simulation_config config = link_of(TRAFFIC_LAYERS, 3000, 200 * MS);
			config.down.loss = percent / 100.0;
			config.down.seed = seed;
			run(&config, 20, 80);
			assert_true(layer_percent(0) <= 5);
			if (percent == 10)
				assert_true(layer_percent(2) + layer_percent(3) >= 90);
		}
	}
}

// RFC 8869 4.2, bottleneck in a Wi-Fi network, as far as losses come in bursts (Gilbert–Elliott).
static void losses_in_bursts_are_no_congestion(void **)
{
	struct simulation_config config = link_of(TRAFFIC_LAYERS, 3000, 200 * MS);
	config.down.loss = 0.03;
	config.down.loss_burst = 5;
	run(&config, 20, 80);
	assert_true(layer_percent(3) >= 90);
}

static void a_policer_is_heeded_though_it_delays_nothing(void **)
{
	static const uint32_t depths[] = {1600, 6000};
	for (size_t i = 0; i < COUNT(depths); i++) {
		struct simulation_config config = link_of(TRAFFIC_LAYERS, 1000, 10 * MS);
		config.down.depth_bytes = depths[i];
		run(&config, 10, 70);
		assert_int_equal(sim.result.layer_us[3], 0);
		assert_true(layer_percent(2) >= 90);
		config = link_of(TRAFFIC_LAYERS, 150, 10 * MS);
		config.down.depth_bytes = depths[i];
		run(&config, 10, 70);
		assert_true(layer_percent(0) >= 90);
	}
}

// RFC 8869 4.2, as far as wireless links have jitter.
static void jitter_of_15_ms_costs_no_layer(void **)
{
	struct simulation_config config = link_of(TRAFFIC_LAYERS, 2000, 300 * MS);
	config.down.jitter_us = 15 * MS;
	run(&config, 20, 80);
	assert_true(layer_percent(3) >= 90);
}

// proves F11
static void reordering_costs_no_layer(void **)
{
	struct simulation_config config = link_of(TRAFFIC_LAYERS, 2000, 300 * MS);
	config.down.reorder = 0.02;
	config.down.reorder_us = 15 * MS;
	config.down.duplicate = 0.01;
	run(&config, 20, 80);
	assert_true(layer_percent(3) >= 90);
}

// RFC 8869 3.1 and 3.2, cellular links under varying load and bad coverage: instead of a simulated
// cell, a random walk between 0.4 and 3 Mbit/s with a step every second.
static void a_mobile_link_is_followed(void **)
{
	static struct rate_step steps[120];
	int64_t kbit_s = 1500;
	uint64_t sum = 0, noise = 99;
	for (size_t i = 0; i < COUNT(steps); i++) {
		noise = noise * 6364136223846793005u + 1442695040888963407u;
		kbit_s = kbit_s * (80 + (int64_t)(noise >> 33) % 46) / 100;
		kbit_s = kbit_s < 400 ? 400 : kbit_s > 3000 ? 3000 : kbit_s;
		steps[i] = (struct rate_step){(int64_t)i * SECOND, kbit_s * KBIT};
		sum += i >= 10 ? (uint64_t)kbit_s : 0;
	}
	struct simulation_config config = link_of(TRAFFIC_GREEDY, 0, 300 * MS);
	config.down.rate = (struct rate){.steps = steps, .steps_n = COUNT(steps)};
	run(&config, 10, 120);
	assert_true(simulation_goodput(&sim) >= sum / 110 * KBIT * 65 / 100);
	assert_true(simulation_queue_ms(&sim, 50) <= 100);
}

// While little is sent, a stall of the link cuts the estimate to next to nothing.
static void a_cut_while_little_is_sent_is_made_good_within_5_seconds(void **)
{
	static const struct rate_step steps[] = {
	        {0, 5000 * KBIT}, {10 * SECOND, 60 * KBIT}, {11 * SECOND, 5000 * KBIT}};
	struct simulation_config config = link_of(TRAFFIC_LAYERS, 0, 500 * MS);
	config.down.rate = (struct rate){.steps = steps, .steps_n = COUNT(steps)};
	config.rate_start = 2000 * KBIT;
	config.layer_max = 1;
	simulation_start(&sim, &config);
	simulation_run(&sim, 10 * SECOND);
	simulation_measure(&sim);
	simulation_run(&sim, 12 * SECOND);
	assert_true(sim.result.target_min < 300 * KBIT);
	sim.config.layer_max = 3;
	simulation_run(&sim, 17 * SECOND);
	assert_true(simulation_target(&sim) >= 500 * KBIT);
	simulation_stop(&sim);
}

static void feedback_that_is_lost_or_shed_costs_no_layer(void **)
{
	for (int shed = 1; shed <= 4; shed *= 2) {
		struct simulation_config config = link_of(TRAFFIC_LAYERS, 2000, 300 * MS);
		config.shed = shed;
		config.up.loss = shed == 1 ? 0.3 : 0;
		run(&config, 20, 80);
		assert_true(layer_percent(3) >= 90);
	}
}

// Then probes find out little, but the layer that is sent stays.
static void feedback_of_which_one_in_eight_is_read_lowers_no_layer(void **)
{
	struct simulation_config config = link_of(TRAFFIC_LAYERS, 2000, 300 * MS);
	simulation_start(&sim, &config);
	simulation_run(&sim, 10 * SECOND);
	sim.config.shed = 8;
	simulation_measure(&sim);
	simulation_run(&sim, 70 * SECOND);
	simulation_stop(&sim);
	assert_int_equal(layer_percent(3), 100);
}

static void feedback_each_250_ms_will_do(void **)
{
	struct simulation_config config = link_of(TRAFFIC_LAYERS, 2000, 300 * MS);
	config.feedback_us = 250 * MS;
	run(&config, 15, 75);
	assert_true(layer_percent(3) >= 90);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(two_mbit_are_used_within_5_seconds_and_stay),
	        cmocka_unit_test(
	                two_mbit_carry_the_top_layer_within_6_seconds_without_a_change_after
	        ),
	        cmocka_unit_test(capacity_that_varies_is_followed),
	        cmocka_unit_test(two_viewers_follow_a_link_that_varies),
	        cmocka_unit_test(two_viewers_share_a_link),
	        cmocka_unit_test(three_viewers_share_a_link),
	        cmocka_unit_test(viewers_with_unlike_ways_share_a_link),
	        cmocka_unit_test(five_viewers_with_unlike_ways_have_pictures),
	        cmocka_unit_test(beside_tcp_a_share_is_left),
	        cmocka_unit_test(beside_pages_half_of_the_rest_is_used),
	        cmocka_unit_test(pages_keep_their_way_beside_two_viewers),
	        cmocka_unit_test(a_congested_way_back_stops_nobody),
	        cmocka_unit_test(a_long_way_only_takes_longer),
	        cmocka_unit_test(pictures_that_pause_come_back_as_they_were),
	        cmocka_unit_test(at_600_kbit_no_probe_brings_a_collapse),
	        cmocka_unit_test(a_greedy_encoder_at_600_kbit_keeps_the_queue_short),
	        cmocka_unit_test(the_lowest_layer_stays_on_250_kbit),
	        cmocka_unit_test(layers_follow_a_link_that_falls_in_2_s_and_rises_in_9),
	        cmocka_unit_test(random_loss_up_to_5_percent_lowers_no_layer),
	        cmocka_unit_test(more_loss_takes_layers_but_not_the_lowest),
	        cmocka_unit_test(losses_in_bursts_are_no_congestion),
	        cmocka_unit_test(a_policer_is_heeded_though_it_delays_nothing),
	        cmocka_unit_test(jitter_of_15_ms_costs_no_layer),
	        cmocka_unit_test(reordering_costs_no_layer),
	        cmocka_unit_test(a_mobile_link_is_followed),
	        cmocka_unit_test(a_cut_while_little_is_sent_is_made_good_within_5_seconds),
	        cmocka_unit_test(feedback_that_is_lost_or_shed_costs_no_layer),
	        cmocka_unit_test(feedback_of_which_one_in_eight_is_read_lowers_no_layer),
	        cmocka_unit_test(feedback_each_250_ms_will_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
