#include "wire/rtcp.h"

#include "hostile.h"

#include <errno.h>

static const struct rtcp_feedback feedback = {.sender_ssrc = 1, .media_ssrc = 0xAABBCCDD};

static struct rtcp_view only_view(const uint8_t *bytes, size_t len, enum rtcp_kind kind)
{
	struct rtcp_iter it = rtcp_begin(bytes, len);
	struct rtcp_view v, none;
	assert_true(rtcp_next(&it, &v));
	assert_int_equal(v.kind, kind);
	assert_false(rtcp_next(&it, &none));
	assert_false(it.reader.failed);
	return v;
}

static void a_sender_report_reads_back_with_its_cname(void **)
{
	static const struct rtcp_sender_info info = {
	        .ntp = 0x0123456789ABCDEF,
	        .ssrc = 7,
	        .rtp_timestamp = 0xFFFFFFF0,
	        .packets = 3,
	        .octets = 4};
	for (uint8_t cname_len = 1; cname_len < 16; cname_len++) {
		uint8_t buf[64];
		memset(buf, 0xA5, sizeof(buf));
		size_t len = rtcp_build_sr(buf, sizeof(buf), &info, "0123456789abcdef", cname_len);
		assert_int_equal(len % 4, 0);

		struct rtcp_iter it = rtcp_begin(buf, len);
		struct rtcp_view v;
		struct rtcp_sender_info read;
		assert_true(rtcp_next(&it, &v));
		assert_int_equal(v.kind, RTCP_SR);
		assert_int_equal(rtcp_parse_sender_info(&v, &read), 0);
		assert_true(
		        read.ntp == info.ntp && read.ssrc == 7 && read.rtp_timestamp == 0xFFFFFFF0
		);
		assert_true(read.packets == 3 && read.octets == 4);
		assert_true(rtcp_next(&it, &v));
		assert_int_equal(v.kind, RTCP_SDES);
		assert_int_equal(v.body[4], 1);
		assert_int_equal(v.body[5], cname_len);
		assert_memory_equal(v.body + 6, "0123456789abcdef", cname_len);
		for (uint16_t i = (uint16_t)(6 + cname_len); i < v.body_len; i++)
			assert_int_equal(v.body[i], 0);
		assert_true(v.body_len > 6 + cname_len); // RFC 3550 6.5: a zero ends the items
		assert_false(rtcp_next(&it, &v));
	}
}

static void report_blocks_keep_negative_loss(void **)
{
	static const struct rtcp_report reports[2] = {
	        {.ssrc = 5,
	         .cumulative_lost = -2,
	         .highest_seq = 0x1FFFF,
	         .jitter = 9,
	         .fraction_lost = 255},
	        {.ssrc = 6,
	         .cumulative_lost = 0x7FFFFF,
	         .last_sr = 0xDEADBEEF,
	         .delay_since_last_sr = 65536},
	};
	uint8_t buf[8 + 2 * 24];
	size_t len = rtcp_build_rr(buf, sizeof(buf), 1, reports, 2);
	struct rtcp_view v = only_view(buf, len, RTCP_RR);
	struct rtcp_report r;
	assert_true(rtcp_report_at(&v, 0, &r));
	assert_memory_equal(&r, &reports[0], offsetof(struct rtcp_report, fraction_lost) + 1);
	assert_true(rtcp_report_at(&v, 1, &r));
	assert_memory_equal(&r, &reports[1], offsetof(struct rtcp_report, fraction_lost) + 1);
	assert_false(rtcp_report_at(&v, 2, &r));
}

static void nacks_tell_the_same_numbers_over_the_wrap(void **)
{
	static const uint16_t seqs[] = {65530, 65534, 65535, 0, 1, 11, 100, 117, 133};
	uint8_t buf[64];
	size_t len = rtcp_build_nack(buf, sizeof(buf), &feedback, seqs, COUNT(seqs));
	assert_int_equal(len, 12 + 4 * 4); // 65530..10, 11, 100, 117..133
	struct rtcp_view v = only_view(buf, len, RTCP_NACK);
	struct rtcp_feedback f;
	assert_int_equal(rtcp_parse_feedback(&v, &f), 0);
	assert_true(f.sender_ssrc == 1 && f.media_ssrc == 0xAABBCCDD);
	struct rtcp_nack_iter it = rtcp_nack_begin(&v);
	for (size_t i = 0; i < COUNT(seqs); i++) {
		uint16_t seq;
		assert_true(rtcp_nack_next(&it, &seq));
		assert_int_equal(seq, seqs[i]);
	}
	uint16_t seq;
	assert_false(rtcp_nack_next(&it, &seq));
}

