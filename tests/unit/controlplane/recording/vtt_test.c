#include "recording/vtt.h"

#include "hostile.h"

static void assert_chat(const char *chat, int64_t duration_ms, const char *want)
{
	size_t len;
	char *got = vtt_chat(chat, strlen(chat), duration_ms, &len);

	assert_non_null(got);
	assert_string_equal(got, want);
	assert_int_equal(len, strlen(want));
	free(got);
}

#define TAG "{\"peerId\":\"a\",\"displayName\":\"Ada\"}"

static void messages_are_cues_with_their_senders(void **)
{
	assert_chat("", 1000, "WEBVTT\n");
	assert_chat(
	        "1500 1 1700000000000 1699999999000\\n" TAG "\\nHello\n"
	        "3661001 2 1700000000000 1699999999000\\n" TAG "\\na\\nb\n",
	        3663000,
	        "WEBVTT\n"
	        "\n00:00:01.500 --> 00:00:07.500\nAda: Hello\n"
	        "\n01:01:01.001 --> 01:01:03.000\nAda: a\nb\n"
	);
}

static void nothing_that_was_said_is_markup_or_ends_its_cue(void **)
{
	assert_chat(
	        "0 1 2 3\\n" TAG "\\n<b> & --> C:\\\\new\\n\\n\\nend\n", 1000,
	        "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nAda: &lt;b&gt; &amp; --&gt; C:\\new\n  "
	        "end\n"
	);
	assert_chat(
	        "0 1 2 3\\n{\"displayName\":\"A\\\\nB<\"}\\nx\n", 1000,
	        "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nA B&lt;: x\n"
	);
}

static void lines_that_make_no_sense_are_left_out(void **)
{
	assert_chat(
	        "x\n\n5\n5 no envelope\n12345678901234567890 1\\n{}\\nx\n-1 1\\n{}\\nx\n"
	        "0 1 2 3\\nno json\\nanonymous\n"
	        "900 1 2 3\\n" TAG "\\ncut short",
	        1000, "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nanonymous\n"
	);
}

static void what_was_said_after_the_end_is_left_out(void **)
{
	assert_chat("1000 1 2 3\\n" TAG "\\nlate\n", 1000, "WEBVTT\n");
}

static void who_leads_is_a_chapter(void **)
{
	static const struct vtt_speaker speakers[] = {
	        {500, "Ada"}, {2000, NULL}, {3000, "B & C"}, {3000, "Eve"}, {9000, "late"},
	};
	size_t len;
	char *got = vtt_speakers(speakers, COUNT(speakers), 8000, &len);

	assert_string_equal(
	        got, "WEBVTT\n"
	             "\n00:00:00.500 --> 00:00:02.000\nAda\n"
	             "\n00:00:03.000 --> 00:00:08.000\nEve\n"
	);
	assert_int_equal(len, strlen(got));
	free(got);
}

static void feed(const uint8_t *bytes, size_t len)
{
	size_t out_len;

	free(vtt_chat((const char *)bytes, len, 1000, &out_len));
}

static void damaged_chats_do_no_harm(void **)
{
	static const char chat[] = "15 1 1700 1699\\n{\"displayName\":\"Ada\"}\\nHel\\\\lo\n";

	hostile_bytes(feed, (const uint8_t *)chat, strlen(chat));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(messages_are_cues_with_their_senders),
	        cmocka_unit_test(nothing_that_was_said_is_markup_or_ends_its_cue),
	        cmocka_unit_test(lines_that_make_no_sense_are_left_out),
	        cmocka_unit_test(what_was_said_after_the_end_is_left_out),
	        cmocka_unit_test(who_leads_is_a_chapter),
	        cmocka_unit_test(damaged_chats_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
