// A stream of spatial layers (VP9, RFC 9628) on its way through the counters and a viewer's
// selector.
#include "media/codec.h"
#include "media/selector.h"
#include "media/temporal.h"
#include "wire/sequence.h"

#include "hostile.h"

#define LAYERS   3
#define PACKETS  2 // in each spatial layer of a picture
#define FRAME_US 33333
#define TICKS    3000

static struct layer_counter counters[SPATIAL_LIMITS];
static struct selector sel;
static struct selector_out out;
static int64_t now_us;
static uint64_t seq;
static uint16_t picture_id;
static uint32_t timestamp;

static void start(uint8_t layer, uint8_t temporal)
{
	for (int i = 0; i < SPATIAL_LIMITS; i++)
		temporal_init(&counters[i]);
	now_us = 1000000000;
	seq = sequence_start(65000);
	picture_id = 0x7FF0;
	timestamp = 77;
	selector_init(&sel, SELECTOR_SVC, 100, 0xFFFFFF00);
	selector_set_active(&sel, 7);
	selector_prefer(&sel, layer, temporal);
}

static struct track_packet count(uint64_t at, const struct frame_info *info, bool marker)
{
	struct layer_counter *const all[SPATIAL_LIMITS] = {
	        &counters[0], &counters[1], &counters[2], &counters[3]};
	struct track_packet p = {
	        .arrival_us = now_us, .timestamp = timestamp, .flags = marker ? TRACK_END : 0};

	assert_int_equal(spatial_count(all, at, info, false, &p), 0);
	return p;
}

// A picture with this many layers, as the publisher's worker would describe it. A key picture
// requires nothing from before; `sync` is the first layer that requires only the layer below.
static int picture_make(struct track_packet *to, int layers, bool key, int sync, uint8_t temporal)
{
	int n = 0;

	now_us += FRAME_US;
	timestamp += TICKS;
	picture_id = (picture_id + 1) & 0x7FFF;
	for (int s = 0; s < layers; s++) {
		for (int i = 0; i < PACKETS; i++) {
			bool begins = i == 0, ends = i == PACKETS - 1;
			const struct frame_info info = {
			        .key_frame = key && s == 0 && begins,
			        .begin = s == 0 && begins,
			        .spatial_sync = begins && (key || s >= sync),
			        .layer_end = ends,
			        .picture_refs = true,
			        .picture_id = picture_id,
			        .picture_id_bits = 15,
			        .spatial_id = (uint8_t)s,
			        .temporal_id = temporal,
			        .switch_up = true,
			};
			to[n++] = count(seq++, &info, ends && s == layers - 1);
		}
	}
	return n;
}

// Sends the next picture; asserts that only the layers up to `top` (-1: none) are forwarded,
// numbered without a gap, with the marker on their last packet.
static void picture(int layers, bool key, int sync, uint8_t temporal, int top)
{
	struct track_packet packets[LAYERS * PACKETS];
	int n = picture_make(packets, layers, key, sync, temporal);
	int last = (top < layers - 1 ? top : layers - 1) * PACKETS + PACKETS - 1;

	for (int i = 0; i < n; i++) {
		uint16_t before = sel.seq;
		assert_int_equal(selector_forward(&sel, &packets[i], &out), i / PACKETS <= top);
		if (i / PACKETS > top)
			continue;
		assert_int_equal(out.seq, (uint16_t)(before + 1));
		assert_int_equal(out.end, i == last);
		assert_int_equal(out.picture_id, picture_id);
	}
}

#define NO_SYNC LAYERS

static void a_viewer_gets_the_layers_that_it_prefers(void **)
{
	for (int wanted = 0; wanted <= SPATIAL_LIMITS; wanted++) {
		start((uint8_t)wanted, 3);
		picture(LAYERS, false, NO_SYNC, 0, -1);
		assert_int_equal(selector_layer(&sel), SELECTOR_NONE);
		assert_int_equal(selector_wanted_layer(&sel), 0);
		int top = wanted < LAYERS ? wanted : LAYERS - 1;
		for (int i = 0; i < 100; i++)
			picture(LAYERS, i == 0, NO_SYNC, 0, top);
		assert_int_equal(selector_layer(&sel), top);
		assert_int_equal(selector_wanted_layer(&sel), SELECTOR_NONE);
	}
}

