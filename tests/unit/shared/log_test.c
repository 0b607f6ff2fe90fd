// The log never blocks, and says what it left out.
#include "test.h"

#include "am_log.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int reader, saved;
static char text[1 << 20];

static int setup(void **)
{
	int ends[2];

	if (pipe(ends) < 0)
		return -1;
	saved = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	reader = ends[0];
	fcntl(reader, F_SETFL, O_NONBLOCK);
	return 0;
}

static int teardown(void **)
{
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(reader);
	return 0;
}

// What has been written since the last call.
static const char *written(void)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(reader, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return text;
}

static int lines_with(const char *log, const char *what)
{
	int count = 0;
	for (const char *at = strstr(log, what); at; at = strstr(at + 1, what))
		count++;
	return count;
}

// What the lines say was left out, all together: a second that passes meanwhile lets some more in,
// the first of which tells.
static int told_left_out(const char *log)
{
	static const char key[] = " left_out=";
	int sum = 0;
	for (const char *at = strstr(log, key); at; at = strstr(at + 1, key))
		sum += atoi(at + sizeof(key) - 1);
	return sum;
}

static void refuse(int name)
{
	am_warning("test: refused; name=%d", name);
}

static void a_kind_that_comes_too_often_is_limited(void **)
{
	for (int i = 0; i < 1000; i++)
		refuse(i);
	am_warning("test: something else");
	const char *log = written();
	int said = lines_with(log, "test: refused"), told = told_left_out(log);
	assert_in_range(said, 200, 260); // a second or two may pass
	assert_int_equal(lines_with(log, "test: something else"), 1);
	sleep(2);
	refuse(7777);
	log = written();
	assert_non_null(strstr(log, "name=7777 left_out="));
	assert_int_equal(told + told_left_out(log), 1000 - said);
}

static void tell(int name)
{
	am_warning("test: told; name=%d", name);
}

// Even if no line of that kind ever follows, and only once it is really written.
static void omitted_lines_are_reported_in_the_end(void **)
{
	static const char filler[4096];

	for (int i = 0; i < 1000; i++)
		tell(i);
	const char *log = written();
	int left_out = 1000 - lines_with(log, "test: told") - told_left_out(log);
	char expected[80];
	snprintf(
	        expected, sizeof(expected),
	        "log: lines like \"test: told; name=%%d\": left_out=%d\n", left_out
	);
	fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
	while (write(STDERR_FILENO, filler, sizeof(filler)) > 0)
		;
	am_log_flush(); // nobody reads
	while (read(reader, text, sizeof(text)) > 0)
		;
	am_log_flush();
	assert_non_null(strstr(written(), expected));
	am_log_flush();
	assert_string_equal(written(), "");
}

// Each call is a format of its own, so that only the pipe is full.
static void a_log_that_nobody_reads_stops_nobody(void **)
{
	static char formats[400][16];
	char long_line[900];

	memset(long_line, 'x', sizeof(long_line));
	long_line[sizeof(long_line) - 1] = '\0';
	for (int i = 0; i < 400; i++) {
		snprintf(formats[i], sizeof(formats[i]), "%d %%s", i);
		am_log(AM_LOG_INFO, formats[i], long_line);
	}
	int kept = lines_with(written(), "xxx\n");
	assert_in_range(kept, 1, 399);
	am_info("test: it is read again");
	char gap[64];
	snprintf(gap, sizeof(gap), "could not be written; count=%d\n", 400 - kept);
	const char *log = written();
	assert_non_null(strstr(log, gap));
	assert_non_null(strstr(log, "test: it is read again\n"));
}

static void expect_printed(const char *value, const char *expected)
{
	assert_string_equal(am_log_value(value), expected);
}

// A client that chooses a name cannot add fields to the line, or reverse its text.
static void a_value_stays_one_value(void **)
{
	expect_printed("ada-1@example.org", "ada-1@example.org");
	expect_printed("Зоя", "Зоя");
	expect_printed("", "\"\"");
	expect_printed("Ada speakers=9", "\"Ada speakers=9\"");
	expect_printed("a=b", "\"a=b\"");
	expect_printed("a\" peer=\"b", "\"a\\\" peer=\\\"b\"");
	expect_printed("back\\", "\"back\\\\\"");
	expect_printed("a\u202egnp", "\"a?gnp\"");
	expect_printed("a\u200bb\ufeff", "\"a?b?\"");
	expect_printed("a\u2003b", "\"a\u2003b\"");
	expect_printed("a\u00a0b", "\"a\u00a0b\"");
}

