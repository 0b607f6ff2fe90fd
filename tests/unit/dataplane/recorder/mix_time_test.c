#include "recorder/mix.h"

#include "hostile.h"
#include "sound.h"
#include "test.h"

#define FRAME    960 // samples
#define LOUD     20 // RFC 6464: −20 dBov
#define EXACT_S  0.010
#define VOICE_HZ 300.0
#define CLICK    0.05 // of full scale; a tone of VOICE_HZ at 0.3 has 0.0005

// One beep a second for ten minutes; the sender's clock is 100 ppm off.
static const struct tone beep = {1000, 0.5, 0.3, 0.4, 1, 0, 0};

enum trouble { NONE, JITTER = 1, LOSS = 2, DTX = 4, MUTES = 8 };

static void check_beeps(unsigned troubles, double clock, int seconds, uint64_t seed)
{
	struct room r;
	struct speaker s;
	room_init(&r, 0);
	struct mix_voice *v = room_voice(&r);
	speaker_init(&s, &beep, 0, 1, FRAME);
	s.clock = clock;
	if (troubles & DTX)
		speaker_dtx(&s);

	for (int64_t now = 0; now <= (int64_t)seconds * SECOND; now += SECOND / 50) {
		while (s.time_s * SECOND < now) {
			bool muted = troubles & MUTES && (int)(s.time_s / 7) % 3 == 1;
			int64_t time_us = speaker_next(&s);
			if (troubles & JITTER)
				time_us += (int64_t)(hostile_random(&seed) % 4001) - 2000;
			bool dtx = troubles & DTX && s.len <= 2 && s.seq % 20 != 0;
			bool lost = troubles & LOSS && hostile_random(&seed) % 20 == 0;
			if (muted && s.seq > 0)
				s.seq--; // nothing was sent
			else if (!dtx && !lost)
				mix_packet(v, time_us, s.seq, LOUD, s.opus, (size_t)s.len);
		}
		mix_run(r.mix, now);
	}
	mix_finish(r.mix, (int64_t)seconds * SECOND);

	double worst = 0;
	int lost = 0;
	for (int second = 0; second < seconds; second++) {
		bool muted = troubles & MUTES && (int)((second + 0.35) / 7) % 3 == 1;
		double at = ear_begin(&r.ear, 0.15, second, second + 1);
		if (muted) {
			assert_true(at < 0);
			continue;
		}
		// The packet that begins a beep may be lost, so it is concealed by what was before.
		if (troubles & LOSS && (at < 0 || at > second + beep.begin_s + EXACT_S)) {
			lost++;
			continue;
		}
		worst = fmax(worst, fabs(at - second - beep.begin_s));
	}
	printf("beeps, troubles %u, clock %g: worst %.1f ms, late for loss %d\n", troubles, clock,
	       worst * 1000, lost);
	assert_near(worst, 0, troubles == NONE ? 0.002 : EXACT_S);
	assert_in_range(lost, 0, seconds / 10);
	assert_int_equal(r.ear.packets, seconds * 50);
	assert_int_equal(r.ear.gaps, 0);
	speaker_fini(&s);
	room_fini(&r);
}

static void beeps_stay_at_their_times_for_ten_minutes(void **)
{
	uint64_t seed = hostile_seed();
	check_beeps(JITTER | LOSS | DTX | MUTES, 1.0001, 600, seed);
}

static void drift_is_put_right_either_way(void **)
{
	uint64_t seed = hostile_seed();
	check_beeps(NONE, 1, 10, seed);
	check_beeps(JITTER, 1.0005, 40, seed);
	check_beeps(JITTER, 0.9995, 40, seed);
	check_beeps(JITTER, 0.998, 20, seed); // as fast as a timeline is slewed
}

