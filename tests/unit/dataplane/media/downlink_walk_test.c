// The estimate on links whose rate walks at random, and with viewers that lie: it stays a number,
// and at most 1.5 × what was really sent.
#include "simulation.h"

#include "hostile.h"
#include "am_reader.h"

#define WAY_US      (50 * MS)
#define SEEDS       1000
#define SECONDS     12
#define STEPS       (SECONDS * 2)
#define RTCP_HEADER 12

static struct simulation sim;

// At most 1.5 × what was sent in any 300 ms, plus 10 kbit/s, or the rate of a probe, even a short
// one.
static void check_bound(const struct simulation *s)
{
	uint32_t target = simulation_target(s);
	uint64_t start = s->config.rate_start > 0 ? s->config.rate_start : DOWNLINK_RATE_START;
	uint64_t most = (uint64_t)s->sent_peak * 3 / 2 + DELAY_HEADROOM;
	assert_true(target >= DELAY_RATE_MIN);
	most = most > s->burst_peak ? most : s->burst_peak;
	assert_true(target <= (most > start ? most : start));
	assert_true(s->d.delay.rate >= DELAY_RATE_MIN && s->d.delay.rate <= DELAY_RATE_MAX);
	assert_true(s->d.delay.threshold_ms >= 6 && s->d.delay.threshold_ms <= 600);
	assert_true(loss_share(&s->d.loss) >= 0 && loss_share(&s->d.loss) <= 1);
}

static void run_checked(const struct simulation_config *config, int seconds)
{
	simulation_start(&sim, config);
	for (int i = 1; i <= seconds * 20; i++) {
		simulation_run(&sim, i * 50 * MS);
		check_bound(&sim);
	}
	simulation_stop(&sim);
}

static void walk(uint64_t seed)
{
	static const uint32_t depths[] = {0, 1600, 6000, 20000};
	struct rate_step steps[STEPS];
	uint64_t noise = seed * 0x9E3779B97F4A7C15u | 1;
	int64_t kbit_s = 100 + hostile_random(&noise) % 4000;
	for (int i = 0; i < STEPS; i++) {
		steps[i] = (struct rate_step){i * SECOND / 2, kbit_s * 1000};
		kbit_s = kbit_s * (60 + hostile_random(&noise) % 100) / 100;
		kbit_s = kbit_s < 30 ? 30 : kbit_s > 8000 ? 8000 : kbit_s;
		if (hostile_random(&noise) % 20 == 0)
			steps[i].bit_s = RATE_STALLED;
	}
	struct simulation_config config = {
	        .traffic = hostile_random(&noise) % 3 == 0 ? TRAFFIC_GREEDY : TRAFFIC_LAYERS,
	        .down =
	                {
	                        .rate = {.steps = steps, .steps_n = STEPS},
	                        .depth_bytes = depths[hostile_random(&noise) % COUNT(depths)],
	                        .queue_us = (20 + hostile_random(&noise) % 500) * MS,
	                        .delay_us = (1 + hostile_random(&noise) % 200) * MS,
	                        .jitter_us = hostile_random(&noise) % 3 == 0 ? 20 * MS : 0,
	                        .loss = hostile_random(&noise) % 3 == 0 ? 0.1 : 0,
	                        .reorder = hostile_random(&noise) % 4 == 0 ? 0.02 : 0,
	                        .reorder_us = 20 * MS,
	                        .duplicate = hostile_random(&noise) % 4 == 0 ? 0.01 : 0,
	                        .seed = seed,
	                },
	        .up = {.delay_us = WAY_US,
	               .loss = hostile_random(&noise) % 4 == 0 ? 0.2 : 0,
	               .seed = seed},
	        .number = (uint16_t)hostile_random(&noise),
	        .start_us = (int64_t)hostile_random(&noise) * 1000,
	        .viewer_clock_us = (int64_t)hostile_random(&noise) * 1000,
	        .shed = hostile_random(&noise) % 5 == 0 ? 8 : 0,
	};
	run_checked(&config, SECONDS);
}

static void a_thousand_walks_stay_within_the_bound(void **)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		walk(seed);
}

// Claims that every packet came, and all at once.
static size_t all_came_at_once(struct simulation *s, uint8_t *rtcp, size_t len, size_t size)
{
	uint16_t top = (uint16_t)s->twcc.top;
	(void)size;
	(void)len;
	rtcp[0] = 0x8F;
	am_put_u16(rtcp + 12, (uint16_t)(top - 199));
	am_put_u16(rtcp + 14, 200);
	am_put_u24(rtcp + 16, (uint32_t)((s->now_us + s->config.viewer_clock_us) / 64000));
	am_put_u16(rtcp + 20, 0x2000 | 200);
	memset(rtcp + 22, 0, 200);
	return 222;
}

// Claims that packets came that have not even been sent.
static size_t the_future_came(struct simulation *s, uint8_t *rtcp, size_t len, size_t size)
{
	(void)all_came_at_once(s, rtcp, len, size);
	am_put_u16(rtcp + 12, (uint16_t)(s->d.sent.next - 100));
	return 222;
}

