#include "encoding.h"

static void audio_starts_with_any_packet(void **)
{
	start(SELECTOR_AUDIO, 65535);
	assert_int_equal(selector_wanted_layer(&sel), SELECTOR_NONE);
	assert_true(forward(0, 0, false));
	assert_int_equal(out.seq, 65535);
	assert_int_equal(out.timestamp, 0xFFFFF000);
	tick();
	assert_true(forward(0, 0, false));
	assert_int_equal(out.seq, 0);
	assert_int_equal(out.timestamp, (uint32_t)(0xFFFFF000 + TICKS));
}

static void video_starts_with_a_key_frame_of_the_wanted_layer(void **)
{
	start(SELECTOR_VIDEO, 100);
	selector_set_active(&sel, 7);
	selector_prefer(&sel, 1, 3);
	assert_int_equal(selector_wanted_layer(&sel), 1);
	assert_false(forward(1, 0, false));
	assert_false(forward(2, 0, true));
	assert_false(forward(0, 0, true));
	assert_true(forward(1, 0, true));
	assert_int_equal(out.seq, 100);
	assert_int_equal(selector_wanted_layer(&sel), SELECTOR_NONE);
	assert_false(forward(0, 0, true));
	assert_true(forward(1, 0, false));
	assert_int_equal(out.seq, 101);
}

static void a_lower_layer_will_do_once_the_wait_is_over(void **)
{
	start(SELECTOR_VIDEO, 100);
	selector_set_active(&sel, 7);
	selector_prefer(&sel, 2, 3);
	int64_t began = now_us;
	bool forwarded = false;
	while (!forwarded) {
		assert_int_equal(
		        selector_wanted_layer(&sel),
		        now_us - began > SELECTOR_WAIT_MS * 1000 + FRAME_US ? 0 : 2
		);
		assert_false(forward(2, 0, false));
		forwarded = forward(0, 0, true);
		tick();
	}
	assert_in_range(
	        now_us - began, SELECTOR_WAIT_MS * 1000, SELECTOR_WAIT_MS * 1000 + 3 * FRAME_US
	);
	assert_int_equal(selector_wanted_layer(&sel), 2); // the better one is still wanted
	assert_true(forward(2, 0, true));
	assert_false(forward(0, 0, true));
}

static void the_target_is_an_active_layer(void **)
{
	static const struct {
		uint8_t active, preferred, target;
	} cases[] = {
	        {7, 0, 0},
	        {7, 2, 2},
	        {3, 2, 1},
	        {1, 3, 0},
	        {6, 0, 1},
	        {5, 1, 0},
	        {0, 2, SELECTOR_NONE},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		start(SELECTOR_VIDEO, 1);
		selector_set_active(&sel, cases[i].active);
		selector_prefer(&sel, cases[i].preferred, 3);
		assert_int_equal(selector_wanted_layer(&sel), cases[i].target);
	}
}

// Forward `frames` frames of all layers; a key frame of layer `key` comes with the first, before
// the other layers' frames of that instant.
static void run(int frames, int key, int expected_layer)
{
	for (int i = 0; i < frames; i++, tick()) {
		for (int n = 0; n < 3; n++) {
			int layer = (n + (key > 0 ? key : 0)) % 3;
			uint16_t seq = sel.seq;
			uint32_t timestamp = sel.timestamp;
			uint16_t picture = sel.picture & 0x7FFF;
			uint8_t tl0 = sel.tl0picidx;
			bool first = sel.epoch_count == 0;
			if (first) { // picture numbers begin as the publisher's
				picture = (uint16_t)(encodings[layer].picture_id - 1) & 0x7FFF;
				tl0 = encodings[layer].tl0picidx;
			}
			bool got = forward(layer, 0, i == 0 && layer == key);
			assert_int_equal(got, layer == expected_layer);
			if (!got)
				continue;
			assert_int_equal(out.seq, (uint16_t)(seq + 1));
			assert_int_equal(out.picture_id, (picture + 1) & 0x7FFF);
			assert_int_equal(out.tl0picidx, (uint8_t)(tl0 + 1));
			if (!first)
				assert_in_range(
				        out.timestamp - timestamp, TICKS - 100, TICKS + 100
				);
		}
	}
}

