#include "test.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

static struct json *parse(const char *text)
{
	return json_parse(text, strlen(text));
}

static void only_one_whole_value_is_json(void **)
{
	static const char *const bad[] = {"",    "{",        "{}x",  "{} {}",
	                                  "nul", "{\"a\":}", "[1,]", "\"a"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_null(parse(bad[i]));
	struct json *j = parse(" {\"a\":1} \n");
	assert_non_null(j);
	json_free(j);
}

static void a_nul_ends_no_string(void **)
{
	static const char raw[] = "{\"a\":\"b\0c\"}";

	assert_null(json_parse(raw, sizeof(raw) - 1));
	struct json *j = parse(
	        "{\"a\":\"b\\u0000c\\u0000\",\"b\\u0000\":\"\\\\u0000\",\"c\":\"\\\\\\u0000\"}"
	);
	assert_string_equal(json_string(j, "a", 8), "b\001c\001");
	assert_string_equal(json_string(j, "b\001", 8), "\\u0000");
	assert_string_equal(json_string(j, "c", 8), "\\\001");
	assert_null(json_string(j, "b", 8));
	assert_false(json_is_printable(j));
	json_free(j);
}

static void an_id_is_a_string_or_a_whole_number(void **)
{
	struct json *j = parse("{\"a\":\"17\",\"b\":17,\"c\":1.5,\"d\":-1,\"e\":null,"
	                       "\"f\":\"012345678901234567890123\"}");
	char id[24];

	assert_true(json_id(j, "a", id, sizeof(id)));
	assert_string_equal(id, "17");
	assert_true(json_id(j, "b", id, sizeof(id)));
	assert_string_equal(id, "17");
	for (const char *key = "cdefg"; *key; key++)
		assert_false(json_id(j, (char[]){*key, 0}, id, sizeof(id)));
	json_free(j);
}

static void depth_is_bounded(void **)
{
	char deep[20001];
	memset(deep, '[', 10000);
	memset(deep + 10000, ']', 10000);
	assert_null(json_parse(deep, 20000));
}

static void whole_numbers_are_checked_against_their_bounds(void **)
{
	static const struct {
		const char *text;
		int ok;
		int64_t value;
	} rows[] = {
	        {"{\"n\":0}", 1, 0},
	        {"{\"n\":10}", 1, 10},
	        {"{\"n\":10.0}", 1, 10},
	        {"{\"n\":11}", 0, 0},
	        {"{\"n\":-1}", 0, 0},
	        {"{\"n\":1.5}", 0, 0},
	        {"{\"n\":1e300}", 0, 0},
	        {"{\"n\":-1e300}", 0, 0},
	        {"{\"n\":\"5\"}", 0, 0},
	        {"{\"n\":null}", 0, 0},
	        {"{\"n\":true}", 0, 0},
	        {"{\"n\":[5]}", 0, 0},
	        {"{}", 0, 0},
	        {"[5]", 0, 0},
	        {"{\"n\":1e999}", 0, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json *j = parse(rows[i].text);
		int64_t v = -7;
		assert_int_equal(json_int(j, "n", 0, 10, &v), rows[i].ok);
		if (rows[i].ok)
			assert_int_equal(v, rows[i].value);
		json_free(j);
	}
}

static void strings_are_bounded(void **)
{
	struct json *j = parse("{\"s\":\"abcd\",\"n\":1,\"o\":{},\"z\":null}");
	assert_string_equal(json_string(j, "s", 4), "abcd");
	assert_null(json_string(j, "s", 3));
	assert_null(json_string(j, "n", 9));
	assert_null(json_string(j, "o", 9));
	assert_null(json_string(j, "x", 9));
	assert_false(json_has(j, "z"));
	assert_true(json_has(j, "n"));
	json_free(j);
}

static void getters_nest_over_what_is_missing(void **)
{
	int64_t v;
	assert_null(json_object(json_object(NULL, "a"), "b"));
	assert_null(json_string(NULL, "a", 1));
	assert_null(json_first(json_array(NULL, "a")));
	assert_int_equal(json_count(NULL), 0);
	assert_false(json_int(NULL, "a", 0, 1, &v));
	struct json *j = parse("[1,{\"a\":[2,3]}]");
	assert_null(json_object(j, "0"));
	assert_int_equal(json_count(json_array(json_next(json_first(j)), "a")), 2);
	json_free(j);
}

static void a_quote_in_a_name_stays_a_name(void **)
{
	struct json *j = json_new_object();
	json_add_string(j, "name", "\"},{\n<b>");
	char *text = json_print(j);
	assert_string_equal(text, "{\"name\":\"\\\"},{\\n<b>\"}");
	free(text);
	json_free(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(only_one_whole_value_is_json),
	        cmocka_unit_test(a_nul_ends_no_string),
	        cmocka_unit_test(an_id_is_a_string_or_a_whole_number),
	        cmocka_unit_test(depth_is_bounded),
	        cmocka_unit_test(whole_numbers_are_checked_against_their_bounds),
	        cmocka_unit_test(strings_are_bounded),
	        cmocka_unit_test(getters_nest_over_what_is_missing),
	        cmocka_unit_test(a_quote_in_a_name_stays_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
