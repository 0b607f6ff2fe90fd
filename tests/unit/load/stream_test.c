// Loss as each viewer's stream counts it, across wraps.
#include "stream.h"

#include "test.h"

static void counts(const struct stream *s, uint32_t received, uint32_t lost, uint32_t duplicates)
{
	assert_int_equal(s->received, received);
	assert_int_equal(stream_lost(s), lost);
	assert_int_equal(s->duplicates, duplicates);
}

// Gives it n numbers from `first` on; returns how many left a gap.
static unsigned feed(struct stream *s, uint16_t first, uint32_t n)
{
	unsigned gaps = 0;
	for (uint32_t i = 0; i < n; i++)
		gaps += stream_receive(s, (uint16_t)(first + i));
	return gaps;
}

static void nothing_received_is_nothing_lost(void **)
{
	struct stream s = {0};
	counts(&s, 0, 0, 0);
}

static void a_whole_stream_has_no_loss_over_three_wraps(void **)
{
	struct stream s = {0};

	assert_int_equal(feed(&s, 65000, 200000), 0);
	counts(&s, 200000, 0, 0);
	assert_int_equal(s.top, 65000 + 199999);
	assert_int_equal(s.top >> 16, 4); // rollovers
}

static void a_gap_is_lost_and_told_once(void **)
{
	struct stream s = {0};

	feed(&s, 10, 5);
	assert_true(stream_receive(&s, 18));
	assert_false(stream_receive(&s, 19));
	counts(&s, 7, 3, 0);
}

static void a_gap_over_the_wrap_is_exact(void **)
{
	struct stream s = {0};

	feed(&s, 65530, 3);
	assert_true(stream_receive(&s, 7));
	counts(&s, 4, 10, 0);
}

static void a_long_gap_is_exact(void **)
{
	struct stream s = {0};

	feed(&s, 0, 1);
	assert_true(stream_receive(&s, 20000));
	assert_true(stream_receive(&s, 40000));
	assert_true(stream_receive(&s, 60000));
	counts(&s, 4, 59997, 0);
}

static void a_late_packet_fills_its_gap(void **)
{
	struct stream s = {0};

	feed(&s, 65534, 1);
	stream_receive(&s, 2);
	counts(&s, 2, 3, 0);
	assert_false(stream_receive(&s, 0));
	assert_false(stream_receive(&s, 65535));
	assert_false(stream_receive(&s, 1));
	counts(&s, 5, 0, 0);
}

static void a_duplicate_is_not_received_twice(void **)
{
	struct stream s = {0};

	feed(&s, 100, 10);
	stream_receive(&s, 109);
	stream_receive(&s, 103);
	counts(&s, 10, 0, 2);
}

static void the_window_ends_where_it_says(void **)
{
	struct stream s = {0};

	feed(&s, 100, 1);
	stream_receive(&s, 100 + STREAM_WINDOW);
	stream_receive(&s, 101); // the oldest one that can be told
	counts(&s, 3, STREAM_WINDOW - 2, 0);
	stream_receive(&s, 102 + STREAM_WINDOW);
	stream_receive(&s, 102); // too old: not counted as received
	assert_int_equal(s.duplicates, 1);
}

static void what_was_sent_before_the_first_is_not_expected(void **)
{
	struct stream s = {0};

	feed(&s, 3, 2);
	stream_receive(&s, 2);
	stream_receive(&s, 65535);
	counts(&s, 2, 0, 2);
}

static void jitter_follows_arrivals(void **)
{
	struct stream s = {0};

	for (uint32_t i = 0; i < 1000; i++) {
		stream_receive(&s, (uint16_t)i);
		stream_jitter(&s, i * 960, 5000 + i * 960);
	}
	assert_int_equal(s.jitter >> 4, 0);
	for (uint32_t i = 1000; i < 2000; i++) {
		stream_receive(&s, (uint16_t)i);
		stream_jitter(&s, i * 960, 5000 + i * 960 + i % 2 * 48);
	}
	assert_in_range(s.jitter >> 4, 46, 48); // each is 48 ticks from the one before
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(nothing_received_is_nothing_lost),
	        cmocka_unit_test(a_whole_stream_has_no_loss_over_three_wraps),
	        cmocka_unit_test(a_gap_is_lost_and_told_once),
	        cmocka_unit_test(a_gap_over_the_wrap_is_exact),
	        cmocka_unit_test(a_long_gap_is_exact),
	        cmocka_unit_test(a_late_packet_fills_its_gap),
	        cmocka_unit_test(a_duplicate_is_not_received_twice),
	        cmocka_unit_test(the_window_ends_where_it_says),
	        cmocka_unit_test(what_was_sent_before_the_first_is_not_expected),
	        cmocka_unit_test(jitter_follows_arrivals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
