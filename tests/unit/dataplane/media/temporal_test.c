#include "media/temporal.h"

#include "media/codec.h"
#include "test.h"
#include "wire/sequence.h"

#include <errno.h>

static struct layer_counter counter;

static int count(uint64_t seq, uint8_t tid, uint16_t picture_id, struct track_packet *p)
{
	struct frame_info info = {
	        .temporal_id = tid, .picture_id = picture_id, .picture_id_bits = 15, .begin = true};
	memset(p, 0, sizeof(*p));
	return temporal_count(&counter, seq, &info, false, p);
}

static struct track_packet counted(uint64_t seq, uint8_t tid, uint16_t picture_id)
{
	struct track_packet p;
	assert_int_equal(count(seq, tid, picture_id, &p), 0);
	return p;
}

static void each_limit_counts_its_own_packets_and_pictures(void **)
{
	static const uint8_t pattern[] = {0, 2, 1, 2};
	uint16_t expected[TEMPORAL_LIMITS] = {0};
	temporal_init(&counter);
	for (unsigned i = 0; i < 100000; i++) {
		uint8_t tid = pattern[i % 4];
		struct track_packet p =
		        counted(sequence_start(65000) + i, tid, (uint16_t)(32000 + i) & 0x7FFF);
		for (int t = 0; t < TEMPORAL_LIMITS; t++) {
			expected[t] = (uint16_t)(expected[t] + (tid <= t));
			assert_int_equal(p.seq_at[t], expected[t]);
			assert_int_equal(p.picture_at[t], expected[t]);
		}
	}
}

static void all_packets_of_a_picture_have_its_number(void **)
{
	temporal_init(&counter);
	assert_int_equal(counted(100, 0, 5).picture_at[0], 1);
	assert_int_equal(counted(101, 0, 5).picture_at[0], 1);
	assert_int_equal(counted(102, 1, 6).picture_at[1], 2);
	assert_int_equal(counted(103, 0, 7).picture_at[0], 2);
	assert_int_equal(counted(104, 0, 7).picture_at[1], 3);
}

static void lost_packets_count_everywhere_and_keep_their_number(void **)
{
	struct track_packet late;
	temporal_init(&counter);
	assert_int_equal(counted(100, 0, 0x7FFF).seq_at[0], 1);
	struct track_packet p = counted(103, 0, 2); // 101 and 102 lost, with pictures 0 and 1
	assert_int_equal(p.seq_at[0], 4);
	assert_int_equal(p.picture_at[0], 4);
	late = counted(102, 2, 1);
	for (int t = 0; t < TEMPORAL_LIMITS; t++) {
		assert_int_equal(late.seq_at[t], 3);
		assert_int_equal(late.picture_at[t], 3);
	}
	assert_int_equal(counted(101, 0, 0).seq_at[3], 2);
	assert_int_equal(counted(104, 0, 3).seq_at[0], 5);
}

static bool is_late(struct track_packet p)
{
	return p.flags & TRACK_LATE;
}

// A late packet has a number even within limits that leave it out, unless it is a duplicate or was
// skipped.
static void numbers_left_free_are_told(void **)
{
	temporal_init(&counter);
	assert_false(is_late(counted(100, 0, 1)));
	assert_false(is_late(counted(101, 2, 2)));
	assert_false(is_late(counted(104, 2, 5)));
	assert_true(is_late(counted(103, 2, 4)));
	assert_true(is_late(counted(102, 0, 3)));
	assert_true(is_late(counted(99, 2, 1)));
	assert_false(is_late(counted(101, 2, 2))); // once more
	temporal_skip(&counter, 106);
	assert_false(is_late(counted(105, 2, 6)));
	assert_false(is_late(counted(107, 2, 8)));
}

static void forgotten_packets_are_refused(void **)
{
	struct track_packet p;
	temporal_init(&counter);
	counted(100000, 0, 0);
	assert_int_equal(count(99999 - TEMPORAL_EARLY, 0, 0, &p), -ERANGE); // from before the first
	assert_int_equal(counted(99999, 0, 0).seq_at[0], 0);
	assert_int_equal(counted(99998, 0, 0).seq_at[3], UINT16_MAX);
	counted(100000 + TEMPORAL_PACKETS, 0, 1);
	assert_int_equal(count(100000, 0, 0, &p), -ERANGE);
	assert_int_equal(count(100001, 0, 0, &p), 0);
	struct track_packet jumped = counted(100000 + 20000, 0, 2);
	assert_int_equal(jumped.seq_at[0], 20001);
	assert_int_equal(count(100000 + 20000 - TEMPORAL_PACKETS, 0, 1, &p), -ERANGE);
	assert_int_equal(count(100000 + 20000 - TEMPORAL_PACKETS + 1, 0, 1, &p), 0);
	assert_int_equal(p.seq_at[0], 20001 - TEMPORAL_PACKETS + 1);
}

