// Six clients speak in a room that hears the three loudest; each has a watcher.
#include "scene.h"

#define SPEAKERS 6
#define LOUDEST  3
#define RATE     50 // audio packets per second

// -dBov (RFC 6464).
#define NOISE  70
#define SPEECH 30

static struct party party;
static struct member *speakers[SPEAKERS], *watchers[SPEAKERS];

static void begin(uint8_t voices)
{
	const struct member_options options = {.voices = voices, .encodings = 1};

	party_begin(&party);
	for (int i = 0; i < SPEAKERS; i++) {
		speakers[i] = party_speaker(&party, &options);
		speakers[i]->publisher.video_off = true;
		speakers[i]->publisher.level = NOISE;
		watchers[i] = party_watcher(&party, speakers[i], &options);
	}
	party_connect(&party);
	party_run(&party, 500);
}

static void say(int first, int last, uint8_t level)
{
	for (int i = first; i <= last; i++)
		speakers[i]->publisher.level = level;
}

static void run(uint64_t ms, uint32_t heard[SPEAKERS])
{
	for (int i = 0; i < SPEAKERS; i++)
		heard[i] = watchers[i]->sound->packets;
	party_run(&party, ms);
	for (int i = 0; i < SPEAKERS; i++)
		heard[i] = watchers[i]->sound->packets - heard[i];
}

// Ends a test: each watcher heard a stream with continuous numbers, with silences in between.
static void end(void)
{
	party_settle(&party);
	for (int i = 0; i < SPEAKERS; i++) {
		if (watchers[i]->sound->started)
			check_sound(watchers[i]);
		assert_int_equal(watchers[i]->client.srtp_refused, 0);
	}
	party_end(&party);
}

static void the_loudest_are_heard_and_numbers_go_on(void **)
{
	uint32_t heard[SPEAKERS];
	uint64_t withheld = driver_counter(&scene.driver, AM_COUNTER_voices_withheld);

	begin(LOUDEST);
	run(500, heard);
	for (int i = 0; i < SPEAKERS; i++)
		assert_int_equal(heard[i], 0);
	for (int round = 0; round < 2; round++) {
		say(0, 2, SPEECH);
		run(1000, heard);
		for (int i = 0; i < SPEAKERS; i++)
			assert_in_range(heard[i], i < 3 ? RATE - 5 : 0, i < 3 ? RATE + 5 : 0);
		say(0, 2, NOISE);
		run(800, heard); // voices end after 600 ms of quiet
		run(500, heard);
		for (int i = 0; i < SPEAKERS; i++)
			assert_int_equal(heard[i], 0);
	}
	assert_true(
	        driver_counter(&scene.driver, AM_COUNTER_voices_withheld) > withheld + 12 * RATE
	);
	for (int i = 0; i < 3; i++) {
		struct viewer_verdict v = check_sound(watchers[i]);
		assert_int_equal(v.missing, 0);
		assert_in_range(v.gaps, 1, 3);
	}
	end();
}

// How many of the publisher's packets with these numbers the watcher has.
static uint32_t heard_of(const struct member *watcher, uint32_t first, uint32_t end)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i <= watcher->sound->highest; i++) {
		const struct viewer_packet *p = &watcher->sound->kept[i];
		n += p->here && p->vp8.part.frame >= first && p->vp8.part.frame < end;
	}
	return n;
}

static void no_first_syllable_is_cut(void **)
{
	uint32_t heard[SPEAKERS];

	begin(LOUDEST);
	say(0, 2, SPEECH);
	run(500, heard);
	for (int i = SPEAKERS - 1; i >= 3; i--) {
		struct publisher *p = &speakers[i]->publisher;
		uint32_t first = p->sound; // the first loud one
		p->level = SPEECH - 10;
		run(500, heard);
		uint32_t end_of_speech = p->sound;
		p->level = NOISE;
		run(1000, heard);
		assert_int_equal(
		        heard_of(watchers[i], first, end_of_speech), end_of_speech - first
		);
	}
	end();
}

static void a_room_without_a_limit_hears_all(void **)
{
	uint32_t heard[SPEAKERS];

	begin(0);
	run(1000, heard);
	for (int i = 0; i < SPEAKERS; i++)
		assert_in_range(heard[i], RATE - 5, RATE + 5);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_loudest_are_heard_and_numbers_go_on),
	        cmocka_unit_test(no_first_syllable_is_cut),
	        cmocka_unit_test(a_room_without_a_limit_hears_all),
	};
	return SCENE_RUN(tests);
}
