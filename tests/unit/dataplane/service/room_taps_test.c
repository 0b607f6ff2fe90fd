#include "service/room_taps.h"

#include <errno.h>

#include "test.h"

#define ROOM 77

static struct am_tap tap;
static struct am_region region;
static struct room_taps taps;

static int setup(void **)
{
	taps = (struct room_taps){0};
	if (am_tap_new(&tap, 1, 1) < 0 || am_region_new(&region, 1) < 0)
		return -1;
	taps.writer.ring = &tap.map->rings[1];
	return 0;
}

static int teardown(void **)
{
	am_tap_leave(&tap);
	am_region_leave(&region);
	return 0;
}

static void say(uint64_t room, const char *message, size_t len)
{
	room_taps_write(&taps, room, (const uint8_t *)message, len, 5000);
}

static struct am_tap_entry entry(uint64_t position)
{
	struct am_tap_entry e = {0};

	assert_int_equal(am_tap_read(taps.writer.ring, position, &e), 0);
	assert_int_equal(e.kind, AM_TAP_CHAT);
	assert_int_equal(e.id, ROOM);
	assert_int_equal(e.arrival_us, 5000);
	return e;
}

static void only_tapped_rooms_are_copied(void **)
{
	say(ROOM, "before", 6);
	assert_int_equal(room_taps_set(&taps, &region, ROOM, true), 0);
	say(ROOM, "hello", 5);
	say(ROOM + 1, "elsewhere", 9);
	say(0, "nowhere", 7);
	assert_int_equal(room_taps_set(&taps, &region, ROOM, false), 0);
	say(ROOM, "after", 5);
	assert_int_equal(am_tap_head(taps.writer.ring), 1);
	struct am_tap_entry e = entry(0);
	assert_int_equal(e.flags, AM_TAP_FIRST | AM_TAP_LAST);
	assert_int_equal(e.len, 5);
	assert_memory_equal(e.payload, "hello", 5);
}

static void long_messages_are_copied_in_parts(void **)
{
	static const size_t sizes[] = {
	        AM_TAP_PAYLOAD_MAX, AM_TAP_PAYLOAD_MAX + 1, AM_DATA_MESSAGE_MAX + AM_DATA_TAG_MAX};
	static char message[AM_DATA_MESSAGE_MAX + AM_DATA_TAG_MAX];
	uint64_t position = 0;

	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (char)('a' + i % 23);
	assert_int_equal(room_taps_set(&taps, &region, ROOM, true), 0);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		say(ROOM, message, sizes[i]);
		for (size_t at = 0; at < sizes[i];) {
			struct am_tap_entry e = entry(position++);
			assert_int_equal(!!(e.flags & AM_TAP_FIRST), at == 0);
			assert_memory_equal(e.payload, message + at, e.len);
			at += e.len;
			assert_int_equal(!!(e.flags & AM_TAP_LAST), at == sizes[i]);
		}
	}
	assert_int_equal(position, 1 + 2 + 5);
	assert_int_equal(am_tap_head(taps.writer.ring), position);
}

static void the_number_of_rooms_is_bounded(void **)
{
	for (uint64_t i = 1; i <= AM_ROOM_TAP_MAX; i++) {
		assert_int_equal(room_taps_set(&taps, &region, i, true), 0);
		assert_int_equal(
		        room_taps_set(&taps, &region, i, true), 0
		); // takes no second place
	}
	assert_int_equal(room_taps_set(&taps, &region, ROOM, true), -ENOSPC);
	assert_int_equal(room_taps_set(&taps, &region, ROOM, false), 0);
	assert_int_equal(room_taps_set(&taps, &region, 5, false), 0);
	assert_int_equal(room_taps_set(&taps, &region, ROOM, true), 0);
}

// The next control plane reads there what the last one began.
static void tapped_rooms_are_published(void **)
{
	uint64_t sum = 0;

	for (uint64_t i = 1; i <= 3; i++)
		assert_int_equal(room_taps_set(&taps, &region, i, true), 0);
	assert_int_equal(room_taps_set(&taps, &region, 2, false), 0);
	for (int i = 0; i < AM_ROOM_TAP_MAX; i++)
		sum += region.map->header.tapped_rooms[i];
	assert_int_equal(sum, 1 + 3);
}

static void without_a_tap_nothing_is_written(void **)
{
	taps.writer.ring = NULL;
	assert_int_equal(room_taps_set(&taps, &region, ROOM, true), 0);
	say(ROOM, "hello", 5);
	assert_int_equal(am_tap_head(&tap.map->rings[1]), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(only_tapped_rooms_are_copied),     TEST(long_messages_are_copied_in_parts),
	        TEST(the_number_of_rooms_is_bounded),   TEST(tapped_rooms_are_published),
	        TEST(without_a_tap_nothing_is_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
