#include "test.h"

#include "base/loop.h"
#include "fake_dataplane.h"
#include "media/media.h"
#include "media/region.h"

#include "am_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct fake_dataplane fake;
static char path[64];

struct test {
	struct loop *loop;
	struct media *media;
	struct media_events events;
	int ups, downs, resyncs, states, layers;
	uint64_t generation;
	int done, result; // of commands
	uint64_t connection; // of the last call answered
};

static void on_up(void *owner, uint64_t generation)
{
	struct test *t = owner;
	t->ups++;
	t->generation = generation;
}

static void on_down(void *owner)
{
	((struct test *)owner)->downs++;
}

static void on_state(void *owner, am_id, uint8_t, uint8_t)
{
	((struct test *)owner)->states++;
}

static void on_layers(void *owner, const struct am_event_subscription_layers *)
{
	((struct test *)owner)->layers++;
}

static void on_too_long(void *, am_id, uint32_t)
{
}

static void on_wanted(void *, am_id, uint8_t)
{
}

static void on_resync(void *owner)
{
	((struct test *)owner)->resyncs++;
}

static void on_done(void *owner, const struct media_call *call, int result)
{
	struct test *t = owner;
	t->done++;
	t->result = result;
	t->connection = call->connection;
}

static void turns(struct test *t, int n)
{
	while (n-- > 0) {
		fake_dataplane_turn(&fake);
		loop_turn(t->loop, 1);
	}
}

// Turns until *counter reaches n, at most 10 s.
static void until(struct test *t, const int *counter, int n)
{
	uint64_t end = loop_now_ms(t->loop) + 10000;
	while (*counter < n && loop_now_ms(t->loop) < end)
		turns(t, 1);
	assert_true(*counter >= n);
}

static void media_start(struct test *t)
{
	t->media = media_create(t->loop, path, &t->events);
	assert_non_null(t->media);
}

static int setup(void **state)
{
	struct test *t = calloc(1, sizeof(*t));
	snprintf(path, sizeof(path), "/tmp/amphi-media-%d.sock", getpid());
	fake_dataplane_start(&fake, path);
	t->events = (struct media_events){t,         on_up,       on_down,   on_state,
	                                  on_layers, on_too_long, on_wanted, on_resync};
	t->loop = loop_create();
	media_start(t);
	until(t, &t->ups, 1);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct test *t = *state;
	media_destroy(t->media);
	loop_destroy(t->loop);
	fake_dataplane_stop(&fake);
	unlink(path);
	free(t);
	return 0;
}

static am_id transport_add(struct test *t)
{
	struct am_cmd_transport_add add = {
	        .transport_id = media_id_new(t->media, MEDIA_TRANSPORTS), .room_id = 1};
	memset(add.ufrag, 'u', sizeof(add.ufrag));
	memset(add.pwd, 'p', sizeof(add.pwd));
	am_ufrag_set_slot(add.ufrag, am_id_slot(add.transport_id));
	const struct media_call call = {.id = add.transport_id, .connection = 42};
	assert_int_equal(media_transport_add(t->media, &add, on_done, t, &call), 0);
	return add.transport_id;
}

static void a_command_is_acknowledged_to_its_caller(void **state)
{
	struct test *t = *state;
	assert_int_equal(t->generation, fake.region.map->header.generation);
	assert_int_equal(media_info(t->media)->udp_port, 40000);
	transport_add(t);
	until(t, &t->done, 1);
	assert_int_equal(t->result, 0);
	assert_int_equal(t->connection, 42);
	fake.result = -ENOMEM;
	transport_add(t);
	until(t, &t->done, 2);
	assert_int_equal(t->result, -ENOMEM);
}

