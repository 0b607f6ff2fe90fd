#include "recorder/chat_file.h"

#include "hostile.h"

static char line[CHAT_LINE_MAX];

static void check(int64_t time_us, const char *message, const char *expected)
{
	size_t n = chat_line(line, time_us, (const uint8_t *)message, strlen(message));

	assert_int_equal(n, strlen(expected));
	assert_memory_equal(line, expected, n);
}

static void a_message_is_one_line(void **)
{
	check(0, "hello", "0 hello\n");
	check(83250999, "1 0 anna\nhello\r\nall", "83250 1 0 anna\\nhello\\r\\nall\n");
	check(1000, "back\\slash \\n", "1 back\\\\slash \\\\n\n");
	check(1000, "\xd0\xbf\xd1\x80\xd0\xb8", "1 \xd0\xbf\xd1\x80\xd0\xb8\n");
	check(1000, "", "1 \n");
}

// Whatever is said, undoing the escapes gives it back, and the line ends where it ends.
static void line_feed(const uint8_t *bytes, size_t len)
{
	size_t n = chat_line(line, 5000, bytes, len), at = 2, i = 0;

	assert_memory_equal(line, "5 ", 2);
	while (at < n - 1) {
		char c = line[at++];
		assert_true(c != '\n' && c != '\r');
		if (c == '\\') {
			char e = line[at++];
			c = e == 'n' ? '\n' : e == 'r' ? '\r' : e;
		}
		assert_int_equal((uint8_t)c, bytes[i++]);
	}
	assert_int_equal(i, len);
	assert_int_equal(line[n - 1], '\n');
}

static void hostile_messages_stay_on_their_line(void **)
{
	static const uint8_t valid[] = "1 0 anna\nhello\r\n\\ all";

	hostile_bytes(line_feed, valid, sizeof(valid));
	uint8_t *longest = malloc(CHAT_MESSAGE_MAX);
	memset(longest, '\\', CHAT_MESSAGE_MAX);
	size_t n = chat_line(line, INT64_MAX, longest, CHAT_MESSAGE_MAX);
	assert_true(n <= CHAT_LINE_MAX);
	free(longest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_message_is_one_line),
	        cmocka_unit_test(hostile_messages_stay_on_their_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
