#include "recorder/mix.h"

#include "hostile.h"
#include "sound.h"
#include "test.h"

#include <errno.h>
#include <time.h>

#define FRAME    960 // samples
#define LOUD     20 // RFC 6464: −20 dBov
#define SILENT   127
#define EXACT_S  0.010
#define VOICE_HZ 300.0

static void voices_sound_when_and_as_loud_as_they_spoke(void **)
{
	struct room r;
	const struct tone tones[] = {
	        {440, 0.3, 1, 3, 0, 0, 0}, {1000, 0.1, 2, 5, 0, 0, 0}, {2500, 0.2, 4, 6, 0, 0, 0}};
	struct speaker s[COUNT(tones)];
	struct mix_voice *v[COUNT(tones)];
	room_init(&r, 0);
	for (size_t i = 0; i < COUNT(tones); i++) {
		speaker_init(&s[i], &tones[i], 0.0123 * (double)i, i == 1 ? 2 : 1, FRAME);
		v[i] = room_voice(&r);
	}
	for (int64_t now = 0; now <= 7 * SECOND; now += SECOND / 100) {
		for (size_t i = 0; i < COUNT(tones); i++)
			speaker_say(&s[i], v[i], LOUD, now);
		mix_run(r.mix, now);
	}
	mix_finish(r.mix, 7 * SECOND);

	for (size_t i = 0; i < COUNT(tones); i++) {
		const struct tone *t = &tones[i];
		double level = ear_tone(&r.ear, t->hz, t->begin_s + 0.1, t->end_s - 0.1);
		assert_near(decibel(level), decibel(t->amplitude), 1);
		// A window that ends just after the beginning has just heard it.
		double before = ear_tone(&r.ear, t->hz, t->begin_s - 0.05, t->begin_s - EXACT_S);
		double after = ear_tone(&r.ear, t->hz, t->begin_s + EXACT_S, t->begin_s + 0.05);
		assert_in_range(decibel(before) + 200, 0, 200 + decibel(t->amplitude) - 20);
		assert_near(decibel(after), decibel(t->amplitude), 2);
		before = ear_tone(&r.ear, t->hz, t->end_s - 0.05, t->end_s - EXACT_S);
		after = ear_tone(&r.ear, t->hz, t->end_s + EXACT_S, t->end_s + 0.05);
		assert_near(decibel(before), decibel(t->amplitude), 2);
		assert_in_range(decibel(after) + 200, 0, 200 + decibel(t->amplitude) - 20);
		speaker_fini(&s[i]);
	}
	assert_near(ear_begin(&r.ear, 0.02, 0, 2), 1, EXACT_S);
	room_fini(&r);
}

// --- who is heard ---

#define MANY 9

struct many {
	struct room room;
	struct tone tones[MANY];
	struct speaker speakers[MANY];
	struct mix_voice *voices[MANY];
};

static void many_init(struct many *m)
{
	room_init(&m->room, 0);
	for (int i = 0; i < MANY; i++) {
		m->tones[i] = (struct tone){400 + 150 * i, 0.08, 0, 60, 0, 0, 0};
		speaker_init(&m->speakers[i], &m->tones[i], 0, 1, FRAME);
		m->voices[i] = room_voice(&m->room);
	}
}

static void many_fini(struct many *m)
{
	for (int i = 0; i < MANY; i++)
		speaker_fini(&m->speakers[i]);
	room_fini(&m->room);
}

static void many_run(struct many *m, const int levels[MANY], int64_t from, int64_t to)
{
	for (int64_t now = from; now < to; now += SECOND / 50) {
		for (int i = 0; i < MANY; i++)
			speaker_say(&m->speakers[i], m->voices[i], levels[i], now);
		mix_run(m->room.mix, now);
	}
}

static void assert_heard(const struct many *m, int i, bool heard, double from_s, double to_s)
{
	double level = ear_tone(&m->room.ear, m->tones[i].hz, from_s, to_s);
	if (heard)
		assert_near(decibel(level / m->tones[i].amplitude), 0, 2);
	else
		assert_in_range(decibel(level / m->tones[i].amplitude) + 200, 0, 200 - 20);
}

