#include "test.h"

#include "text.h"

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

static void room_ids_are_tokens(void **)
{
	assert_true(text_is_token("serv1_aZ-9", 64));
	assert_false(text_is_token("", 64));
	assert_false(text_is_token("abc", 2));
	assert_false(text_is_token("a b", 64));
	assert_false(text_is_token("a/../b", 64));
	assert_false(text_is_token("é", 64));
}

static void trimming_takes_blanks_at_both_ends(void **)
{
	char out[4];
	assert_true(text_trim(out, sizeof(out), " \t abc\n"));
	assert_string_equal(out, "abc");
	assert_true(text_trim(out, sizeof(out), "   "));
	assert_string_equal(out, "");
	assert_false(text_trim(out, sizeof(out), "abcd"));
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
	        cmocka_unit_test(room_ids_are_tokens),
	        cmocka_unit_test(trimming_takes_blanks_at_both_ends),
	        cmocka_unit_test(secrets_match_whole_only),
	        cmocka_unit_test(numbers_are_whole_and_in_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
