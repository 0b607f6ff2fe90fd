#include "media/codec.h"

#include "hostile.h"

#include <errno.h>

static int inspect(enum codec codec, const char *bytes, size_t len, struct frame_info *info)
{
	return codec_inspect(codec, (const uint8_t *)bytes, len, info);
}

#define INSPECT(codec, bytes, info) inspect(codec, bytes, sizeof(bytes) - 1, info)

// RFC 7741 4.2 and 4.3.
static void a_vp8_key_frame_tells_its_numbers(void **)
{
	struct frame_info info;
	assert_int_equal(INSPECT(CODEC_VP8, "\x90\xE0\xFF\xFE\x07\x60\x10\x02", &info), 0);
	assert_true(info.key_frame && info.begin && info.layer_sync);
	assert_int_equal(info.picture_id, 0x7FFE);
	assert_int_equal(info.picture_id_bits, 15);
	assert_int_equal(info.picture_id_offset, 2);
	assert_true(info.has_tl0picidx);
	assert_int_equal(info.tl0picidx, 7);
	assert_int_equal(info.tl0picidx_offset, 4);
	assert_int_equal(info.temporal_id, 1);
}

static void only_the_first_vp8_packet_begins_a_frame(void **)
{
	struct frame_info info;
	assert_int_equal(INSPECT(CODEC_VP8, "\x10\x11", &info), 0); // P bit: not a key frame
	assert_true(info.begin && !info.key_frame);
	assert_int_equal(INSPECT(CODEC_VP8, "\x00\x10", &info), 0); // continues a partition
	assert_true(!info.begin && !info.key_frame);
	assert_int_equal(INSPECT(CODEC_VP8, "\x11\x10", &info), 0); // begins partition 1
	assert_true(!info.begin && !info.key_frame);
	assert_int_equal(INSPECT(CODEC_VP8, "\x90\x80\x05\x10", &info), 0);
	assert_true(info.key_frame);
	assert_int_equal(info.picture_id_bits, 7);
	assert_int_equal(info.picture_id, 5);
}

static void patched_vp8_numbers_read_back(void **)
{
	uint8_t wide[] = {0x90, 0xE0, 0x81, 0x23, 0x07, 0x60, 0x10};
	uint8_t narrow[] = {0x90, 0x80, 0x05, 0x10};
	struct frame_info info, again;
	assert_int_equal(codec_inspect(CODEC_VP8, wide, sizeof(wide), &info), 0);
	codec_patch(wide, &info, 0x7FFF, 255);
	assert_int_equal(codec_inspect(CODEC_VP8, wide, sizeof(wide), &again), 0);
	assert_int_equal(again.picture_id, 0x7FFF);
	assert_int_equal(again.picture_id_bits, 15);
	assert_int_equal(again.tl0picidx, 255);
	assert_int_equal(again.temporal_id, 1);

	assert_int_equal(codec_inspect(CODEC_VP8, narrow, sizeof(narrow), &info), 0);
	codec_patch(narrow, &info, 0x7FFF, 255);
	static const uint8_t expected[] = {0x90, 0x80, 0x7F, 0x10};
	assert_memory_equal(narrow, expected, sizeof(expected));
}

#define SETS (H264_SPS | H264_PPS)
#define IDR  (H264_IDR | H264_SLICE)

// RFC 6184 5.6 to 5.8.
static void h264_key_frames_begin_with_an_idr_picture(void **)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool key_frame, begin;
		uint8_t units;
	} cases[] = {
	        {"\x67\x42", 2, false, true, H264_SPS}, // an SPS alone begins no decoding
	        {"\x65\x88", 2, true, true, IDR}, // first macroblock 0
	        {"\x65\x48", 2, false, false, H264_SLICE}, // IDR, a later slice
	        {"\x61\x9A", 2, false, true, H264_SLICE}, // slice of a picture
	        {"\x61\x40", 2, false, false, H264_SLICE}, // a later slice
	        {"\x62\x9A", 2, false, false, H264_SLICE}, // a data partition
	        {"\x68\xCE", 2, false, false, H264_PPS},
	        {"\x06\x05", 2, false, true, H264_OTHER}, // SEI
	        {"\x6C\xFF", 2, false, false, H264_OTHER}, // filler data
	        {"\x78\x00\x02\x67\x42\x00\x02\x68\xCE", 9, false, true, SETS}, // STAP-A
	        {"\x78\x00\x02\x67\x42\x00\x02\x68\xCE\x00\x02\x65\x88", 13, true, true,
	         SETS | IDR},
	        {"\x78\x00\x02\x06\x05\x00\x02\x61\x9A", 9, false, true, H264_OTHER | H264_SLICE},
	        {"\x7C\x85\x88", 3, true, true, IDR}, // FU-A begins IDR
	        {"\x7C\x05\x88", 3, false, false, H264_SLICE}, // FU-A within IDR
	        {"\x7C\x45\x88", 3, false, false, H264_SLICE}, // FU-A ends IDR
	        {"\x7C\x81\x9A", 3, false, true, H264_SLICE}, // FU-A begins a slice
	        {"\x7C\x06\x00", 3, false, false, H264_OTHER}, // FU-A within SEI
	        // STAP-A with zeros behind its last unit
	        {"\x78\x00\x02\x67\x42\x00\x02\x68\xCE\x00", 10, false, true, SETS},
	        {"\x78\x00\x02\x67\x42\x00\x02\x68\xCE\x00\x00", 11, false, true, SETS},
	        {"\x78\x00\x02\x65\x88\x00\x00\x00\x00\x00", 10, true, true, IDR},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct frame_info info;
		assert_int_equal(inspect(CODEC_H264, cases[i].bytes, cases[i].len, &info), 0);
		assert_int_equal(info.key_frame, cases[i].key_frame);
		assert_int_equal(info.begin, cases[i].begin);
		assert_int_equal(info.h264_units, cases[i].units);
	}
}

