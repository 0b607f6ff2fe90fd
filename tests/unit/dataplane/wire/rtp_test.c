#include "wire/rtp.h"

#include "hostile.h"

#include <errno.h>

// Marker, one CSRC, one-byte extensions 1 (MID "0"), 2 (send time), 10 (audio level), padding of 2.
static const uint8_t packet[] = {
        0xB1, 0xE0, 0xFF, 0xFE, 0x01, 0x02, 0x03, 0x04, 0x11, 0x22, 0x33, 0x44, // fixed
        0xAA, 0xBB, 0xCC, 0xDD, // CSRC
        0xBE, 0xDE, 0x00, 0x03, // 3 words
        0x10, '0',  0x22, 0x01, 0x02, 0x03, 0xA0, 0x85, 0x00, 0x00, 0x00, 0x00, // elements
        'p',  'a',  'y',  0x00, 0x02, // payload and padding
};

static const struct rtp_track_format format = {
        .ext_map = {.room_id = {[10] = 5, [11] = 6}},
        .pt = 101,
        .abs_send_time_id = 4,
        .mid_id = 1,
};

static struct rtp_view parsed(const uint8_t *bytes, size_t len)
{
	struct rtp_view view;
	assert_int_equal(rtp_parse(bytes, len, &view), 0);
	return view;
}

static void all_fields_of_a_header_are_found(void **)
{
	struct rtp_view v = parsed(packet, sizeof(packet));
	assert_int_equal(v.ssrc, 0x11223344);
	assert_int_equal(v.timestamp, 0x01020304);
	assert_int_equal(v.seq, 0xFFFE);
	assert_int_equal(v.pt, 0x60);
	assert_true(v.marker);
	assert_int_equal(v.csrc_count, 1);
	assert_int_equal(v.ext_profile, RTP_EXT_ONE_BYTE);
	assert_int_equal(v.ext_offset, 20);
	assert_int_equal(v.ext_len, 12);
	assert_int_equal(v.payload_offset, 32);
	assert_int_equal(v.payload_len, 3);
	assert_int_equal(v.padding_len, 2);
}

static void an_encrypted_packet_keeps_its_padding(void **)
{
	struct rtp_view v;
	assert_int_equal(rtp_parse_header(packet, sizeof(packet), &v), 0);
	assert_int_equal(v.payload_len, 5);
	assert_int_equal(v.padding_len, 0);
}

static void padding_alone_leaves_an_empty_payload(void **)
{
	static const uint8_t bytes[] = {0xA0, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 3};
	assert_int_equal(parsed(bytes, sizeof(bytes)).payload_len, 0);
}

static void impossible_headers_are_refused(void **)
{
	static const struct {
		size_t at;
		uint8_t value;
	} cases[] = {
	        {0, 0x71}, // version 1
	        {0, 0xBF}, // more CSRCs than bytes
	        {18, 0x40}, // a length that wraps 16 bits when counted in bytes
	        {19, 0x06}, // extension past the end
	        {36, 0x00}, // padding of 0
	        {36, 0x06}, // padding longer than the payload
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t bytes[sizeof(packet)];
		struct rtp_view v;
		memcpy(bytes, packet, sizeof(packet));
		bytes[cases[i].at] = cases[i].value;
		assert_int_equal(rtp_parse(bytes, sizeof(bytes), &v), -EBADMSG);
	}
}

static void one_byte_elements_are_walked_over_padding(void **)
{
	struct rtp_view v = parsed(packet, sizeof(packet));
	struct rtp_ext_iter it = rtp_ext_begin(packet, &v);
	struct rtp_ext ext;
	static const struct rtp_ext expected[] = {{21, 1, 1}, {23, 2, 3}, {27, 10, 1}};
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_true(rtp_ext_next(&it, &ext));
		assert_int_equal(ext.id, expected[i].id);
		assert_int_equal(ext.len, expected[i].len);
		assert_int_equal(ext.offset, expected[i].offset);
	}
	assert_false(rtp_ext_next(&it, &ext));
	assert_false(it.reader.failed);
	assert_true(rtp_ext_find(packet, &v, 10, &ext));
	assert_false(rtp_ext_find(packet, &v, 9, &ext));
}

