// What was sent, found again in copies, and its latency.
#include "source.h"

#include "test.h"

#include <stdlib.h>
#include <string.h>

static struct source *source;
static struct source_latency *latency;

static int begin(void **)
{
	source = calloc(1, sizeof(*source));
	latency = calloc(1, sizeof(*latency));
	return source && latency ? 0 : -1;
}

static int end(void **)
{
	free(source);
	free(latency);
	return 0;
}

// A payload that names its packet.
static void payload_fill(uint8_t payload[100], uint32_t n)
{
	memset(payload, (int)n, 100);
	memcpy(payload + 50, &n, sizeof(n));
}

static struct source_packet *sent(uint32_t n, uint64_t when)
{
	uint8_t payload[100];

	payload_fill(payload, n);
	struct source_packet *p = source_add(source, latency, (uint16_t)n, n * 960, payload, 100);
	p->sent = when;
	return p;
}

static void a_copy_is_found_across_the_wrap(void **)
{
	uint8_t payload[100];

	for (uint32_t n = 65000; n < 66000; n++)
		sent(n, n);
	for (uint32_t n = 65000; n < 66000; n++) {
		payload_fill(payload, n);
		const struct source_packet *p = source_find(source, payload, 100, 65000).packet;
		assert_non_null(p);
		assert_int_equal(p->seq, (uint16_t)n);
	}
	assert_int_equal(source->top, 65999);
}

static void what_was_not_sent_is_not_found(void **)
{
	uint8_t payload[100];

	for (uint32_t n = 0; n < 10; n++)
		sent(n, n);
	payload_fill(payload, 10);
	assert_int_equal(source_find(source, payload, 100, 0).count, 0);
	payload_fill(payload, 9);
	assert_int_equal(source_find(source, payload, 99, 0).count, 0); // another length
	assert_int_equal(source_find(source, payload, 100, 10).count, 0); // too long ago
	assert_int_equal(source_find(source, payload, 100, 9).count, 1);
}

static void two_that_are_alike_are_two(void **)
{
	uint8_t payload[100];

	payload_fill(payload, 5);
	source_add(source, latency, 1, 0, payload, 100);
	assert_int_equal(source_find(source, payload, 100, 0).count, 1);
	source_add(source, latency, 2, 0, payload, 100);
	assert_int_equal(source_find(source, payload, 100, 0).count, 2);
}

static void old_packets_give_way(void **)
{
	for (uint32_t n = 0; n < SOURCE_PACKETS + 10; n++)
		sent(n, n);
	assert_null(source_at(source, 9));
	assert_non_null(source_at(source, 10));
	assert_non_null(source_at(source, SOURCE_PACKETS + 9));
}

// VP8 with a 15-bit picture id and TL0PICIDX (RFC 7741 4.2): these may be a viewer's own.
static void picture_numbers_may_differ_and_nothing_else(void **)
{
	uint8_t payload[100] = {0x90, 0xe0, 0x81, 0x23, 0x45, 0x20};
	uint8_t copy[100];

	source->video = true;
	const struct source_packet *p = source_add(source, latency, 1, 0, payload, 100);
	for (size_t i = 0; i < sizeof(copy); i++) {
		bool number = i >= 2 && i < 5;
		memcpy(copy, payload, sizeof(copy));
		copy[i] ^= 1;
		assert_int_equal(source_same(source, p, copy, sizeof(copy)), number);
	}
	source->video = false;
	memcpy(copy, payload, sizeof(copy));
	copy[3] ^= 1;
	assert_false(source_same(source, p, copy, sizeof(copy)));
}

static void latency_is_that_of_the_first_and_the_last_copy(void **)
{
	struct source_packet *p = sent(1, 1000);

	p->measured = true;
	source_arrived(p, 1010);
	source_arrived(p, 1025);
	source_arrived(p, 1030);
	sent(2, 2000); // is not counted
	sent(3, 3000)->measured = true; // without a copy
	source_finish(source, latency);
	source_finish(source, latency); // nothing is added twice
	assert_int_equal(latency->first.count, 1);
	assert_int_equal(histogram_percentile(&latency->first, 1), 10);
	assert_int_equal(histogram_percentile(&latency->last, 1), 30);
	assert_int_equal(latency->sound.count, 1);
	assert_int_equal(latency->uncopied, 1);
}

static void a_packet_that_gives_way_is_measured(void **)
{
	for (uint32_t n = 0; n < SOURCE_PACKETS + 10; n++) {
		struct source_packet *p = sent(n, n);
		p->measured = true;
		source_arrived(p, n + 5);
	}
	assert_int_equal(latency->last.count, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(a_copy_is_found_across_the_wrap, begin, end),
	        cmocka_unit_test_setup_teardown(what_was_not_sent_is_not_found, begin, end),
	        cmocka_unit_test_setup_teardown(two_that_are_alike_are_two, begin, end),
	        cmocka_unit_test_setup_teardown(old_packets_give_way, begin, end),
	        cmocka_unit_test_setup_teardown(
	                picture_numbers_may_differ_and_nothing_else, begin, end
	        ),
	        cmocka_unit_test_setup_teardown(
	                latency_is_that_of_the_first_and_the_last_copy, begin, end
	        ),
	        cmocka_unit_test_setup_teardown(a_packet_that_gives_way_is_measured, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