// Whoever never pauses is put right, too, without a click.
static void drift_of_endless_sound_is_put_right_without_clicks(void **)
{
	static const double clocks[] = {1.001, 0.999};
	static const struct tone endless = {VOICE_HZ, 0.3, 0, 31, 0, 0, 0};
	for (size_t i = 0; i < COUNT(clocks); i++) {
		struct room r;
		struct speaker s;
		room_init(&r, 0);
		struct mix_voice *v = room_voice(&r);
		speaker_init(&s, &endless, 0, 1, FRAME);
		s.clock = clocks[i];
		room_hear(&r, &s, v, LOUD, 33 * SECOND);
		assert_in_range(1e6 * ear_roughness(&r.ear, 1, 30), 0, 1e6 * CLICK);
		assert_near(ear_tone(&r.ear, VOICE_HZ, 20, 20.1), 0.3, 0.06);
		// Its end is 30 ms from where it would be.
		assert_in_range(1000 * ear_rms(&r.ear, 30.95, 30.985), 150, 250);
		assert_in_range(1e6 * ear_rms(&r.ear, 31.012, 31.2), 0, 1e4);
		speaker_fini(&s);
		room_fini(&r);
	}
}

// So low a tone is never like itself within the shifts that are tried.
static void the_seams_of_a_hum_do_not_click(void **)
{
	static const struct tone hum = {60, 0.3, 0, 31, 0, 0, 0};
	for (int slow = 0; slow < 2; slow++) {
		struct room r;
		struct speaker s;
		room_init(&r, 0);
		struct mix_voice *v = room_voice(&r);
		speaker_init(&s, &hum, 0, 1, FRAME);
		s.clock = slow ? 1.001 : 0.999;
		room_hear(&r, &s, v, LOUD, 30 * SECOND);
		assert_in_range(1e6 * ear_roughness(&r.ear, 1, 29), 0, 1e6 * CLICK / 10);
		speaker_fini(&s);
		room_fini(&r);
	}
}

static void small_jitter_makes_no_clicks(void **)
{
	static const struct tone endless = {VOICE_HZ, 0.3, 0, 11, 0, 0, 0};
	struct room r;
	struct speaker s;
	uint64_t seed = hostile_seed();
	room_init(&r, 0);
	struct mix_voice *v = room_voice(&r);
	speaker_init(&s, &endless, 0, 1, FRAME);
	for (int64_t now = 0; now < 10 * SECOND; now += SECOND / 50) {
		int64_t time_us = speaker_next(&s) + hostile_random(&seed) % 10001 - 5000;
		mix_packet(v, time_us, s.seq, LOUD, s.opus, (size_t)s.len);
		mix_run(r.mix, now);
	}
	mix_finish(r.mix, 10 * SECOND);
	assert_in_range(1e6 * ear_roughness(&r.ear, 0.5, 9.5), 0, 1e6 * CLICK / 10);
	speaker_fini(&s);
	room_fini(&r);
}

static void packets_of_every_length_sound_alike(void **)
{
	static const int durations[] = {120, 240, 480, 960, 1920, 2880, 5760};
	static const struct tone endless = {VOICE_HZ, 0.3, 0.2, 2.8, 0, 0, 0};
	for (size_t i = 0; i < COUNT(durations); i++) {
		struct room r;
		struct speaker s;
		room_init(&r, 0);
		struct mix_voice *v = room_voice(&r);
		speaker_init(&s, &endless, 0, i % 2 + 1, durations[i]);
		room_hear(&r, &s, v, LOUD, 3 * SECOND);
		mix_finish(r.mix, 3 * SECOND);
		assert_near(ear_begin(&r.ear, 0.03, 0, 1), 0.2, EXACT_S);
		for (int step = 15; step < 135; step++) {
			double at = 0.02 * step;
			assert_near(
			        decibel(ear_tone(&r.ear, VOICE_HZ, at, at + 0.02) / 0.3), 0, 1.5
			);
		}
		assert_in_range(1e6 * ear_roughness(&r.ear, 0.3, 2.7), 0, 1e6 * CLICK / 10);
		speaker_fini(&s);
		room_fini(&r);
	}
}