// RFC 8285 4.3: a length byte of its own, 0 allowed.
static void two_byte_elements_are_walked(void **)
{
	static const uint8_t bytes[] = {0x90, 96, 0, 1,  0, 0, 0, 0, 0, 0, 0, 1,  0x10,
	                                0x05, 0,  2, 17, 2, 7, 8, 0, 3, 0, 0, 'x'};
	struct rtp_view v = parsed(bytes, sizeof(bytes));
	struct rtp_ext_iter it = rtp_ext_begin(bytes, &v);
	struct rtp_ext ext;
	assert_true(rtp_ext_next(&it, &ext));
	assert_int_equal(ext.id, 17);
	assert_int_equal(ext.len, 2);
	assert_int_equal(ext.offset, 18);
	assert_true(rtp_ext_next(&it, &ext));
	assert_int_equal(ext.id, 3);
	assert_int_equal(ext.len, 0);
	assert_false(rtp_ext_next(&it, &ext));
	assert_false(it.reader.failed);
}

// RFC 8285 4.2: both mean "stop here", without an error.
static void reserved_one_byte_ids_end_the_walk(void **)
{
	for (int head = 0xF0; head != 0; head = head == 0xF0 ? 0x02 : 0) {
		uint8_t bytes[] = {0x90, 96, 0,    1,    0, 0, 0, 0,    0, 0,
		                   0,    1,  0xBE, 0xDE, 0, 1, 0, 0x10, 0, 0};
		bytes[16] = (uint8_t)head;
		struct rtp_view v = parsed(bytes, sizeof(bytes));
		struct rtp_ext_iter it = rtp_ext_begin(bytes, &v);
		struct rtp_ext ext;
		assert_false(rtp_ext_next(&it, &ext));
		assert_false(it.reader.failed);
	}
}

static void an_element_longer_than_its_block_is_refused(void **)
{
	static const uint8_t bytes[] = {0x90, 96,   0,    1, 0, 0,    0, 0, 0, 0,   0,
	                                1,    0xBE, 0xDE, 0, 1, 0xA4, 1, 2, 3, 'p', 'p'};
	struct rtp_view v = parsed(bytes, sizeof(bytes));
	uint8_t header[RTP_TRACK_HEADER_LEN_MAX];
	struct rtp_template t;
	assert_int_equal(rtp_rewrite_track(bytes, &v, &format, header, &t), -EBADMSG);
}

static void a_track_header_has_the_rooms_layout(void **)
{
	static const uint8_t expected[] = {
	        0x90, 0xE5, 0xFF, 0xFE, 0x01, 0x02, 0x03, 0x04, 0x11, 0x22, 0x33, 0x44, // fixed
	        0xBE, 0xDE, 0x00, 0x03, // 3 words
	        0x42, 0x00, 0x00, 0x00, 0x50, 0x85, // send time slot, audio level
	        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // MID slot and padding
	};
	struct rtp_view v = parsed(packet, sizeof(packet));
	uint8_t header[RTP_TRACK_HEADER_LEN_MAX];
	struct rtp_template t;
	assert_int_equal(rtp_rewrite_track(packet, &v, &format, header, &t), 0);
	assert_int_equal(t.len, sizeof(expected));
	assert_memory_equal(header, expected, sizeof(expected));
	assert_int_equal(t.abs_send_time_offset, 17);
	assert_int_equal(t.mid_offset, 22);
}

static void a_track_without_extensions_has_a_bare_header(void **)
{
	static const struct rtp_track_format bare = {.pt = 100};
	struct rtp_view v = parsed(packet, sizeof(packet));
	uint8_t header[RTP_TRACK_HEADER_LEN_MAX];
	struct rtp_template t;
	assert_int_equal(rtp_rewrite_track(packet, &v, &bare, header, &t), 0);
	assert_int_equal(t.len, RTP_HEADER_LEN);
	assert_int_equal(header[0], 0x80);
	assert_int_equal(t.mid_offset, 0);
	assert_int_equal(t.abs_send_time_offset, 0);
}

