#include "media/level.h"

#include "test.h"

#define PACKET_US 20000
#define SPEECH    30 // -30 dBov
#define VOICE     0x80 // the sender's guess at speech: RFC 6464 3

// n packets of one loudness; returns the time after them.
static int64_t say(struct level *l, uint8_t value, int n, int64_t now_us)
{
	for (int i = 0; i < n; i++, now_us += PACKET_US)
		level_packet(l, value, now_us);
	return now_us;
}

static void nobody_is_heard_before_the_first_packet(void **)
{
	const struct level l = {0};
	assert_int_equal(level_read(&l, 0), 0);
	assert_int_equal(level_read(&l, 123456789), 0);
}

static void speech_is_there_after_a_few_packets(void **)
{
	struct level l = {0};
	int64_t now = say(&l, SPEECH | VOICE, 2, 5000000);
	assert_true(level_read(&l, now) > (LEVEL_MAX - SPEECH) / 2);
	now = say(&l, SPEECH, 10, now);
	assert_int_equal(level_read(&l, now), LEVEL_MAX - SPEECH);
}

static void all_values_of_the_extension_are_levels(void **)
{
	for (int value = 0; value <= UINT8_MAX; value++) {
		struct level l = {0};
		int64_t now = say(&l, (uint8_t)value, 100, 5000000);
		assert_int_equal(level_read(&l, now), LEVEL_MAX - (value & 0x7F));
	}
}

static void a_pause_between_syllables_is_bridged_and_silence_is_not(void **)
{
	struct level l = {0};
	int64_t now = say(&l, SPEECH, 20, 5000000);
	now = say(&l, 127, 5, now);
	assert_true(level_read(&l, now) > (LEVEL_MAX - SPEECH) / 2);
	now = say(&l, 127, 95, now);
	assert_int_equal(level_read(&l, now), 0);
}

// No packets come from a muted track, or from a publisher that is gone.
static void without_packets_there_is_silence(void **)
{
	struct level l = {0};
	int64_t last = say(&l, SPEECH, 20, 5000000) - PACKET_US;
	assert_int_equal(level_read(&l, last + LEVEL_GAP_US), LEVEL_MAX - SPEECH);
	assert_in_range(level_read(&l, last + 250000), 40, 80);
	assert_int_equal(level_read(&l, last + LEVEL_SILENCE_US), 0);
	level_packet(&l, 127, last + LEVEL_SILENCE_US);
	assert_int_equal(level_read(&l, last + LEVEL_SILENCE_US), 0);
}

// How long after the last word the level still counts as speech (-58 dBov and above, as in
// room/talk.h). From then on, a packet of level `quiet` comes every period_us.
static int64_t speaks_on_us(uint8_t quiet, int64_t period_us)
{
	struct level l = {0};
	int64_t start = say(&l, SPEECH, 50, 5000000) - PACKET_US, last = start;

	for (int64_t now = start; now < start + 10000000; now += 1000) {
		if (now > start && (now - start) % period_us == 0)
			level_packet(&l, quiet, now);
		if (level_read(&l, now) >= LEVEL_MAX - 58)
			last = now;
	}
	return last - start;
}

// RFC 6716 2.1.9: with DTX a packet comes every 400 ms, and the needle falls as fast as without
// DTX.
static void the_level_falls_with_time_and_not_with_packets(void **)
{
	static const int64_t periods[] = {10000, 20000, 40000, 60000, 400000};
	static const uint8_t quiet[] = {127, 70, 62};

	for (size_t i = 0; i < COUNT(periods); i++) {
		for (size_t j = 0; j < COUNT(quiet); j++)
			assert_in_range(speaks_on_us(quiet[j], periods[i]), 100000, 750000);
	}
}

// Packets that come in bursts, as after a stall of the network.
static void jitter_does_not_silence_a_speaker(void **)
{
	struct level l = {0};
	int64_t now = say(&l, SPEECH, 50, 5000000);
	for (int burst = 0; burst < 50; burst++, now += 100000) {
		assert_true(level_read(&l, now) >= LEVEL_MAX - 50);
		for (int i = 0; i < 5; i++)
			level_packet(&l, SPEECH, now + i * 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(nobody_is_heard_before_the_first_packet),
	        cmocka_unit_test(speech_is_there_after_a_few_packets),
	        cmocka_unit_test(all_values_of_the_extension_are_levels),
	        cmocka_unit_test(a_pause_between_syllables_is_bridged_and_silence_is_not),
	        cmocka_unit_test(without_packets_there_is_silence),
	        cmocka_unit_test(the_level_falls_with_time_and_not_with_packets),
	        cmocka_unit_test(jitter_does_not_silence_a_speaker),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