// Characters that look like nothing, or like a space, in a terminal or an editor.
static void invisible_characters_are_replaced_or_quoted(void **)
{
	static const char *const unseen[] = {
	        "\u00ad", "\u034f",   "\u061c",   "\u115f",     "\u1160",     "\u17b4",
	        "\u180b", "\u180e",   "\u200b",   "\u200f",     "\u2028",     "\u2029",
	        "\u202a", "\u202e",   "\u2060",   "\u2069",     "\u206f",     "\u3164",
	        "\ufeff", "\uffa0",   "\ufff9",   "\U000e0001", "\U000e0041", "\U000e007f",
	        "\x7f",   "\xc2\x80", "\xc2\x85", "\xc2\x9b",   "\xc2\x9f",   "\x1b",
	        "\n",
	};
	static const char *const blanks[] = {"\u00a0", "\u1680", "\u2000", "\u200a", "\u202f",
	                                     "\u205f", "\u2800", "\u3000", " "};
	char value[16], expected[32];

	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++) {
		snprintf(value, sizeof(value), "a%sb", unseen[i]);
		expect_printed(value, "\"a?b\"");
	}
	for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
		snprintf(value, sizeof(value), "a%sb", blanks[i]);
		snprintf(expected, sizeof(expected), "\"%s\"", value);
		expect_printed(value, expected);
	}
}

static void bytes_that_are_no_utf8_are_replaced(void **) // RFC 3629 3
{
	expect_printed(
	        "a\xff"
	        "b",
	        "\"a?b\""
	);
	expect_printed("\x80", "\"?\""); // a tail alone
	expect_printed("a\xd0", "\"a?\""); // cut off
	expect_printed("a\xe2\x80", "\"a??\"");
	expect_printed("\xc0\xaf", "\"??\""); // an overlong slash
	expect_printed("\xed\xa0\x80", "\"???\""); // a surrogate
	expect_printed("\xf4\x90\x80\x80", "\"????\""); // beyond U+10FFFF
	expect_printed("\U0001f600\U0010ffff", "\U0001f600\U0010ffff");
}

static bool is_utf8(const char *s)
{
	return strcmp(am_log_value(s), s) == 0;
}

// At any byte of a character, in quotes and without.
static void values_are_cut_between_two_characters(void **)
{
	char value[1200];

	for (int shift = 0; shift < 8; shift++) {
		bool quoted = shift >= 4;
		size_t len = (size_t)snprintf(
		        value, sizeof(value), "%.*s", shift % 4 + quoted, quoted ? " aaa" : "aaa"
		);
		while (len + 4 < sizeof(value))
			len += (size_t)snprintf(value + len, sizeof(value) - len, "\U0001f600");
		const char *cut = am_log_value(value);
		size_t cut_len = strlen(cut);
		assert_in_range(cut_len, 505, 511);
		assert_int_equal(cut[0] == '"', quoted);
		if (quoted) {
			assert_int_equal(cut[cut_len - 1], '"');
			assert_memory_equal(cut + 1, value, cut_len - 2);
			assert_int_equal((cut_len - 2 - (size_t)(shift % 4 + 1)) % 4, 0);
		} else {
			assert_memory_equal(cut, value, cut_len);
			assert_true(is_utf8(cut));
		}
	}
	// What just fits stays as it is.
	memset(value, 'a', sizeof(value));
	value[511] = '\0';
	assert_string_equal(am_log_value(value), value);
}

static void long_values_are_cut_and_eight_live_at_a_time(void **)
{
	char blanks[2000];
	const char *first = am_log_value("1 1");

	memset(blanks, ' ', sizeof(blanks));
	blanks[sizeof(blanks) - 1] = '\0';
	for (int i = 0; i < 7; i++) {
		const char *cut = am_log_value(blanks);
		assert_in_range(strlen(cut), 500, 511);
		assert_int_equal(cut[strlen(cut) - 1], '"');
	}
	memset(blanks, '"', sizeof(blanks) - 1);
	assert_string_equal(first, "\"1 1\"");
	assert_in_range(strlen(am_log_value(blanks)), 500, 511);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                a_kind_that_comes_too_often_is_limited, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                omitted_lines_are_reported_in_the_end, setup, teardown
	        ),
	        cmocka_unit_test_setup_teardown(
	                a_log_that_nobody_reads_stops_nobody, setup, teardown
	        ),
	        cmocka_unit_test(a_value_stays_one_value),
	        cmocka_unit_test(invisible_characters_are_replaced_or_quoted),
	        cmocka_unit_test(bytes_that_are_no_utf8_are_replaced),
	        cmocka_unit_test(values_are_cut_between_two_characters),
	        cmocka_unit_test(long_values_are_cut_and_eight_live_at_a_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