static void both_kinds_of_layers_are_left_out_together(void **)
{
	static const uint8_t pattern[] = {0, 2, 1, 2};

	for (uint8_t limit = 0; limit < 3; limit++) {
		start(1, limit);
		for (int i = 0; i < 400; i++) {
			uint8_t t = pattern[i % 4];
			picture(LAYERS, i == 0, NO_SYNC, t, t <= limit ? 1 : -1);
		}
	}
}

static void a_layer_is_left_with_any_picture_and_entered_with_a_key_picture(void **)
{
	start(2, 3);
	picture(LAYERS, true, NO_SYNC, 0, 2);
	picture(LAYERS, false, NO_SYNC, 0, 2);
	selector_prefer(&sel, 0, 3);
	assert_int_equal(selector_wanted_layer(&sel), SELECTOR_NONE);
	picture(LAYERS, false, NO_SYNC, 0, 0);
	assert_int_equal(selector_layer(&sel), 0);
	selector_prefer(&sel, 2, 3);
	assert_int_equal(selector_wanted_layer(&sel), 0); // the stream's only encoding
	picture(LAYERS, false, NO_SYNC, 0, 0);
	picture(LAYERS, true, NO_SYNC, 0, 2);
	assert_int_equal(selector_wanted_layer(&sel), SELECTOR_NONE);
}

// RFC 9628 4.2: a layer may be entered from the one below with a frame that is not predicted from
// an earlier picture.
static void a_layer_is_entered_where_it_needs_only_the_one_below(void **)
{
	start(2, 3);
	picture(LAYERS, true, NO_SYNC, 0, 2);
	selector_prefer(&sel, 0, 3);
	picture(LAYERS, false, NO_SYNC, 0, 0);
	selector_prefer(&sel, 2, 3);

	struct track_packet packets[LAYERS * PACKETS];
	picture_make(packets, LAYERS, false, 2, 0); // layer 2 may be entered, but layer 1 not
	for (int i = 0; i < LAYERS * PACKETS; i++)
		assert_int_equal(selector_forward(&sel, &packets[i], &out), i < PACKETS);
	picture_make(packets, LAYERS, false, 1, 0); // one layer after the other
	for (int i = 0; i < LAYERS * PACKETS; i++) {
		uint16_t before = sel.seq;
		assert_true(selector_forward(&sel, &packets[i], &out));
		assert_int_equal(out.seq, (uint16_t)(before + 1));
	}
	assert_int_equal(selector_layer(&sel), 2);
	picture(LAYERS, false, NO_SYNC, 0, 2);
}

// The encoder leaves out its upper layers when there is no bandwidth for them.
static void layers_that_are_not_sent_are_not_asked_for(void **)
{
	start(2, 3);
	picture(LAYERS, true, NO_SYNC, 0, 2);
	selector_set_active(&sel, 3);
	assert_int_equal(selector_layer(&sel), 1);
	picture(2, false, NO_SYNC, 0, 2); // the marker stays where the publisher put it
	selector_prefer(&sel, 1, 3);
	picture(2, false, NO_SYNC, 0, 1);
	selector_prefer(&sel, 2, 3);
	assert_int_equal(selector_wanted_layer(&sel), SELECTOR_NONE);
	selector_set_active(&sel, 7);
	assert_int_equal(selector_wanted_layer(&sel), 0);
	picture(LAYERS, true, NO_SYNC, 0, 2);
	assert_int_equal(selector_layer(&sel), 2);
}

// The viewer of a truncated key picture must see that something is missing.
static void a_picture_ends_with_its_highest_layer_that_is_forwarded(void **)
{
	struct track_packet packets[LAYERS * PACKETS];

	start(0, 3);
	picture_make(packets, LAYERS, true, NO_SYNC, 0);
	for (int i = 0; i < PACKETS; i++)
		assert_true(selector_forward(&sel, &packets[i], &out));
	uint16_t last = out.seq;
	selector_pause(&sel);
	selector_resume(&sel);
	picture_make(packets, LAYERS, true, NO_SYNC, 0);
	assert_true(selector_forward(&sel, &packets[0], &out));
	assert_int_equal(out.seq, (uint16_t)(last + 1)); // no gap, since the picture was whole
	last = out.seq;
	selector_pause(&sel);
	selector_resume(&sel);
	picture_make(packets, LAYERS, true, NO_SYNC, 0);
	assert_true(selector_forward(&sel, &packets[0], &out));
	assert_int_equal(out.seq, (uint16_t)(last + 2));
}

