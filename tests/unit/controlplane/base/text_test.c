#include "test.h"

#include "base/text.h"

#include <errno.h>
#include <string.h>

static void names_are_utf8_without_controls(void **)
{
	assert_true(text_is_printable("Ольга ✓ 😀", 1, 64));
	assert_true(text_is_printable("", 0, 4));
	assert_false(text_is_printable("", 1, 4));
	assert_true(text_is_printable("äöüß", 1, 4));
	assert_false(text_is_printable("äöüßa", 1, 4));
	static const char *const bad[] = {
	        "a\nb",
	        "\x7f",
	        "\xc2\x80",
	        "\xc3",
	        "\xc3(",
	        "\x80",
	        "\xc0\xaf",
	        "\xe0\x80\xaf",
	        "\xed\xa0\x80",
	        "\xf5\x80\x80\x80",
	        "\xff",
	        "\xe2\x82",
	        "\xf4\x90\x80\x80",
	        "\xf0\x80\x80\xaf",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(text_is_printable(bad[i], 1, 64));
}

// proves U06
static void names_are_cleaned_of_invisible_characters(void **)
{
	static const struct {
		const char *given, *clean; // NULL: refused
	} rows[] = {
	        {"Ada Lovelace", "Ada Lovelace"},
	        {" \t Ada\r\n", "Ada"},
	        {"Ada\u00a0 \u3000Lovelace\u2003", "Ada Lovelace"},
	        {"Иван Петрович", "Иван Петрович"},
	        {"\u202egnihtyna\u202c", "gnihtyna"}, // reverses the letters
	        {"\u2066a\u2069\u200e\u200fb\u061c", "ab"},
	        {"A\u200bd\u00ada\ufeff", "Ada"},
	        {"\u200b\u2060", ""},
	        {"\u3164", ""},
	        {"\u2800 \u00a0", ""},
	        {"\u200d\ufe0f", ""},
	        {"می\u200cخواهم", "می\u200cخواهم"}, // the joiner is needed
	        {"❤\ufe0f 👩\u200d💻", "❤\ufe0f 👩\u200d💻"},
	        {"Ada\u200d\u200c", "Ada"},
	        {"\u200dAda \u200dL", "Ada L"},
	        {"Ada\nLovelace", NULL},
	        {"Ada\u2028Lovelace", NULL},
	        {"Ada\xc2\x85", NULL},
	        {"Ada\x01", NULL},
	        {"Ada\xff", NULL},
	        {"", ""},
	};
	char out[TEXT_NAME_SIZE(64)];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int n = text_clean_name(out, 64, rows[i].given);
		if ((n < 0) != !rows[i].clean || (n >= 0 && strcmp(out, rows[i].clean) != 0))
			fail_msg("%s: %d %s", rows[i].given, n, out);
	}
	char letters[4 * 70 + 1] = "";
	for (int i = 0; i < 64; i++)
		strcat(letters, "😀");
	assert_int_equal(text_clean_name(out, 64, letters), 64);
	strcat(letters, " ");
	assert_int_equal(text_clean_name(out, 64, letters), 64);
	strcat(letters, "a");
	assert_int_equal(text_clean_name(out, 64, letters), -EINVAL);
}

static void room_ids_are_tokens(void **)
{
	assert_true(text_is_token("serv1_aZ-9", 64));
	assert_false(text_is_token("", 64));
	assert_false(text_is_token("abc", 2));
	assert_false(text_is_token("a b", 64));
	assert_false(text_is_token("a/../b", 64));
	assert_false(text_is_token("é", 64));
}

static void secrets_match_whole_only(void **)
{
	assert_true(text_equals_secret("abcdef", "abcdef"));
	assert_false(text_equals_secret("abcde", "abcdef"));
	assert_false(text_equals_secret("abcdefa", "abcdef"));
	assert_false(text_equals_secret("abcdefabcdef", "abcdef"));
	assert_false(text_equals_secret("", "abcdef"));
	assert_false(text_equals_secret("abcdeg", "abcdef"));
}

static void numbers_are_whole_and_in_bounds(void **)
{
	static const char *const bad[] = {
	        "",
	        "-1",
	        "+1",
	        " 1",
	        "1 ",
	        "1.0",
	        "0x1",
	        "10001",
	        "1e3",
	        "9223372036854775808",
	        "99999999999999999999999"};
	int64_t n;
	assert_true(text_number("0", 0, 10000, &n) && n == 0);
	assert_true(text_number("10000", 0, 10000, &n) && n == 10000);
	assert_true(text_number("9223372036854775807", 0, INT64_MAX, &n) && n == INT64_MAX);
	assert_false(text_number("0", 1, 10000, &n));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(text_number(bad[i], 0, 10000, &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names_are_utf8_without_controls),
	        cmocka_unit_test(names_are_cleaned_of_invisible_characters),
	        cmocka_unit_test(room_ids_are_tokens),
	        cmocka_unit_test(secrets_match_whole_only),
	        cmocka_unit_test(numbers_are_whole_and_in_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
