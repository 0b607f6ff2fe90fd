#include "test.h"

#include "base/memory.h"
#include "room/room.h"
#include "room/subscription.h"
#include "room/track.h"

#include <stdio.h>
#include <string.h>

static struct rooms rooms;

static int setup(void **)
{
	rooms_init(&rooms);
	return 0;
}

static int teardown(void **)
{
	struct room *r;
	while ((r = rooms_next(&rooms, NULL))) {
		struct peer *p;
		while ((p = TAILQ_FIRST(&r->speakers)) || (p = TAILQ_FIRST(&r->viewers)) ||
		       (p = TAILQ_FIRST(&r->waiting))) {
			room_remove_peer(p);
			peer_destroy(p);
		}
		room_destroy(&rooms, r);
	}
	rooms_fini(&rooms);
	return 0;
}

static struct room *make(const char *name, enum room_kind kind)
{
	return room_create(&rooms, 1, 7, name, kind, 0);
}

static enum refusal admits(const struct room *r, enum room_kind path, bool speaker)
{
	return room_admits(r, path, speaker, NULL);
}

static struct peer *add(struct room *r, int n, bool speaker, bool join)
{
	const struct rights rights = {.speaker = speaker};
	char id[16];
	snprintf(id, sizeof(id), "%c%d", speaker ? 's' : 'v', n);
	struct peer *p = peer_create(id, "", &rights);
	room_add_peer(r, p);
	if (join)
		room_join_peer(p);
	return p;
}

static void a_call_takes_fifty(void **)
{
	struct room *r = make("r", ROOM_CALL);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(admits(r, ROOM_CALL, true), REFUSAL_NONE);
		add(r, i, true, true);
	}
	assert_int_equal(admits(r, ROOM_CALL, true), REFUSAL_ROOM_FULL);
	struct peer *p = room_find_peer(r, "s7");
	room_remove_peer(p);
	peer_destroy(p);
	assert_int_equal(admits(r, ROOM_CALL, true), REFUSAL_NONE);
}

static void a_webinar_counts_speakers_and_viewers_apart(void **)
{
	struct room *r = make("r", ROOM_WEBINAR);
	for (int i = 0; i < 20; i++)
		add(r, i, true, true);
	assert_int_equal(admits(r, ROOM_WEBINAR, true), REFUSAL_SPEAKERS_FULL);
	assert_int_equal(admits(r, ROOM_WEBINAR, false), REFUSAL_NONE);
	for (int i = 0; i < 2000; i++)
		add(r, i, false, true);
	assert_int_equal(admits(r, ROOM_WEBINAR, false), REFUSAL_VIEWERS_FULL);
	assert_int_equal(r->viewer_count, 2000);
}

static void a_peer_that_has_not_joined_takes_no_place(void **)
{
	struct room *r = make("r", ROOM_CALL);
	for (int i = 0; i < 60; i++)
		add(r, i, true, false);
	assert_int_equal(admits(r, ROOM_CALL, true), REFUSAL_NONE);
	assert_int_equal(r->speaker_count, 0);
}

static void the_other_kind_is_refused(void **)
{
	struct room *c = make("c", ROOM_CALL);
	struct room *w = make("w", ROOM_WEBINAR);
	assert_int_equal(admits(c, ROOM_WEBINAR, true), REFUSAL_WRONG_ROOM_KIND);
	assert_int_equal(admits(w, ROOM_CALL, true), REFUSAL_WRONG_ROOM_KIND);
	assert_string_equal(refusal_code(REFUSAL_WRONG_ROOM_KIND), "wrong-room-kind");
}

static void viewers_are_the_moderators_business(void **)
{
	struct room *r = make("w", ROOM_WEBINAR);
	struct peer *speaker = add(r, 1, true, true), *viewer = add(r, 1, false, true);
	struct peer *moderator = add(r, 2, false, true);
	moderator->rights.moderator = true;
	assert_true(peer_is_announced(speaker, viewer));
	assert_false(peer_is_announced(viewer, speaker));
	assert_true(peer_is_announced(viewer, moderator));
	assert_false(peer_is_announced(add(r, 3, true, false), moderator)); // not joined
}