static void switches_have_no_seam_without_sender_reports(void **)
{
	start(SELECTOR_VIDEO, 65530);
	selector_set_active(&sel, 7);
	selector_prefer(&sel, 0, 3);
	run(10, 0, 0);
	selector_prefer(&sel, 2, 3);
	run(5, -1, 0); // the old layer until the key frame
	assert_int_equal(selector_wanted_layer(&sel), 2);
	run(10, 2, 2);
	selector_prefer(&sel, 1, 3);
	run(10, 1, 1);
}

static void switches_follow_the_publishers_clock_where_it_is_known(void **)
{
	start(SELECTOR_VIDEO, 1);
	selector_set_active(&sel, 7);
	selector_prefer(&sel, 0, 3);
	uint64_t ntp = UINT64_C(1000) << 32;
	for (int i = 0; i < 3; i++)
		rtp_clock_update(&encodings[i].clock, ntp, encodings[i].timestamp);
	run(10, 0, 0);
	selector_prefer(&sel, 2, 3);
	uint32_t before = sel.timestamp;
	now_us += 20000; // the network delayed the key frame
	assert_true(forward(2, 0, true));
	assert_int_equal(out.timestamp - before, TICKS);
}

// A publisher whose reports are nonsense cannot throw its viewers' clocks.
static void implausible_reports_are_not_believed(void **)
{
	start(SELECTOR_VIDEO, 1);
	selector_set_active(&sel, 7);
	selector_prefer(&sel, 0, 3);
	rtp_clock_update(&encodings[0].clock, UINT64_C(1000) << 32, encodings[0].timestamp);
	rtp_clock_update(&encodings[1].clock, UINT64_C(5000) << 32, encodings[1].timestamp);
	run(10, 0, 0);
	selector_prefer(&sel, 1, 3);
	run(10, 1, 1);
}

static void timestamps_never_stand_or_go_back_at_a_switch(void **)
{
	start(SELECTOR_VIDEO, 1);
	selector_set_active(&sel, 7);
	selector_prefer(&sel, 0, 3);
	assert_true(forward(0, 0, true));
	uint32_t before = out.timestamp;
	selector_prefer(&sel, 1, 3);
	now_us -= 5000;
	assert_true(forward(1, 0, true)); // at the same instant, or before it
	assert_int_equal(out.timestamp, before + 1);
}

static void packets_from_before_the_switch_are_dropped(void **)
{
	start(SELECTOR_VIDEO, 1);
	selector_set_active(&sel, 3);
	selector_prefer(&sel, 0, 3);
	run(3, 0, 0);
	selector_prefer(&sel, 1, 3);
	struct track_packet old_layer = frame(&encodings[0], 0, false, false);
	struct track_packet early = frame(&encodings[1], 0, false, false);
	struct track_packet key = frame(&encodings[1], 0, true, false);
	assert_true(selector_forward(&sel, &key, &out));
	assert_false(selector_forward(&sel, &early, &out));
	assert_false(selector_forward(&sel, &old_layer, &out));
}

// The first packets of a lower layer's key frame reach the viewer, and the last one is lost on its
// way to us. Then the top layer's key frame comes. The viewer must see that something is missing.
static void a_picture_that_a_switch_cuts_leaves_a_gap(void **)
{
	struct selector_source source;
	struct encoding *lower = &encodings[0];
	start(SELECTOR_VIDEO, 65533);
	selector_set_active(&sel, 3);
	selector_prefer(&sel, 0, 3);
	struct track_packet first = part(lower, 0, true, false, true, false);
	assert_true(selector_forward(&sel, &first, &out));
	struct track_packet second = part(lower, 0, false, false, false, false);
	assert_true(selector_forward(&sel, &second, &out));
	assert_int_equal(out.seq, 65534);
	uint16_t picture = out.picture_id;
	selector_prefer(&sel, 1, 3);
	assert_true(forward(1, 0, true));
	assert_int_equal(out.seq, 0);
	assert_int_equal(out.picture_id, (picture + 1) & 0x7FFF);
	assert_true(forward(1, 0, false));
	assert_int_equal(out.seq, 1);

	// The last packet comes late, and its number was left free for it.
	assert_true(selector_find(&sel, 65535, &source));
	assert_int_equal(source.layer, 0);
	struct track_packet middle = part(lower, 0, false, false, false, false);
	assert_int_equal(source.seq_at, middle.seq_at[source.limit]);
	assert_false(selector_repeat(&source, &middle, &out)); // would leave the picture unfinished
	struct track_packet end = middle;
	end.flags |= TRACK_END;
	assert_true(selector_repeat(&source, &end, &out));
	assert_int_equal(out.seq, 65535);
	assert_int_equal(out.picture_id, picture);
	assert_false(selector_forward(&sel, &end, &out));

	// The numbers around it are unchanged.
	assert_true(selector_find(&sel, 65534, &source));
	assert_true(selector_repeat(&source, &second, &out));
	assert_true(selector_find(&sel, 0, &source));
	assert_int_equal(source.layer, 1);
}

