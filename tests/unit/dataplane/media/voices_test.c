#include "media/voices.h"

#include "hostile.h"

#define FRAME_US    20000
#define FRAMES(ms)  ((ms) / 20)
#define TALKERS_MAX 50
#define WEBINAR     3
#define START_US    5000000

// Levels in -dBov (RFC 6464): 0 is the loudest.
#define NOISE   65
#define SPEECH  30
#define SILENCE 127
#define NOTHING UINT8_MAX // no packet

struct talker {
	struct voice voice;
	uint8_t dbov; // of the next packet
	bool forwarded; // its packet in this frame was forwarded
	bool began; // the voice began with that packet
	bool sent_now;
	uint32_t sent, heard; // packets
	uint8_t last_dbov; // of the last packet forwarded
};

// A room in which everybody sends a packet every 20 ms, one after the other.
struct hall {
	struct voices room;
	struct talker talkers[TALKERS_MAX];
	int count;
	uint8_t loudest;
	int64_t now_us;
};

static struct hall hall;
static uint64_t noise;

static void hall_open(int count, uint8_t loudest)
{
	memset(&hall, 0, sizeof(hall));
	hall.count = count;
	hall.loudest = loudest;
	hall.now_us = START_US;
	for (int i = 0; i < count; i++) {
		hall.talkers[i].voice.place = (uint8_t)voices_take(&hall.room);
		hall.talkers[i].dbov = NOISE;
	}
}

static void talker_send(struct talker *t, int64_t now_us)
{
	bool was_on = t->voice.on;

	t->forwarded = t->began = false;
	t->sent_now = t->dbov != NOTHING;
	if (!t->sent_now)
		return;
	t->sent++;
	t->forwarded = voices_packet(
	        &hall.room, &t->voice, hall.loudest, (uint8_t)(127 - t->dbov), now_us
	);
	t->began = t->voice.on && !was_on;
	t->heard += t->forwarded;
	if (t->forwarded)
		t->last_dbov = t->dbov;
}

// Sends everybody's next packet, a little apart in time. Returns how many are forwarded.
static int frame(void)
{
	int forwarded = 0;

	for (int i = 0; i < hall.count; i++) {
		talker_send(&hall.talkers[i], hall.now_us + i * FRAME_US / hall.count);
		forwarded += hall.talkers[i].forwarded;
	}
	hall.now_us += FRAME_US;
	return forwarded;
}

static void frames(int n)
{
	for (int i = 0; i < n; i++)
		frame();
}

static void say(int first, int last, uint8_t dbov)
{
	for (int i = first; i <= last; i++)
		hall.talkers[i].dbov = dbov;
}

// How many of the talker's packets are withheld in n frames.
static uint32_t withheld(int talker, int n)
{
	struct talker before = hall.talkers[talker];

	frames(n);
	const struct talker *t = &hall.talkers[talker];
	return t->sent - before.sent - (t->heard - before.heard);
}

static uint32_t chance(uint32_t below)
{
	return hostile_random(&noise) % below;
}

static void the_first_packet_of_each_microphone_is_forwarded(void **)
{
	hall_open(20, WEBINAR);
	frames(50);
	for (int i = 0; i < 20; i++) {
		say(i, i, SPEECH + (uint8_t)(i % 19)); // down to -49
		assert_int_equal(withheld(i, FRAMES(1000)), 0);
		say(i, i, NOISE);
		frames(FRAMES(1000));
	}
}

// Three speak; a louder voice takes the place of one of them between two packets.
static void a_louder_one_is_forwarded_at_once(void **)
{
	hall_open(20, WEBINAR);
	say(0, 2, SPEECH);
	frames(50);
	say(7, 7, SPEECH - VOICES_EDGE - 1);
	assert_int_equal(withheld(7, FRAMES(2000)), 0);
}

static void what_is_not_among_the_loudest_is_withheld(void **)
{
	hall_open(20, WEBINAR);
	say(0, 2, SPEECH);
	frames(50);
	say(7, 7, SPEECH + 5);
	assert_int_equal(withheld(7, FRAMES(2000)), FRAMES(2000));
	for (int i = 0; i < 3; i++)
		assert_int_equal(withheld(i, FRAMES(2000)), 0);
}