static void a_bad_command_never_leaves(void **state)
{
	struct test *t = *state;
	uint32_t before = fake.commands;
	const struct am_cmd_transport_add bad = {.transport_id = am_id_make(1, 1)};
	const struct media_call call = {.id = bad.transport_id};
	assert_int_equal(media_transport_add(t->media, &bad, on_done, t, &call), -EINVAL);
	turns(t, 5);
	assert_int_equal(fake.commands, before);
	assert_int_equal(t->done, 0);
}

static void a_full_ring_delays_but_loses_nothing(void **state)
{
	struct test *t = *state;
	uint32_t before = fake.commands;
	const uint32_t n = AM_RING_SLOTS + 1000;
	for (uint32_t i = 0; i < n - 1; i++)
		media_subscription_pause(t->media, am_id_make(i, 1), true);
	fake_dataplane_turn(&fake); // now there is room, but other commands wait for it
	media_subscription_pause(t->media, am_id_make(n - 1, 1), true);
	for (int i = 0; i < 1000 && fake.commands < before + n; i++)
		turns(t, 1);
	assert_int_equal(fake.commands, before + n);
	assert_int_equal(am_id_slot(fake.last.id.id), n - 1); // in order
}

static void what_waits_is_bounded(void **state)
{
	struct test *t = *state;
	int refused = 0;
	for (uint32_t i = 0; i < 80000; i++) {
		const struct am_cmd_subscription_add add = {
		        .subscription_id = am_id_make(i, 1),
		        .track_id = am_id_make(1, 1),
		        .transport_id = am_id_make(1, 1),
		        .ssrc = 1,
		};
		const struct media_call call = {.id = add.subscription_id};
		refused += media_subscription_add(t->media, &add, on_done, t, &call) == -ENOBUFS;
	}
	assert_int_equal(refused, 80000 - 65536);
	until(t, &t->done, 65536 - AM_RING_SLOTS); // the event ring lost some of the rest
}

static void lost_events_lead_to_the_tables(void **state)
{
	struct test *t = *state;
	atomic_fetch_add(&fake.region.map->header.events_lost, 3);
	until(t, &t->resyncs, 1);
	uint64_t end = loop_now_ms(t->loop) + 300;
	while (loop_now_ms(t->loop) < end)
		turns(t, 1);
	assert_int_equal(t->resyncs, 1);
}

static void a_lost_acknowledgement_is_read_from_the_tables(void **state)
{
	struct test *t = *state;
	fake.mute = true;
	transport_add(t);
	until(t, &t->done, 1); // MEDIA_ACK_MS later
	assert_int_equal(t->result, 0);
	fake.result = -EIO;
	transport_add(t);
	until(t, &t->done, 2);
	assert_int_equal(t->result, -ETIMEDOUT);
}

static void hostile_messages_are_dropped(void **state)
{
	struct test *t = *state;
	struct am_msg msg;
	am_log_level = AM_LOG_ERROR;
	srand(1);
	for (int i = 0; i < 50000; i++) {
		for (size_t k = 0; k < sizeof(msg); k++)
			((uint8_t *)&msg)[k] = (uint8_t)rand();
		if (i % 2)
			msg.type = (uint16_t)(rand() % (AM_MSG_COUNT + 2));
		(void)!fake_dataplane_push(&fake, &msg);
		if (i % 4096 == 0)
			turns(t, 2);
	}
	turns(t, 20);
	t->states = t->layers = 0;
	msg = (struct am_msg){.type = AM_EVENT_TRANSPORT_STATE};
	msg.transport_state.transport_id = am_id_make(1, 1);
	msg.transport_state.ice = AM_ICE_COUNT; // out of bounds
	assert_int_equal(fake_dataplane_push(&fake, &msg), 0);
	turns(t, 5);
	assert_int_equal(t->states, 0);
	msg.transport_state.ice = AM_ICE_CONNECTED;
	assert_int_equal(fake_dataplane_push(&fake, &msg), 0);
	until(t, &t->states, 1);
	am_log_level = AM_LOG_INFO;
	assert_true(media_is_up(t->media));
	transport_add(t);
	until(t, &t->done, 1);
	assert_int_equal(t->result, 0);
}

