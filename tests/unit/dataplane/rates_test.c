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

// One packet each 10 ms; returns the time after them.
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

static void key_frames_are_left_out(void **)
{
	struct rates r = {0};
	for (int64_t i = 0; i <= 200; i++) {
		bool key = i % 10 == 0;
		int64_t now = START + i * SECOND / 100;
		packet(&r, 0, 0, 1000, TRACK_BEGIN | (key ? TRACK_KEY_FRAME : 0), now);
		packet(&r, 0, 0, 1000, TRACK_END, now);
		packet(&r, 1, 0, 100, TRACK_BEGIN | TRACK_END,
		       now); // another layer's picture between
	}
	assert_int_equal(rates_read(&r, 0, 0), 90 * 2000 * 8);
	assert_int_equal(rates_read(&r, 1, 0), 80000);
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
	        cmocka_unit_test(key_frames_are_left_out),
	        cmocka_unit_test(after_a_long_silence_it_begins_anew),
	        cmocka_unit_test(layers_that_cannot_be_are_ignored),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