static void the_most_silent_of_nine_is_left_out(void **)
{
	struct many m;
	int levels[MANY] = {30, 31, 32, 50, 34, 35, 36, 37, 38};
	many_init(&m);
	many_run(&m, levels, 0, 3 * SECOND);
	levels[7] = SILENT; // makes room
	many_run(&m, levels, 3 * SECOND, 7 * SECOND);
	mix_finish(m.room.mix, 6.9 * SECOND);
	for (int i = 0; i < MANY; i++) {
		assert_heard(&m, i, i != 3, 1, 2.5);
		assert_heard(&m, i, i != 7, 5.5, 6.5);
	}
	many_fini(&m);
}

// A louder voice begins while eight speak: it is heard from its first word, and the one that it
// replaces until its next pause.
static void nobody_is_cut_off_in_mid_word(void **)
{
	struct many m;
	int levels[MANY] = {20, 20, 20, 20, 20, 20, 20, 40, SILENT};
	many_init(&m);
	m.tones[8].begin_s = 3;
	m.tones[7].end_s = 3.5;
	many_run(&m, levels, 0, 3 * SECOND);
	levels[8] = 20;
	many_run(&m, levels, 3 * SECOND, 3.5 * SECOND);
	levels[7] = 80;
	many_run(&m, levels, 3.5 * SECOND, 6 * SECOND);
	assert_heard(&m, 8, true, 3.01, 3.1);
	assert_heard(&m, 8, true, 3.1, 5);
	assert_heard(&m, 7, true, 2, 2.9);
	assert_heard(&m, 7, true, 3.0, 3.45);
	many_fini(&m);
}

// Who does not pause makes room all the same.
static void who_never_pauses_is_replaced_after_a_second(void **)
{
	struct many m;
	int levels[MANY] = {20, 20, 20, 20, 20, 20, 20, 40, SILENT};
	many_init(&m);
	many_run(&m, levels, 0, 2 * SECOND);
	levels[8] = 20;
	many_run(&m, levels, 2 * SECOND, 6 * SECOND);
	assert_heard(&m, 7, true, 2.2, 2.7);
	assert_heard(&m, 7, false, 3.5, 5);
	assert_heard(&m, 8, true, 2.1, 5);
	many_fini(&m);
}

// A voice begins softly: what was before its first loud packet is heard, too, and rightly at once.
static void a_voice_is_heard_from_before_its_first_loud_packet(void **)
{
	static const struct tone endless = {VOICE_HZ, 0.3, 0, 60, 0, 0, 0};
	struct room r;
	struct speaker s;
	room_init(&r, 0);
	struct mix_voice *v = room_voice(&r);
	speaker_init(&s, &endless, 0, 1, FRAME);
	room_hear(&r, &s, v, SILENT, 2 * SECOND);
	room_hear(&r, &s, v, LOUD, 4 * SECOND);
	assert_in_range(1e6 * ear_rms(&r.ear, 1, 1.79), 0, 100);
	double begin = ear_begin(&r.ear, 0.03, 1, 3);
	assert_near(begin, 1.8, 0.03);
	for (int i = 1; i < 10; i++) {
		double at = begin + 0.01 * i;
		assert_near(decibel(ear_tone(&r.ear, VOICE_HZ, at, at + 0.01) / 0.3), 0, 1);
	}
	speaker_fini(&s);
	room_fini(&r);
}

static void equals_take_no_turns(void **)
{
	struct many m;
	int levels[MANY] = {20, 20, 20, 20, 20, 20, 20, 38, 40};
	many_init(&m);
	for (int i = 0; i < 6; i++) {
		levels[7] = i % 2 ? 42 : 38;
		many_run(&m, levels, i * 2 * SECOND, (i + 1) * 2 * SECOND);
	}
	assert_heard(&m, 7, true, 0.5, 11);
	assert_heard(&m, 8, false, 0.5, 11);
	many_fini(&m);
}

static void silence_is_not_mixed_but_a_voice_without_level_is(void **)
{
	struct many m;
	int levels[MANY] = {SILENT, 61, 60, 59, -1, 0x80 | 90, 0x80 | 30, 127, 64};
	many_init(&m);
	many_run(&m, levels, 0, 3 * SECOND);
	for (int i = 0; i < MANY; i++)
		assert_heard(&m, i, i == 3 || i == 4 || i == 6, 1, 2.5);
	many_fini(&m);
}