// RFC 4585 6.2.1: bit i of BLP is PID + i + 1, the least significant first.
static void a_nack_from_the_wire_is_understood(void **)
{
	static const uint8_t bytes[] = {0x81, 205, 0, 3, 0,    0,    0,    1,
	                                0,    0,   0, 2, 0x00, 0x0A, 0x80, 0x01};
	struct rtcp_view v = only_view(bytes, sizeof(bytes), RTCP_NACK);
	struct rtcp_nack_iter it = rtcp_nack_begin(&v);
	static const uint16_t expected[] = {10, 11, 26};
	uint16_t seq;
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_true(rtcp_nack_next(&it, &seq));
		assert_int_equal(seq, expected[i]);
	}
	assert_false(rtcp_nack_next(&it, &seq));
}

static void a_pli_reads_back(void **)
{
	uint8_t buf[12];
	size_t len = rtcp_build_pli(buf, sizeof(buf), &feedback);
	only_view(buf, len, RTCP_PLI);
}

static void a_bye_from_the_wire_is_understood(void **)
{
	static const uint8_t bytes[] = {0x82, 203, 0, 2, 1, 2, 3, 4, 0xFF, 0xFF, 0xFF, 0xFF};
	struct rtcp_view v = only_view(bytes, sizeof(bytes), RTCP_BYE);
	uint32_t ssrc;
	assert_true(rtcp_bye_at(&v, 1, &ssrc));
	assert_int_equal(ssrc, 0xFFFFFFFF);
	assert_false(rtcp_bye_at(&v, 2, &ssrc));
}

static void a_fir_tells_every_command(void **)
{
	static const uint8_t bytes[] = {0x84, 206, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0,
	                                0,    9,   3, 0, 0, 0, 0, 0, 0, 8, 4, 0, 0, 0};
	struct rtcp_view v = only_view(bytes, sizeof(bytes), RTCP_FIR);
	struct rtcp_fir fir;
	assert_true(rtcp_fir_at(&v, 1, &fir));
	assert_int_equal(fir.ssrc, 8);
	assert_int_equal(fir.seq, 4);
	assert_false(rtcp_fir_at(&v, 2, &fir));
}

// draft-alvestrand-rmcat-remb-03 2.2: mantissa of 18 bits, exponent of 6.
static void remb_bitrates_are_scaled_and_saturate(void **)
{
	uint8_t bytes[] = {0x8F, 206, 0,   5,   0, 0,    0,    1,    0, 0, 0, 0,
	                   'R',  'E', 'M', 'B', 1, 0x0B, 0xFF, 0xFF, 0, 0, 0, 2};
	struct rtcp_view v = only_view(bytes, sizeof(bytes), RTCP_REMB);
	struct rtcp_remb remb;
	assert_int_equal(rtcp_parse_remb(&v, &remb), 0);
	assert_int_equal(remb.bitrate, 0x3FFFFu << 2);
	assert_int_equal(remb.ssrc_count, 1);
	bytes[17] = 0xFF;
	assert_int_equal(rtcp_parse_remb(&v, &remb), 0);
	assert_true(remb.bitrate == UINT64_MAX);
	bytes[12] = 'X'; // feedback of another application
	only_view(bytes, sizeof(bytes), RTCP_OTHER);
}

static void transport_feedback_is_recognised(void **)
{
	static const uint8_t bytes[] = {0x8F, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2};
	only_view(bytes, sizeof(bytes), RTCP_TRANSPORT_CC);
}

// RFC 3550 6.4.1; and as libwebrtc pads transport feedback: by bytes, in the middle of a compound.
static void padding_is_taken_off_wherever_it_is(void **)
{
	uint8_t bytes[] = {0xA1, 203, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4, 0x80, 201, 0, 1, 0, 0, 0, 1};
	struct rtcp_iter it;
	struct rtcp_view v;
	for (uint8_t padding = 1; padding <= 8; padding++) {
		bytes[11] = padding;
		it = rtcp_begin(bytes, sizeof(bytes));
		assert_true(rtcp_next(&it, &v));
		assert_int_equal(v.body_len, 8 - padding);
		assert_true(rtcp_next(&it, &v));
		assert_int_equal(v.kind, RTCP_RR);
		assert_false(rtcp_next(&it, &v));
		assert_false(it.reader.failed);
	}

	static const uint8_t wrong[] = {0, 9, 255};
	for (size_t i = 0; i < COUNT(wrong); i++) {
		bytes[11] = wrong[i];
		it = rtcp_begin(bytes, sizeof(bytes));
		assert_false(rtcp_next(&it, &v));
		assert_true(it.reader.failed);
	}
}

