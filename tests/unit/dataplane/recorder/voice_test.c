#include "recorder/voice.h"

#include "test.h"

// RFC 6716 3.1: the first byte of a packet of one frame of 2.5, 20 or 60 ms.
#define CELT_2_5 (28 << 3)
#define CELT_20  (31 << 3)
#define SILK_60  (11 << 3)

static uint8_t opus[1500];

static void give(struct voice *v, int64_t at, uint64_t seq, int level, uint8_t toc, size_t len)
{
	opus[0] = toc;
	voice_packet(v, at, seq, level, opus, len);
}

static void packets_that_wait_are_bounded(void **)
{
	static const size_t lens[] = {3, 100, 1200};
	for (size_t i = 0; i < COUNT(lens); i++) {
		struct voice v;
		voice_init(&v);
		for (int at = 0; at < 10000; at++)
			give(&v, at * 120, (uint64_t)at, 20, CELT_2_5, lens[i]);
		assert_in_range(v.count, 1, VOICE_PACKETS);
		assert_in_range(v.bytes, 1, VOICE_BYTES);
		assert_true(v.count == VOICE_PACKETS || v.bytes > VOICE_BYTES - lens[i]);
		// They make room when their time is over.
		voice_skip(&v, 10000 * 120);
		assert_int_equal(v.count, 0);
		assert_int_equal(v.bytes, 0);
		voice_fini(&v);
	}
}

static void malformed_packets_and_copies_are_ignored(void **)
{
	struct voice v;
	voice_init(&v);
	give(&v, 0, 1, 20, CELT_20, 0);
	give(&v, 0, 1, 20, CELT_20 | 3, 1); // without the byte that counts its frames
	opus[1] = 63;
	give(&v, 0, 1, 20, SILK_60 | 3, 100); // 63 frames
	opus[1] = 0;
	give(&v, 0, 1, 20, SILK_60 | 3, 100); // no frame
	assert_int_equal(v.count, 0);
	give(&v, 0, 1, 20, CELT_20, 100);
	give(&v, 0, 1, 20, CELT_20, 100);
	assert_int_equal(v.count, 1);
	voice_fini(&v);
}

static void the_loudest_packet_of_a_stretch_counts(void **)
{
	struct voice v;
	voice_init(&v);
	assert_int_equal(voice_loudness(&v, 0, 100000), -1);
	// In any order.
	give(&v, 1920, 3, 0x80 | 40, CELT_20, 50);
	give(&v, 0, 1, 60, CELT_20, 50);
	give(&v, 2880, 4, -1, SILK_60, 50);
	give(&v, 960, 2, 127, CELT_20, 50);
	assert_int_equal(voice_loudness(&v, 0, 960), 67);
	assert_int_equal(voice_loudness(&v, 960, 1920), 0);
	assert_int_equal(voice_loudness(&v, 959, 1921), 87);
	assert_int_equal(voice_loudness(&v, 0, 2880), 87);
	assert_int_equal(voice_loudness(&v, 0, 2881), VOICE_LOUD_ANY);
	assert_int_equal(voice_loudness(&v, 2880 + 2879, 6000), VOICE_LOUD_ANY);
	assert_int_equal(voice_loudness(&v, 2880 + 2880, 6000), -1);
	voice_fini(&v);
}

static void a_voice_that_is_not_heard_keeps_its_preroll(void **)
{
	struct voice v;
	voice_init(&v);
	for (int i = 0; i < 20; i++)
		give(&v, i * 960, (uint64_t)i, 20, CELT_20, 50);
	voice_skip(&v, 9 * 960); // next, 10 × 960 may be played
	assert_int_equal(v.count, 20 - (10 - VOICE_PREROLL / 960));
	assert_null(v.playout);
	voice_fini(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(packets_that_wait_are_bounded),
	        cmocka_unit_test(malformed_packets_and_copies_are_ignored),
	        cmocka_unit_test(the_loudest_packet_of_a_stretch_counts),
	        cmocka_unit_test(a_voice_that_is_not_heard_keeps_its_preroll),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