static void what_a_removed_voice_has_said_still_sounds(void **)
{
	static const struct tone endless = {VOICE_HZ, 0.3, 0, 60, 0, 0, 0};
	struct room r;
	struct speaker s;
	room_init(&r, 0);
	struct mix_voice *v = room_voice(&r);
	speaker_init(&s, &endless, 0, 1, FRAME);
	room_hear(&r, &s, v, LOUD, SECOND);
	mix_voice_remove(v);
	mix_finish(r.mix, 2 * SECOND);
	assert_near(decibel(ear_tone(&r.ear, VOICE_HZ, 0.5, 0.99) / 0.3), 0, 1);
	assert_in_range(1e6 * ear_rms(&r.ear, 1.04, 2), 0, 1e3);
	speaker_fini(&s);
	room_fini(&r);
}

static void there_is_room_for_voices_that_come_and_go(void **)
{
	struct room r;
	room_init(&r, 0);
	for (int i = 0; i < 3 * MIX_TRACKS; i++) {
		struct mix_voice *v = room_voice(&r);
		mix_voice_remove(v);
		if (i % 100 == 0)
			mix_run(r.mix, MIX_WAIT_US + (i / 100 + 1) * 20000);
	}
	mix_run(r.mix, SECOND);
	for (int i = 0; i < MIX_TRACKS; i++)
		(void)room_voice(&r);
	assert_null(mix_voice_add(r.mix));
	assert_int_equal(errno, ENOSPC);
	room_fini(&r);
}

static void eight_who_shout_are_limited_and_not_distorted(void **)
{
	static const struct tone shout = {400, 0.99, 0.5, 3, 0, 0, 0};
	struct room r;
	struct speaker s;
	struct mix_voice *v[MIX_VOICES];
	room_init(&r, 0);
	speaker_init(&s, &shout, 0, 1, FRAME);
	for (int i = 0; i < MIX_VOICES; i++)
		v[i] = room_voice(&r);
	for (int64_t now = 0; now < 4 * SECOND; now += SECOND / 50) {
		int64_t time_us = speaker_next(&s);
		for (int i = 0; i < MIX_VOICES; i++)
			mix_packet(v[i], time_us, s.seq, 0, s.opus, (size_t)s.len);
		mix_run(r.mix, now);
	}
	assert_true(r.ear.peak < 1);
	double shouted = ear_tone(&r.ear, 400, 1, 2.5);
	assert_true(shouted > 0.6);
	assert_true(ear_tone(&r.ear, 1200, 1, 2.5) < shouted / 100);
	speaker_fini(&s);
	room_fini(&r);
}

static void the_same_packets_make_the_same_bytes(void **)
{
	uint64_t digest[2];
	for (int i = 0; i < 2; i++) {
		struct many m;
		int levels[MANY] = {30, 31, 32, 50, 34, 35, 36, 37, 38};
		many_init(&m);
		many_run(&m, levels, 0, 2 * SECOND);
		digest[i] = m.room.ear.digest;
		many_fini(&m);
	}
	assert_true(digest[0] == digest[1]);
}

// Garbage, changed packets, packets of other voices, times of the past and future, in any order.
static void hostile_packets_do_no_harm(void **)
{
	static const struct tone endless = {VOICE_HZ, 0.3, 0, 60, 0, 0, 0};
	static const int durations[] = {120, 480, 960, 2880, 5760};
	struct room r;
	struct speaker s[COUNT(durations)];
	struct mix_voice *v[6];
	uint64_t seed = hostile_seed();
	room_init(&r, 0);
	for (size_t i = 0; i < COUNT(durations); i++)
		speaker_init(&s[i], &endless, 0, (int)i % 2 + 1, durations[i]);
	for (size_t i = 0; i < COUNT(v); i++)
		v[i] = room_voice(&r);
	for (int64_t now = 0; now < 8 * SECOND; now += 2000) {
		struct speaker *from = &s[hostile_random(&seed) % COUNT(s)];
		(void)speaker_next(from);
		size_t len = (size_t)from->len;
		if (hostile_random(&seed) % 4 == 0)
			len = hostile_random(&seed) % (len + 1);
		if (hostile_random(&seed) % 8 == 0)
			len = hostile_random(&seed) % 2000;
		uint8_t *exact = malloc(len + 1);
		assert_non_null(exact);
		for (size_t i = 0; i < len; i++)
			exact[i] = i < (size_t)from->len ? from->opus[i] : hostile_random(&seed);
		for (uint32_t i = hostile_random(&seed) % 4; i > 0 && len > 0; i--)
			exact[hostile_random(&seed) % len] = (uint8_t)hostile_random(&seed);
		int64_t time_us = now + hostile_random(&seed) % 400000 - 300000;
		if (hostile_random(&seed) % 16 == 0)
			time_us = (int64_t)((uint64_t)hostile_random(&seed) << 32) *
			          (hostile_random(&seed) % 2 ? 1 : -1);
		int level = (int)(hostile_random(&seed) % 257) - 1;
		size_t to = hostile_random(&seed) % COUNT(v);
		mix_packet(v[to], time_us, hostile_random(&seed) % 1000, level, exact, len);
		free(exact);
		mix_run(r.mix, now);
	}
	mix_finish(r.mix, 8 * SECOND);
	assert_int_equal(r.ear.packets, 400);
	assert_true(r.ear.peak < 4); // encoding noise exceeds what the limiter lets pass
	// Afterwards a voice sounds as it should.
	struct speaker after;
	speaker_init(&after, &endless, 8.5, 1, FRAME);
	room_hear(&r, &after, room_voice(&r), LOUD, 11 * SECOND);
	assert_near(decibel(ear_tone(&r.ear, VOICE_HZ, 10, 10.5) / 0.3), 0, 1);
	speaker_fini(&after);
	for (size_t i = 0; i < COUNT(s); i++)
		speaker_fini(&s[i]);
	room_fini(&r);
}