static void padding_counts_for_nobody(void **)
{
	static const struct frame_info nothing;
	struct track_packet p = {0};
	temporal_init(&counter);
	counted(100, 0, 1);
	assert_int_equal(temporal_count(&counter, 101, &nothing, true, &p), 0);
	assert_int_equal(p.temporal_id, TEMPORAL_NONE);
	assert_int_equal(p.seq_at[3], 1);
	assert_int_equal(counted(102, 0, 2).seq_at[3], 2);
}

// A paused track's packets, half of which are lost, over more numbers than SRTP can bridge (RFC
// 3711 3.3.1).
static void what_is_skipped_counts_for_nobody(void **)
{
	uint64_t seq = 100;

	temporal_init(&counter);
	assert_int_equal(counted(seq, 0, 1).seq_at[3], 1);
	for (int i = 0; i < 50000; i++)
		temporal_skip(&counter, seq += 2);
	assert_int_equal(counted(seq + 1, 0, 2).seq_at[3], 2);
	temporal_skip(&counter, seq + 1 + 3 * TEMPORAL_PACKETS);
	assert_int_equal(counted(seq + 2 + 3 * TEMPORAL_PACKETS, 0, 3).seq_at[0], 3);
	// Packets missing before a counted one stay missing.
	assert_int_equal(counted(seq + 5 + 3 * TEMPORAL_PACKETS, 0, 4).seq_at[0], 6);
}

// A packet that comes late into a pause has the number of the one before the pause. That index is
// used, so nothing is sent.
static void what_comes_late_into_a_pause_has_a_used_number(void **)
{
	struct track_packet p;

	temporal_init(&counter);
	counted(100, 0, 1);
	temporal_skip(&counter, 103);
	temporal_skip(&counter, 101); // late, too
	assert_int_equal(counted(102, 0, 2).seq_at[0], 1);
	assert_int_equal(counted(104, 0, 3).seq_at[0], 2);
	assert_int_equal(count(103 - TEMPORAL_EARLY - 20, 0, 0, &p), -ERANGE);
}

static void a_pause_may_be_the_beginning(void **)
{
	temporal_init(&counter);
	temporal_skip(&counter, 100);
	uint16_t first = counted(101, 0, 1).seq_at[0];
	assert_int_equal(counted(102, 0, 2).seq_at[0], (uint16_t)(first + 1));
	assert_int_equal(counted(100, 0, 1).seq_at[0], (uint16_t)(first - 1));
}

static void an_unrelated_picture_id_goes_on_counting(void **)
{
	temporal_init(&counter);
	counted(100, 0, 20000);
	counted(101, 0, 20001);
	assert_int_equal(counted(102, 0, 12000).picture_at[0], 3);
	assert_int_equal(counted(103, 0, 12001).picture_at[0], 4);
}

// Seven bits wrap every 128 pictures.
static void short_picture_ids_wrap(void **)
{
	temporal_init(&counter);
	for (unsigned i = 0; i < 1000; i++) {
		struct frame_info info = {.picture_id = (100 + i) & 0x7F, .picture_id_bits = 7};
		struct track_packet p = {0};
		assert_int_equal(temporal_count(&counter, 100 + i, &info, false, &p), 0);
		assert_int_equal(p.picture_at[0], i + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_limit_counts_its_own_packets_and_pictures),
	        cmocka_unit_test(all_packets_of_a_picture_have_its_number),
	        cmocka_unit_test(lost_packets_count_everywhere_and_keep_their_number),
	        cmocka_unit_test(numbers_left_free_are_told),
	        cmocka_unit_test(forgotten_packets_are_refused),
	        cmocka_unit_test(padding_counts_for_nobody),
	        cmocka_unit_test(what_is_skipped_counts_for_nobody),
	        cmocka_unit_test(what_comes_late_into_a_pause_has_a_used_number),
	        cmocka_unit_test(a_pause_may_be_the_beginning),
	        cmocka_unit_test(an_unrelated_picture_id_goes_on_counting),
	        cmocka_unit_test(short_picture_ids_wrap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