static void no_syllable_is_chopped_in_a_pause(void **)
{
	static const uint8_t quiet[] = {59, NOISE, SILENCE, NOTHING};

	hall_open(20, WEBINAR);
	for (int i = 0; i < 400; i++) {
		int pause = 1 + (int)chance(FRAMES(600) - 1), word = 1 + (int)chance(50);
		say(4, 4, SPEECH + (uint8_t)chance(20));
		assert_int_equal(withheld(4, word), 0);
		say(4, 4, quiet[chance(COUNT(quiet))]);
		assert_int_equal(withheld(4, pause), 0);
	}
}

static void a_quiet_voice_ends_with_a_quiet_packet(void **)
{
	hall_open(20, WEBINAR);
	say(4, 4, SPEECH);
	frames(50);
	say(4, 4, SILENCE);
	assert_int_equal(withheld(4, FRAMES(580)), 0);
	frames(2);
	assert_int_equal(withheld(4, FRAMES(5000)), FRAMES(5000));
	assert_int_equal(hall.talkers[4].last_dbov, SILENCE);
}

// Between two syllables a voice is quiet for a moment: there, an ousted one ends.
static void an_ousted_voice_ends_with_a_quiet_packet(void **)
{
	hall_open(20, WEBINAR);
	say(0, 2, SPEECH);
	frames(50);
	say(2, 2, SPEECH + 10);
	say(5, 5, SPEECH - 10);
	assert_int_equal(withheld(2, FRAMES(VOICES_OUSTED_US / 1000) + 4), 0);
	say(2, 2, SPEECH + 11 + VOICES_DIP);
	frame();
	assert_true(hall.talkers[2].forwarded);
	say(2, 2, SPEECH + 10);
	assert_int_equal(withheld(2, FRAMES(2000)), FRAMES(2000));
	assert_int_equal(hall.talkers[2].last_dbov, SPEECH + 11 + VOICES_DIP);
}

// The louder voices have gaps between syllables, too.
static void a_gap_between_syllables_keeps_no_ousted_voice(void **)
{
	hall_open(20, WEBINAR);
	say(0, 2, SPEECH);
	frames(50);
	for (int i = 0; i < FRAMES(400); i++) {
		say(0, 1, i % 3 == 0 ? NOISE : SPEECH);
		say(5, 5, i % 3 == 1 ? NOISE : SPEECH - 10);
		say(2, 2, i % 3 == 2 ? NOISE : SPEECH + 10);
		frame();
	}
	assert_false(hall.talkers[2].voice.on);
	assert_int_equal(hall.talkers[2].last_dbov, NOISE);
}

static void an_ousted_tone_ends_all_the_same(void **)
{
	hall_open(20, WEBINAR);
	say(0, 2, SPEECH);
	frames(50);
	say(2, 2, SPEECH + 1);
	say(5, 5, SPEECH - 10);
	assert_in_range(FRAMES(2000) - withheld(2, FRAMES(2000)), FRAMES(500), FRAMES(660));
}

// Speech: every fourth packet is quiet.
static void speak(int first, int last, int frame_number)
{
	say(first, last, frame_number % 4 ? SPEECH : SPEECH + 20);
}

// A knock, a cough: for a moment the loudest.
static void a_knock_takes_nobodys_place(void **)
{
	hall_open(20, WEBINAR);
	say(0, 2, SPEECH);
	frames(50);
	for (int i = 0; i < 20 * 50; i++) {
		speak(0, 2, i);
		say(9, 9, i % 50 ? NOISE : 10);
		frame();
		for (int t = 0; t < 3; t++)
			assert_true(hall.talkers[t].forwarded);
		assert_true(i % 50 || hall.talkers[9].forwarded);
	}
}

// A fourth voice has begun loudly and is now as loud as the others.
static void of_equals_no_more_stay_than_are_heard(void **)
{
	hall_open(20, WEBINAR);
	say(0, 2, SPEECH);
	frames(50);
	say(3, 3, SPEECH - 10);
	frame();
	for (int i = 0; i < 50; i++) {
		speak(0, 3, i);
		frame();
	}
	say(0, 3, SPEECH);
	assert_int_equal(frame(), WEBINAR);
}

static bool on[TALKERS_MAX];

// The voices that have started or ended since the last time.
static int changes(void)
{
	int n = 0;

	for (int i = 0; i < hall.count; i++) {
		n += on[i] != hall.talkers[i].voice.on;
		on[i] = hall.talkers[i].voice.on;
	}
	return n;
}