// The end came, but not the packet before it, for which a number is already reserved.
static void a_picture_with_an_end_leaves_no_other_gap(void **)
{
	start(SELECTOR_VIDEO, 1);
	selector_set_active(&sel, 3);
	selector_prefer(&sel, 0, 3);
	struct track_packet p = part(&encodings[0], 0, true, false, true, false);
	assert_true(selector_forward(&sel, &p, &out));
	struct track_packet late = part(&encodings[0], 0, false, false, false, false);
	p = part(&encodings[0], 0, false, false, false, true);
	assert_true(selector_forward(&sel, &p, &out));
	assert_int_equal(out.seq, 3);
	assert_true(selector_forward(&sel, &late, &out));
	assert_int_equal(out.seq, 2);
	selector_prefer(&sel, 1, 3);
	assert_true(forward(1, 0, true));
	assert_int_equal(out.seq, 4);
}

static void a_picture_that_a_pause_cuts_leaves_a_gap(void **)
{
	start(SELECTOR_VIDEO, 1);
	selector_set_active(&sel, 1);
	struct track_packet p = part(&encodings[0], 0, true, false, true, false);
	assert_true(selector_forward(&sel, &p, &out));
	selector_pause(&sel);
	selector_resume(&sel);
	assert_true(forward(0, 0, true));
	assert_int_equal(out.seq, 3);
}

static void late_packets_keep_their_place(void **)
{
	start(SELECTOR_VIDEO, 65534);
	assert_false(forward(0, 0, false));
	selector_set_active(&sel, 1);
	assert_true(forward(0, 0, true));
	tick();
	struct encoding *e = &encodings[0];
	struct frame_info info = {
	        .begin = true, .picture_id = e->picture_id, .picture_id_bits = 15};
	uint64_t late_seq = e->seq++;
	uint32_t late_timestamp = e->timestamp;
	e->picture_id++;
	tick();
	assert_true(forward(0, 0, false));
	assert_int_equal(out.seq, 0);
	uint16_t picture = out.picture_id;
	struct track_packet late = {.arrival_us = now_us, .timestamp = late_timestamp};
	assert_int_equal(temporal_count(&e->counter, late_seq, &info, false, &late), 0);
	assert_true(selector_forward(&sel, &late, &out));
	assert_int_equal(out.seq, 65535);
	assert_int_equal(out.picture_id, (picture - 1) & 0x7FFF);
	assert_int_equal(out.timestamp, (uint32_t)(0xFFFFF000 + TICKS));
	tick();
	assert_true(forward(0, 0, false));
	assert_int_equal(out.seq, 1);
}

static void a_pause_leaves_no_gap_and_keeps_time(void **)
{
	start(SELECTOR_VIDEO, 1);
	selector_set_active(&sel, 1);
	run(5, 0, 0);
	uint32_t timestamp = sel.timestamp;
	selector_pause(&sel);
	for (int i = 0; i < 60; i++, tick())
		assert_false(forward(0, 0, true));
	assert_int_equal(selector_wanted_layer(&sel), SELECTOR_NONE);
	selector_resume(&sel);
	assert_int_equal(selector_wanted_layer(&sel), 0);
	assert_false(forward(0, 0, false));
	uint16_t seq = sel.seq, picture = sel.picture & 0x7FFF;
	assert_true(forward(0, 0, true));
	assert_int_equal(out.seq, (uint16_t)(seq + 1));
	assert_int_equal(out.picture_id, (picture + 1) & 0x7FFF);
	assert_int_equal(out.timestamp - timestamp, 61 * TICKS);
}

