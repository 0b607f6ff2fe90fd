// Packets that arrive after viewers have continued past the gap: a viewer that requests the number
// gets the packet, or an empty one if the packet is not for it.
#include "one_publisher.h"

#include "path/feedback.h"
#include "path/forward.h"
#include "path/repeat.h"

// Sends pictures of AV1 from `first` on, with the temporal layers of L1T3: multiples of 4 are T0.
static void send_pictures(uint16_t first, uint16_t n)
{
	static const uint8_t templates[] = {1, 3, 2, 4}; // T0, T2, T1, T2

	for (uint16_t seq = first; seq < first + n; seq++)
		send_av1(1, seq, seq == 100, seq == 100 ? 0 : templates[seq % 4]);
}

// The viewer gets one temporal layer of L1T3.
static void begin_thin(void)
{
	begin();
	pub.track.params.codec = AM_CODEC_AV1;
	pub.track.params.extension_id[AM_EXT_DEPENDENCY_DESCRIPTOR] = EXT_AV1;
	selector_prefer(&viewer()->selector, 0, 0);
	send_pictures(100, 8);
	assert_int_equal(got.packets, 2);
}

// The viewer requests a number this far back, and gets this many repeats, some of which are
// fillers.
static void expect_answer(uint16_t back, uint32_t repeats, uint32_t fillers)
{
	got.repeats = got.fillers = 0;
	repeat_send(rig.worker, viewer(), (uint16_t)(viewer()->selector.seq - back));
	settle();
	assert_int_equal(got.repeats, repeats);
	assert_int_equal(got.fillers, fillers);
}

static void what_a_viewer_does_not_get_is_no_gap_for_ever(void **)
{
	begin_thin();
	send_pictures(108, 1);
	send_pictures(110, 3); // 109, of T2, is missing: it counts as T0's until it arrives
	pass(HOLD_US_MAX);
	assert_int_equal(got.packets, 4);
	assert_int_equal(got.gaps, 1);
	expect_answer(1, 0, 0);
	send_pictures(109, 1);
	assert_int_equal(got.packets, 4);
	expect_answer(1, 1, 1);
	expect_answer(0, 1, 0);
	expect_answer(2, 1, 0);
	send_pictures(113, 4);
	assert_int_equal(got.packets, 5);
	assert_int_equal(got.gaps, 1);
	end();
}

static void what_it_gets_comes_whole(void **)
{
	begin_thin();
	send_pictures(109, 4); // 108, of T0, is missing
	pass(HOLD_US_MAX);
	assert_int_equal(got.gaps, 1);
	send_pictures(108, 1);
	assert_int_equal(got.swaps, 1);
	expect_answer(1, 1, 0);
	end();
}

// A late packet does not take back the numbers that other viewers already have.
static void what_comes_late_into_a_pause_fills_nothing(void **)
{
	begin_thin();
	send_pictures(108, 1);
	pub.track.paused = true;
	send_pictures(110, 1);
	pass(HOLD_US_MAX);
	pub.track.paused = false;
	send_pictures(109, 1);
	assert_int_equal(got.packets, 3);
	expect_answer(0, 1, 0);
	end();
}

// The same holds for padding, which no viewer gets.
static void padding_that_comes_late_fills_its_gap(void **)
{
	begin_thin();
	selector_prefer(&viewer()->selector, 0, 2);
	send_pictures(108, 1);
	send_pictures(110, 3);
	pass(HOLD_US_MAX);
	assert_int_equal(got.gaps, 1);
	pub.descriptor_len = 0;
	send_payload(1, 109, (const uint8_t *)"", 0);
	expect_answer(3, 1, 1);
	end();
}

static void pass_with_feedback(int64_t us)
{
	for (int64_t end = rig.worker->now_us + us; rig.worker->now_us < end;) {
		pass(FEEDBACK_TICK_US);
		feedback_tick(rig.worker);
	}
}

// Nobody can tell whether the missing packet is required: viewers of AV1 freeze until a key frame.
static void what_never_comes_costs_a_key_frame(void **)
{
	static const struct {
		uint8_t codec;
		uint16_t key; // number of a key frame that comes meanwhile
		uint16_t late; // number of an older key frame that comes after it
		uint32_t workers; // that have viewers
		uint32_t asked;
	} rows[] = {
	        {AM_CODEC_AV1, 0, 0, 1, 1},     {AM_CODEC_AV1, 113, 0, 1, 0},
	        {AM_CODEC_AV1, 113, 108, 1, 0}, {AM_CODEC_AV1, 0, 0, 0, 0}, // no viewer freezes
	        {AM_CODEC_VP8, 0, 0, 1, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin_thin();
		uint64_t asked = counter(AM_COUNTER_plis_sent);
		if (!rows[i].late)
			send_pictures(108, 1);
		send_pictures(110, 3);
		if (rows[i].key)
			send_av1(1, rows[i].key, true, 0);
		pass(HOLD_US_MAX);
		if (rows[i].late)
			send_av1(1, rows[i].late, true, 0);
		pub.track.params.codec = rows[i].codec;
		pub.track.workers = rows[i].workers;
		pass_with_feedback(NACK_AGE_US_MAX / 2);
		assert_int_equal(counter(AM_COUNTER_plis_sent), asked);
		pass_with_feedback(NACK_AGE_US_MAX);
		assert_int_equal(counter(AM_COUNTER_plis_sent), asked + rows[i].asked);
		end();
	}
}

// The same holds for spatial layers.
static void a_layer_above_the_viewers_fills_its_gap(void **)
{
	begin();
	pub.track.params.codec = AM_CODEC_VP9;
	rig.fanouts[0]->spatial_limits = SPATIAL_LIMITS;
	selector_init(&viewer()->selector, SELECTOR_SVC, 1000, 0);
	selector_prefer(&viewer()->selector, 0, 3);
	for (uint16_t i = 0; i < 30; i++) {
		uint8_t layer = i % 3;
		if (i != 10)
			send_vp9(
			        (uint16_t)(100 + i), (uint8_t)(i / 3), i < 3,
			        (uint8_t)(layer << 1 | (layer > 0))
			);
	}
	pass(HOLD_US_MAX);
	assert_int_equal(got.packets, 10);
	assert_int_equal(got.gaps, 1);
	expect_answer(6, 0, 0);
	send_vp9(110, 3, false, 1 << 1 | 1);
	assert_int_equal(got.packets, 10);
	expect_answer(6, 1, 1);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_teardown(what_a_viewer_does_not_get_is_no_gap_for_ever, clear),
	        cmocka_unit_test_teardown(what_it_gets_comes_whole, clear),
	        cmocka_unit_test_teardown(what_comes_late_into_a_pause_fills_nothing, clear),
	        cmocka_unit_test_teardown(padding_that_comes_late_fills_its_gap, clear),
	        cmocka_unit_test_teardown(what_never_comes_costs_a_key_frame, clear),
	        cmocka_unit_test_teardown(a_layer_above_the_viewers_fills_its_gap, clear),
	};
	return cmocka_run_group_tests(tests, eal_begin, NULL);
}
