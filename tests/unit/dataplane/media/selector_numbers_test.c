// Numbers that a selector gives out when packets are late or missing, and when ids have a meaning.
#include "encoding.h"

// The preferred limit changes, and then a picture's first packet comes after later pictures, whose
// numbers are already given out.
static void a_late_beginning_changes_no_limit(void **)
{
	static const struct {
		uint8_t from, to;
	} wishes[] = {{2, 0}, {2, 1}, {0, 2}};
	for (size_t i = 0; i < COUNT(wishes); i++) {
		static bool given[65536];
		memset(given, 0, sizeof(given));
		start(SELECTOR_VIDEO, 1);
		selector_set_active(&sel, 1);
		selector_prefer(&sel, 0, wishes[i].from);
		assert_true(forward(0, 0, true));
		given[out.seq] = true;
		selector_prefer(&sel, 0, wishes[i].to);
		struct track_packet late = frame(&encodings[0], 0, wishes[i].to > 0, true);
		for (int n = 0; n < 5; n++) {
			struct track_packet p =
			        part(&encodings[0], n > 2 ? 0 : 2, false, false, false, true);
			if (!selector_forward(&sel, &p, &out))
				continue;
			assert_false(given[out.seq]);
			given[out.seq] = true;
		}
		assert_true(selector_forward(&sel, &late, &out));
		assert_false(given[out.seq]);
		given[out.seq] = true;
		for (int n = 0; n < 20; n++) {
			struct track_packet p = frame(&encodings[0], n % 2 ? 2 : 0, n == 0, true);
			if (!selector_forward(&sel, &p, &out))
				continue;
			assert_false(given[out.seq]);
			given[out.seq] = true;
		}
		assert_int_equal(sel.limit, wishes[i].to); // with the next picture
	}
}

// VP9 names what a picture is predicted from by distances of ids (RFC 9628 4.2): these stay,
// whatever the viewer's first or later limit leaves out.
static void pictures_that_refer_to_ids_keep_them(void **)
{
	static const uint8_t pattern[] = {0, 2, 1, 2};
	for (uint8_t limit = 0; limit < 3; limit++) {
		start(SELECTOR_VIDEO, 65500);
		selector_set_active(&sel, 1);
		selector_prefer(&sel, 0, limit);
		uint16_t seq = 65500;
		for (int i = 0; i < 400; i++, tick()) {
			struct encoding *e = &encodings[0];
			struct frame_info info = {
			        .begin = true,
			        .key_frame = i == 0,
			        .temporal_id = pattern[i % 4],
			        .switch_up = true,
			        .picture_refs = true,
			        .picture_id = (uint16_t)(32700 + i) & 0x7FFF,
			        .picture_id_bits = 15,
			};
			struct track_packet p = {
			        .arrival_us = now_us,
			        .timestamp = e->timestamp,
			        .flags = TRACK_END};
			assert_int_equal(
			        temporal_count(&e->counter, e->seq++, &info, false, &p), 0
			);
			if (i == 200)
				selector_prefer(&sel, 0, 2);
			uint8_t now = i < 201 ? limit : 2;
			assert_int_equal(selector_forward(&sel, &p, &out), info.temporal_id <= now);
			if (info.temporal_id > now)
				continue;
			assert_int_equal(out.picture_id, info.picture_id);
			assert_int_equal(out.seq, seq++);
		}
	}
}

// Without a switching point (RFC 9628 4.2, U), a temporal layer is entered with one of its pictures
// that is predicted only from lower layers.
static void a_temporal_layer_is_entered_where_its_references_are_there(void **)
{
	static const struct {
		uint8_t temporal, refs[2];
	} pattern[] = {{0, {4}}, {2, {1}}, {1, {2}}, {2, {1, 3}}};
	start(SELECTOR_VIDEO, 1);
	selector_set_active(&sel, 1);
	selector_prefer(&sel, 0, 0);
	uint16_t seq = 1;
	for (int i = 0; i < 100; i++, tick()) {
		struct encoding *e = &encodings[0];
		struct frame_info info = {
		        .begin = true,
		        .key_frame = i == 0,
		        .temporal_id = pattern[i % 4].temporal,
		        .picture_refs = true,
		        .picture_id = (uint16_t)(32700 + i) & 0x7FFF,
		        .picture_id_bits = 15,
		        .refs = {pattern[i % 4].refs[0], pattern[i % 4].refs[1]},
		        .ref_count = i == 0                   ? 0
		                     : pattern[i % 4].refs[1] ? 2
		                                              : 1,
		};
		struct track_packet p = {
		        .arrival_us = now_us, .timestamp = e->timestamp, .flags = TRACK_END};
		assert_int_equal(temporal_count(&e->counter, e->seq++, &info, false, &p), 0);
		if (i == 40)
			selector_prefer(&sel, 0, 2);
		uint8_t limit = i < 42 ? 0 : i < 43 ? 1 : 2; // T1 is the 43rd, and T2 follows it
		assert_int_equal(selector_forward(&sel, &p, &out), info.temporal_id <= limit);
		if (info.temporal_id <= limit)
			assert_int_equal(out.seq, seq++);
	}
}

// Another encoding's pictures follow, at the same distances.
static void ids_that_are_referred_to_go_on_at_a_switch(void **)
{
	start(SELECTOR_VIDEO, 1);
	selector_set_active(&sel, 7);
	selector_prefer(&sel, 0, 3);
	uint16_t last = 0;
	for (int i = 0; i < 60; i++, tick()) {
		int layer = i < 20 ? 0 : i < 40 ? 2 : 1;
		selector_prefer(&sel, (uint8_t)layer, 3);
		struct encoding *e = &encodings[layer];
		e->picture_refs = true;
		struct track_packet p = part(e, 0, i % 20 == 0, false, true, true);
		e->picture_id = (e->picture_id + 1) & 0x7FFF; // ids of every second picture
		assert_true(selector_forward(&sel, &p, &out));
		if (i > 0)
			assert_int_equal((out.picture_id - last) & 0x7FFF, i % 20 == 0 ? 1 : 2);
		last = out.picture_id;
	}
}

// A viewer missed so much that the numbers have gone halfway round: new ones would look old to it.
static void numbers_that_have_gone_half_round_begin_again(void **)
{
	static const uint32_t missed[] = {30000, 32767, 32768, 40000, 60000, 64511, 65536, 100000};
	for (size_t i = 0; i < COUNT(missed); i++) {
		for (int kind = SELECTOR_AUDIO; kind <= SELECTOR_VIDEO; kind++) {
			start((enum selector_kind)kind, 10);
			selector_set_active(&sel, 1);
			assert_true(forward(0, 0, true));
			for (uint32_t n = 0; n < missed[i]; n++)
				(void)frame(&encodings[0], 0, false, false);
			uint16_t before = sel.seq;
			if (!forward(0, 0, false)) {
				assert_int_equal(kind, SELECTOR_VIDEO);
				assert_int_equal(selector_wanted_layer(&sel), 0);
				assert_true(forward(0, 0, true));
			}
			assert_in_range((uint16_t)(out.seq - before), 1, INT16_MAX);
			assert_true(forward(0, 0, false));
			assert_int_equal(out.seq, sel.seq);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_late_beginning_changes_no_limit),
	        cmocka_unit_test(pictures_that_refer_to_ids_keep_them),
	        cmocka_unit_test(a_temporal_layer_is_entered_where_its_references_are_there),
	        cmocka_unit_test(ids_that_are_referred_to_go_on_at_a_switch),
	        cmocka_unit_test(numbers_that_have_gone_half_round_begin_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
