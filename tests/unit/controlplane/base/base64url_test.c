#include "test.h"

#include "base/base64url.h"

#include <errno.h>
#include <string.h>

static void texts_and_bytes_match(void **)
{
	// RFC 4648 10, without its padding; RFC 7515 appendix C for the alphabet.
	static const struct {
		const char *bytes;
		size_t len;
		const char *text;
	} rows[] = {
	        {"", 0, ""},        {"f", 1, "Zg"},        {"fo", 2, "Zm8"},
	        {"foo", 3, "Zm9v"}, {"foob", 4, "Zm9vYg"}, {"\x03\xec\xff\xe0\xc1", 5, "A-z_4ME"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[16];
		uint8_t bytes[16];
		base64url_encode(text, rows[i].bytes, rows[i].len);
		assert_string_equal(text, rows[i].text);
		assert_true(strlen(text) < BASE64URL_SIZE(rows[i].len));
		assert_int_equal(BASE64URL_BYTES(strlen(text)), rows[i].len);
		assert_int_equal(base64url_decode(bytes, text, strlen(text)), rows[i].len);
		assert_memory_equal(bytes, rows[i].bytes, rows[i].len);
	}
}

static void each_sequence_of_bytes_has_one_text(void **)
{
	static const char *const bad[] = {"Z",    "Zg=",   "Zg==",    "Zm9v=",  "Zh",
	                                  "Zm9",  "Zm9v ", " Zm9v",   "Zm\n9v", "Zm9v.",
	                                  "Zm+v", "Zm/v",  "Zm\x80v", "Zm9vY",  "Z?"};
	uint8_t bytes[16];
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(base64url_decode(bytes, bad[i], strlen(bad[i])), -EINVAL);
	assert_int_equal(base64url_decode(bytes, "Zm\0v", 4), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(texts_and_bytes_match),
	        cmocka_unit_test(each_sequence_of_bytes_has_one_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