static void leaving_out_temporal_layers_leaves_no_gap(void **)
{
	static const uint8_t pattern[] = {0, 2, 1, 2};
	for (uint8_t limit = 0; limit < 3; limit++) {
		start(SELECTOR_VIDEO, 65500);
		selector_set_active(&sel, 1);
		selector_prefer(&sel, 0, limit);
		uint16_t seq = 65500;
		int picture = -1;
		for (int i = 0; i < 400; i++, tick()) {
			uint8_t tid = pattern[i % 4];
			assert_int_equal(forward(0, tid, i == 0), tid <= limit);
			if (tid > limit)
				continue;
			assert_int_equal(out.seq, seq++);
			if (picture >= 0)
				assert_int_equal(out.picture_id, (picture + 1) & 0x7FFF);
			picture = out.picture_id;
		}
	}
}

static void temporal_limits_fall_at_once_and_rise_at_sync_frames(void **)
{
	start(SELECTOR_VIDEO, 1);
	selector_set_active(&sel, 1);
	assert_true(forward(0, 0, true));
	assert_true(forward(0, 2, false));
	selector_prefer(&sel, 0, 0);
	assert_false(forward(0, 2, false));
	assert_false(forward(0, 1, false));
	assert_true(forward(0, 0, false));
	assert_int_equal(out.seq, 3);

	selector_prefer(&sel, 0, 2);
	assert_false(forward(0, 1, false)); // not a sync frame
	struct track_packet p = frame(&encodings[0], 2, false, true);
	assert_false(selector_forward(&sel, &p, &out)); // one layer at a time
	p = frame(&encodings[0], 1, false, true);
	assert_true(selector_forward(&sel, &p, &out));
	assert_int_equal(out.seq, 4);
	assert_false(forward(0, 2, false));
	p = frame(&encodings[0], 2, false, true);
	assert_true(selector_forward(&sel, &p, &out));
	assert_int_equal(out.seq, 5);

	selector_prefer(&sel, 0, 0);
	assert_true(forward(0, 0, false));
	selector_prefer(&sel, 0, 3);
	assert_true(forward(0, 0, true)); // a key frame opens all layers
	assert_true(forward(0, 2, false));
	assert_int_equal(out.seq, 8);
}

static void padding_is_not_forwarded(void **)
{
	static const struct frame_info nothing;
	start(SELECTOR_VIDEO, 1);
	selector_set_active(&sel, 1);
	assert_true(forward(0, 0, true));
	struct track_packet p = {.arrival_us = now_us, .timestamp = encodings[0].timestamp};
	assert_int_equal(
	        temporal_count(&encodings[0].counter, encodings[0].seq++, &nothing, true, &p), 0
	);
	assert_false(selector_forward(&sel, &p, &out));
	assert_true(forward(0, 0, false));
	assert_int_equal(out.seq, 2);
}

// A copy that was given out, to compare with what a NACK for it finds.
struct given {
	struct track_packet packet;
	struct selector_out out;
};

// Layer switches, temporal switches, pauses and loss, at random: numbers stay continuous where
// nothing was lost, and every recent number leads back to its packet with the same numbers.
static void any_recent_number_is_found_again(void **)
{
	static struct given given[65536];
	static const uint8_t pattern[] = {0, 2, 1, 2};
	uint64_t random = hostile_seed();
	start(SELECTOR_VIDEO, 60000);
	selector_set_active(&sel, 7);
	int found = 0;
	uint16_t expected = 60000;
	int picture = -1;
	for (int i = 0; i < 40000; i++, tick()) {
		uint32_t dice = hostile_random(&random) % 400;
		if (dice == 0)
			selector_prefer(
			        &sel, hostile_random(&random) % 3, hostile_random(&random) % 4
			);
		if (dice == 1)
			selector_pause(&sel);
		if (dice == 2 || dice == 3)
			selector_resume(&sel);
		for (int layer = 0; layer < 3; layer++) {
			bool key = hostile_random(&random) % 100 == 0;
			struct track_packet p =
			        frame(&encodings[layer], key ? 0 : pattern[i % 4], key, i % 8 < 4);
			if (!selector_forward(&sel, &p, &out))
				continue;
			assert_int_equal(out.seq, expected++);
			if (picture >= 0)
				assert_int_equal(out.picture_id, (picture + 1) & 0x7FFF);
			picture = out.picture_id;
			given[out.seq] = (struct given){p, out};
		}
		struct selector_source source;
		uint16_t asked = (uint16_t)(sel.seq - hostile_random(&random) % 200);
		if (i < 2000 || !selector_find(&sel, asked, &source))
			continue;
		struct selector_out again = {0};
		const struct given *g = &given[asked];
		assert_int_equal(source.layer, g->packet.layer);
		assert_int_equal(source.seq_at, g->packet.seq_at[source.limit]);
		assert_true(selector_repeat(&source, &g->packet, &again));
		assert_memory_equal(&again, &g->out, sizeof(again.timestamp) + 5);
		found++;
	}
	assert_true(found > 10000);
}

