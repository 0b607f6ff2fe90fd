#include "service/channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000000

static struct channel_time now = {.now_us = 5 * SECOND, .now_ms = 1700000000000};
static const char tag[] = "{\"peerId\":\"ann\"}";

static void later(uint64_t seconds)
{
	now.now_us += seconds * SECOND;
	now.now_ms += (int64_t)seconds * 1000;
}

static void sender_make(struct channel_sender *s)
{
	channel_sender_init(s, &now);
	s->id = am_id_make(3, 1);
	s->tag_len = sizeof(tag) - 1;
	memcpy(s->tag, tag, s->tag_len);
}

static bool say(struct channel *c, struct channel_sender *s, const char *text)
{
	enum drop why;
	return channel_say(c, s, (const uint8_t *)text, strlen(text), &now, &why);
}

static void messages_come_in_an_envelope(void **)
{
	struct channel *c = channel_create(1, &now);
	struct channel_sender s;
	struct channel_reader r = {0};
	uint64_t lost;

	sender_make(&s);
	channel_join(c, &r);
	assert_null(channel_peek(&r, &lost));
	later(3);
	assert_true(say(c, &s, "one\ntwo"));
	const struct channel_message *m = channel_peek(&r, &lost);
	const char want[] = "1 1700000003000 1700000000000\n{\"peerId\":\"ann\"}\none\ntwo";
	assert_int_equal(m->len, strlen(want));
	assert_memory_equal(m->bytes, want, m->len);
	assert_int_equal(m->sender, s.id);
	assert_memory_equal(m->bytes + m->text, "one\ntwo", 7);
	assert_int_equal(m->len - m->text, 7);
	assert_int_equal(lost, 0);
	assert_ptr_equal(channel_peek(&r, &lost), m); // the same message until channel_advance
	channel_advance(&r);
	assert_null(channel_peek(&r, &lost));
	channel_leave(&r);
	channel_destroy(c);
}

static void who_joins_late_begins_with_the_next(void **)
{
	struct channel *c = channel_create(1, &now);
	struct channel_sender s;
	struct channel_reader r = {0};
	uint64_t lost;

	sender_make(&s);
	assert_true(say(c, &s, "before"));
	channel_join_late(c, &r);
	assert_null(channel_peek(&r, &lost));
	assert_true(say(c, &s, "after"));
	const struct channel_message *m = channel_peek(&r, &lost);
	assert_memory_equal(m->bytes + m->text, "after", 5);
	assert_int_equal(lost, 0);
	channel_leave(&r);
	channel_destroy(c);
}

static void late_joiners_get_what_is_kept(void **)
{
	struct channel *c = channel_create(1, &now);
	struct channel_sender s;
	struct channel_reader r = {0};
	uint64_t lost;
	int count = 0;

	sender_make(&s);
	for (int i = 0; i < CHANNEL_MESSAGES + 50; i++) {
		later(1);
		assert_true(say(c, &s, "x"));
	}
	channel_join(c, &r);
	for (; channel_peek(&r, &lost); count++) {
		assert_int_equal(lost, 0);
		channel_advance(&r);
	}
	assert_int_equal(count, CHANNEL_MESSAGES);
	channel_leave(&r);
	channel_destroy(c);
}

static void bytes_kept_are_bounded(void **)
{
	struct channel *c = channel_create(1, &now);
	struct channel_sender s;
	uint8_t *text = malloc(AM_DATA_MESSAGE_MAX);
	enum drop why;

	memset(text, 'x', AM_DATA_MESSAGE_MAX);
	sender_make(&s);
	for (int i = 0; i < 50; i++) {
		later(10);
		assert_true(channel_say(c, &s, text, AM_DATA_MESSAGE_MAX, &now, &why));
		assert_true(c->bytes <= CHANNEL_BYTES);
	}
	assert_int_equal(c->next - c->first, CHANNEL_BYTES / AM_DATA_MESSAGE_MAX - 1);
	free(text);
	channel_destroy(c);
}

static void a_slow_reader_loses_the_oldest(void **)
{
	struct channel *c = channel_create(1, &now);
	struct channel_sender s;
	struct channel_reader r = {0};
	uint64_t lost;

	sender_make(&s);
	channel_join(c, &r);
	for (int i = 0; i < CHANNEL_MESSAGES + 7; i++) {
		later(1);
		assert_true(say(c, &s, "x"));
	}
	const struct channel_message *m = channel_peek(&r, &lost);
	assert_int_equal(lost, 7);
	assert_memory_equal(m->bytes, "8 ", 2);
	channel_peek(&r, &lost);
	assert_int_equal(lost, 0); // reported only once
	channel_leave(&r);
	channel_destroy(c);
}

