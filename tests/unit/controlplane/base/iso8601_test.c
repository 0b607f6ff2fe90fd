#include "test.h"

#include "base/iso8601.h"

// proves U24, T01
static void the_forms_of_the_guide_are_read(void **)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
	        {"2021-06-21T00:00:00.0Z", 1624233600000},
	        {"2021-06-21T00:00:00.0Z ", 1624233600000}, // the blank is in the guide
	        {"  2021-06-21T00:00:00Z\n", 1624233600000},
	        {"2021-06-21T23:59:59.99Z", 1624319999990},
	        {"2021-06-21", 1624233600000},
	        {"2021-06-21T00:00", 1624233600000},
	        {"2021-06-21T03:00:00+03:00", 1624233600000},
	        {"2021-06-21T03:00:00+03", 1624233600000},
	        {"2021-06-20T19:30:00-0430", 1624233600000},
	        {"2021-06-21T00:00:00.123456789Z", 1624233600123},
	        {"2021-06-21T00:00:00,5", 1624233600500},
	        {"2021-06-21T03:00:00 03:00", 1624233600000}, // a '+' that a query did not escape
	        {"1970-01-01T00:00:00Z", 0},
	        {"2024-02-29T00:00:00Z", 1709164800000},
	        {"9999-12-31T23:59:59.999Z", 253402300799999},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t ms = -1;
		assert_true(iso8601_parse(rows[i].text, &ms));
		assert_int_equal(ms, rows[i].ms);
	}
}

static void all_else_is_refused(void **)
{
	static const char *const bad[] = {
	        "",
	        " ",
	        "now",
	        "2021",
	        "2021-06",
	        "2021-6-21",
	        "2021-06-21T",
	        "2021-06-21T00",
	        "2021-06-21T00:00:",
	        "2021-06-21T00:00:00.Z",
	        "2021-06-21T00:00:00Zx",
	        "2021-06-21T00:00:00+3",
	        "2021-06-21T00:00:00+03:",
	        "2021-06-21T00:00:00+03:60",
	        "2021-06-21T24:00:00Z",
	        "2021-06-21T00:60:00Z",
	        "2021-06-21T00:00:60Z",
	        "2021-13-01",
	        "2021-00-01",
	        "2021-06-31",
	        "2021-02-29",
	        "2100-02-29",
	        "1969-12-31",
	        "1970-01-01T00:00:00+01:00",
	        "12021-06-21",
	        "-021-06-21",
	        "2021-06-21 00:00:00",
	        "2021-06-21T00:00:00  03:00",
	        "2021-06-21T00:00:00 03:00 Z",
	        "2021-06-21T00:00:00 Z",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t ms;
		assert_false(iso8601_parse(bad[i], &ms));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_forms_of_the_guide_are_read),
	        cmocka_unit_test(all_else_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