static void builders_refuse_buffers_that_are_one_byte_short(void **)
{
	static const struct rtcp_sender_info info = {0};
	static const struct rtcp_report report = {0};
	static const uint16_t seq = 1;
	uint8_t buf[64];
	assert_int_equal(rtcp_build_sr(buf, 43, &info, "abcd", 4), 0);
	assert_int_equal(rtcp_build_sr(buf, 44, &info, "abcd", 4), 44);
	assert_int_equal(rtcp_build_rr(buf, 31, 1, &report, 1), 0);
	assert_int_equal(rtcp_build_rr(buf, 32, 1, &report, 1), 32);
	assert_int_equal(rtcp_build_nack(buf, 15, &feedback, &seq, 1), 0);
	assert_int_equal(rtcp_build_nack(buf, 16, &feedback, &seq, 1), 16);
	assert_int_equal(rtcp_build_nack(buf, sizeof(buf), &feedback, &seq, 0), 0);
	assert_int_equal(rtcp_build_pli(buf, 11, &feedback), 0);
}

static void parse_everything(const uint8_t *bytes, size_t len)
{
	struct rtcp_iter it = rtcp_begin(bytes, len);
	struct rtcp_view v;
	while (rtcp_next(&it, &v)) {
		struct rtcp_sender_info info;
		struct rtcp_feedback f;
		struct rtcp_remb remb;
		struct rtcp_report report;
		struct rtcp_fir fir;
		uint32_t ssrc;
		uint16_t seq, n = 0;
		assert_true(v.body + v.body_len <= bytes + len);
		(void)!rtcp_parse_sender_info(&v, &info);
		(void)!rtcp_parse_feedback(&v, &f);
		(void)!rtcp_parse_remb(&v, &remb);
		for (int i = 0; i < 256; i++) {
			(void)!rtcp_report_at(&v, (uint8_t)i, &report);
			(void)!rtcp_bye_at(&v, (uint8_t)i, &ssrc);
			(void)!rtcp_fir_at(&v, (uint8_t)i, &fir);
		}
		struct rtcp_nack_iter nack = rtcp_nack_begin(&v);
		while (rtcp_nack_next(&nack, &seq))
			n++;
		assert_true(n <= RTCP_NACK_SPAN * (v.body_len / 4));
	}
}

static void hostile_packets_are_never_read_past_their_end(void **)
{
	static const uint8_t compound[] = {
	        0x81, 201, 0, 7, 0, 0,    0,   1, 0, 0, 0, 2, 3,   0,   0,    4,   0, 0,   0,
	        5,    0,   0, 0, 6, 0,    0,   0, 7, 0, 0, 0, 8, // RR
	        0x81, 205, 0, 3, 0, 0,    0,   1, 0, 0, 0, 2, 0,   10,  0x80, 1, // NACK
	        0x8F, 206, 0, 5, 0, 0,    0,   1, 0, 0, 0, 0, 'R', 'E', 'M',  'B', 1, 0xB, 1,
	        2,    0,   0, 0, 2, 0xA1, 203, 0, 2, 0, 0, 0, 1,   0,   0,    0,   4, // BYE, padded
	};
	hostile_bytes(parse_everything, compound, sizeof(compound));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_sender_report_reads_back_with_its_cname),
	        cmocka_unit_test(report_blocks_keep_negative_loss),
	        cmocka_unit_test(nacks_tell_the_same_numbers_over_the_wrap),
	        cmocka_unit_test(a_nack_from_the_wire_is_understood),
	        cmocka_unit_test(a_pli_reads_back),
	        cmocka_unit_test(a_bye_from_the_wire_is_understood),
	        cmocka_unit_test(a_fir_tells_every_command),
	        cmocka_unit_test(remb_bitrates_are_scaled_and_saturate),
	        cmocka_unit_test(transport_feedback_is_recognised),
	        cmocka_unit_test(padding_is_taken_off_wherever_it_is),
	        cmocka_unit_test(builders_refuse_buffers_that_are_one_byte_short),
	        cmocka_unit_test(hostile_packets_are_never_read_past_their_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
