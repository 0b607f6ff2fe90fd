// What a webinar's viewer sees on links that change, in virtual time and over many seeds. Times and
// shares are means, since a single run may be unlucky.
#include "viewing.h"

#include "test.h"

#define SECOND INT64_C(1000000)
#define MS     INT64_C(1000)
#define KBIT   INT64_C(1000)
#define SEEDS  40

static struct viewing viewing;

struct means {
	double pictures, frozen_s, queue_ms, changes; // of the last minute
	double kbit_s; // the estimate 2 s after the link has opened again
	double top_s; // from then until the top encoding is shown
};

static double seconds_until_top(int64_t from_us, int64_t until_us)
{
	for (int64_t us = from_us + 2 * SECOND; us < until_us; us += 100 * MS) {
		viewing_run(&viewing, us);
		if (viewing.encoding == viewing_top(&viewing))
			return (double)(us - from_us) / (double)SECOND;
	}
	return (double)(until_us - from_us) / (double)SECOND;
}

// Watches for 20 s, then for a minute that is measured. opened_us: when the link has opened again,
// or 0. moves_us: when the shared screen begins to move, or 0 for a camera.
static struct means
watch(const struct rate_step *steps, uint32_t n, uint32_t depth, int64_t opened_us,
      int64_t moves_us)
{
	struct means m = {0};

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		const struct viewing_config config = {
		        .seed = seed,
		        .down =
		                {.rate = {.steps = steps, .steps_n = n},
		                 .queue_us = 200 * MS,
		                 .depth_bytes = depth,
		                 .seed = seed},
		        .up = {.delay_us = MS},
		        .moves_us = moves_us,
		};
		viewing_start(&viewing, &config);
		viewing_run(&viewing, 20 * SECOND);
		viewing_measure(&viewing);
		if (opened_us > 0) {
			viewing_run(&viewing, opened_us + 2 * SECOND);
			m.kbit_s += downlink_target(&viewing.d, viewing.now_us) / 1000.0 / SEEDS;
			m.top_s += seconds_until_top(opened_us, 80 * SECOND) / SEEDS;
		}
		viewing_run(&viewing, 80 * SECOND);
		const struct viewing_result *r = &viewing.result;
		for (int e = 0; e < VIEWING_ENCODINGS; e++)
			m.pictures += r->pictures[e] / 60.0 / SEEDS;
		m.frozen_s += (double)r->frozen_us / (double)SECOND / SEEDS;
		m.queue_ms += (double)viewing_queue_ms(&viewing, 95) / SEEDS;
		m.changes += (double)r->changes / SEEDS;
		viewing_stop(&viewing);
	}
	return m;
}

static void at_600_kbit_360p_flows_and_nothing_swings(void **)
{
	static const struct rate_step steps[] = {{0, 0}, {20 * SECOND, 600 * KBIT}};
	static const uint32_t depths[] = {0, 1600, 6000};

	for (size_t i = 0; i < COUNT(depths); i++) {
		struct means m = watch(steps, 2, depths[i], 0, 0);
		assert_true(m.pictures >= 19);
		assert_true(m.frozen_s <= 2);
		assert_true(m.queue_ms <= 80);
		assert_true(m.changes <= 2);
	}
}

// 3 M → 600 k → 150 k → 3 M.
static void a_link_that_opens_again_is_used_within_7_s(void **)
{
	static const struct rate_step steps[] = {
	        {0, 3000 * KBIT},
	        {20 * SECOND, 600 * KBIT},
	        {35 * SECOND, 150 * KBIT},
	        {50 * SECOND, 3000 * KBIT},
	};
	struct means m = watch(steps, 4, 0, 50 * SECOND, 0);
	assert_true(m.top_s <= 7);
	assert_true(m.frozen_s <= 8);
}

static void a_narrow_link_that_opens_is_used_soon(void **)
{
	static const int64_t narrow[] = {250, 600};

	for (size_t i = 0; i < COUNT(narrow); i++) {
		const struct rate_step steps[] = {
		        {0, narrow[i] * KBIT}, {50 * SECOND, 3000 * KBIT}};
		struct means m = watch(steps, 2, 0, 50 * SECOND, 0);
		assert_true(m.top_s <= 6);
		assert_true(m.frozen_s <= 1);
	}
}

// Until then, the screen's page is turned every few seconds, in one large picture.
static void a_shared_screen_moves_soon_after_an_opening(void **)
{
	static const struct rate_step steps[] = {{0, 500 * KBIT}, {50 * SECOND, 3000 * KBIT}};
	struct means m = watch(steps, 2, 0, 50 * SECOND, 50 * SECOND);
	assert_true(m.top_s <= 3.5);
}

// A second in which next to nothing passes, as in a lift.
static void a_fade_costs_a_few_seconds(void **)
{
	static const struct rate_step steps[] = {
	        {0, 3000 * KBIT},
	        {30 * SECOND, 200 * KBIT},
	        {31 * SECOND, 3000 * KBIT},
	};
	struct means m = watch(steps, 3, 0, 31 * SECOND, 0);
	assert_true(m.kbit_s >= 300);
	assert_true(m.top_s <= 8);
	assert_true(m.frozen_s <= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(at_600_kbit_360p_flows_and_nothing_swings),
	        cmocka_unit_test(a_link_that_opens_again_is_used_within_7_s),
	        cmocka_unit_test(a_narrow_link_that_opens_is_used_soon),
	        cmocka_unit_test(a_shared_screen_moves_soon_after_an_opening),
	        cmocka_unit_test(a_fade_costs_a_few_seconds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