// proves G04
static void tokens_lower_the_limits_but_never_raise_them(void **)
{
	struct room *r = make("w", ROOM_WEBINAR);
	const struct room_rules few = {.speakers_max = 2, .viewers_max = 1};
	const struct room_rules many = {.speakers_max = 1000, .viewers_max = 100000};

	add(r, 1, false, true);
	assert_int_equal(room_admits(r, ROOM_WEBINAR, false, &few), REFUSAL_VIEWERS_FULL);
	assert_int_equal(admits(r, ROOM_WEBINAR, false), REFUSAL_NONE); // only that token's limit
	assert_true(room_add_rules(r, &few));
	assert_int_equal(admits(r, ROOM_WEBINAR, false), REFUSAL_VIEWERS_FULL);
	for (int i = 0; i < 20; i++)
		add(r, i, true, true);
	assert_int_equal(room_admits(r, ROOM_WEBINAR, true, &many), REFUSAL_SPEAKERS_FULL);
	assert_int_equal(room_admits(r, ROOM_WEBINAR, false, &many), REFUSAL_NONE);
}

static void rules_stay_until_newer_ones_come(void **)
{
	struct room *r = make("w", ROOM_WEBINAR);
	char video[] = "https://video.example/1";
	const struct room_rules all = {
	        .waiting_room = true,
	        .speakers_max = 5,
	        .viewers_max = 6,
	        .pin = "4711",
	        .video = video};
	const struct room_rules none = {0};

	assert_true(room_add_rules(r, &all));
	assert_false(room_add_rules(r, &all));
	assert_false(room_add_rules(r, &none));
	assert_true(r->rules.waiting_room);
	assert_int_equal(r->rules.viewers_max, 6);
	assert_string_equal(r->rules.pin, "4711");
	video[0] = 'x'; // the room has a copy
	assert_string_equal(r->rules.video, "https://video.example/1");
}

// proves U18, R04
static void a_waiting_peer_takes_no_place_until_admitted(void **)
{
	struct room *r = make("w", ROOM_CALL);
	const struct rights rights = {.speaker = true};
	struct peer *p = peer_create("p", "", &rights);

	p->waiting = true;
	room_add_peer(r, p);
	assert_ptr_equal(TAILQ_FIRST(&r->waiting), p);
	assert_null(TAILQ_FIRST(&r->speakers));
	assert_ptr_equal(room_find_peer(r, "p"), p);
	room_admit_peer(p);
	assert_null(TAILQ_FIRST(&r->waiting));
	assert_ptr_equal(TAILQ_FIRST(&r->speakers), p);
	assert_int_equal(r->speaker_count, 0);
	room_join_peer(p);
	assert_int_equal(r->speaker_count, 1);
}

// proves B07
static void promotion_and_demotion_move_the_counts(void **)
{
	struct room *r = make("w", ROOM_WEBINAR);
	struct peer *joined = add(r, 1, false, true), *admitted = add(r, 2, false, false);

	room_set_speaker(joined, true);
	room_set_speaker(admitted, true);
	assert_int_equal(r->speaker_count, 1);
	assert_int_equal(r->viewer_count, 0);
	assert_true(joined->rights.speaker && joined->joined && !admitted->joined);
	room_set_speaker(joined, false);
	assert_int_equal(r->speaker_count, 0);
	assert_int_equal(r->viewer_count, 1);
	assert_ptr_equal(TAILQ_FIRST(&r->viewers), joined);
	room_unjoin_peer(joined);
	assert_int_equal(r->viewer_count, 0);
}

static void accounts_have_rooms_of_their_own(void **)
{
	struct room *a = room_create(&rooms, 1, 7, "same", ROOM_CALL, 0);
	struct room *b = room_create(&rooms, 2, 77, "same", ROOM_WEBINAR, 0);
	assert_ptr_equal(rooms_find(&rooms, 7, "same"), a);
	assert_ptr_equal(rooms_find(&rooms, 77, "same"), b);
	assert_null(rooms_find(&rooms, 777, "same"));
}

static void expect_usage(uint64_t account, const uint32_t counts[QUOTA_TOKENS])
{
	const struct usage *u = rooms_usage(&rooms, account);
	for (int q = 0; q < QUOTA_TOKENS; q++)
		assert_int_equal(u->count[q], counts[q]);
}

