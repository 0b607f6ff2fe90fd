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

// DTX, a muted track, a publisher that is gone: no packets come.
static void without_packets_there_is_silence(void **)
{
	struct level l = {0};
	int64_t last = say(&l, SPEECH, 20, 5000000) - PACKET_US;
	assert_int_equal(level_read(&l, last + LEVEL_SILENCE_US - 1), LEVEL_MAX - SPEECH);
	assert_int_equal(level_read(&l, last + LEVEL_SILENCE_US), 0);
	level_packet(&l, 127, last + LEVEL_SILENCE_US);
	assert_int_equal(level_read(&l, last + LEVEL_SILENCE_US), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(nobody_is_heard_before_the_first_packet),
	        cmocka_unit_test(speech_is_there_after_a_few_packets),
	        cmocka_unit_test(all_values_of_the_extension_are_levels),
	        cmocka_unit_test(a_pause_between_syllables_is_bridged_and_silence_is_not),
	        cmocka_unit_test(without_packets_there_is_silence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