static void the_output_is_as_long_as_the_line(void **)
{
	static const int64_t ends[] = {0, 1, 20000, 20001, 999999, 3 * SECOND, 3 * SECOND + 1};
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct room r;
		room_init(&r, 0);
		struct mix_voice *v = room_voice(&r);
		(void)v;
		for (int64_t now = 0; now < ends[i]; now += 37777) {
			mix_run(r.mix, now);
			int64_t due = now < MIX_WAIT_US ? 0 : (now - MIX_WAIT_US) / 20000;
			assert_int_equal(r.ear.packets, due);
		}
		mix_finish(r.mix, ends[i]);
		assert_int_equal(r.ear.packets, (ends[i] + 19999) / 20000);
		assert_int_equal(r.ear.gaps, 0);
		room_fini(&r);
	}
}

static void a_restarted_mix_begins_anywhere(void **)
{
	static const struct tone endless = {VOICE_HZ, 0.3, 0, 60, 0, 0, 0};
	struct room r;
	struct speaker s;
	room_init(&r, 7333333);
	struct mix_voice *v = room_voice(&r);
	// What was read again from before the restart is left out.
	speaker_init(&s, &endless, 6.5, 1, FRAME);
	room_hear(&r, &s, v, LOUD, 9 * SECOND);
	mix_finish(r.mix, 9 * SECOND);
	assert_int_equal(r.ear.begin_us, 7333333);
	assert_int_equal(r.ear.packets, (9000000 - 7333333 + 19999) / 20000);
	assert_near(decibel(ear_tone(&r.ear, VOICE_HZ, 7.40, 8.95) / 0.3), 0, 1);
	speaker_fini(&s);
	room_fini(&r);
}

// --- losses and pauses ---

// Of every so many packets, this many in a row are lost.
static void hear_loss(struct room *r, const struct tone *t, int every, int in_a_row, bool fec)
{
	struct speaker s;
	room_init(r, 0);
	struct mix_voice *v = room_voice(r);
	speaker_init(&s, t, 0, 1, FRAME);
	if (fec)
		speaker_fec(&s);
	for (int64_t now = 0; now < 10 * SECOND; now += SECOND / 50) {
		int64_t time_us = speaker_next(&s);
		if ((int)s.seq % every >= in_a_row)
			mix_packet(v, time_us, s.seq, LOUD, s.opus, (size_t)s.len);
		mix_run(r->mix, now);
	}
	speaker_fini(&s);
}

static void losses_leave_no_holes(void **)
{
	static const struct tone endless = {VOICE_HZ, 0.3, 0, 60, 0, 0, 0};
	for (int in_a_row = 1; in_a_row <= 2; in_a_row++) {
		struct room r;
		hear_loss(&r, &endless, 10 * in_a_row, in_a_row, false);
		double least = 0;
		for (int step = 100; step < 1800; step++) {
			double at = 0.005 * step;
			least =
			        fmin(least,
			             decibel(ear_rms(&r.ear, at, at + 0.01) * M_SQRT2 / 0.3));
		}
		// A hole would have −90; what libopus makes of a tone falls by up to 32.
		assert_true(least > -40);
		assert_in_range(1e6 * ear_roughness(&r.ear, 0.5, 9), 0, 1e6 * CLICK / 10);
		room_fini(&r);
	}
}

static void losses_are_repaired_by_the_next_packet(void **)
{
	static const struct tone voice = {150, 0.2, 0, 60, 0, 5, 0};
	struct room whole, lossy;
	hear_loss(&whole, &voice, 10, 0, true);
	hear_loss(&lossy, &voice, 10, 1, true);
	// Without in-band FEC: −12.
	assert_true(ear_difference(&whole.ear, &lossy.ear, 0.5, 9) < -16);
	room_fini(&whole);
	room_fini(&lossy);
}

