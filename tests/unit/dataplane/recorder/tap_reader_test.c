#include "recorder/tap_reader.h"

#include "am_clock.h"
#include "am_tap.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "hostile.h"

#define SEEN_MAX 40000

static struct am_tap tap;
static uint64_t positions[AM_TAP_RING_MAX];
static int listener, connection = -1;
static pthread_t server;
static char path[64];

static struct {
	uint32_t count;
	uint64_t ids[SEEN_MAX];
	uint64_t generation;
	int64_t now_us;
	uint64_t missed;
} seen;

static int64_t now_us(void)
{
	return (int64_t)(am_clock_ns() / 1000);
}

static void on_entry(void *, uint64_t generation, const struct am_tap_entry *e, int64_t now)
{
	assert_int_equal(am_tap_check(e), 0);
	assert_true(now >= seen.now_us && now <= now_us());
	assert_true(e->arrival_us <= now);
	assert_true(seen.count < SEEN_MAX);
	seen.ids[seen.count++] = am_id_slot(e->id);
	seen.generation = generation;
	seen.now_us = now;
}

static void on_missed(void *, uint64_t count)
{
	seen.missed += count;
}

static void *serve(void *)
{
	connection = -1;
	while (connection < 0) {
		connection = am_tap_accept(listener, 0);
		usleep(1000);
	}
	while (am_tap_welcome(connection, 0, tap.fd) == -EAGAIN)
		usleep(1000);
	return NULL;
}

// A data plane of two workers.
static void data_plane_begin(uint64_t generation)
{
	memset(positions, 0, sizeof(positions));
	assert_int_equal(am_tap_new(&tap, 2, generation), 0);
	listener = am_tap_listen(path, 0);
	assert_true(listener >= 0);
	assert_int_equal(pthread_create(&server, NULL, serve, NULL), 0);
}

static void data_plane_end(void)
{
	close(connection);
	close(listener);
	am_tap_leave(&tap);
}

static void put(uint32_t ring, uint32_t slot, int64_t arrival_us)
{
	struct am_tap_entry *e = am_tap_begin(&tap.map->rings[ring], positions[ring]);

	memset(e, 0, offsetof(struct am_tap_entry, payload));
	e->kind = AM_TAP_PACKET;
	e->id = am_id_make(slot, 1);
	e->arrival_us = arrival_us;
	am_tap_end(&tap.map->rings[ring], positions[ring]++);
}

static struct tap_reader *begin(void)
{
	const struct tap_reader_events events = {.entry = on_entry, .missed = on_missed};
	struct tap_reader *r = tap_reader_create(path, &events);

	assert_non_null(r);
	memset(&seen, 0, sizeof(seen));
	data_plane_begin(5);
	tap_reader_connect(r, now_us());
	pthread_join(server, NULL);
	assert_true(tap_reader_is_connected(r));
	assert_int_equal(tap_reader_generation(r), 5);
	return r;
}

static void end(struct tap_reader *r)
{
	tap_reader_destroy(r);
	data_plane_end();
}

static void read_all(struct tap_reader *r)
{
	tap_reader_mark(r);
	assert_true(tap_reader_read(r, UINT32_MAX, now_us()));
}

static void entries_come_in_order_of_arrival(void **)
{
	struct tap_reader *r = begin();

	for (uint32_t i = 0; i < 300; i++)
		put(i * 7 % 3, i, 1000 + i);
	read_all(r);
	assert_int_equal(seen.count, 300);
	for (uint32_t i = 0; i < 300; i++)
		assert_int_equal(seen.ids[i], i);
	assert_int_equal(seen.now_us, 1299);
	read_all(r);
	assert_int_equal(seen.count, 300); // once
	end(r);
}

static void nothing_behind_the_marks_is_read(void **)
{
	struct tap_reader *r = begin();

	put(0, 1, 1000);
	tap_reader_mark(r);
	put(0, 2, 1001);
	put(1, 3, 900);
	assert_true(tap_reader_read(r, UINT32_MAX, now_us()));
	assert_int_equal(seen.count, 1);
	tap_reader_mark(r);
	assert_false(tap_reader_read(r, 1, now_us()));
	assert_int_equal(seen.count, 2);
	assert_true(tap_reader_read(r, 2, now_us()));
	assert_int_equal(seen.count, 3);
	end(r);
}