// RFC 9628 4.2.
static void vp9_key_frames_begin_the_lowest_layer_without_prediction(void **)
{
	struct frame_info info;
	assert_int_equal(
	        INSPECT(CODEC_VP9, "\xA8\x81\x02\x50\x09", &info), 0
	); // I L B, non-flexible
	assert_true(info.key_frame && info.begin && info.switch_up);
	assert_int_equal(info.picture_id, 0x0102);
	assert_int_equal(info.temporal_id, 2);
	assert_int_equal(info.tl0picidx, 9);
	assert_int_equal(info.tl0picidx_offset, 4);

	assert_int_equal(INSPECT(CODEC_VP9, "\xA8\x05\x02\x09", &info), 0); // spatial layer 1
	assert_true(!info.key_frame && !info.begin);
	assert_int_equal(info.spatial_id, 1);
	assert_int_equal(INSPECT(CODEC_VP9, "\xE8\x05\x00\x09", &info), 0); // predicted
	assert_true(!info.key_frame && info.begin);
	assert_int_equal(INSPECT(CODEC_VP9, "\xA0\x05\x00\x09", &info), 0); // not the beginning
	assert_true(!info.key_frame && !info.begin);
	assert_int_equal(INSPECT(CODEC_VP9, "\xB8\x05\x40", &info), 0); // flexible: no TL0PICIDX
	assert_false(info.has_tl0picidx);
}

// An encoder that sends each of many layers as a separate encoding may give all of them the same
// numbers.
static void a_spatial_id_means_nothing_where_the_encoding_is_known(void **)
{
	struct frame_info info;
	assert_int_equal(INSPECT(CODEC_VP9, "\xA8\x05\x02\x09", &info), 0);
	codec_ignore_spatial(&info);
	assert_true(info.key_frame && info.begin);
	assert_int_equal(info.spatial_id, 0);
	assert_int_equal(INSPECT(CODEC_VP9, "\xE8\x05\x02\x09", &info), 0); // predicted
	codec_ignore_spatial(&info);
	assert_true(!info.key_frame && info.begin);
	assert_int_equal(INSPECT(CODEC_VP9, "\xA8\x05\x03\x09", &info), 0); // from the layer below
	codec_ignore_spatial(&info);
	assert_true(!info.key_frame && !info.begin);
	assert_int_equal(INSPECT(CODEC_VP9, "\xA8\x05\x00\x09", &info), 0);
	codec_ignore_spatial(&info);
	assert_true(info.key_frame && info.begin);
	assert_int_equal(INSPECT(CODEC_VP8, "\x10\x10", &info), 0);
	codec_ignore_spatial(&info);
	assert_true(info.key_frame && info.begin);
}

// RFC 9628 4.2: where a layer begins and ends, and where it may be entered from the one below.
static void vp9_spatial_layers_tell_their_ends(void **)
{
	struct frame_info info;
	assert_int_equal(INSPECT(CODEC_VP9, "\xA8\x05\x03\x09", &info), 0); // S1, D
	assert_true(info.spatial_sync && info.inter_layer && info.picture_refs && !info.begin);
	assert_false(info.layer_end);
	assert_int_equal(INSPECT(CODEC_VP9, "\xEC\x05\x05\x09", &info), 0); // S2, D, P, B, E
	assert_true(!info.spatial_sync && info.layer_end);
	assert_int_equal(info.spatial_id, 2);
	assert_int_equal(INSPECT(CODEC_VP9, "\xA4\x05\x03\x09", &info), 0); // not S1's beginning
	assert_true(!info.spatial_sync && info.layer_end);
}

static void vp9_tells_what_a_picture_is_predicted_from(void **)
{
	struct frame_info info;
	// I P L F B, picture id 5, T1, P_DIFF 1 and 2
	assert_int_equal(INSPECT(CODEC_VP9, "\xF8\x05\x20\x03\x04", &info), 0);
	assert_int_equal(info.ref_count, 2);
	assert_int_equal(info.refs[0], 1);
	assert_int_equal(info.refs[1], 2);
	// three at most, whatever the last one says
	assert_int_equal(INSPECT(CODEC_VP9, "\xF8\x05\x20\x03\x05\x07\x09", &info), 0);
	assert_int_equal(info.ref_count, 3);
	assert_int_equal(INSPECT(CODEC_VP9, "\xF8\x05\x20\x03", &info), -EBADMSG); // cut off
	assert_int_equal(INSPECT(CODEC_VP9, "\xB8\x05\x20\x03", &info), 0); // P 0
	assert_int_equal(info.ref_count, 0);
	assert_int_equal(INSPECT(CODEC_VP9, "\xE8\x05\x20\x03", &info), 0); // not flexible
	assert_int_equal(info.ref_count, 0);
}

