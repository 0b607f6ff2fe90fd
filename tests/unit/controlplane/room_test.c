#include "test.h"

#include "room.h"

#include <stdio.h>

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
		while ((p = TAILQ_FIRST(&r->speakers)) || (p = TAILQ_FIRST(&r->viewers))) {
			room_remove_peer(p);
			peer_destroy(p);
		}
		room_destroy(&rooms, r);
	}
	rooms_fini(&rooms);
	return 0;
}

static struct peer *add(struct room *r, int n, bool speaker, bool join)
{
	char id[16];
	snprintf(id, sizeof(id), "%c%d", speaker ? 's' : 'v', n);
	struct peer *p = peer_create(id, "", speaker);
	room_add_peer(r, p);
	if (join)
		room_join_peer(p);
	return p;
}

static void a_call_takes_fifty(void **)
{
	struct room *r = room_create(&rooms, 1, "r", ROOM_CALL, 0);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(room_admits(r, ROOM_CALL, true), REFUSAL_NONE);
		add(r, i, true, true);
	}
	assert_int_equal(room_admits(r, ROOM_CALL, true), REFUSAL_ROOM_FULL);
	struct peer *p = room_find_peer(r, "s7");
	room_remove_peer(p);
	peer_destroy(p);
	assert_int_equal(room_admits(r, ROOM_CALL, true), REFUSAL_NONE);
}

static void a_webinar_counts_speakers_and_viewers_apart(void **)
{
	struct room *r = room_create(&rooms, 1, "r", ROOM_WEBINAR, 0);
	for (int i = 0; i < 20; i++)
		add(r, i, true, true);
	assert_int_equal(room_admits(r, ROOM_WEBINAR, true), REFUSAL_SPEAKERS_FULL);
	assert_int_equal(room_admits(r, ROOM_WEBINAR, false), REFUSAL_NONE);
	for (int i = 0; i < 2000; i++)
		add(r, i, false, true);
	assert_int_equal(room_admits(r, ROOM_WEBINAR, false), REFUSAL_VIEWERS_FULL);
	assert_int_equal(r->viewer_count, 2000);
}

static void who_has_not_joined_takes_no_place(void **)
{
	struct room *r = room_create(&rooms, 1, "r", ROOM_CALL, 0);
	for (int i = 0; i < 60; i++)
		add(r, i, true, false);
	assert_int_equal(room_admits(r, ROOM_CALL, true), REFUSAL_NONE);
	assert_int_equal(r->speaker_count, 0);
}

static void the_other_kind_is_refused(void **)
{
	struct room *c = room_create(&rooms, 1, "c", ROOM_CALL, 0);
	struct room *w = room_create(&rooms, 2, "w", ROOM_WEBINAR, 0);
	assert_int_equal(room_admits(c, ROOM_WEBINAR, true), REFUSAL_WRONG_ROOM_KIND);
	assert_int_equal(room_admits(w, ROOM_CALL, true), REFUSAL_WRONG_ROOM_KIND);
	assert_string_equal(refusal_code(REFUSAL_WRONG_ROOM_KIND), "wrong-room-kind");
}

static void viewers_are_not_announced(void **)
{
	struct room *r = room_create(&rooms, 1, "w", ROOM_WEBINAR, 0);
	assert_false(peer_is_announced(add(r, 1, false, true)));
	assert_true(peer_is_announced(add(r, 1, true, true)));
	assert_false(peer_is_announced(add(r, 2, true, false)));
}

static void rooms_and_peers_are_found_by_name_among_many(void **)
{
	char name[32];
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "room%d", i);
		room_create(&rooms, (uint64_t)i, name, ROOM_CALL, 0);
	}
	assert_int_equal(rooms_find(&rooms, "room250")->id, 250);
	assert_null(rooms_find(&rooms, "room300"));
	struct room *r = rooms_find(&rooms, "room7");
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
	        TEST(who_has_not_joined_takes_no_place),
	        TEST(the_other_kind_is_refused),
	        TEST(viewers_are_not_announced),
	        TEST(rooms_and_peers_are_found_by_name_among_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