struct given {
	struct track_packet packet;
	struct selector_out out;
};

// Layers change and packets are lost or late at random: no number comes twice, and each recent one
// leads back to its packet.
static void numbers_lead_back_to_their_packets(void **)
{
	static struct given given[65536];
	static bool taken[65536];
	static const uint8_t pattern[] = {0, 2, 1, 2};
	uint64_t random = hostile_seed();
	struct selector_source source;
	int found = 0, twice = 0;

	start(2, 3);
	for (int i = 0; i < 20000; i++) {
		struct track_packet packets[LAYERS * PACKETS], late;
		bool key = hostile_random(&random) % 50 == 0, have_late = false;
		int n = picture_make(
		        packets, 1 + (int)(hostile_random(&random) % LAYERS), key, NO_SYNC,
		        key ? 0 : pattern[i % 4]
		);
		if (hostile_random(&random) % 20 == 0)
			selector_prefer(
			        &sel, hostile_random(&random) % 3, hostile_random(&random) % 4
			);
		for (int k = 0; k <= n; k++) {
			uint32_t dice = hostile_random(&random) % 20;
			if (k < n && dice == 0)
				continue; // lost
			if (k < n && dice == 1 && !have_late) {
				late = packets[k];
				have_late = true;
				continue;
			}
			if (k == n && !have_late)
				break;
			const struct track_packet *p = k < n ? &packets[k] : &late;
			if (!selector_forward(&sel, p, &out))
				continue;
			twice += taken[out.seq];
			taken[out.seq] = true;
			taken[(uint16_t)(out.seq + 30000)] = false;
			given[out.seq] = (struct given){*p, out};
		}
		uint16_t asked = (uint16_t)(sel.seq - hostile_random(&random) % 30);
		struct selector_out again = {0};
		if (!taken[asked] || !selector_find(&sel, asked, &source))
			continue;
		assert_true(selector_repeat(&source, &given[asked].packet, &again));
		assert_int_equal(again.seq, asked);
		assert_int_equal(again.timestamp, given[asked].out.timestamp);
		assert_int_equal(again.end, given[asked].out.end);
		found++;
	}
	assert_int_equal(twice, 0);
	assert_true(found > 10000);
}

static void each_limit_counts_its_own_packets(void **)
{
	uint16_t expected[LIMITS] = {0};

	start(0, 0);
	for (int i = 0; i < 1000; i++) {
		struct track_packet packets[LAYERS * PACKETS];
		int n = picture_make(packets, LAYERS, i == 0, NO_SYNC, (uint8_t)(i % 3));
		for (int k = 0; k < n; k++) {
			for (uint8_t limit = 0; limit < LIMITS; limit++) {
				expected[limit] += track_packet_is_within(&packets[k], limit);
				assert_int_equal(packets[k].seq_at[limit], expected[limit]);
			}
		}
	}
}

static void more_layers_than_there_are_limits_count_as_the_highest(void **)
{
	const struct frame_info info = {.spatial_id = 7, .temporal_id = 7};

	start(0, 0);
	struct track_packet p = count(seq, &info, true);
	assert_int_equal(p.spatial_id, SPATIAL_LIMITS - 1);
	assert_int_equal(p.temporal_id, TEMPORAL_LIMITS - 1);
	assert_int_equal(p.seq_at[LIMITS - 1], 1);
	assert_int_equal(p.seq_at[LIMITS - 2], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_viewer_gets_the_layers_that_it_prefers),
	        cmocka_unit_test(both_kinds_of_layers_are_left_out_together),
	        cmocka_unit_test(a_layer_is_left_with_any_picture_and_entered_with_a_key_picture),
	        cmocka_unit_test(a_layer_is_entered_where_it_needs_only_the_one_below),
	        cmocka_unit_test(layers_that_are_not_sent_are_not_asked_for),
	        cmocka_unit_test(a_picture_ends_with_its_highest_layer_that_is_forwarded),
	        cmocka_unit_test(numbers_lead_back_to_their_packets),
	        cmocka_unit_test(each_limit_counts_its_own_packets),
	        cmocka_unit_test(more_layers_than_there_are_limits_count_as_the_highest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
