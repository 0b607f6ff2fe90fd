#include "room/talk.h"

#include "room/peer.h"
#include "room/room.h"

#include "test.h"

#include <string.h>

#define LOUD  (127 - 25)
#define NOISE (127 - 70)

static struct rooms rooms;
static struct room *room;
static struct peer *peers[3];
static uint64_t now_ms;

static int setup(void **)
{
	const struct rights speaker = {.speaker = true};
	static const char *const ids[] = {"ann", "ben", "cy"};

	rooms_init(&rooms);
	room = room_create(&rooms, 1, 1, "talk", ROOM_CALL, 0);
	for (int i = 0; i < 3; i++) {
		peers[i] = peer_create(ids[i], "", &speaker);
		room_add_peer(room, peers[i]);
		room_join_peer(peers[i]);
	}
	now_ms = 1000000;
	return 0;
}

static void drop(int i)
{
	if (!peers[i])
		return;
	room_remove_peer(peers[i]);
	peer_destroy(peers[i]);
	peers[i] = NULL;
}

static int teardown(void **)
{
	for (int i = 0; i < 3; i++)
		drop(i);
	room_destroy(&rooms, room);
	rooms_fini(&rooms);
	return 0;
}

// Samples everybody's loudness for `ms`.
static void hear(uint32_t ms, uint8_t ann, uint8_t ben, uint8_t cy)
{
	const uint8_t loudness[] = {ann, ben, cy};

	for (uint64_t end = now_ms + ms; now_ms < end; now_ms += TALK_LOOK_MS) {
		for (int i = 0; i < 3; i++) {
			if (peers[i])
				talk_hear(&room->talk, &peers[i]->voice, loudness[i], now_ms);
		}
		talk_decide(&room->talk, &room->speakers, now_ms);
	}
}

static void expect_leader(const char *id)
{
	const struct peer *p = room->talk.leader;

	assert_string_equal(p ? p->id : "", id);
}

static void noise_is_no_speech(void **)
{
	hear(10000, NOISE, NOISE, 0);
	expect_leader("");
	assert_false(room->talk.leader_changed || room->talk.speakers_changed);
}

static void a_speaker_in_silence_leads_at_once(void **)
{
	hear(TALK_LOOK_MS, 0, LOUD, 0);
	expect_leader("ben");
	assert_true(room->talk.leader_changed && room->talk.speakers_changed);
	assert_true(peers[1]->voice.speaks);
	assert_int_equal(voice_dbov(&peers[1]->voice), -25);
}

static void a_breath_does_not_lose_the_lead_and_silence_does(void **)
{
	hear(2000, LOUD, 0, 0);
	hear(TALK_HOLD_MS - TALK_LOOK_MS, 0, 0, 0);
	assert_true(peers[0]->voice.speaks);
	hear(TALK_LOOK_MS * 2, 0, 0, 0);
	assert_false(peers[0]->voice.speaks);
	expect_leader("ann");
	room->talk.leader_changed = false;
	hear(TALK_SILENCE_MS, 0, 0, 0);
	expect_leader("");
	assert_true(room->talk.leader_changed);
}

static void a_cough_does_not_take_the_lead(void **)
{
	hear(2000, LOUD, 0, 0);
	room->talk.leader_changed = false;
	hear(TALK_TAKE_MS - TALK_LOOK_MS, LOUD, LOUD + 20, 0);
	hear(2000, LOUD, 0, 0);
	expect_leader("ann");
	assert_false(room->talk.leader_changed);
}

static void two_equals_do_not_flicker(void **)
{
	hear(1000, LOUD, 0, 0);
	room->talk.leader_changed = false;
	for (int i = 0; i < 30; i++)
		hear(TALK_LOOK_MS, LOUD, (uint8_t)(LOUD + i % (TALK_LOUDER + 3)), 0);
	expect_leader("ann");
	assert_false(room->talk.leader_changed);
	assert_true(peers[0]->voice.speaks && peers[1]->voice.speaks);
}

static void a_speaker_who_stays_louder_takes_over(void **)
{
	hear(2000, LOUD, 0, 0);
	hear(TALK_LOOK_MS, LOUD, LOUD + TALK_LOUDER, 0);
	room->talk.speakers_changed = false; // the room was told the order of that moment
	hear(TALK_TAKE_MS + TALK_LOOK_MS, LOUD, LOUD + TALK_LOUDER, 0);
	expect_leader("ben");
	assert_true(room->talk.speakers_changed);
	// When the rival changes, the time starts again.
	hear(TALK_TAKE_MS - TALK_LOOK_MS, 0, TALK_ON, LOUD);
	hear(TALK_LOOK_MS, LOUD + 1, TALK_ON, LOUD);
	expect_leader("ben");
}

static void the_next_speaker_leads_when_the_last_has_ended(void **)
{
	hear(2000, LOUD + 20, 0, 0);
	hear(TALK_HOLD_MS + 2 * TALK_LOOK_MS, 0, 0, LOUD);
	expect_leader("cy");
}

// The data plane may write anything.
static void a_bad_loudness_is_bounded(void **)
{
	hear(TALK_LOOK_MS, UINT8_MAX, 0, 0);
	assert_int_equal(voice_dbov(&peers[0]->voice), 0);
}

static void a_leader_who_leaves_no_longer_leads(void **)
{
	hear(2000, LOUD, LOUD + TALK_LOUDER, 0);
	const struct peer *leader = room->talk.leader;
	room->talk.leader_changed = room->talk.speakers_changed = false;
	drop(leader == peers[0] ? 0 : 1);
	assert_null(room->talk.leader);
	assert_true(room->talk.leader_changed && room->talk.speakers_changed);
	hear(TALK_LOOK_MS, LOUD, LOUD, 0);
	assert_non_null(room->talk.leader);
	assert_true(room->talk.leader != leader);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(noise_is_no_speech),
	        TEST(a_speaker_in_silence_leads_at_once),
	        TEST(a_breath_does_not_lose_the_lead_and_silence_does),
	        TEST(a_cough_does_not_take_the_lead),
	        TEST(two_equals_do_not_flicker),
	        TEST(a_speaker_who_stays_louder_takes_over),
	        TEST(the_next_speaker_leads_when_the_last_has_ended),
	        TEST(a_bad_loudness_is_bounded),
	        TEST(a_leader_who_leaves_no_longer_leads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
