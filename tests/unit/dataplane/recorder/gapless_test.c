#include "recorder/gapless.h"

#include <stdio.h>

#include "hostile.h"

#define MS 1000

static const uint8_t speech[40] = {0x78}; // hybrid, fullband, 20 ms
static const int LOUD = 20, QUIET = 90;

struct written {
	int packets, concealed, silent;
	int64_t end_us; // where the next packet must begin
};

static void on_packet(void *owner, int64_t time_us, const uint8_t *opus, size_t len)
{
	struct written *w = owner;

	assert_int_equal(time_us, w->end_us); // no gap, no overlap
	w->end_us = time_us + opus_duration_us(opus, len);
	w->packets++;
	w->concealed += len == 1;
	w->silent += len == 3;
}

static void packets_in_time_pass(void **)
{
	struct written w = {0};
	struct gapless g;

	gapless_init(&g, on_packet, &w, 0);
	for (int64_t t = 0; t < 1000 * MS; t += 20 * MS)
		assert_int_equal(gapless_packet(&g, t, LOUD, speech, sizeof(speech)), t);
	assert_int_equal(w.packets, 50);
	assert_int_equal(w.concealed + w.silent, 0);
}

static void losses_are_concealed(void **)
{
	struct written w = {0};
	struct gapless g;

	gapless_init(&g, on_packet, &w, 0);
	gapless_packet(&g, 0, LOUD, speech, sizeof(speech));
	assert_int_equal(gapless_packet(&g, 80 * MS, LOUD, speech, sizeof(speech)), 80 * MS);
	assert_int_equal(w.concealed, 3);
	gapless_packet(&g, 484 * MS, LOUD, speech, sizeof(speech)); // DTX, with jitter
	assert_int_equal(w.end_us, 500 * MS);
	assert_int_equal(w.silent, 0);
}

static void long_gaps_are_silence(void **)
{
	struct written w = {0};
	struct gapless g;

	gapless_init(&g, on_packet, &w, 0);
	gapless_packet(&g, 0, LOUD, speech, sizeof(speech));
	gapless_packet(&g, 5000 * MS, LOUD, speech, sizeof(speech));
	assert_int_equal(w.concealed, 50);
	assert_int_equal(w.silent, 199);
	assert_int_equal(w.end_us, 5020 * MS);
}

static void a_mute_is_silence_as_it_goes(void **)
{
	struct written w = {0};
	struct gapless g;

	gapless_init(&g, on_packet, &w, 0);
	gapless_packet(&g, 0, LOUD, speech, sizeof(speech));
	for (int64_t t = 0; t < 1000 * MS; t += 33 * MS)
		gapless_silence(&g, t);
	assert_true(w.end_us > 950 * MS && w.end_us <= 1000 * MS);
	assert_int_equal(gapless_packet(&g, 700 * MS, LOUD, speech, sizeof(speech)), -1); // late
	assert_int_equal(w.silent, w.packets - 1);
	gapless_packet(&g, 1500 * MS, LOUD, speech, sizeof(speech));
	assert_true(w.end_us >= 1510 * MS && w.end_us <= 1530 * MS);
}

// A sender's clock that is off by so many parts in a million, for an hour.
static void drift(int ppm, int level, struct written *w, int64_t *most_us)
{
	struct gapless g;
	int64_t n = 3600 * 50;

	gapless_init(&g, on_packet, w, 0);
	*most_us = 0;
	for (int64_t i = 0; i < n; i++) {
		int64_t t = i * 20 * MS + i * 20 * MS / 1000000 * ppm;
		int64_t at =
		        gapless_packet(&g, t, i % 50 < 5 ? level : LOUD, speech, sizeof(speech));
		if (at >= 0 && llabs(at - t) > *most_us)
			*most_us = llabs(at - t);
	}
	assert_true(llabs(w->end_us - n * 20 * MS - n * 20 * MS / 1000000 * ppm) <= 100 * MS);
}

static void drift_is_corrected_in_quiet_places(void **)
{
	static const int rates[] = {100, -100, 300, -300};

	for (size_t i = 0; i < COUNT(rates); i++) {
		struct written w = {0};
		int64_t most_us;
		drift(rates[i], QUIET, &w, &most_us);
		assert_true(most_us <= 21 * MS);
		w = (struct written){0};
		drift(rates[i], LOUD, &w, &most_us);
		assert_true(most_us >= 40 * MS && most_us <= GAPLESS_DRIFT_MAX_US);
	}
}

static void packets_of_any_length_pass(void **)
{
	static const struct {
		uint8_t bytes[2];
		int ms;
	} table[] = {
	        {{0x00, 0}, 10}, {{0x08, 0}, 20},  {{0x10, 0}, 40}, {{0x18, 0}, 60},
	        {{0x60, 0}, 10}, {{0x68, 0}, 20},  {{0xf8, 0}, 20}, {{0xf9, 0}, 40},
	        {{0xfb, 3}, 60}, {{0xfb, 6}, 120}, {{0xfb, 7}, 0},  {{0xfb, 0}, 0},
	};

	for (size_t i = 0; i < COUNT(table); i++)
		assert_int_equal(opus_duration_us(table[i].bytes, 2), table[i].ms * MS);
	assert_int_equal(opus_duration_us((const uint8_t[]){0xe0}, 1), 2500);
	assert_int_equal(opus_duration_us((const uint8_t[]){0xfb}, 1), 0);
	assert_int_equal(opus_duration_us((const uint8_t[]){0}, 0), 0);
}

// Any packets at any times: never a gap, and nothing without end.
static void packets_feed(const uint8_t *bytes, size_t len)
{
	struct written w = {0};
	struct gapless g;
	int64_t time_us = 0;

	gapless_init(&g, on_packet, &w, 0);
	while (len >= 4) {
		size_t n = bytes[2] % 16 < len - 3 ? bytes[2] % 16 : len - 3;
		time_us += bytes[0] * 1000 - 10000;
		gapless_packet(&g, time_us, bytes[1] - 1, bytes + 3, n);
		if (bytes[0] == 7)
			gapless_silence(&g, time_us);
		bytes += 3 + n;
		len -= 3 + n;
	}
	assert_true(w.packets < 10000);
}

static void hostile_packets_leave_no_gap(void **)
{
	static const uint8_t valid[] = {30, 10, 3,    0x78, 1, 2, 30,   200, 2, 0xfb, 3,    30,
	                                0,  1,  0xf8, 7,    1, 1, 0xfc, 255, 1, 2,    0x08, 1};
	hostile_bytes(packets_feed, valid, sizeof(valid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(packets_in_time_pass),
	        cmocka_unit_test(losses_are_concealed),
	        cmocka_unit_test(long_gaps_are_silence),
	        cmocka_unit_test(a_mute_is_silence_as_it_goes),
	        cmocka_unit_test(drift_is_corrected_in_quiet_places),
	        cmocka_unit_test(packets_of_any_length_pass),
	        cmocka_unit_test(hostile_packets_leave_no_gap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