static void a_gap_is_silent_without_clicks(void **)
{
	static const struct tone endless = {VOICE_HZ, 0.3, 0, 60, 0, 0, 0};
	struct room r;
	struct speaker s;
	room_init(&r, 0);
	struct mix_voice *v = room_voice(&r);
	speaker_init(&s, &endless, 0, 1, FRAME);
	for (int64_t now = 0; now < 4 * SECOND; now += SECOND / 50) {
		int64_t time_us = speaker_next(&s);
		if (time_us < SECOND || time_us >= 2 * SECOND + 1234)
			mix_packet(v, time_us, s.seq, LOUD, s.opus, (size_t)s.len);
		mix_run(r.mix, now);
	}
	assert_near(decibel(ear_tone(&r.ear, VOICE_HZ, 0.5, 0.99) / 0.3), 0, 1);
	assert_in_range(1e6 * ear_rms(&r.ear, 1.03, 2), 0, 2e3);
	assert_near(decibel(ear_tone(&r.ear, VOICE_HZ, 2.05, 3) / 0.3), 0, 1);
	assert_in_range(1e6 * ear_roughness(&r.ear, 0.5, 3), 0, 1e6 * CLICK);
	speaker_fini(&s);
	room_fini(&r);
}

// In a pause, a packet describes the noise every 400 ms. Chromium sends an empty one behind it.
static void check_dtx(bool empty)
{
	static const struct tone word = {VOICE_HZ, 0.3, 0, 1, 3, 0, 0.003};
	struct room r;
	struct speaker s;
	room_init(&r, 0);
	struct mix_voice *v = room_voice(&r);
	speaker_init(&s, &word, 0, 1, FRAME);
	for (int i = 0; i < 450; i++) {
		int64_t time_us = speaker_next(&s);
		int pause = i % 150 - 60; // packets since it began
		// Just before the next word, a single packet is left out.
		if (pause < 0 || (pause >= 85 && pause != 87) || pause % 20 == 0)
			mix_packet(v, time_us, s.seq, LOUD, s.opus, (size_t)s.len);
		else if (pause % 20 == 1 && empty)
			mix_packet(v, time_us, s.seq, LOUD, s.opus, 1);
		else
			s.seq--; // nothing was sent
		mix_run(r.mix, time_us);
	}
	for (int word_s = 0; word_s < 9; word_s += 3) {
		double level = ear_tone(&r.ear, VOICE_HZ, word_s + 0.1, word_s + 0.9);
		assert_near(decibel(level / 0.3), 0, 1.5);
		if (word_s == 6)
			break;
		assert_in_range(1e6 * ear_rms(&r.ear, word_s + 1.5, word_s + 2.8), 0, 20);
		assert_near(ear_begin(&r.ear, 0.1, word_s + 2, word_s + 4), word_s + 3, EXACT_S);
	}
	speaker_fini(&s);
	room_fini(&r);
}

static void pauses_with_dtx_are_silent(void **)
{
	check_dtx(true);
	check_dtx(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(beeps_stay_at_their_times_for_ten_minutes),
	        cmocka_unit_test(drift_is_put_right_either_way),
	        cmocka_unit_test(drift_of_endless_sound_is_put_right_without_clicks),
	        cmocka_unit_test(the_seams_of_a_hum_do_not_click),
	        cmocka_unit_test(small_jitter_makes_no_clicks),
	        cmocka_unit_test(packets_of_every_length_sound_alike),
	        cmocka_unit_test(the_output_is_as_long_as_the_line),
	        cmocka_unit_test(a_restarted_mix_begins_anywhere),
	        cmocka_unit_test(losses_leave_no_holes),
	        cmocka_unit_test(losses_are_repaired_by_the_next_packet),
	        cmocka_unit_test(a_gap_is_silent_without_clicks),
	        cmocka_unit_test(pauses_with_dtx_are_silent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
