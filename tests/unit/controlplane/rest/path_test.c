#include "test.h"

#include "rest/path.h"

#include <string.h>

static void paths_match_segment_by_segment(void **)
{
	static const struct {
		const char *pattern, *path;
		bool match;
		const char *first;
	} rows[] = {
	        {"/rooms/:/closeRoom", "/rooms/a/closeRoom", true, "a"},
	        {"/:/closeRoom", "/a/closeRoom", true, "a"},
	        {"/:/closeRoom", "/rooms/a/closeRoom", false, NULL},
	        {"/:/closeRoom", "//closeRoom", false, NULL},
	        {"/:/closeRoom", "/a/closeRoom/", false, NULL},
	        {"/:/closeRoom", "/a/closeRoo", false, NULL},
	        {"/:/closeRoom", "/a/closeRoomX", false, NULL},
	        {"/:/closeRoom", "", false, NULL},
	        {"/:/existingPeer/:", "/a/existingPeer/b c", true, "a"},
	        {"/:/closeRoom", "/a%2Fb/closeRoom", true, "a/b"},
	        {"/:/closeRoom", "/a%252Fb/close%52oom", true, "a%2Fb"},
	        {"/:/closeRoom", "/a%00b/closeRoom", false, NULL},
	        {"/:/closeRoom", "/a%2FcloseRoom", false, NULL},
	        {"/healthz", "/healthz", true, NULL},
	        {"/healthz", "/health", false, NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rest_call call = {0};
		assert_int_equal(path_matches(rows[i].pattern, rows[i].path, &call), rows[i].match);
		if (rows[i].match && rows[i].first)
			assert_string_equal(call.arguments[0], rows[i].first);
	}
}

static void a_long_segment_does_not_fit(void **)
{
	static char path[REST_ARGUMENT_MAX + 40] = "/";
	struct rest_call call = {0};
	memset(path + 1, 'a', REST_ARGUMENT_MAX + 1);
	strcat(path, "/closeRoom");
	assert_false(path_matches("/:/closeRoom", path, &call));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(paths_match_segment_by_segment),
	        cmocka_unit_test(a_long_segment_does_not_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