// Claims that packets come ever earlier, as if the queue always drained.
static size_t ever_earlier(struct simulation *s, uint8_t *rtcp, size_t len, size_t size)
{
	(void)size;
	int64_t saved_us = (s->now_us - s->config.start_us) / 10;
	uint32_t reference = (uint32_t)rtcp[16] << 16 | (uint32_t)rtcp[17] << 8 | rtcp[18];
	am_put_u24(rtcp + 16, (reference - (uint32_t)(saved_us / 64000)) & 0xFFFFFF);
	return len;
}

// Its clock runs at half speed, so twice as much seems to arrive per second.
static size_t slow_clock(struct simulation *s, uint8_t *rtcp, size_t len, size_t size)
{
	(void)size;
	int64_t now_us = s->now_us - s->config.start_us;
	uint16_t n = (uint16_t)(rtcp[14] << 8 | rtcp[15]);
	if (n > 250)
		return 0;
	int64_t slow_us = s->config.start_us + s->config.viewer_clock_us + now_us / 2;
	am_put_u24(rtcp + 16, (uint32_t)(slow_us / 64000) & 0xFFFFFF);
	am_put_u16(rtcp + 20, (uint16_t)(0x2000 | n));
	memset(rtcp + 22, 0, n);
	rtcp[22] = (uint8_t)(slow_us % 64000 / 250);
	rtcp[0] = 0x8F;
	(void)len;
	return 22u + n;
}

static size_t from_the_future(struct simulation *s, uint8_t *rtcp, size_t len, size_t size)
{
	(void)size;
	am_put_u24(rtcp + 16, hostile_random(&s->noise) & 0xFFFFFF);
	return len;
}

// Repeats the same feedback again and again.
static size_t again(struct simulation *s, uint8_t *rtcp, size_t len, size_t size)
{
	static uint8_t first[1200];
	static size_t first_len;
	if (s->now_us - s->config.start_us < SECOND || first_len == 0) {
		memcpy(first, rtcp, len);
		first_len = len;
	}
	(void)size;
	if (hostile_random(&s->noise) % 2 == 0)
		return len;
	memcpy(rtcp, first, first_len);
	return first_len;
}

static size_t noise(struct simulation *s, uint8_t *rtcp, size_t len, size_t size)
{
	(void)size;
	for (size_t i = RTCP_HEADER; i < len; i++) {
		if (hostile_random(&s->noise) % 8 == 0)
			rtcp[i] = (uint8_t)hostile_random(&s->noise);
	}
	rtcp[0] = 0x8F;
	return len;
}

static const feedback_hook lies[] = {
        all_came_at_once, the_future_came, ever_earlier, slow_clock, from_the_future, again, noise,
};

static void lying_feedback_lifts_nothing_above_the_bound(void **)
{
	for (size_t i = 0; i < COUNT(lies); i++) {
		for (uint64_t seed = 1; seed <= 5; seed++) {
			struct simulation_config config = {
			        .traffic = seed % 2 == 0 ? TRAFFIC_LAYERS : TRAFFIC_GREEDY,
			        .down =
			                {
			                        .rate.bit_s = 500000 * (int64_t)seed,
			                        .queue_us = 200 * MS,
			                        .delay_us = WAY_US,
			                        .seed = seed,
			                },
			        .up = {.delay_us = WAY_US},
			        .viewer_clock_us = 3600 * SECOND,
			        .greedy_max = 1000000,
			        .hook = lies[i],
			};
			run_checked(&config, 60);
		}
	}
}

// If the viewer claims that all came at twice the rate at which it was sent, the estimate follows
// the latter.
static void acked_is_never_more_than_was_sent(void **)
{
	struct simulation_config config = {
	        .traffic = TRAFFIC_GREEDY,
	        .greedy_max = 300000,
	        .rate_start = 300000,
	        .down = {.delay_us = WAY_US},
	        .up = {.delay_us = WAY_US},
	        .viewer_clock_us = 3600 * SECOND,
	        .hook = slow_clock,
	};
	simulation_start(&sim, &config);
	for (int i = 0; i < 600; i++) {
		simulation_run(&sim, i * 100 * MS);
		sim.d.want = 0; // no probes
		uint32_t most = sim.sent_peak / 2 * 3 + DELAY_HEADROOM;
		assert_true(simulation_target(&sim) <= (most > 300000 ? most : 300000));
	}
	simulation_stop(&sim);
	assert_true(simulation_target(&sim) < 700000);
	assert_true(simulation_target(&sim) > 300000);
}

static void a_viewer_that_never_answers_ends_at_the_least(void **)
{
	struct simulation_config config = {
	        .traffic = TRAFFIC_LAYERS,
	        .down = {.delay_us = WAY_US},
	        .up = {.delay_us = WAY_US},
	        .silent = true,
	};
	run_checked(&config, 120);
	assert_true(simulation_target(&sim) <= 40000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_thousand_walks_stay_within_the_bound),
	        cmocka_unit_test(lying_feedback_lifts_nothing_above_the_bound),
	        cmocka_unit_test(acked_is_never_more_than_was_sent),
	        cmocka_unit_test(a_viewer_that_never_answers_ends_at_the_least),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
