#include "wire/demux.h"

#include "hostile.h"

static enum demux_class expected(uint8_t first, uint8_t second)
{
	if (first < 4)
		return DEMUX_STUN;
	if (first >= 20 && first <= 63)
		return DEMUX_DTLS;
	if (first < 128 || first > 191)
		return DEMUX_UNKNOWN;
	return second >= 192 && second <= 223 ? DEMUX_RTCP : DEMUX_RTP;
}

// RFC 7983 7, RFC 5761 4.
// proves A11
static void every_first_and_second_byte_has_its_class(void **)
{
	for (int first = 0; first < 256; first++) {
		for (int second = 0; second < 256; second++) {
			uint8_t bytes[20] = {(uint8_t)first, (uint8_t)second};
			assert_int_equal(
			        demux_class(bytes, sizeof(bytes)),
			        expected((uint8_t)first, (uint8_t)second)
			);
		}
	}
}

// proves A11
static void datagrams_too_short_for_their_class_are_unknown(void **)
{
	static const struct {
		uint8_t first, second;
		size_t len_min;
		enum demux_class class;
	} cases[] = {
	        {0, 1, 20, DEMUX_STUN},    {22, 254, 13, DEMUX_DTLS}, {128, 96, 12, DEMUX_RTP},
	        {128, 200, 8, DEMUX_RTCP}, {191, 127, 12, DEMUX_RTP},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t bytes[20] = {cases[i].first, cases[i].second};
		for (size_t len = 0; len <= sizeof(bytes); len++)
			assert_int_equal(
			        demux_class(bytes, len),
			        len < cases[i].len_min ? DEMUX_UNKNOWN : cases[i].class
			);
	}
}

static void parse(const uint8_t *bytes, size_t len)
{
	assert_true(demux_class(bytes, len) <= DEMUX_UNKNOWN);
}

static void hostile_datagrams_are_never_read_past_their_end(void **)
{
	static const uint8_t valid[] = {128, 200, 0, 1, 0, 0, 0, 1};
	hostile_bytes(parse, valid, sizeof(valid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_first_and_second_byte_has_its_class),
	        cmocka_unit_test(datagrams_too_short_for_their_class_are_unknown),
	        cmocka_unit_test(hostile_datagrams_are_never_read_past_their_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
