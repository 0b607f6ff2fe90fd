#include "media/probe.h"

#include "hostile.h"
#include "model.h"

#define MS          INT64_C(1000)
#define SECOND      INT64_C(1000000)
#define WAY_US      (50 * MS)
#define BACK_US     (50 * MS)
#define REPORT_US   (50 * MS)
#define MEDIA_BYTES 500
#define PACKETS_MAX 20000

// Sent packets, by number; reported once BACK_US have passed.
struct packet {
	int64_t sent_us;
	int64_t arrival_us; // 0: not arrived
	uint32_t bytes;
	bool told;
};

static struct probe probe;
static struct packet packets[PACKETS_MAX];
static struct lane *lane;
static uint64_t next, sent;
static int64_t now_us, media_us;
static uint32_t estimate, result;
static uint32_t goal; // bit/s, goal of the next probe; 0: its rate
static int64_t begun_us; // when the last probe began
static int probe_packets;
static int64_t probe_bytes;
static int shed, reports; // shed: one report in so many is lost; 0: none

static void start(const struct lane_config *config)
{
	now_us = media_us = 1000 * SECOND;
	next = 1;
	sent = 0;
	probe_packets = 0;
	probe_bytes = 0;
	memset(packets, 0, sizeof(packets));
	lane = lane_create(config, now_us);
	assert_non_null(lane);
	probe_init(&probe, now_us);
}

static void send_packet(uint32_t bytes)
{
	assert_true(next < PACKETS_MAX);
	packets[next] = (struct packet){.sent_us = now_us, .bytes = bytes};
	(void)!lane_send(lane, now_us, bytes, (void *)(uintptr_t)next);
	next++;
	sent += bytes;
}

static void tell(void)
{
	uint64_t top = 0;
	bool lost = shed > 0 && ++reports % shed == 0;
	for (uint64_t i = next - 1; i > 0 && top == 0; i--)
		top = packets[i].arrival_us > 0 && packets[i].arrival_us + BACK_US <= now_us ? i
		                                                                             : 0;
	for (uint64_t i = 1; i <= top; i++) {
		struct packet *p = &packets[i];
		if (p->told)
			continue;
		p->told = true;
		if (lost)
			continue;
		if (p->arrival_us > 0)
			probe_told(
			        &probe, i,
			        &(struct sent_packet
			        ){.us = p->sent_us, .bytes = (uint16_t)p->bytes},
			        p->arrival_us
			);
		else
			probe_told_lost(&probe, i);
	}
}

static void step(uint32_t media, bool can_probe)
{
	struct lane_packet out;
	while (lane_take(lane, now_us, &out))
		packets[(uintptr_t)out.packet].arrival_us = out.out_us;
	while (media > 0 && media_us <= now_us) {
		send_packet(MEDIA_BYTES);
		media_us += (int64_t)MEDIA_BYTES * 8 * SECOND / media;
	}
	if (now_us % PROBE_STEP_US == 0 && can_probe) {
		for (uint16_t bytes; (bytes = probe_packet(&probe, now_us, next, sent)) > 0;) {
			assert_in_range(bytes, PROBE_PACKET_MIN, PROBE_PACKET_MAX);
			send_packet(bytes);
			probe_packets++;
			probe_bytes += bytes;
		}
	}
	if (now_us % REPORT_US == 0)
		tell();
	now_us += MS;
}

// Two seconds of media, then a probe until it is over.
static enum probe_verdict try(uint32_t media, uint32_t rate, uint8_t lost_percent)
{
	for (int64_t until_us = now_us + 2 * SECOND; now_us < until_us;)
		step(media, false);
	begun_us = now_us;
	probe.tried = goal > 0; // and passed
	probe_start(&probe, now_us, rate, goal, lost_percent, next, sent);
	for (;;) {
		step(media, true);
		enum probe_verdict v = probe_judge(&probe, now_us, next, sent, estimate, &result);
		if (v != PROBE_OPEN)
			return v;
		assert_true(now_us < 1010 * SECOND);
	}
}

static enum probe_verdict
try_link(int64_t bit_s, uint32_t depth, int64_t queue_us, uint32_t media, uint32_t rate)
{
	const struct lane_config config = {
	        .rate.bit_s = bit_s,
	        .depth_bytes = depth,
	        .queue_us = queue_us,
	        .delay_us = WAY_US};
	start(&config);
	estimate = media;
	result = 0;
	enum probe_verdict v = try(media, rate, 0);
	lane_destroy(lane, NULL);
	return v;
}

static void a_wide_link_proves_six_sevenths_of_the_probes_rate(void **)
{
	static const uint32_t depths[] = {0, 1600, 6000};
	for (size_t i = 0; i < COUNT(depths); i++) {
		for (uint32_t rate = 400000; rate <= PROBE_RATE_MAX; rate = rate * 3 / 2) {
			assert_int_equal(
			        try_link(20000000, depths[i], 300 * MS, rate / 3, rate),
			        PROBE_PASSED
			);
			assert_in_range(result, rate * 83 / 100, rate);
		}
	}
}