static void an_impossible_index_ends_the_connection(void **state)
{
	struct test *t = *state;
	atomic_fetch_add(&fake.region.map->events.head, AM_RING_SLOTS * 3u);
	fake_dataplane_wake(&fake);
	for (int i = 0; i < 1000 && t->downs == 0; i++)
		loop_turn(t->loop, 1);
	assert_int_equal(t->downs, 1);
	assert_false(media_is_up(t->media));
	assert_true(media_id_new(t->media, MEDIA_TRACKS) == 0);
}

static void an_acknowledgement_of_an_older_connection_is_ignored(void **state)
{
	struct test *t = *state;
	fake.mute = true;
	transport_add(t);
	turns(t, 5);
	struct am_msg ack = {
	        .type = AM_EVENT_ACK,
	        .epoch = (uint16_t)(fake.epoch - 1),
	        .ack = {.sequence = fake.last.sequence, .result = -EIO},
	};
	assert_int_equal(fake_dataplane_push(&fake, &ack), 0);
	turns(t, 20);
	assert_int_equal(t->done, 0);
	ack.epoch = fake.epoch;
	assert_int_equal(fake_dataplane_push(&fake, &ack), 0);
	until(t, &t->done, 1);
	assert_int_equal(t->result, -EIO);
}

static void callers_are_answered_when_the_data_plane_dies(void **state)
{
	struct test *t = *state;
	fake.mute = true;
	transport_add(t);
	turns(t, 5);
	close(fake.connection);
	fake.connection = -1;
	for (int i = 0; i < 1000 && t->downs == 0; i++)
		loop_turn(t->loop, 1);
	assert_int_equal(t->done, 1);
	assert_int_equal(t->result, -ENOTCONN);
	fake.mute = false;
	until(t, &t->ups, 2); // it was connected again
}

static void ids_of_the_tables_are_not_given_again(void **state)
{
	struct test *t = *state;
	am_id first = transport_add(t), second = transport_add(t);
	until(t, &t->done, 2);
	media_transport_remove(t->media, second);
	turns(t, 5);
	media_destroy(t->media);
	media_start(t);
	until(t, &t->ups, 2);
	for (uint32_t i = 0; i < AM_TRANSPORT_MAX - 1; i++) {
		am_id id = media_id_new(t->media, MEDIA_TRANSPORTS);
		assert_true(id != 0 && id != first && id != second);
		assert_true(am_id_slot(id) != am_id_slot(first));
	}
	assert_true(media_id_new(t->media, MEDIA_TRANSPORTS) == 0);
}

static void the_tables_are_read_after_the_rings_last_command(void **state)
{
	struct test *t = *state;
	am_id id = transport_add(t); // the process dies before the data plane has read this
	media_destroy(t->media);
	struct am_transport_state entry;
	media_start(t);
	until(t, &t->ups, 2);
	assert_true(media_read_transport(t->media, am_id_slot(id), &entry));
	assert_true(entry.id == id);
}

static void garbage_in_a_table_is_no_entry(void **state)
{
	struct test *t = *state;
	struct am_subscription_state *s = &fake.region.map->subscriptions[7], copy;
	s->id = am_id_make(8, 1); // belongs to another slot
	assert_false(media_read_subscription(t->media, 7, &copy));
	s->id = am_id_make(7, 1);
	memset(s->mid, '1', sizeof(s->mid)); // not terminated
	assert_false(media_read_subscription(t->media, 7, &copy));
	s->mid[1] = '\0';
	assert_true(media_read_subscription(t->media, 7, &copy));
	s->version = 1; // the writer died while writing
	assert_false(media_read_subscription(t->media, 7, &copy));
	assert_false(media_read_subscription(t->media, AM_SUBSCRIPTION_MAX, &copy));
}