static void numbers_never_given_out_are_not_found(void **)
{
	struct selector_source source;
	start(SELECTOR_VIDEO, 500);
	selector_set_active(&sel, 1);
	assert_false(selector_find(&sel, 499, &source));
	assert_false(selector_find(&sel, 500, &source));
	assert_true(forward(0, 0, true));
	assert_true(selector_find(&sel, 500, &source));
	assert_false(selector_find(&sel, 499, &source));
	assert_false(selector_find(&sel, 501, &source));
	selector_pause(&sel); // a second epoch, to be forgotten in time
	selector_resume(&sel);
	assert_true(forward(0, 0, true));
	for (int i = 0; i < 200000; i++) {
		assert_true(forward(0, 0, false));
		assert_true(
		        selector_find(&sel, (uint16_t)(sel.seq - (i < 1000 ? i : 1000)), &source)
		);
		assert_false(selector_find(&sel, (uint16_t)(sel.seq + 1), &source));
		assert_false(selector_find(
		        &sel, (uint16_t)(sel.seq - SELECTOR_EPOCH_SEQ_MAX - 100), &source
		));
	}
}

// A temporal limit that has changed, but gave nothing out yet, must not answer for old numbers.
static void an_epoch_without_packets_answers_nothing(void **)
{
	struct selector_source source;
	start(SELECTOR_VIDEO, 10);
	selector_set_active(&sel, 1);
	assert_true(forward(0, 0, true));
	assert_true(forward(0, 2, false));
	selector_prefer(&sel, 0, 1);
	assert_false(forward(0, 2, false));
	assert_true(selector_find(&sel, 11, &source));
	assert_int_equal(source.limit, 3);
	assert_false(selector_find(&sel, 12, &source));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(audio_starts_with_any_packet),
	        cmocka_unit_test(video_starts_with_a_key_frame_of_the_wanted_layer),
	        cmocka_unit_test(a_lower_layer_will_do_once_the_wait_is_over),
	        cmocka_unit_test(the_target_is_an_active_layer),
	        cmocka_unit_test(switches_have_no_seam_without_sender_reports),
	        cmocka_unit_test(switches_follow_the_publishers_clock_where_it_is_known),
	        cmocka_unit_test(implausible_reports_are_not_believed),
	        cmocka_unit_test(timestamps_never_stand_or_go_back_at_a_switch),
	        cmocka_unit_test(packets_from_before_the_switch_are_dropped),
	        cmocka_unit_test(a_picture_that_a_switch_cuts_leaves_a_gap),
	        cmocka_unit_test(a_picture_with_an_end_leaves_no_other_gap),
	        cmocka_unit_test(a_picture_that_a_pause_cuts_leaves_a_gap),
	        cmocka_unit_test(late_packets_keep_their_place),
	        cmocka_unit_test(a_pause_leaves_no_gap_and_keeps_time),
	        cmocka_unit_test(leaving_out_temporal_layers_leaves_no_gap),
	        cmocka_unit_test(temporal_limits_fall_at_once_and_rise_at_sync_frames),
	        cmocka_unit_test(padding_is_not_forwarded),
	        cmocka_unit_test(any_recent_number_is_found_again),
	        cmocka_unit_test(numbers_never_given_out_are_not_found),
	        cmocka_unit_test(an_epoch_without_packets_answers_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