// A trap for other estimators: a bucket of 6 kB lets a short probe through at any rate, so the
// estimate rises above the link, and everything collapses. Here no bucket can explain the result.
static void no_bucket_lifts_the_result_above_the_link(void **)
{
	static const uint32_t depths[] = {0, 1600, 3000, 6000};
	static const int64_t links[] = {150000, 250000, 400000, 600000, 1000000, 2000000};
	for (size_t d = 0; d < COUNT(depths); d++) {
		for (size_t l = 0; l < COUNT(links); l++) {
			for (int percent = 105; percent <= 400; percent += 15) {
				uint32_t rate = (uint32_t)(links[l] * percent / 100);
				uint32_t media = (uint32_t)links[l] * 3 / 5;
				result = 0;
				(void)try_link(links[l], depths[d], 300 * MS, media, rate);
				assert_true(result <= links[l] * 110 / 100);
			}
		}
	}
}

static void a_plain_queue_that_is_too_slow_takes_30_ms_of_a_probe(void **)
{
	assert_int_equal(try_link(600000, 0, 200 * MS, 560000, 1100000), PROBE_FAILED);
	assert_true(probe_bytes <= 1100000 / 8 * 40 / 1000);
	assert_true(now_us < 1002 * SECOND + 300 * MS);
}

static void a_full_queue_ends_a_long_probe_early(void **)
{
	enum probe_verdict v = try_link(600000, 6000, 400 * MS, 400000, 1100000);
	assert_int_equal(v, PROBE_SATURATED);
	assert_in_range(result, 500000, 612000);
	assert_true(probe_bytes < PROBE_BYTES_LONG * 3 / 5);
}

static void a_link_that_passes_all_of_a_probe_is_open(void **)
{
	assert_int_equal(try_link(3000000, 0, 200 * MS, 300000, 600000), PROBE_PASSED);
	assert_true(probe.open);
	assert_int_equal(try_link(600000, 0, 200 * MS, 400000, 1100000), PROBE_PASSED);
	assert_false(probe.open);
	assert_int_equal(try_link(600000, 0, 200 * MS, 560000, 1100000), PROBE_FAILED);
	assert_false(probe.open);
}

static void a_policer_shows_by_its_losses(void **)
{
	static const uint32_t depths[] = {1600, 6000};
	for (size_t i = 0; i < COUNT(depths); i++) {
		enum probe_verdict v = try_link(600000, depths[i], 10 * MS, 400000, 1200000);
		assert_true(v == PROBE_FAILED || result <= 612000);
	}
}

static void loss_that_was_there_before_is_not_held_against_it(void **)
{
	const struct lane_config config = {.delay_us = WAY_US, .loss = 0.1, .seed = 3};
	start(&config);
	estimate = 300000;
	enum probe_verdict v = try(300000, 1000000, 10);
	lane_destroy(lane, NULL);
	assert_int_equal(v, PROBE_PASSED);
	assert_in_range(result, 800000, 1000000);
	uint32_t forgiven = result;
	start(&config);
	v = try(300000, 1000000, 0);
	lane_destroy(lane, NULL);
	assert_int_equal(v, PROBE_PASSED);
	assert_true(result < forgiven * 93 / 100);
}

static void less_than_80_percent_is_no_result(void **)
{
	for (uint64_t seed = 1; seed < 20; seed++) {
		const struct lane_config config = {.delay_us = WAY_US, .loss = 0.35, .seed = seed};
		start(&config);
		enum probe_verdict v = try(300000, 1000000, 0);
		lane_destroy(lane, NULL);
		assert_int_equal(v, PROBE_FAILED);
	}
}

static void jitter_does_not_pass_for_a_queue(void **)
{
	int proven = 0;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		const struct lane_config config = {
		        .delay_us = WAY_US,
		        .jitter_us = 20 * MS,
		        .rate.bit_s = 5000000,
		        .seed = seed};
		start(&config);
		estimate = 500000;
		enum probe_verdict v = try(500000, 1000000, 0);
		proven += v != PROBE_FAILED && result >= 800000;
		lane_destroy(lane, NULL);
	}
	assert_true(proven >= 75);
}

static void without_anything_to_send_it_fails_without_a_trace(void **)
{
	const struct lane_config config = {.delay_us = WAY_US};
	start(&config);
	probe_start(&probe, now_us, 1000000, 0, 0, next, sent);
	for (int i = 0; i < 2000; i++) {
		step(0, false);
		if (probe_judge(&probe, now_us, next, sent, 600000, &result) == PROBE_FAILED) {
			lane_destroy(lane, NULL);
			return;
		}
	}
	fail();
}

