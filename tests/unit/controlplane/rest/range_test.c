// Ranges and conditions of requests for files (RFC 9110 13 and 14).
#include "test.h"

#include "rest/range.h"

#include <stdio.h>
#include <string.h>

#define SIZE 1000

static struct validators complete, growing;

static int begin(void **)
{
	validators_make(&complete, 7, SIZE, INT64_C(784111777000000000), true);
	validators_make(&growing, 7, SIZE, INT64_C(784111777000000000), false);
	return 0;
}

static void validators_are_those_of_the_state(void **)
{
	struct validators other;

	assert_string_equal(complete.date, "Sun, 06 Nov 1994 08:49:37 GMT");
	assert_true(complete.etag[0] == '"');
	assert_memory_equal(growing.etag, "W/\"", 3);
	validators_make(&other, 7, SIZE + 1, INT64_C(784111777000000000), true);
	assert_string_not_equal(other.etag, complete.etag);
	validators_make(&other, 8, SIZE, INT64_C(784111777000000000), true);
	assert_string_not_equal(other.etag, complete.etag);
	validators_make(&other, 7, SIZE, INT64_C(784111777000000001), true);
	assert_string_not_equal(other.etag, complete.etag);
	validators_make(&other, UINT64_MAX, UINT64_MAX, INT64_MAX, false);
	assert_true(other.etag[strlen(other.etag) - 1] == '"');
}

// Writes the answer as "206 FIRST+COUNT", "200" or "416".
static const char *chosen(const char *range, const char *if_range, uint64_t size)
{
	static const int status[] = {
	        [RANGE_WHOLE] = 200, [RANGE_PART] = 206, [RANGE_OUTSIDE] = 416};
	static char out[64];
	struct range_headers h = {0};
	uint64_t first, count;

	snprintf(h.range, sizeof(h.range), "%s", range);
	snprintf(h.if_range, sizeof(h.if_range), "%s", if_range);
	enum range_kind kind = range_choose(&h, &complete, size, &first, &count);
	if (kind == RANGE_PART)
		snprintf(
		        out, sizeof(out), "206 %llu+%llu", (unsigned long long)first,
		        (unsigned long long)count
		);
	else
		snprintf(out, sizeof(out), "%d", status[kind]);
	return out;
}

static void a_single_range_is_a_part(void **)
{
	static const struct {
		const char *range, *expected;
	} rows[] = {
	        {"bytes=0-0", "206 0+1"},
	        {"bytes=0-499", "206 0+500"},
	        {"bytes=500-999", "206 500+500"},
	        {"bytes=500-", "206 500+500"},
	        {"bytes=999-", "206 999+1"},
	        {"bytes=0-", "206 0+1000"},
	        {"bytes=900-5000", "206 900+100"},
	        {"bytes=900-99999999999999999999999999", "206 900+100"},
	        {"bytes=-1", "206 999+1"},
	        {"bytes=-500", "206 500+500"},
	        {"Bytes=0-1", "206 0+2"},
	        {"bytes=-1000", "200"}, // all of it
	        {"bytes=-5000", "200"},
	        {"bytes=1000-", "416"},
	        {"bytes=1000-1001", "416"},
	        {"bytes=99999999999999999999999999-", "416"},
	        {"bytes=-0", "416"},
	        {"", "200"},
	        {"bytes=", "200"},
	        {"bytes=-", "200"},
	        {"bytes=5-4", "200"},
	        {"bytes=0-1,5-6", "200"},
	        {"bytes=0-1,", "200"},
	        {"bytes=a-b", "200"},
	        {"bytes=0-1x", "200"},
	        {"bytes= 0-1", "200"},
	        {"bytes=+0-1", "200"},
	        {"bytes=0x10-", "200"},
	        {"bytes=--1", "200"},
	        {"bytes 0-1", "200"},
	        {"items=0-1", "200"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(chosen(rows[i].range, "", SIZE), rows[i].expected);
	assert_string_equal(chosen("bytes=0-", "", 0), "416");
	assert_string_equal(chosen("bytes=-5", "", 0), "200");
	assert_string_equal(chosen("bytes=-1", "", UINT64_MAX), "206 18446744073709551614+1");
}

static void a_part_is_of_the_state_that_the_client_knows(void **)
{
	struct range_headers h = {.range = "bytes=0-1"};
	uint64_t first, count;

	assert_string_equal(chosen("bytes=0-1", complete.etag, SIZE), "206 0+2");
	assert_string_equal(chosen("bytes=0-1", complete.date, SIZE), "206 0+2");
	assert_string_equal(chosen("bytes=0-1", "\"other\"", SIZE), "200");
	assert_string_equal(chosen("bytes=0-1", growing.etag, SIZE), "200"); // weak
	assert_string_equal(chosen("bytes=5000-", "\"other\"", SIZE), "200");
	assert_string_equal(chosen("bytes=0-1", "Sun, 06 Nov 1994 08:49:38 GMT", SIZE), "200");
	strcpy(h.if_range, growing.etag);
	assert_int_equal(range_choose(&h, &growing, SIZE, &first, &count), RANGE_WHOLE);
	assert_int_equal(count, SIZE);
	strcpy(h.if_range, growing.date);
	assert_int_equal(range_choose(&h, &growing, SIZE, &first, &count), RANGE_WHOLE);
	h.if_range[0] = '\0';
	assert_int_equal(range_choose(&h, &growing, SIZE, &first, &count), RANGE_PART);
}

static bool known(const char *if_none_match, const char *if_modified_since)
{
	struct range_headers h = {0};

	snprintf(h.if_none_match, sizeof(h.if_none_match), "%s", if_none_match);
	snprintf(h.if_modified_since, sizeof(h.if_modified_since), "%s", if_modified_since);
	return range_is_known(&h, &complete);
}

static void what_the_client_has_is_not_sent_again(void **)
{
	char list[256];

	assert_false(known("", ""));
	assert_true(known(complete.etag, ""));
	assert_true(known(growing.etag, "")); // the comparison is weak
	assert_true(known("*", ""));
	snprintf(list, sizeof(list), "\"a\", W/\"b,c\" ,%s", complete.etag);
	assert_true(known(list, ""));
	assert_false(known("\"a\", \"b\"", ""));
	assert_false(known("", "Sun, 06 Nov 1994 08:49:36 GMT"));
	assert_true(known("", complete.date));
	assert_false(known("\"a\"", complete.date)); // If-None-Match takes precedence
	static const char *const broken[] = {"\"", "W/", "W/\"", "a", ",", "\"a\",\"", "\"a"};
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		assert_false(known(broken[i], ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(validators_are_those_of_the_state),
	        cmocka_unit_test(a_single_range_is_a_part),
	        cmocka_unit_test(a_part_is_of_the_state_that_the_client_knows),
	        cmocka_unit_test(what_the_client_has_is_not_sent_again),
	};
	return cmocka_run_group_tests(tests, begin, NULL);
}
