// UTF-8 in full, and which characters are seen.
#include "test.h"

#include "am_text.h"

#include <string.h>

static void expect_code(const char *bytes, size_t len, size_t taken, uint32_t expected)
{
	uint32_t code;

	assert_int_equal(am_text_decode(bytes, len, &code), taken);
	if (taken)
		assert_int_equal(code, expected);
}

static void characters_have_one_form(void **) // RFC 3629 3, 4
{
	static const char *const bad[] = {
	        "\x80",
	        "\xbf",
	        "\xc0\xaf",
	        "\xc1\xbf",
	        "\xe0\x9f\xbf",
	        "\xed\xa0\x80",
	        "\xed\xbf\xbf",
	        "\xf0\x8f\xbf\xbf",
	        "\xf4\x90\x80\x80",
	        "\xf5\x80\x80\x80",
	        "\xff",
	        "\xe2\x28\xa1",
	        "\xe2\x82\x28",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_code(bad[i], strlen(bad[i]), 0, 0);
	expect_code("a", 1, 1, 'a');
	expect_code("\u00e9", 2, 2, 0xe9);
	expect_code("\xed\x9f\xbf", 3, 3, 0xd7ff);
	expect_code("\xee\x80\x80", 3, 3, 0xe000);
	expect_code("\U0010ffff", 4, 4, 0x10ffff);
}

static void what_is_cut_off_is_malformed(void **)
{
	static const char four[] = "\U0001f600";

	for (size_t len = 0; len < 4; len++)
		expect_code(four, len, 0, 0);
	expect_code(four, 4, 4, 0x1f600);
	expect_code("\xf0\x9f\x98", AM_TEXT_BYTES_MAX, 0, 0); // a string's end
	expect_code("", AM_TEXT_BYTES_MAX, 1, 0);
}

static void each_character_has_its_class(void **)
{
	static const struct {
		uint32_t code;
		enum am_text_class class;
	} rows[] = {
	        {'a', AM_TEXT_SEEN},       {'~', AM_TEXT_SEEN},       {0xa1, AM_TEXT_SEEN},
	        {0x2010, AM_TEXT_SEEN},    {0x1f600, AM_TEXT_SEEN},   {0x10ffff, AM_TEXT_SEEN},
	        {0, AM_TEXT_CONTROL},      {0x1b, AM_TEXT_CONTROL},   {0x7f, AM_TEXT_CONTROL},
	        {0x85, AM_TEXT_CONTROL},   {0x2029, AM_TEXT_CONTROL}, {' ', AM_TEXT_BLANK},
	        {0xa0, AM_TEXT_BLANK},     {0x2800, AM_TEXT_BLANK},   {0x3000, AM_TEXT_BLANK},
	        {0xad, AM_TEXT_UNSEEN},    {0x200b, AM_TEXT_UNSEEN},  {0x202e, AM_TEXT_UNSEEN},
	        {0xe0001, AM_TEXT_UNSEEN}, {0x200d, AM_TEXT_JOINER},  {0xfe0f, AM_TEXT_JOINER},
	        {0xe0041, AM_TEXT_JOINER},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (am_text_class_of(rows[i].code) != rows[i].class)
			fail_msg("U+%04x", (unsigned)rows[i].code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(characters_have_one_form),
	        cmocka_unit_test(what_is_cut_off_is_malformed),
	        cmocka_unit_test(each_character_has_its_class),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