static void equally_loud_voices_do_not_take_turns(void **)
{
	static const int counts[] = {4, 5, 20, 50};

	for (size_t c = 0; c < COUNT(counts); c++) {
		hall_open(counts[c], WEBINAR);
		say(0, counts[c] - 1, SPEECH);
		frames(50);
		changes();
		for (int i = 0; i < 1000; i++) {
			assert_int_equal(frame(), WEBINAR);
			assert_int_equal(changes(), 0);
		}
	}
}

// Six speak at once for a minute, each packet anywhere within 12 dB: few of the 60 000 decisions
// change anything.
static void voices_of_about_the_same_loudness_seldom_take_turns(void **)
{
	int turns = 0;

	hall_open(6, WEBINAR);
	for (int i = 0; i < FRAMES(60000); i++) {
		for (int t = 0; t < 6; t++)
			hall.talkers[t].dbov = SPEECH - 6 + (uint8_t)chance(13);
		frame();
		turns += changes();
	}
	print_message("[          ] %d turns in a minute\n", turns / 2);
	assert_in_range(turns / 2, 0, 10);
}

// Twenty talk: each speaks and pauses at random, some with DTX, some over a bad network.
static void talk(struct talker *t)
{
	if (chance(40) == 0)
		t->dbov = chance(3) ? NOISE : SPEECH - 10 + (uint8_t)chance(25);
	else if (t->dbov < NOISE && t->dbov > 12)
		t->dbov = (uint8_t)(t->dbov - 4 + (int)chance(9));
	else if (t->dbov >= NOISE)
		t->dbov = chance(10) ? NOISE + (uint8_t)chance(60) : NOTHING;
}

static void there_are_two_more_than_the_loudest_at_most(void **)
{
	int most = 0, total = 0, over = 0, run = 0;

	hall_open(20, WEBINAR);
	for (int i = 0; i < 50000; i++) {
		int still = 0;
		for (int t = 0; t < hall.count; t++)
			talk(&hall.talkers[t]);
		int forwarded = frame();
		// A voice that a newcomer ousts may already have sent its packet of this frame.
		for (int t = 0; t < hall.count; t++)
			still += hall.talkers[t].voice.on && hall.talkers[t].sent_now &&
			         !hall.talkers[t].began;
		run = still > WEBINAR + VOICES_OVER ? run + 1 : 0;
		over += run;
		assert_in_range(run, 0, 2);
		most = forwarded > most ? forwarded : most;
		total += forwarded;
	}
	print_message(
	        "[          ] %.2f of 20 are forwarded, %d at most, more than N + 2 in %d frames\n",
	        total / 50000.0, most, over
	);
	assert_in_range(total / 50000, 1, WEBINAR + VOICES_OVER);
	assert_in_range(over, 0, 50);
}

static void noise_of_fifty_microphones_is_not_forwarded(void **)
{
	hall_open(50, 5);
	for (int i = 0; i < 2000; i++) {
		for (int t = 0; t < hall.count; t++)
			hall.talkers[t].dbov = 50 + (uint8_t)chance(18);
		int forwarded = frame();
		if (i > 0) // the first few learn of each other as they begin
			assert_int_equal(forwarded, 0);
	}
}

// In a small room, all of this changes nothing.
static void while_few_send_everything_is_forwarded(void **)
{
	hall_open(4, WEBINAR);
	say(3, 3, NOTHING);
	frame();
	for (int i = 0; i < 1000; i++) {
		for (int t = 0; t < 3; t++)
			hall.talkers[t].dbov = (uint8_t)chance(128);
		assert_int_equal(frame(), 3);
	}
	say(0, 2, NOISE);
	frames(FRAMES(1000));
	say(3, 3, NOISE);
	frame();
	assert_int_equal(frame(), 0);
	say(3, 3, NOTHING);
	frames(FRAMES(VOICES_FRESH_US / 1000) + 1);
	assert_int_equal(frame(), 3);
}

