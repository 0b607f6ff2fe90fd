#include "test.h"

#include "store/rooms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[] = "/tmp/amphi-store-XXXXXX";
static char path[64];

struct seen {
	int rooms, peers, transports, tracks, turned_away, kept;
	uint32_t flags;
	bool waiting_room;
	char pin[16];
	char name[64];
	char parameters[64];
	bool paused, connected;
	uint32_t mid_reserved;
};

static void on_room(void *owner, const struct store_room *r)
{
	struct seen *s = owner;
	s->rooms++;
	assert_string_equal(r->name, "room");
	assert_int_equal(r->kind, 1);
	assert_int_equal(r->created_ms, 123456789012);
	assert_int_equal(r->id, 0xfedcba9876543210);
	assert_int_equal(r->account_id, 42);
	assert_int_equal(r->speakers_max, 3);
	assert_int_equal(r->viewers_max, 100);
	assert_string_equal(r->video, "https://video.example/1");
	s->waiting_room = r->waiting_room;
	snprintf(s->pin, sizeof(s->pin), "%s", r->pin);
}

static void on_peer(void *owner, const struct store_peer *p)
{
	struct seen *s = owner;
	s->peers++;
	s->flags = p->flags;
	snprintf(s->name, sizeof(s->name), "%s", p->display_name);
}

static void on_transport(void *owner, const struct store_transport *t)
{
	struct seen *s = owner;
	s->transports++;
	s->connected = t->connected;
	s->mid_reserved = t->mid_reserved;
	assert_true(t->consuming);
}

static void on_track(void *owner, const struct store_track *t)
{
	struct seen *s = owner;
	s->tracks++;
	s->paused = t->paused;
	snprintf(s->parameters, sizeof(s->parameters), "%s", t->parameters);
}

static void on_turned_away(void *owner, const struct store_turned_away *t)
{
	struct seen *s = owner;
	s->turned_away++;
	assert_string_equal(t->key, "42/room/late");
	assert_string_equal(t->refusal, "removed");
	assert_int_equal(t->until_ms, 3000);
}

static void on_kept(void *owner, const struct store_kept_rules *k)
{
	struct seen *s = owner;
	s->kept++;
	assert_string_equal(k->key, "42/room");
	assert_string_equal(k->pin, "4711");
	assert_true(k->waiting_room);
	assert_int_equal(k->until_ms, 9000);
}

static struct seen reopen(struct store_rooms **s)
{
	struct seen seen = {0};
	const struct store_rooms_reader reader = {&seen,    on_room,        on_peer, on_transport,
	                                          on_track, on_turned_away, on_kept};
	store_rooms_close(*s);
	*s = store_rooms_open(path);
	assert_non_null(*s);
	assert_int_equal(store_rooms_read(*s, &reader), 0);
	assert_int_equal(store_rooms_read_recall(*s, &reader), 0);
	return seen;
}

static struct store_room room(void)
{
	return (struct store_room){
	        .id = 0xfedcba9876543210,
	        .account_id = 42,
	        .name = "room",
	        .kind = 1,
	        .created_ms = 123456789012,
	        .speakers_max = 3,
	        .viewers_max = 100,
	        .pin = "",
	        .video = "https://video.example/1",
	};
}

static void fill(struct store_rooms *s)
{
	const struct store_room r = room();
	store_rooms_reset(s, 77);
	store_room_put(s, &r);
	store_peer_put(
	        s,
	        &(struct store_peer){
	                .room_id = r.id,
	                .id = "p'1",
	                .session = "s",
	                .flags = STORE_SPEAKER | STORE_JOINED,
	                .display_name = "Ada",
	                .device = "{}",
	                .capabilities = "{\"c\":[]}",
	        }
	);
	store_transport_put(
	        s, &(struct store_transport
	           ){am_id_make(5, 0x80000001), 0xfedcba9876543210, "p'1", true, false, 64, "cn"}
	);
	store_track_put(
	        s, &(struct store_track
	           ){am_id_make(9, 2), am_id_make(5, 0x80000001), 1, false, "{\"x\":1}", "{}"}
	);
}

static int setup(void **state)
{
	unlink(path);
	struct store_rooms *s = store_rooms_open(path);
	assert_non_null(s);
	fill(s);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	store_rooms_close(*state);
	return 0;
}

static void all_is_there_after_reopening(void **state)
{
	struct store_rooms *s = *state;
	struct seen seen = reopen(&s);
	*state = s;
	assert_int_equal(store_rooms_generation(s), 77);
	assert_int_equal(seen.rooms + seen.peers + seen.transports + seen.tracks, 4);
	assert_string_equal(seen.name, "Ada");
	assert_string_equal(seen.parameters, "{\"x\":1}");
}