static void the_usage_of_an_account_is_counted(void **)
{
	const struct ortc_media media = {.kind = ORTC_AUDIO, .spatial_layers = 1};

	assert_null(rooms_usage(&rooms, 7));
	struct peer *speaker = add(make("a", ROOM_WEBINAR), 1, true, true);
	struct peer *viewer = add(speaker->room, 1, false, true);
	add(room_create(&rooms, 2, 77, "a", ROOM_CALL, 0), 1, true, true);
	struct peer *elsewhere = add(make("b", ROOM_CALL), 1, true, true);
	struct transport *from = peer_transport_add(speaker, am_id_make(1, 1), false);
	struct transport *to = peer_transport_add(viewer, am_id_make(2, 1), true);
	struct track *t =
	        track_create(am_id_make(1, 1), from, &media, memory_copy_string("{}"), false);
	struct subscription *s = subscription_create(am_id_make(1, 1), t, to);
	expect_usage(
	        7, (uint32_t[]){2, 3, 2, 1, 1}
	); // rooms, peers, transports, tracks, subscriptions
	expect_usage(77, (uint32_t[]){1, 1, 0, 0, 0});
	subscription_destroy(s);
	track_destroy(t);
	peer_transport_remove(to);
	expect_usage(7, (uint32_t[]){2, 3, 1, 0, 0});
	peer_transport_remove(from);
	struct room *b = elsewhere->room;
	room_remove_peer(elsewhere);
	peer_destroy(elsewhere);
	room_destroy(&rooms, b);
	expect_usage(7, (uint32_t[]){1, 2, 0, 0, 0});
}

static void refusals_say_it_in_both_languages(void **)
{
	for (enum refusal r = REFUSAL_BAD_REQUEST; r < REFUSAL_COUNT; r++) {
		assert_true(refusal_status(r) >= 400 && refusal_status(r) < 600);
		assert_true(strlen(refusal_text(r)) > 5);
		assert_non_null(strpbrk(refusal_text_russian(r), "\xd0\xd1")); // Cyrillic
	}
	assert_int_equal(refusal_status(REFUSAL_NOT_STARTED), 425);
	assert_int_equal(refusal_status(REFUSAL_LOCKED), 423);
}

static void integrators_can_read_about_each_refusal(void **)
{
	static char page[65536];
	FILE *f = fopen(ADMISSION_MD, "r");

	assert_non_null(f);
	assert_true(fread(page, 1, sizeof(page) - 1, f) > 0);
	fclose(f);
	for (enum refusal r = REFUSAL_BAD_REQUEST; r < REFUSAL_COUNT; r++) {
		char code[64];
		snprintf(code, sizeof(code), "`%s`", refusal_code(r));
		if (!strstr(page, code))
			fail_msg("admission.md has no %s", code);
	}
}

static void rooms_and_peers_are_found_by_name_among_many(void **)
{
	char name[32];
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "room%d", i);
		room_create(&rooms, (uint64_t)i, 7, name, ROOM_CALL, 0);
	}
	assert_int_equal(rooms_find(&rooms, 7, "room250")->id, 250);
	assert_null(rooms_find(&rooms, 7, "room300"));
	struct room *r = rooms_find(&rooms, 7, "room7");
	for (int i = 0; i < 40; i++)
		add(r, i, true, true);
	assert_string_equal(room_find_peer(r, "s39")->id, "s39");
	assert_null(room_find_peer(r, "s40"));
	assert_false(room_is_empty(r));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_call_takes_fifty),
	        TEST(a_webinar_counts_speakers_and_viewers_apart),
	        TEST(a_peer_that_has_not_joined_takes_no_place),
	        TEST(the_other_kind_is_refused),
	        TEST(viewers_are_the_moderators_business),
	        TEST(tokens_lower_the_limits_but_never_raise_them),
	        TEST(rules_stay_until_newer_ones_come),
	        TEST(a_waiting_peer_takes_no_place_until_admitted),
	        TEST(promotion_and_demotion_move_the_counts),
	        TEST(accounts_have_rooms_of_their_own),
	        TEST(the_usage_of_an_account_is_counted),
	        TEST(refusals_say_it_in_both_languages),
	        TEST(integrators_can_read_about_each_refusal),
	        TEST(rooms_and_peers_are_found_by_name_among_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
