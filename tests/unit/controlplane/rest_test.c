#include "test.h"

#include "rest.c" // for its statics

static const struct am_config_strings tokens = {
        .count = 2, .values = {"first-token-0123456", "second-token-012345"}};

static void tokens_are_known_in_both_schemes(void **)
{
	assert_true(token_is_known(&tokens, "APIKey first-token-0123456"));
	assert_true(token_is_known(&tokens, "Bearer second-token-012345"));
	assert_true(token_is_known(&tokens, "bearer  second-token-012345"));
	static const char *const bad[] = {
	        "",
	        "APIKey",
	        "APIKey ",
	        "Basic first-token-0123456",
	        "first-token-0123456",
	        "APIKey first-token-012345",
	        "APIKey first-token-01234567",
	        "APIKey second-token-012345 ",
	        "APIKey FIRST-TOKEN-0123456",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(token_is_known(&tokens, bad[i]));
	assert_false(token_is_known(&tokens, NULL));
}

static void without_tokens_only_loopback_may_ask(void **)
{
	static const struct config config;
	const struct rest r = {.config = &config};
	assert_true(is_granted(&r, GRANT_API, &(struct http_request){.from_loopback = true}));
	assert_false(is_granted(&r, GRANT_API, &(struct http_request){.from_loopback = false}));
	assert_true(is_granted(&r, GRANT_ANYONE, &(struct http_request){.from_loopback = false}));
}

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
	        cmocka_unit_test(tokens_are_known_in_both_schemes),
	        cmocka_unit_test(without_tokens_only_loopback_may_ask),
	        cmocka_unit_test(paths_match_segment_by_segment),
	        cmocka_unit_test(a_long_segment_does_not_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