static void a_sender_is_limited_in_messages(void **)
{
	struct channel *c = channel_create(1, &now);
	struct channel_sender s, other;
	enum drop why;

	sender_make(&s);
	sender_make(&other);
	for (int i = 0; i < CHANNEL_SENDER_BURST; i++)
		assert_true(say(c, &s, "x"));
	assert_false(channel_say(c, &s, (const uint8_t *)"x", 1, &now, &why));
	assert_int_equal(why, DROP_data_rate);
	assert_true(say(c, &other, "x"));
	later(1);
	for (int i = 0; i < CHANNEL_SENDER_PER_S; i++)
		assert_true(say(c, &s, "x"));
	assert_false(say(c, &s, "x"));
	later(1000000); // a bucket fills up to the burst and no further
	for (int i = 0; i < CHANNEL_SENDER_BURST; i++)
		assert_true(say(c, &s, "x"));
	assert_false(say(c, &s, "x"));
	channel_destroy(c);
}

static void a_sender_is_limited_in_bytes(void **)
{
	struct channel *c = channel_create(1, &now);
	struct channel_sender s;
	uint8_t text[AM_DATA_MESSAGE_MAX];
	enum drop why;

	memset(text, 'x', sizeof(text));
	sender_make(&s);
	assert_true(channel_say(c, &s, text, sizeof(text), &now, &why));
	assert_true(channel_say(c, &s, text, sizeof(text), &now, &why));
	assert_false(channel_say(c, &s, text, sizeof(text), &now, &why));
	assert_int_equal(why, DROP_data_rate);
	assert_false(say(c, &s, "x"));
	later(2);
	assert_true(channel_say(c, &s, text, sizeof(text), &now, &why));
	channel_destroy(c);
}

static void all_senders_together_are_limited(void **)
{
	struct channel *c = channel_create(1, &now);
	struct channel_sender s[CHANNEL_BURST + 1];
	enum drop why;

	for (int i = 0; i <= CHANNEL_BURST; i++) {
		sender_make(&s[i]);
		bool taken = channel_say(c, &s[i], (const uint8_t *)"x", 1, &now, &why);
		assert_int_equal(taken, i < CHANNEL_BURST);
	}
	assert_int_equal(why, DROP_data_room_rate);
	// A message that the room refused is not charged to its sender.
	later(1);
	for (int i = 0; i < CHANNEL_SENDER_BURST; i++)
		assert_true(say(c, &s[CHANNEL_BURST], "x"));
	channel_destroy(c);
}

static void text_is_utf8(void **)
{
	static const struct {
		const char *bytes;
		bool text;
	} cases[] = {
	        {"", true},
	        {"plain", true},
	        {"\xd0\xbf\xd1\x80\xd0\xb8", true},
	        {"\xe2\x82\xac\xf0\x9f\x98\x80", true},
	        {"\xf4\x8f\xbf\xbf", true}, // U+10FFFF
	        {"\xf4\x90\x80\x80", false}, // above the last code point
	        {"\xed\x9f\xbf\xee\x80\x80", true}, // beside the surrogates
	        {"\xed\xa0\x80", false}, // a surrogate
	        {"\xc0\xaf", false}, // not the shortest form
	        {"\xc1\xbf", false},
	        {"\xe0\x9f\xbf", false},
	        {"\xf0\x8f\xbf\xbf", false},
	        {"\x80", false},
	        {"\xff", false},
	        {"\xe2\x82", false}, // cut off
	        {"a\xf0\x9f\x98", false},
	        {"\xe2\x28\xa1", false},
	        {"\xe2\x82\x28", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
		        channel_is_text((const uint8_t *)cases[i].bytes, strlen(cases[i].bytes)),
		        cases[i].text
		);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(messages_come_in_an_envelope),
	        cmocka_unit_test(who_joins_late_begins_with_the_next),
	        cmocka_unit_test(late_joiners_get_what_is_kept),
	        cmocka_unit_test(bytes_kept_are_bounded),
	        cmocka_unit_test(a_slow_reader_loses_the_oldest),
	        cmocka_unit_test(a_sender_is_limited_in_messages),
	        cmocka_unit_test(a_sender_is_limited_in_bytes),
	        cmocka_unit_test(all_senders_together_are_limited),
	        cmocka_unit_test(text_is_utf8),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