static void without_feedback_there_is_no_result(void **)
{
	const struct lane_config config = {.rate.bit_s = RATE_STALLED, .delay_us = WAY_US};
	start(&config);
	enum probe_verdict v = try(0, 1000000, 0);
	lane_destroy(lane, NULL);
	assert_int_equal(v, PROBE_UNTOLD);
}

// One message in three is not read: the packets in it do not count as lost.
static void feedback_that_is_shed_is_no_loss(void **)
{
	const struct lane_config config = {.rate.bit_s = 5000000, .delay_us = WAY_US};
	start(&config);
	estimate = 500000;
	shed = 3;
	enum probe_verdict v = try(500000, 1000000, 0);
	shed = 0;
	lane_destroy(lane, NULL);
	assert_int_equal(v, PROBE_PASSED);
	assert_in_range(result, 750000, 1000000);
}

static void the_short_part_is_five_packets_at_least(void **)
{
	for (uint32_t rate = 60000; rate < PROBE_RATE_MAX; rate = rate * 3 / 2) {
		const struct lane_config config = {.delay_us = WAY_US};
		start(&config);
		probe_start(&probe, now_us, rate, 0, 0, next, sent);
		int64_t begin_us = now_us;
		while (probe.sending)
			step(0, true);
		assert_true(probe_packets >= PROBE_PACKETS_MIN);
		if (rate > 300000)
			assert_in_range(now_us - begin_us, 24 * MS, 34 * MS);
		lane_destroy(lane, NULL);
	}
}

static void goals_keep_to_the_estimate_and_6_mbit(void **)
{
	probe_init(&probe, 0);
	assert_int_equal(probe_rate(&probe, 1000000, 1000000, 300000), 900000); // the first
	probe.open = false;
	assert_int_equal(probe_rate(&probe, 1000000, 1000000, 900000), 1200000);
	assert_int_equal(probe_rate(&probe, 1000000, 1000000, 300000), 600000);
	assert_int_equal(probe_rate(&probe, 20000000, 20000000, 5000000), PROBE_RATE_MAX);
	assert_int_equal(probe_rate(&probe, UINT32_MAX, UINT32_MAX, UINT32_MAX), PROBE_RATE_MAX);
	assert_int_equal(probe_rate(&probe, 0, 0, 300000), 0);
}

// A probe that passed as a whole shows another link: the next one tries all that is of use, and
// lasts only until the goal is proven.
static void after_one_that_passed_the_next_is_bold(void **)
{
	probe_init(&probe, 0);
	probe.tried = true;
	assert_int_equal(probe_rate(&probe, 160000, 2000000, 130000), 390000);
	assert_int_equal(probe_rate(&probe, 160000, 2000000, 1000000), 2400000);
	assert_int_equal(probe_rate(&probe, 0, 2000000, 130000), 0); // no wish
	probe.open = false;
	assert_int_equal(probe_rate(&probe, 160000, 2000000, 130000), 200000);
	// For a low goal, 40 kbit/s more is much, but such a probe is not bold: its failures count.
	probe_start(&probe, 0, probe_rate(&probe, 60000, 2000000, 60000), 60000, 0, 1, 0);
	assert_false(probe.bold);

	goal = 160000;
	assert_int_equal(try_link(3000000, 0, 200 * MS, 100000, 390000), PROBE_PASSED);
	assert_in_range(result, 270000, 300000);
	assert_in_range(now_us - begun_us, 500 * MS, 800 * MS);
	goal = 0;
	assert_int_equal(try_link(3000000, 0, 200 * MS, 100000, 390000), PROBE_PASSED);
	assert_in_range(now_us - begun_us, 1200 * MS, 1500 * MS);
}

static void a_bucket_does_not_fool_a_bold_one(void **)
{
	for (uint32_t depth = 0; depth <= 6000; depth += 500) {
		for (int64_t bit_s = 150000; bit_s < 390000; bit_s += 20000) {
			goal = 160000;
			(void)try_link(bit_s, depth, 200 * MS, 100000, 390000);
			assert_true(result <= bit_s * 105 / 100);
		}
	}
	goal = 0;
}

// A bucket may have carried some of the long part's bytes, which are many at low rates.
static void the_goal_can_be_proven(void **)
{
	for (uint32_t of = 70000; of < 500000; of += 10000) {
		uint32_t rate = probe_rate(&probe, of, of, of);
		assert_int_equal(try_link(20000000, 0, 300 * MS, 64000, rate), PROBE_PASSED);
		assert_true(result >= of);
	}
}