// RFC 6716 2.1.9: in a pause one packet comes every 400 ms.
static void a_talker_with_dtx_is_not_cut(void **)
{
	hall_open(20, WEBINAR);
	for (int i = 0; i < 200; i++) {
		int pause = 1 + (int)chance(200);
		say(4, 4, SPEECH);
		assert_int_equal(withheld(4, 1 + (int)chance(50)), 0);
		for (int j = 0; j < pause; j++) {
			hall.talkers[4].dbov = j % FRAMES(400) ? NOTHING : SILENCE;
			frame();
			if (j < FRAMES(600) && j % FRAMES(400) == 0)
				assert_true(hall.talkers[4].forwarded);
		}
	}
}

static void who_sends_nothing_holds_no_place(void **)
{
	hall_open(20, WEBINAR);
	say(0, 2, SPEECH);
	say(3, 5, SPEECH + 10);
	frames(50);
	assert_int_equal(withheld(3, 10), 10);
	say(0, 2, NOTHING);
	frames(FRAMES(VOICES_FRESH_US / 1000));
	assert_int_equal(withheld(3, 50) + withheld(4, 50) + withheld(5, 50), 0);
}

// After an hour of mute, the past does not count.
static void who_comes_back_begins_anew(void **)
{
	hall_open(20, WEBINAR);
	say(0, 0, SPEECH);
	frames(50);
	say(0, 0, NOTHING);
	say(1, 3, SPEECH);
	hall.now_us += INT64_C(3600000000);
	frames(50);
	say(0, 0, SPEECH + 10);
	assert_int_equal(withheld(0, 50), 50);
	say(0, 0, SPEECH - 10);
	assert_int_equal(withheld(0, 50), 0);
}

// Each worker reads its own clock.
static void a_clock_a_little_ahead_changes_nothing(void **)
{
	hall_open(20, WEBINAR);
	say(0, 2, SPEECH);
	for (int i = 0; i < 100; i++) {
		for (int t = 0; t < 20; t++)
			talker_send(&hall.talkers[t], hall.now_us + (t < 3 ? 2000 : 0));
		hall.now_us += FRAME_US;
		if (i == 50)
			say(7, 7, SPEECH + 5);
	}
	assert_int_equal(hall.talkers[7].heard, 0);
	for (int t = 0; t < 3; t++)
		assert_int_equal(hall.talkers[t].heard, 100);
}

static void each_voice_has_a_place_until_it_gives_it_back(void **)
{
	static struct voices room;

	for (int i = 0; i < VOICES_MAX; i++)
		assert_int_equal(voices_take(&room), i);
	assert_int_equal(voices_take(&room), -1);
	room.words[17] = UINT64_MAX; // left by the place's previous owner
	voices_give(&room, 17);
	assert_int_equal(voices_take(&room), 17);
	assert_int_equal(room.words[17], 0);
	assert_int_equal(voices_take(&room), -1);
}

static int seed(void **)
{
	noise = hostile_seed();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_first_packet_of_each_microphone_is_forwarded),
	        cmocka_unit_test(a_louder_one_is_forwarded_at_once),
	        cmocka_unit_test(what_is_not_among_the_loudest_is_withheld),
	        cmocka_unit_test(no_syllable_is_chopped_in_a_pause),
	        cmocka_unit_test(a_quiet_voice_ends_with_a_quiet_packet),
	        cmocka_unit_test(an_ousted_voice_ends_with_a_quiet_packet),
	        cmocka_unit_test(a_gap_between_syllables_keeps_no_ousted_voice),
	        cmocka_unit_test(an_ousted_tone_ends_all_the_same),
	        cmocka_unit_test(a_knock_takes_nobodys_place),
	        cmocka_unit_test(of_equals_no_more_stay_than_are_heard),
	        cmocka_unit_test(equally_loud_voices_do_not_take_turns),
	        cmocka_unit_test(voices_of_about_the_same_loudness_seldom_take_turns),
	        cmocka_unit_test(there_are_two_more_than_the_loudest_at_most),
	        cmocka_unit_test(noise_of_fifty_microphones_is_not_forwarded),
	        cmocka_unit_test(while_few_send_everything_is_forwarded),
	        cmocka_unit_test(a_talker_with_dtx_is_not_cut),
	        cmocka_unit_test(who_sends_nothing_holds_no_place),
	        cmocka_unit_test(who_comes_back_begins_anew),
	        cmocka_unit_test(a_clock_a_little_ahead_changes_nothing),
	        cmocka_unit_test(each_voice_has_a_place_until_it_gives_it_back),
	};
	return cmocka_run_group_tests(tests, seed, NULL);
}
