// Which transport-wide numbers are read from viewers' copies, and what is reported about them.
#include "answers.h"

#include <string.h>

#include "audience.h"
#include "media/twcc_feedback.h"
#include "test.h"

#define MS       1000000ull
#define HEAD_LEN 12
#define FCI_AT   12 // behind the header and both SSRCs

struct packet {
	uint8_t bytes[64];
	size_t len;
};

// An RTP header with `n` CSRCs and an extension of these words.
static struct packet packet_make(uint8_t n, uint16_t form, const char *elements, size_t len)
{
	struct packet p = {.len = HEAD_LEN + 4u * n + 4 + len};

	p.bytes[0] = (uint8_t)(0x90 | n);
	uint8_t *at = p.bytes + HEAD_LEN + 4 * n;
	am_put_u16(at, form);
	am_put_u16(at + 2, (uint16_t)(len / 4));
	memcpy(at + 4, elements, len);
	return p;
}

static void numbers_are_read_wherever_they_stand(void **)
{
	static const struct {
		uint8_t csrcs;
		const char *elements;
		size_t len;
	} cases[] = {
	        {0, "\x51\x12\x34\x00", 4},
	        {2, "\x51\x12\x34\x00", 4},
	        {0, "\x10\x61\x00\x51\x12\x34\x00\x00", 8},
	        {0, "\x42\x01\x02\x03\x51\x12\x34\x00", 8},
	        {0, "\x00\x51\x12\x34", 4},
	};
	uint16_t number;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct packet p =
		        packet_make(cases[i].csrcs, 0xbede, cases[i].elements, cases[i].len);
		number = 0;
		assert_true(answers_number(p.bytes, p.len, &number));
		assert_int_equal(number, 0x1234);
		for (size_t len = 0; len < p.len; len++)
			assert_false(answers_number(p.bytes, len, &number));
	}
}

static void other_packets_have_no_number(void **)
{
	uint16_t number;
	struct packet p = packet_make(0, 0xbede, "\x51\x12\x34\x00", 4);

	p.bytes[0] = 0x80; // no extension
	assert_false(answers_number(p.bytes, p.len, &number));
	p = packet_make(0, 0x1000, "\x51\x12\x34\x00", 4);
	assert_false(answers_number(p.bytes, p.len, &number));
	p = packet_make(0, 0xbede, "\x41\x12\x34\x00", 4);
	assert_false(answers_number(p.bytes, p.len, &number));
	p = packet_make(0, 0xbede, "\x00\x00\x00\x51", 4); // the end cuts it off
	assert_false(answers_number(p.bytes, p.len, &number));
	p = packet_make(0, 0xbede, "\x4f\x12\x51\x12", 4);
	assert_false(answers_number(p.bytes, p.len, &number));
}

static void number_comes(struct answers *a, uint32_t viewer, uint16_t number, uint64_t ms)
{
	char elements[4] = {0x51, (char)(number >> 8), (char)number, 0};
	struct packet p = packet_make(0, 0xbede, elements, 4);

	answers_take(a, viewer, p.bytes, p.len, ms * MS);
}

static void each_viewer_tells_what_came_to_it_and_what_did_not(void **)
{
	const struct audience_options o = {.capacity = 2, .stream_count = 1};
	struct audience audience;
	struct answers a;
	uint8_t packet[1000];
	struct twcc_feedback f;
	struct twcc_status s;

	assert_int_equal(audience_init(&audience, &o), 0);
	audience_streams(&audience, 1)->ssrc = 0x01020304;
	assert_int_equal(answers_init(&a, NULL, &audience, true, 0), 0);
	for (uint16_t i = 0; i < 30; i++) {
		if (i != 7)
			number_comes(&a, 1, (uint16_t)(65530 + i), 1000 + i);
	}
	assert_int_equal(answers_next(&a, 0, packet, sizeof(packet)), 0);
	size_t len = answers_next(&a, 1, packet, sizeof(packet));
	assert_true(len > 0);
	assert_int_equal(packet[1], 205);
	assert_int_equal(packet[0] & 31, 15);
	assert_memory_equal(packet + 8, "\x01\x02\x03\x04", 4);
	assert_int_equal(twcc_feedback_begin(&f, packet + FCI_AT, len - FCI_AT), 0);
	assert_int_equal(f.base, 65530);
	assert_int_equal(f.count, 30);
	while (twcc_feedback_next(&f, &s))
		assert_int_equal(s.arrived, s.index != 7);
	assert_int_equal(answers_next(&a, 1, packet, sizeof(packet)), 0);
	answers_forget(&a, 1);
	number_comes(&a, 1, 5, 2000);
	len = answers_next(&a, 1, packet, sizeof(packet));
	assert_int_equal(twcc_feedback_begin(&f, packet + FCI_AT, len - FCI_AT), 0);
	assert_int_equal(f.base, 5); // starts anew
	answers_fini(&a);
	assert_int_equal(answers_init(&a, NULL, &audience, false, 0), 0);
	number_comes(&a, 1, 1, 1); // there is nobody to answer
	answers_fini(&a);
	audience_fini(&audience);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(numbers_are_read_wherever_they_stand),
	        cmocka_unit_test(other_packets_have_no_number),
	        cmocka_unit_test(each_viewer_tells_what_came_to_it_and_what_did_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
