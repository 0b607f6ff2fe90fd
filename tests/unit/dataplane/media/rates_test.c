#include "media/rates.h"

#include "test.h"

#define SECOND 1000000
#define START  7000000

static void
packet(struct rates *r, uint8_t layer, uint8_t temporal, uint32_t bytes, uint16_t flags,
       int64_t now)
{
	const struct track_packet p = {.layer = layer, .temporal_id = temporal, .flags = flags};
	rates_packet(r, &p, bytes, now);
}

// Sends a packet every 10 ms; returns the time after the last.
static int64_t
send_for(struct rates *r, uint8_t layer, uint8_t temporal, uint32_t bytes, int seconds, int64_t now)
{
	for (int i = 0; i < seconds * 100; i++, now += SECOND / 100)
		packet(r, layer, temporal, bytes, TRACK_BEGIN | TRACK_END, now);
	return now;
}

static void nothing_is_known_in_the_first_two_seconds(void **)
{
	struct rates r = {0};
	send_for(&r, 0, 0, 1000, 2, START);
	assert_int_equal(rates_read(&r, 0, 0), 0);
	packet(&r, 0, 0, 1000, 0, START + 2 * SECOND);
	assert_int_equal(rates_read(&r, 0, 0), 800000);
}

static void a_temporal_layer_weighs_with_those_below(void **)
{
	struct rates r = {0};
	for (int64_t i = 0; i <= 200; i++) {
		for (uint8_t t = 0; t < 3; t++)
			packet(&r, 1, t, 125, 0, START + i * SECOND / 100);
	}
	assert_int_equal(rates_read(&r, 1, 0), 100000);
	assert_int_equal(rates_read(&r, 1, 1), 200000);
	assert_int_equal(rates_read(&r, 1, 2), 300000);
	assert_int_equal(rates_read(&r, 1, 3), 300000);
	assert_int_equal(rates_read(&r, 0, 3), 0);
}

static void pictures_are_counted(void **)
{
	struct rates r = {0};
	for (int64_t i = 0; i <= 200; i++) {
		uint8_t temporal = i % 2 ? 1 : 0;
		packet(&r, 0, temporal, 100, TRACK_BEGIN, START + i * SECOND / 100);
		packet(&r, 0, temporal, 100, TRACK_END, START + i * SECOND / 100);
	}
	assert_int_equal(rates_pictures(&r, 0, 0), 50);
	assert_int_equal(rates_pictures(&r, 0, 2), 100);
	assert_int_equal(rates_pictures(&r, 1, 2), 0);
	assert_int_equal(rates_pictures(&r, TRACK_LAYERS, 0), 0);
}

static void the_mean_of_five_seconds_counts(void **)
{
	struct rates r = {0};
	int64_t now = send_for(&r, 0, 0, 1000, 1, START);
	now = send_for(&r, 0, 0, 100, 4, now);
	rates_packet(&r, &(struct track_packet){0}, 0, now);
	assert_int_equal(rates_read(&r, 0, 0), (800000 + 4 * 80000) / 5);
	send_for(&r, 0, 0, 100, 2, now);
	assert_int_equal(rates_read(&r, 0, 0), 80000);
}

// A peak halves in RATES_PEAK_S, whatever is sent meanwhile.
static void a_peak_outlasts_its_mean(void **)
{
	struct rates r = {0};
	int64_t now = send_for(&r, 0, 0, 2000, 1, START);
	now = send_for(&r, 0, 0, 500, 1, now);
	now = send_for(&r, 0, 0, 500, 1, now);
	packet(&r, 0, 0, 50000, TRACK_BEGIN | TRACK_KEY_FRAME, now);
	assert_int_equal(rates_peak(&r, 0, 0), 800000); // of three seconds
	now = send_for(&r, 0, 0, 10, 10, now);
	assert_int_equal(rates_read(&r, 0, 0), 8000);
	assert_in_range(rates_peak(&r, 0, 0), 790000, 799999);
	now += 100 * (int64_t)SECOND;
	now = send_for(&r, 0, 0, 10, RATES_PEAK_S, now);
	assert_in_range(rates_peak(&r, 0, 0), 390000, 410000);
	send_for(&r, 0, 1, 1000, 4, now);
	assert_in_range(rates_peak(&r, 0, 1), 790000, 810000);
	assert_in_range(rates_peak(&r, 0, 0), 390000, 410000);
	assert_int_equal(rates_peak(&r, TRACK_LAYERS, 0), 0);
}

static void key_frames_are_left_out(void **)
{
	struct rates r = {0};
	for (int64_t i = 0; i <= 200; i++) {
		bool key = i % 50 == 0;
		int64_t now = START + i * SECOND / 100;
		packet(&r, 0, 0, 1000, TRACK_BEGIN | (key ? TRACK_KEY_FRAME : 0), now);
		packet(&r, 0, 0, 1000, TRACK_END, now);
		packet(&r, 1, 0, 100, TRACK_BEGIN | TRACK_END,
		       now); // another layer's picture in between
	}
	assert_int_equal(rates_read(&r, 0, 0), 98 * 2000 * 8);
	assert_int_equal(rates_read(&r, 1, 0), 80000);
}

static void
send_mixed(struct rates *r, int pictures_per_s, int keys_per_s, uint32_t bytes, int64_t from, int s)
{
	for (int i = 0; i <= s * pictures_per_s; i++) {
		bool key = i % pictures_per_s < keys_per_s;
		packet(r, 0, 0, bytes, TRACK_BEGIN | TRACK_END | (key ? TRACK_KEY_FRAME : 0),
		       from + (int64_t)i * SECOND / pictures_per_s);
	}
}