static void changes_are_kept(void **state)
{
	struct store_rooms *s = *state;
	store_peer_rename(s, 0xfedcba9876543210, "p'1", "Eve");
	store_peer_flags(s, 0xfedcba9876543210, "p'1", STORE_MODERATOR | STORE_WAITING);
	store_track_pause(s, am_id_make(9, 2), true);
	struct store_room r = room();
	r.waiting_room = true;
	r.pin = "4711";
	store_room_put(s, &r);
	store_transport_put(
	        s, &(struct store_transport
	           ){am_id_make(5, 0x80000001), 0xfedcba9876543210, "p'1", true, true, 128, "cn"}
	);
	struct seen seen = reopen(&s);
	*state = s;
	assert_string_equal(seen.name, "Eve");
	assert_true(seen.paused && seen.connected && seen.waiting_room);
	assert_int_equal(seen.flags, STORE_MODERATOR | STORE_WAITING);
	assert_string_equal(seen.pin, "4711");
	assert_int_equal(seen.mid_reserved, 128);
	// Updates of rooms and peers did not remove what belongs to them.
	assert_int_equal(seen.peers + seen.tracks, 2);
}

static void everything_of_a_peer_is_removed_with_it(void **state)
{
	struct store_rooms *s = *state;
	store_peer_remove(s, 0xfedcba9876543210, "p'1");
	struct seen seen = reopen(&s);
	*state = s;
	assert_int_equal(seen.rooms, 1);
	assert_int_equal(seen.peers + seen.transports + seen.tracks, 0);
}

static void a_child_without_its_parent_stops_nothing(void **state)
{
	struct store_rooms *s = *state;
	store_room_remove(s, 0xfedcba9876543210);
	store_transport_put(
	        s, &(struct store_transport){am_id_make(6, 1), 1, "nobody", true, false, 0, ""}
	);
	store_track_put(
	        s, &(struct store_track){am_id_make(9, 3), am_id_make(6, 1), 0, false, "{}", "{}"}
	);
	fill(s);
	struct seen seen = reopen(&s);
	*state = s;
	assert_int_equal(seen.rooms + seen.peers + seen.transports + seen.tracks, 4);
}

static void another_data_plane_starts_empty(void **state)
{
	struct store_rooms *s = *state;
	store_rooms_reset(s, 78);
	struct seen seen = reopen(&s);
	*state = s;
	assert_int_equal(store_rooms_generation(s), 78);
	assert_int_equal(seen.rooms + seen.peers + seen.transports + seen.tracks, 0);
}

static void a_removed_session_is_known_until_it_expires(void **state)
{
	struct store_rooms *s = *state;
	store_turned_away_put(
	        s, &(struct store_turned_away){"42/room/early", "removed", 2000, 1000}
	);
	store_turned_away_put(
	        s, &(struct store_turned_away){"42/room/late", "declined", 2500, 1500}
	);
	store_turned_away_put(
	        s, &(struct store_turned_away){"42/room/late", "removed", 3000, 2001}
	);
	store_turned_away_put(
	        s, &(struct store_turned_away){"42/room/forgotten", "removed", 3000, 2001}
	);
	store_turned_away_remove(s, "42/room/forgotten");
	store_rooms_reset(s, 79); // removed sessions survive this
	struct seen seen = reopen(&s);
	*state = s;
	assert_int_equal(seen.turned_away, 1);
}

static void the_rules_of_empty_rooms_are_kept(void **state)
{
	struct store_rooms *s = *state;
	store_kept_rules_put(s, &(struct store_kept_rules){"42/old", true, "", 2000, 1000});
	store_kept_rules_put(s, &(struct store_kept_rules){"42/gone", true, "", 9000, 1000});
	store_kept_rules_put(s, &(struct store_kept_rules){"42/room", false, "1111", 8000, 1000});
	store_kept_rules_put(s, &(struct store_kept_rules){"42/room", true, "4711", 9000, 2001});
	store_kept_rules_remove(s, "42/gone");
	store_rooms_reset(s, 79);
	struct seen seen = reopen(&s);
	*state = s;
	assert_int_equal(seen.kept, 1);
}

static void an_impossible_path_is_refused(void **)
{
	assert_null(store_rooms_open("/proc/nowhere/store.db"));
	assert_null(store_rooms_open("/tmp"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(all_is_there_after_reopening),
	        TEST(changes_are_kept),
	        TEST(everything_of_a_peer_is_removed_with_it),
	        TEST(a_child_without_its_parent_stops_nothing),
	        TEST(another_data_plane_starts_empty),
	        TEST(the_rules_of_empty_rooms_are_kept),
	        TEST(a_removed_session_is_known_until_it_expires),
	        cmocka_unit_test(an_impossible_path_is_refused),
	};
	if (!mkdtemp(directory))
		return 1;
	snprintf(path, sizeof(path), "%s/store.db", directory);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	char command[128];
	snprintf(command, sizeof(command), "%s-wal", path);
	unlink(command);
	snprintf(command, sizeof(command), "%s-shm", path);
	unlink(command);
	unlink(path);
	rmdir(directory);
	return failed;
}