// So that the next control plane can end what this one began.
static void taps_outlive_the_control_plane(void **state)
{
	struct test *t = *state;
	struct am_track_state track;
	uint64_t rooms[AM_ROOM_TAP_MAX];
	const am_id id = am_id_make(3, 1);

	fake.region.map->tracks[3].id = id;
	media_track_tap(t->media, id, true);
	media_room_tap(t->media, 77, true);
	media_room_tap(t->media, 78, true);
	media_room_tap(t->media, 77, false);
	turns(t, 5);
	media_destroy(t->media);
	media_start(t);
	until(t, &t->ups, 2);
	assert_true(media_read_track(t->media, 3, &track));
	assert_int_equal(track.tapped, 1);
	assert_int_equal(media_tapped_rooms(t->media, rooms), 1);
	assert_int_equal(rooms[0], 78);
	media_track_key_frame(t->media, id);
	turns(t, 5);
	assert_int_equal(fake.last.type, AM_CMD_TRACK_KEY_FRAME);
	media_track_tap(t->media, id, false);
	turns(t, 5);
	assert_true(media_read_track(t->media, 3, &track));
	assert_int_equal(track.tapped, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

// The next answer, or the count of lost events, reveals an answer that did not fit.
static void lost_answers_are_found_by_the_tables(void **state)
{
	struct test *t = *state;

	fake.mute = 1;
	for (int i = 0; i < 3; i++)
		transport_add(t);
	turns(t, 20);
	assert_int_equal(t->done, 0);
	fake.mute = 0;
	transport_add(t);
	turns(t, 20);
	assert_int_equal(t->done, 4);
	assert_int_equal(t->result, 0);

	fake.mute = 1;
	am_id kept = transport_add(t), gone = transport_add(t);
	turns(t, 20);
	assert_int_equal(t->done, 4);
	fake.region.map->transports[am_id_slot(gone)].id = 0; // as if it had been refused
	fake.mute = 0;
	atomic_fetch_add(&fake.region.map->header.events_lost, 2);
	until(t, &t->resyncs, 1);
	turns(t, 50); // not only when they are overdue
	assert_int_equal(t->done, 6);
	assert_int_equal(t->result, -ETIMEDOUT);
	assert_int_equal(t->resyncs, 1);
	assert_true(fake.region.map->transports[am_id_slot(kept)].id == kept);
}

// No more commands are pending than the event ring can answer.
static void commands_wait_for_room_for_their_answers(void **state)
{
	struct test *t = *state;
	const struct am_ring *ring = &fake.region.map->commands;
	uint32_t before = fake.commands;
	am_id id = am_id_make(1, 1);

	for (int i = 0; i < 20000; i++)
		media_subscription_key_frame(t->media, id);
	uint32_t waiting = atomic_load(&ring->head) - atomic_load(&ring->tail);
	assert_int_equal(waiting, AM_RING_SLOTS / 2);
	turns(t, 50);
	assert_int_equal(fake.commands - before, 20000);
	assert_int_equal(atomic_load(&fake.region.map->header.events_lost), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_command_is_acknowledged_to_its_caller),
	        TEST(a_bad_command_never_leaves),
	        TEST(a_full_ring_delays_but_loses_nothing),
	        TEST(what_waits_is_bounded),
	        TEST(lost_events_lead_to_the_tables),
	        TEST(a_lost_acknowledgement_is_read_from_the_tables),
	        TEST(lost_answers_are_found_by_the_tables),
	        TEST(commands_wait_for_room_for_their_answers),
	        TEST(hostile_messages_are_dropped),
	        TEST(an_impossible_index_ends_the_connection),
	        TEST(an_acknowledgement_of_an_older_connection_is_ignored),
	        TEST(callers_are_answered_when_the_data_plane_dies),
	        TEST(ids_of_the_tables_are_not_given_again),
	        TEST(the_tables_are_read_after_the_rings_last_command),
	        TEST(garbage_in_a_table_is_no_entry),
	        TEST(taps_outlive_the_control_plane),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