static void what_was_overwritten_is_counted(void **)
{
	struct tap_reader *r = begin();

	put(0, 1, 1000);
	read_all(r);
	for (uint32_t i = 0; i < AM_TAP_SLOTS + 1000; i++)
		put(0, i % 8000, 2000 + i);
	read_all(r);
	assert_true(seen.missed >= 1000 && seen.missed < 1200);
	assert_int_equal(seen.count + seen.missed, AM_TAP_SLOTS + 1001);
	end(r);
}

static void what_was_there_before_us_is_not_missed(void **)
{
	const struct tap_reader_events events = {.entry = on_entry, .missed = on_missed};
	struct tap_reader *r = tap_reader_create(path, &events);

	memset(&seen, 0, sizeof(seen));
	data_plane_begin(5);
	for (uint32_t i = 0; i < AM_TAP_SLOTS * 2; i++)
		put(1, 1, 2000 + i);
	tap_reader_connect(r, now_us());
	pthread_join(server, NULL);
	read_all(r);
	assert_int_equal(seen.missed, 0);
	assert_true(seen.count > AM_TAP_SLOTS - 200);
	end(r);
}

static void old_rings_are_read_before_new_ones(void **)
{
	struct tap_reader *r = begin();

	put(0, 1, 1000);
	put(1, 2, 5000);
	data_plane_end();
	data_plane_begin(6);
	put(0, 3, 2000);
	int64_t start_us = now_us();
	while (tap_reader_generation(r) != 6 && now_us() - start_us < 5000000) {
		tap_reader_connect(r, now_us());
		usleep(10000);
	}
	pthread_join(server, NULL);
	read_all(r);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.ids[0], 1);
	assert_int_equal(seen.ids[1], 2);
	assert_int_equal(seen.ids[2], 3);
	assert_int_equal(seen.generation, 6);
	assert_int_equal(seen.now_us, 5000); // does not go back
	end(r);
}

static void arrivals_are_never_in_the_future(void **)
{
	struct tap_reader *r = begin();

	put(0, 1, now_us() + 3600000000);
	put(0, 2, 1000);
	read_all(r);
	assert_int_equal(seen.count, 2); // on_entry checks the times
	end(r);
}

// Heads and sequences of a writer that has lost its mind: bounded work, no crash.
static void impossible_positions_are_survived(void **)
{
	static const uint64_t heads[] = {
	        UINT64_MAX, 0, 1ull << 63, AM_TAP_NUMBER_MAX, 5, AM_TAP_NUMBER_MAX - 1, 1ull << 40,
	};
	struct tap_reader *r = begin();
	uint64_t random = hostile_seed();

	for (size_t i = 0; i < COUNT(heads); i++) {
		for (int k = 0; k < 1000; k++)
			put(0, 1, 1000);
		for (uint32_t k = 0; k < AM_TAP_SLOTS; k++)
			atomic_store(
			        &tap.map->rings[0].slots[k].sequence,
			        k % 2 ? heads[i] * 2 - hostile_random(&random) % 30000 : random
			);
		atomic_store(&tap.map->rings[0].head, heads[i]);
		read_all(r);
	}
	put(1, 9, 2000);
	read_all(r);
	assert_int_equal(seen.ids[seen.count - 1], 9); // the other ring is as good as ever
	end(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(entries_come_in_order_of_arrival),
	        cmocka_unit_test(nothing_behind_the_marks_is_read),
	        cmocka_unit_test(what_was_overwritten_is_counted),
	        cmocka_unit_test(what_was_there_before_us_is_not_missed),
	        cmocka_unit_test(old_rings_are_read_before_new_ones),
	        cmocka_unit_test(arrivals_are_never_in_the_future),
	        cmocka_unit_test(impossible_positions_are_survived),
	};

	snprintf(path, sizeof(path), "/tmp/amphi-tap-reader-%d.sock", getpid());
	int ret = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return ret;
}