static void a_copy_reads_back_as_patched(void **)
{
	struct rtp_view v = parsed(packet, sizeof(packet));
	uint8_t copy[RTP_TRACK_HEADER_LEN_MAX];
	struct rtp_template t;
	struct rtp_ext ext;
	assert_int_equal(rtp_rewrite_track(packet, &v, &format, copy, &t), 0);
	rtp_set_ssrc(copy, 0xCAFEBABE);
	rtp_set_seq(copy, 0x8001);
	rtp_set_timestamp(copy, 0xFFFFFFFF);
	rtp_set_pt(copy, 102);
	rtp_set_abs_send_time(copy, &t, 0x123456);
	for (uint8_t len = 0; len <= RTP_MID_LEN_MAX; len++) {
		rtp_set_mid(copy, &t, "1234", len);
		struct rtp_view c = parsed(copy, t.len);
		assert_int_equal(c.ssrc, 0xCAFEBABE);
		assert_int_equal(c.seq, 0x8001);
		assert_int_equal(c.timestamp, 0xFFFFFFFF);
		assert_int_equal(c.pt, 102);
		assert_true(c.marker);
		assert_true(rtp_ext_find(copy, &c, 4, &ext));
		assert_memory_equal(copy + ext.offset, "\x12\x34\x56", 3);
		assert_int_equal(rtp_ext_find(copy, &c, 1, &ext), len > 0);
		if (len > 0) {
			assert_int_equal(ext.len, len);
			assert_memory_equal(copy + ext.offset, "1234", len);
		}
	}
}

// A publisher that repeats or inflates elements gains nothing and breaks nothing.
static void a_header_stays_in_its_buffer_whatever_is_copied(void **)
{
	uint8_t bytes[12 + 4 + 17 * 14 + 2] = {0x90, 96};
	struct rtp_track_format all = {.pt = 96, .abs_send_time_id = 13, .mid_id = 14};
	bytes[12] = 0xBE;
	bytes[13] = 0xDE;
	bytes[15] = (17 * 14 + 2) / 4;
	for (uint8_t i = 0; i < 14; i++) {
		bytes[16 + 17 * i] = (uint8_t)((i % 12 + 1) << 4 | 15);
		all.ext_map.room_id[i + 1] = (uint8_t)(i + 1);
	}
	struct rtp_view v = parsed(bytes, sizeof(bytes));
	uint8_t *header = malloc(RTP_TRACK_HEADER_LEN_MAX);
	struct rtp_template t;
	assert_non_null(header);
	assert_int_equal(rtp_rewrite_track(bytes, &v, &all, header, &t), 0);
	assert_true(t.len <= RTP_TRACK_HEADER_LEN_MAX);
	assert_int_equal(t.len % 4, 0);
	assert_true(t.mid_offset + 1 + RTP_MID_LEN_MAX <= t.len);
	rtp_set_mid(header, &t, "abcd", 4);
	struct rtp_view c = parsed(header, t.len);
	struct rtp_ext ext;
	assert_true(rtp_ext_find(header, &c, 14, &ext));
	free(header);
}

static void a_repeated_element_is_copied_once(void **)
{
	static const uint8_t bytes[] = {0x90, 96, 0,    1,    0, 0, 0,    0, 0,    0,
	                                0,    1,  0xBE, 0xDE, 0, 1, 0xA0, 1, 0xA0, 2};
	static const struct rtp_track_format plain = {.ext_map = {.room_id = {[10] = 5}}};
	struct rtp_view v = parsed(bytes, sizeof(bytes));
	uint8_t header[RTP_TRACK_HEADER_LEN_MAX];
	struct rtp_template t;
	assert_int_equal(rtp_rewrite_track(bytes, &v, &plain, header, &t), 0);
	assert_memory_equal(header + RTP_HEADER_LEN, "\xBE\xDE\x00\x01\x50\x01\x00\x00", 8);
	assert_int_equal(t.len, 20);
}