// A link that was full in a fade is probed like any other once it is known to carry more.
static void a_full_link_is_asked_gently_while_it_is_the_same(void **)
{
	probe_init(&probe, 0);
	probe.open = false;
	probe.ceiling = 200; // kbit/s
	assert_int_equal(probe_rate(&probe, 1000000, 1000000, 190000), 260000);
	assert_int_equal(probe_rate(&probe, 1000000, 1000000, 300000), 600000);
}

static void pauses_grow_with_failures(void **)
{
	int64_t now = 1000 * SECOND, pause = 0;
	probe_init(&probe, now);
	probe_wish(&probe, now, true);
	assert_int_equal(probe.due_us, now); // the first
	probe.tried = true;
	probe_wish(&probe, now, false);
	probe_wish(&probe, now, true);
	assert_int_equal(probe.due_us, now + PROBE_FIRST_US);
	for (int i = 0; i < 20; i++) {
		probe.state = PROBE_LONG;
		probe_finish(&probe, now, PROBE_IN_VAIN);
		assert_true(probe.due_us - now >= pause);
		pause = probe.due_us - now;
		if (i == 0)
			assert_int_equal(pause, PROBE_PAUSE_US);
		if (i == 1)
			assert_int_equal(pause, PROBE_PAUSE_US / 2 * 3);
	}
	assert_int_equal(pause, PROBE_PAUSE_US_MAX);
	for (int i = 0; i < 3; i++) {
		probe.state = PROBE_SHORT; // costs little, so it may come again soon
		probe_finish(&probe, now, PROBE_IN_VAIN);
		assert_int_equal(probe.due_us, now + PROBE_PAUSE_US_SHORT);
	}
	probe_finish(&probe, now, PROBE_NEARER);
	assert_int_equal(probe.due_us, now + PROBE_AGAIN_US);
	probe_finish(&probe, now, PROBE_REACHED);
	assert_int_equal(probe.due_us, now + PROBE_PAUSE_US);
	probe_hurry(&probe, now + 5);
	assert_int_equal(probe.due_us, now + 5);
	probe_hurry(&probe, now + 500);
	assert_int_equal(probe.due_us, now + 5);
}

// Impossible times and sizes.
static void absurd_reports_stay_numbers(void **)
{
	uint64_t random = hostile_seed();
	for (int round = 0; round < 2000; round++) {
		probe_init(&probe, 0);
		probe_start(
		        &probe, 0, 1 + hostile_random(&random) % 10000000, round % 2 * 200000, 0,
		        100, 0
		);
		uint64_t number = 100, bytes = 0;
		for (int64_t us = 0; us < 5 * SECOND; us += 20 * MS) {
			uint16_t packet = probe_packet(&probe, us, number, bytes);
			number += packet > 0;
			bytes += packet;
			int64_t arrival_us = (int64_t)hostile_random(&random) - (INT64_C(1) << 31);
			if (round % 2 == 0)
				arrival_us *= 4000000;
			uint64_t told = number + hostile_random(&random) % 5 - 4;
			const struct sent_packet p = {.us = us - 100 * MS, .bytes = 1200};
			probe_told(&probe, told, &p, arrival_us);
			uint32_t rate = 0;
			if (probe_judge(&probe, us, number, bytes, 600000, &rate) != PROBE_OPEN)
				break;
			assert_true(probe.rate <= PROBE_RATE_MAX);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_wide_link_proves_six_sevenths_of_the_probes_rate),
	        cmocka_unit_test(no_bucket_lifts_the_result_above_the_link),
	        cmocka_unit_test(a_plain_queue_that_is_too_slow_takes_30_ms_of_a_probe),
	        cmocka_unit_test(a_full_queue_ends_a_long_probe_early),
	        cmocka_unit_test(a_link_that_passes_all_of_a_probe_is_open),
	        cmocka_unit_test(a_policer_shows_by_its_losses),
	        cmocka_unit_test(loss_that_was_there_before_is_not_held_against_it),
	        cmocka_unit_test(less_than_80_percent_is_no_result),
	        cmocka_unit_test(jitter_does_not_pass_for_a_queue),
	        cmocka_unit_test(without_anything_to_send_it_fails_without_a_trace),
	        cmocka_unit_test(without_feedback_there_is_no_result),
	        cmocka_unit_test(feedback_that_is_shed_is_no_loss),
	        cmocka_unit_test(the_short_part_is_five_packets_at_least),
	        cmocka_unit_test(goals_keep_to_the_estimate_and_6_mbit),
	        cmocka_unit_test(after_one_that_passed_the_next_is_bold),
	        cmocka_unit_test(a_bucket_does_not_fool_a_bold_one),
	        cmocka_unit_test(the_goal_can_be_proven),
	        cmocka_unit_test(a_full_link_is_asked_gently_while_it_is_the_same),
	        cmocka_unit_test(pauses_grow_with_failures),
	        cmocka_unit_test(absurd_reports_stay_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