static void av1_key_frames_carry_the_new_sequence_bit(void **)
{
	struct frame_info info;
	assert_int_equal(INSPECT(CODEC_AV1, "\x18\x08\x00", &info), 0); // W=1 N, sequence header
	assert_true(info.key_frame && info.begin);
	assert_int_equal(INSPECT(CODEC_AV1, "\x10\x30\x00", &info), 0); // W=1, frame
	assert_true(!info.key_frame && info.begin);
	assert_int_equal(INSPECT(CODEC_AV1, "\x00\x81\x01\x30", &info), 0); // W=0: LEB128 length
	assert_true(info.begin);
	assert_int_equal(INSPECT(CODEC_AV1, "\x90\x30\x00", &info), 0); // continues an OBU
	assert_true(!info.begin);
	assert_int_equal(INSPECT(CODEC_AV1, "\x98\x08", &info), -EBADMSG); // cannot be both
}

static void malformed_payloads_give_no_information(void **)
{
	static const struct {
		enum codec codec;
		const char *bytes;
		size_t len;
	} cases[] = {
	        {CODEC_VP8, "", 0},
	        {CODEC_VP8, "\x90\x80\x80", 3},
	        {CODEC_H264, "", 0},
	        {CODEC_H264, "\x00\x01", 2},
	        {CODEC_H264, "\x1F\x01", 2},
	        {CODEC_H264, "\x7C\x85", 2},
	        {CODEC_H264, "\x78\x00\x02\x67\x42\x00\x03\x68", 8}, // SPS, then an overrun
	        {CODEC_H264, "\x78\x00\x00", 3},
	        {CODEC_H264, "\x78\x00\x02\x67\x42\x00\x00\x68\xCE", 9}, // no unit, then more
	        {CODEC_VP9, "\xA8\x81", 2},
	        {CODEC_AV1, "\x08", 1},
	        {CODEC_AV1, "\x00\xFF\xFF", 3},
	};
	static const struct frame_info nothing;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct frame_info info;
		memset(&info, 0xFF, sizeof(info));
		assert_int_equal(
		        inspect(cases[i].codec, cases[i].bytes, cases[i].len, &info), -EBADMSG
		);
		assert_memory_equal(&info, &nothing, sizeof(info));
	}
}

static void parse_everything(const uint8_t *bytes, size_t len)
{
	for (int codec = CODEC_OPUS; codec <= CODEC_AV1; codec++) {
		struct frame_info info;
		if (codec_inspect((enum codec)codec, bytes, len, &info) < 0)
			continue;
		assert_true(info.begin || !info.key_frame);
		uint8_t *copy = malloc(len + 1);
		assert_non_null(copy);
		memcpy(copy, bytes, len);
		copy = realloc(copy, len > 0 ? len : 1);
		codec_patch(copy, &info, 0x7FFF, 0xFF);
		free(copy);
	}
}

static void hostile_payloads_are_never_read_past_their_end(void **)
{
	static const uint8_t vp8[] = {0x90, 0xF0, 0xFF, 0xFE, 0x07, 0x60, 0x10, 0x02};
	static const uint8_t stap[] = {0x78, 0, 2, 0x67, 0x42, 0, 2, 0x68, 0xCE};
	static const uint8_t vp9[] = {0xA8, 0x81, 0x02, 0x50, 0x09, 0x11};
	static const uint8_t av1[] = {0x00, 0x81, 0x01, 0x30, 0x00};
	hostile_bytes(parse_everything, vp8, sizeof(vp8));
	hostile_bytes(parse_everything, stap, sizeof(stap));
	hostile_bytes(parse_everything, vp9, sizeof(vp9));
	hostile_bytes(parse_everything, av1, sizeof(av1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_vp8_key_frame_tells_its_numbers),
	        cmocka_unit_test(only_the_first_vp8_packet_begins_a_frame),
	        cmocka_unit_test(patched_vp8_numbers_read_back),
	        cmocka_unit_test(h264_key_frames_begin_with_an_idr_picture),
	        cmocka_unit_test(vp9_key_frames_begin_the_lowest_layer_without_prediction),
	        cmocka_unit_test(a_spatial_id_means_nothing_where_the_encoding_is_known),
	        cmocka_unit_test(vp9_spatial_layers_tell_their_ends),
	        cmocka_unit_test(vp9_tells_what_a_picture_is_predicted_from),
	        cmocka_unit_test(av1_key_frames_carry_the_new_sequence_bit),
	        cmocka_unit_test(malformed_payloads_give_no_information),
	        cmocka_unit_test(hostile_payloads_are_never_read_past_their_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
