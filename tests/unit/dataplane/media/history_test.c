#include "media/history.h"

#include "test.h"
#include "wire/sequence.h"

#define SLOTS  8
#define AGE_MS 1000
#define MS     1000

static struct history_slot slots[SLOTS];
static char packets[64];

static struct history fresh(void)
{
	struct history h;
	history_init(&h, slots, SLOTS, AGE_MS);
	return h;
}

static void a_packet_is_found_by_both_numbers_over_the_wrap(void **)
{
	struct history h = fresh();
	uint64_t start = sequence_start(65533);
	for (int i = 0; i < 6; i++)
		assert_null(history_put(&h, start + (uint64_t)i, &packets[i], 0));
	for (int i = 0; i < 6; i++) {
		assert_ptr_equal(history_get(&h, start + (uint64_t)i, 0), &packets[i]);
		assert_ptr_equal(history_find(&h, (uint16_t)(65533 + i), 0), &packets[i]);
	}
	assert_null(history_find(&h, 65532, 0));
	assert_null(history_find(&h, 3, 0));
}

static void a_full_ring_gives_back_the_oldest(void **)
{
	struct history h = fresh();
	for (int i = 0; i < SLOTS; i++)
		assert_null(history_put(&h, 100u + (unsigned)i, &packets[i], 0));
	for (int i = SLOTS; i < 3 * SLOTS; i++)
		assert_ptr_equal(
		        history_put(&h, 100u + (unsigned)i, &packets[i], 0), &packets[i - SLOTS]
		);
	assert_null(history_get(&h, 100 + SLOTS, 0));
}

static void late_packets_fill_their_gap_and_duplicates_come_back(void **)
{
	struct history h = fresh();
	assert_null(history_put(&h, 100, &packets[0], 0));
	assert_null(history_put(&h, 103, &packets[3], 0));
	assert_null(history_get(&h, 101, 0));
	assert_null(history_put(&h, 101, &packets[1], 0));
	assert_ptr_equal(history_get(&h, 101, 0), &packets[1]);
	assert_ptr_equal(history_put(&h, 101, &packets[9], 0), &packets[9]);
	assert_ptr_equal(history_put(&h, 103 - SLOTS, &packets[9], 0), &packets[9]);
	assert_null(history_put(&h, 104 - SLOTS + 1, &packets[8], 0)); // from before the first
	assert_ptr_equal(history_drain(&h), &packets[8]);
}

static void old_packets_are_neither_given_out_nor_kept(void **)
{
	struct history h = fresh();
	int64_t start = (int64_t)UINT32_MAX * MS - 500 * MS; // 32 bits of milliseconds wrap here
	assert_null(history_put(&h, 100, &packets[0], start));
	assert_null(history_put(&h, 102, &packets[2], start + 600 * MS));
	assert_ptr_equal(history_get(&h, 100, start + AGE_MS * MS), &packets[0]);
	assert_null(history_expire(&h, start + AGE_MS * MS));
	assert_null(history_get(&h, 100, start + (AGE_MS + 1) * MS));
	assert_ptr_equal(history_expire(&h, start + (AGE_MS + 1) * MS), &packets[0]);
	assert_null(history_expire(&h, start + (AGE_MS + 1) * MS));
	assert_ptr_equal(history_get(&h, 102, start + (AGE_MS + 1) * MS), &packets[2]);
	assert_ptr_equal(history_expire(&h, start + (AGE_MS + 601) * MS), &packets[2]);
	assert_null(history_expire(&h, start + 9 * AGE_MS * MS));
}

// Every packet put in comes out exactly once, whatever the order, gaps and jumps.
static void no_packet_is_lost_or_given_back_twice(void **)
{
	static const int64_t steps[] = {1,      1,  3, -2, 1, 20, -5, 1, 1,
	                                200000, -3, 1, 7,  1, -1, 0,  2};
	struct history h = fresh();
	int held[sizeof(packets)] = {0};
	uint64_t seq = sequence_start(65500);
	int64_t now = 0;
	void *back;
	for (size_t i = 0; i < sizeof(packets); i++, now += 37 * MS) {
		seq += (uint64_t)steps[i % COUNT(steps)];
		held[i]++;
		back = history_put(&h, seq, &packets[i], now);
		if (back != NULL)
			held[(char *)back - packets]--;
		if (i % 5 == 0) {
			while ((back = history_expire(&h, now)) != NULL)
				held[(char *)back - packets]--;
		}
	}
	while ((back = history_drain(&h)) != NULL)
		held[(char *)back - packets]--;
	for (size_t i = 0; i < sizeof(packets); i++)
		assert_int_equal(held[i], 0);
	for (size_t i = 0; i < SLOTS; i++)
		assert_null(slots[i].packet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_packet_is_found_by_both_numbers_over_the_wrap),
	        cmocka_unit_test(a_full_ring_gives_back_the_oldest),
	        cmocka_unit_test(late_packets_fill_their_gap_and_duplicates_come_back),
	        cmocka_unit_test(old_packets_are_neither_given_out_nor_kept),
	        cmocka_unit_test(no_packet_is_lost_or_given_back_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
