#include "media/numbering.h"

#include "test.h"
#include "wire/sequence.h"

struct taken {
	enum numbering_result result;
	uint64_t source_seq, number;
};

static struct taken take(struct numbering *n, uint16_t seq, bool repaired)
{
	struct taken t = {0};
	t.result = numbering_packet(n, seq, repaired, &t.source_seq, &t.number);
	return t;
}

static void a_source_has_its_own_numbers_over_the_wrap(void **)
{
	struct numbering n = {0};
	for (uint32_t i = 0; i < 200000; i++) {
		struct taken t = take(&n, (uint16_t)(65500 + i), false);
		assert_int_equal(t.result, i == 0 ? NUMBERING_NEW : NUMBERING_NEXT);
		assert_int_equal(t.number, sequence_start(65500) + i);
		assert_int_equal(t.source_seq, t.number);
	}
	assert_int_equal(n.source, 0);
}

static void late_packets_and_repairs_keep_their_numbers(void **)
{
	struct numbering n = {0};
	take(&n, 100, false);
	take(&n, 110, false);
	assert_int_equal(take(&n, 105, false).number, sequence_start(105));
	assert_int_equal(take(&n, 106, true).number, sequence_start(106));
	assert_int_equal(
	        take(&n, 112, true).number, sequence_start(112)
	); // RTX of a probe comes first
	assert_int_equal(take(&n, 111, false).number, sequence_start(111));
}

// 40000…40100 from one SSRC, then 20000… from the next one.
static void another_source_is_numbered_on(void **)
{
	struct numbering n = {0};
	for (uint16_t i = 0; i <= 100; i++)
		take(&n, (uint16_t)(40000 + i), false);
	numbering_end_source(&n);
	assert_int_equal(take(&n, 40050, true).result, NUMBERING_OUTSIDE); // the old one's repair
	for (uint16_t i = 0; i < 600; i++) {
		struct taken t = take(&n, (uint16_t)(20000 + i), false);
		assert_int_equal(t.result, i == 0 ? NUMBERING_NEW : NUMBERING_NEXT);
		assert_int_equal(t.source_seq, sequence_start(20000) + i);
		assert_int_equal(t.number, sequence_start(40100) + 1 + NUMBERING_ROOM + i);
		assert_int_equal(n.source, 1);
	}
	assert_int_equal(take(&n, 19000, false).result, NUMBERING_OUTSIDE);
	assert_int_equal(take(&n, 40050, true).result, NUMBERING_OUTSIDE);
}

// Packets sent just before the first one that came belong to the source, too.
static void packets_from_before_the_first_have_room(void **)
{
	struct numbering n = {0};
	take(&n, 500, false);
	numbering_end_source(&n);
	uint64_t first = take(&n, 7, false).number;
	for (uint16_t i = 1; i < NUMBERING_ROOM; i++) {
		struct taken t = take(&n, (uint16_t)(7 - i), i % 2);
		assert_int_equal(t.result, NUMBERING_NEXT);
		assert_int_equal(t.number, first - i);
		assert_true(t.number > sequence_start(500) + 1); // which is never used
	}
	assert_int_equal(take(&n, (uint16_t)(7 - NUMBERING_ROOM), false).result, NUMBERING_OUTSIDE);
}

static void a_jump_ahead_begins_anew_and_a_gap_does_not(void **)
{
	struct numbering n = {0};
	take(&n, 65000, false);
	struct taken gap = take(&n, (uint16_t)(65000 + NUMBERING_JUMP_MAX), false);
	assert_int_equal(gap.result, NUMBERING_NEXT);
	assert_int_equal(gap.number, sequence_start(65000) + NUMBERING_JUMP_MAX);
	struct taken jump = take(&n, (uint16_t)(65001 + 2 * NUMBERING_JUMP_MAX), false);
	assert_int_equal(jump.result, NUMBERING_NEW);
	assert_int_equal(jump.number, gap.number + 1 + NUMBERING_ROOM);
	assert_int_equal(take(&n, 65010, false).result, NUMBERING_OUTSIDE);
	struct taken far = take(&n, (uint16_t)(jump.source_seq + 32767), false);
	assert_int_equal(far.number, jump.number + 1 + NUMBERING_ROOM);
	assert_int_equal(n.source, 2);
}

// An RTX packet may name any number.
static void a_repair_moves_nothing_far(void **)
{
	struct numbering n = {0};
	take(&n, 1000, false);
	assert_int_equal(take(&n, 30000, true).result, NUMBERING_OUTSIDE);
	assert_int_equal(take(&n, 1001, false).number, sequence_start(1001));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_source_has_its_own_numbers_over_the_wrap),
	        cmocka_unit_test(late_packets_and_repairs_keep_their_numbers),
	        cmocka_unit_test(another_source_is_numbered_on),
	        cmocka_unit_test(packets_from_before_the_first_have_room),
	        cmocka_unit_test(a_jump_ahead_begins_anew_and_a_gap_does_not),
	        cmocka_unit_test(a_repair_moves_nothing_far),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