// A publisher that sends only key frames, or one after the other, does not get them for free.
static void key_frames_that_are_no_exception_count(void **)
{
	static const struct {
		int pictures_per_s, keys_per_s;
		uint32_t counted_per_s;
	} cases[] = {{30, 30, 30}, {1, 1, 1}, {30, 3, 30}, {30, 2, 28}, {30, 1, 29}, {2, 1, 1}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rates r = {0};
		send_mixed(&r, cases[i].pictures_per_s, cases[i].keys_per_s, 1000, START, 6);
		assert_int_equal(rates_read(&r, 0, 0), cases[i].counted_per_s * 8000);
		assert_int_equal(rates_peak(&r, 0, 0), cases[i].counted_per_s * 8000);
	}
}

static void after_a_long_silence_it_begins_anew(void **)
{
	struct rates r = {0};
	int64_t now = send_for(&r, 0, 0, 1000, 3, START) + 100 * (int64_t)SECOND;
	packet(&r, 0, 0, 100, 0, now);
	assert_int_equal(rates_read(&r, 0, 0), 0);
	send_for(&r, 0, 0, 100, 3, now + SECOND / 100);
	assert_int_equal(rates_read(&r, 0, 0), 80000);
}

// Sends 80 kbit/s of the lowest encoding, so that time passes, and of the upper one if it is on.
static int64_t both_for(struct rates *r, bool upper, int seconds, int64_t now)
{
	for (int i = 0; i < seconds * 100; i++, now += SECOND / 100) {
		packet(r, 0, 0, 100, TRACK_BEGIN | TRACK_END, now);
		if (upper)
			packet(r, 2, 0, 100, TRACK_BEGIN | TRACK_END, now);
	}
	return now;
}

// Once the encoding is back, its weight is updated when it has arrived for as long as a mean takes.
static void what_is_switched_off_keeps_its_weight(void **)
{
	struct rates r = {0};
	int64_t now = both_for(&r, true, 6, START);
	assert_false(rates_are_held(&r, 2));
	rates_hold(&r, 2);
	rates_hold(&r, TRACK_LAYERS);
	now = both_for(&r, true, 2, now); // until the publisher has heard of the request
	now = both_for(&r, false, 60, now);
	assert_int_equal(rates_read(&r, 2, 0), 80000);
	assert_int_equal(rates_pictures(&r, 2, 0), 100);
	now += 100 * (int64_t)SECOND; // a pause, after which everything else is forgotten
	now = both_for(&r, false, 1, now);
	assert_int_equal(rates_read(&r, 0, 0), 0);
	assert_int_equal(rates_read(&r, 2, 0), 80000);
	for (int i = 0; i < 4; i++) {
		now = both_for(&r, true, 1, now);
		assert_true(rates_are_held(&r, 2));
		assert_int_equal(rates_read(&r, 2, 0), 80000);
	}
	now = both_for(&r, true, 2, now);
	assert_false(rates_are_held(&r, 2));
	assert_int_equal(rates_read(&r, 2, 0), 80000);
	both_for(&r, false, 6, now);
	assert_int_equal(rates_read(&r, 2, 0), 0);
}

// If the publisher ignores the request and keeps sending, the weight is measured as before.
static void what_comes_on_nevertheless_is_measured(void **)
{
	struct rates r = {0};
	int64_t now = both_for(&r, true, 6, START);
	rates_hold(&r, 2);
	now = both_for(&r, true, 6, now);
	assert_false(rates_are_held(&r, 2));
	// Without a weight there is nothing to hold.
	r = (struct rates){0};
	now = both_for(&r, false, 6, now);
	rates_hold(&r, 2);
	assert_false(rates_are_held(&r, 2));
}

// Of a screen, standing still is part of what it weighs.
static void a_pause_of_a_camera_makes_it_no_lighter(void **)
{
	for (int screen = 0; screen < 2; screen++) {
		struct rates r = {.may_stand = screen};
		int64_t now = send_for(&r, 0, 0, 1000, 6, START);
		now = send_for(&r, 0, 0, 1000, 2, now + 3 * (int64_t)SECOND);
		if (screen)
			assert_in_range(rates_read(&r, 0, 0), 300000, 500000);
		else
			assert_int_equal(rates_read(&r, 0, 0), 800000);
	}
}

static void layers_that_cannot_be_are_ignored(void **)
{
	struct rates r = {0};
	send_for(&r, TRACK_LAYERS, 0, 1000, 2, START);
	send_for(&r, 0, TEMPORAL_NONE, 1000, 2, START);
	assert_int_equal(rates_read(&r, TRACK_LAYERS, 0), 0);
	assert_int_equal(rates_read(&r, 0, TEMPORAL_NONE), 0);
	assert_int_equal(rates_read(&r, 0, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(nothing_is_known_in_the_first_two_seconds),
	        cmocka_unit_test(a_temporal_layer_weighs_with_those_below),
	        cmocka_unit_test(the_mean_of_five_seconds_counts),
	        cmocka_unit_test(pictures_are_counted),
	        cmocka_unit_test(a_peak_outlasts_its_mean),
	        cmocka_unit_test(key_frames_are_left_out),
	        cmocka_unit_test(key_frames_that_are_no_exception_count),
	        cmocka_unit_test(after_a_long_silence_it_begins_anew),
	        cmocka_unit_test(what_is_switched_off_keeps_its_weight),
	        cmocka_unit_test(what_comes_on_nevertheless_is_measured),
	        cmocka_unit_test(a_pause_of_a_camera_makes_it_no_lighter),
	        cmocka_unit_test(layers_that_cannot_be_are_ignored),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
