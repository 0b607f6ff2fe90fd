#include "media/acked.h"

#include "test.h"

static struct acked acked;

// Packets arrive evenly at a rate, one per millisecond.
static int64_t feed(int64_t from_us, int64_t us, uint32_t bit_s)
{
	for (int64_t at = from_us; at < from_us + us; at += 1000)
		acked_add(&acked, at, bit_s / 8000);
	return from_us + us;
}

static void nothing_is_known_before_there_is_enough(void **)
{
	acked_init(&acked);
	assert_int_equal(acked_rate(&acked, ACKED_SHORT), 0);
	int64_t at = feed(7000000, ACKED_SHORT * ACKED_BIN_US, 800000);
	assert_int_equal(acked_rate(&acked, ACKED_SHORT), 0);
	acked_add(&acked, at, 100);
	assert_int_equal(acked_rate(&acked, ACKED_SHORT), 800000);
	assert_int_equal(acked_rate(&acked, ACKED_LONG), 800000);
}

static void the_short_rate_follows_first(void **)
{
	acked_init(&acked);
	int64_t at = feed(0, 2000000, 800000);
	at = feed(at, ACKED_SHORT * ACKED_BIN_US, 400000);
	acked_add(&acked, at, 100);
	assert_int_equal(acked_rate(&acked, ACKED_SHORT), 400000);
	assert_in_range(acked_rate(&acked, ACKED_LONG), 600000, 700000);
}

static void a_pause_counts_as_nothing(void **)
{
	acked_init(&acked);
	int64_t at = feed(0, 2000000, 800000);
	acked_add(&acked, at + 30000000, 100);
	assert_int_equal(acked_rate(&acked, ACKED_LONG), 0);
}

static void what_comes_late_counts_where_it_belongs(void **)
{
	acked_init(&acked);
	int64_t at = feed(0, 2000000, 800000);
	acked_add(&acked, at, 100);
	uint32_t before = acked_rate(&acked, ACKED_LONG);
	acked_add(&acked, at - 500000, 11875);
	assert_int_equal(acked_rate(&acked, ACKED_LONG), before + 100000);
	acked_add(&acked, at - 1000000, 11875); // too late
	acked_add(&acked, -5000000, 11875);
	assert_int_equal(acked_rate(&acked, ACKED_LONG), before + 100000);
}

static void absurd_amounts_stay_within_32_bits(void **)
{
	acked_init(&acked);
	for (int i = 0; i < 100000; i++)
		acked_add(&acked, i * 20, 20000);
	acked_add(&acked, 2000001, 1);
	assert_true(acked_rate(&acked, ACKED_LONG) > 4000000000u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(nothing_is_known_before_there_is_enough),
	        cmocka_unit_test(the_short_rate_follows_first),
	        cmocka_unit_test(a_pause_counts_as_nothing),
	        cmocka_unit_test(what_comes_late_counts_where_it_belongs),
	        cmocka_unit_test(absurd_amounts_stay_within_32_bits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