// A flood of packets for the future is bounded: later, the voice goes on.
static void a_flood_is_forgotten(void **)
{
	static const struct tone endless = {VOICE_HZ, 0.3, 0, 60, 0, 0, 0};
	struct room r;
	struct speaker s;
	room_init(&r, 0);
	struct mix_voice *v = room_voice(&r);
	speaker_init(&s, &endless, 0, 1, FRAME);
	(void)speaker_next(&s);
	for (int i = 0; i < 100000; i++)
		mix_packet(v, i * 37, (uint64_t)i, LOUD, s.opus, (size_t)s.len);
	mix_run(r.mix, 6 * SECOND);
	s.time_s = 6;
	room_hear(&r, &s, v, LOUD, 8 * SECOND);
	assert_near(decibel(ear_tone(&r.ear, VOICE_HZ, 6.5, 7.5) / 0.3), 0, 1);
	speaker_fini(&s);
	room_fini(&r);
}

static double cpu_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void forget_sound(void *owner, int64_t, const uint8_t *, size_t len)
{
	*(size_t *)owner += len;
}

// Says what eight voices of twenty cost; nothing is asserted, since the machine may be busy.
static void what_it_costs(void **)
{
	static const struct tone speech = {VOICE_HZ, 0.1, 0, 0.7, 1, 0, 0};
	struct speaker s;
	struct mix_voice *v[20];
	double used = 0;
	size_t bytes = 0;
	struct mix *mix = mix_create(0, forget_sound, &bytes);
	assert_non_null(mix);
	speaker_init(&s, &speech, 0, 1, FRAME);
	for (size_t i = 0; i < COUNT(v); i++) {
		v[i] = mix_voice_add(mix);
		assert_non_null(v[i]);
	}
	for (int64_t now = 0; now < 10 * SECOND; now += SECOND / 50) {
		int64_t time_us = speaker_next(&s);
		double before = cpu_s();
		for (size_t i = 0; i < COUNT(v); i++)
			mix_packet(v[i], time_us, s.seq, i < 8 ? LOUD : 70, s.opus, (size_t)s.len);
		mix_run(mix, now);
		used += cpu_s() - before;
	}
	printf("20 voices, 8 heard: %.2f %% of a core, %zu bit/s\n", used * 10, bytes * 8 / 10);
	speaker_fini(&s);
	mix_destroy(mix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(voices_sound_when_and_as_loud_as_they_spoke),
	        cmocka_unit_test(the_most_silent_of_nine_is_left_out),
	        cmocka_unit_test(nobody_is_cut_off_in_mid_word),
	        cmocka_unit_test(who_never_pauses_is_replaced_after_a_second),
	        cmocka_unit_test(a_voice_is_heard_from_before_its_first_loud_packet),
	        cmocka_unit_test(equals_take_no_turns),
	        cmocka_unit_test(silence_is_not_mixed_but_a_voice_without_level_is),
	        cmocka_unit_test(what_a_removed_voice_has_said_still_sounds),
	        cmocka_unit_test(there_is_room_for_voices_that_come_and_go),
	        cmocka_unit_test(eight_who_shout_are_limited_and_not_distorted),
	        cmocka_unit_test(the_same_packets_make_the_same_bytes),
	        cmocka_unit_test(hostile_packets_do_no_harm),
	        cmocka_unit_test(a_flood_is_forgotten),
	        cmocka_unit_test(what_it_costs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