static void an_rtx_packet_becomes_the_packet_it_repeats(void **)
{
	static const uint8_t rtx[] = {0x80, 0xE1, 0, 9, 0, 0, 0, 5, 0, 0, 0, 2, 0x12, 0x34, 'p'};
	struct rtp_view v = parsed(rtx, sizeof(rtx));
	assert_int_equal(rtp_restore_rtx(rtx, &v, 1, 96), 0);
	assert_int_equal(v.seq, 0x1234);
	assert_int_equal(v.ssrc, 1);
	assert_int_equal(v.pt, 96);
	assert_int_equal(v.timestamp, 5);
	assert_true(v.marker);
	assert_int_equal(v.payload_offset, 14);
	assert_int_equal(v.payload_len, 1);

	v = parsed(rtx, sizeof(rtx) - 1); // nothing behind the number
	assert_int_equal(rtp_restore_rtx(rtx, &v, 1, 96), -EBADMSG);
}

static void send_time_is_fixed_point_and_wraps_after_64_seconds(void **)
{
	assert_int_equal(rtp_abs_send_time(0), 0);
	assert_int_equal(rtp_abs_send_time(1000000), 1 << 18);
	assert_int_equal(rtp_abs_send_time(1500000), 3 << 17);
	assert_int_equal(rtp_abs_send_time(63999999), 0xFFFFFF);
	assert_int_equal(rtp_abs_send_time(64000000), 0);
	assert_int_equal(rtp_abs_send_time(INT64_C(64000000) * 1000000007 + 1000000), 1 << 18);
}

static void parse_everything(const uint8_t *bytes, size_t len)
{
	struct rtp_view v;
	if (rtp_parse(bytes, len, &v) < 0)
		return;

	assert_int_equal(v.payload_offset + v.payload_len + v.padding_len, len);
	struct rtp_ext_iter it = rtp_ext_begin(bytes, &v);
	struct rtp_ext ext;
	while (rtp_ext_next(&it, &ext))
		assert_true(ext.offset + ext.len <= v.ext_offset + v.ext_len);
	uint8_t header[RTP_TRACK_HEADER_LEN_MAX];
	struct rtp_template t;
	if (rtp_rewrite_track(bytes, &v, &format, header, &t) == 0) {
		struct rtp_view again;
		assert_int_equal(rtp_parse(header, t.len, &again), 0);
		assert_int_equal(again.payload_len, 0);
	}
	if (rtp_restore_rtx(bytes, &v, 1, 2) == 0)
		assert_true(v.payload_offset + v.payload_len <= len);
}

static void hostile_packets_are_never_read_past_their_end(void **)
{
	hostile_bytes(parse_everything, packet, sizeof(packet));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(all_fields_of_a_header_are_found),
	        cmocka_unit_test(an_encrypted_packet_keeps_its_padding),
	        cmocka_unit_test(padding_alone_leaves_an_empty_payload),
	        cmocka_unit_test(impossible_headers_are_refused),
	        cmocka_unit_test(one_byte_elements_are_walked_over_padding),
	        cmocka_unit_test(two_byte_elements_are_walked),
	        cmocka_unit_test(reserved_one_byte_ids_end_the_walk),
	        cmocka_unit_test(an_element_longer_than_its_block_is_refused),
	        cmocka_unit_test(a_track_header_has_the_rooms_layout),
	        cmocka_unit_test(a_track_without_extensions_has_a_bare_header),
	        cmocka_unit_test(a_copy_reads_back_as_patched),
	        cmocka_unit_test(a_header_stays_in_its_buffer_whatever_is_copied),
	        cmocka_unit_test(a_repeated_element_is_copied_once),
	        cmocka_unit_test(an_rtx_packet_becomes_the_packet_it_repeats),
	        cmocka_unit_test(send_time_is_fixed_point_and_wraps_after_64_seconds),
	        cmocka_unit_test(hostile_packets_are_never_read_past_their_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
