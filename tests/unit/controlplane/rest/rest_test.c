#include "test.h"

#include "rest/rest.c" // for its statics

static void paths_below_the_apis_roots_are_not_pages(void **)
{
	static const char *const apis[] = {
	        "/rooms",         "/rooms/",          "/rooms/a/b",   "/Rooms/a",
	        "/ROOMS",         "//rooms/a",        "///rooms",     "/api",
	        "/api/x",         "/API/handshake",   "//api",        "/vp/api",
	        "/vp/api/x",      "/VP/Api/x",        "/vp//api/x",   "/streaming",
	        "/streaming/x",   "//streaming",      "/%72ooms/a/b", "/a/closeRoom",
	        "/a/b/closeRoom", "//a/numberPeers/x"};
	static const char *const pages[] = {
	        "/",        "/call", "/call/rooms",   "/roomsx",     "/apis/x", "/vp", "/vp/x",
	        "/vp/apix", "/room", "/streaming.js", "/assets/api", "rooms",   "",    "*"};

	for (size_t i = 0; i < sizeof(apis) / sizeof(apis[0]); i++) {
		if (!path_is_api(apis[i]))
			fail_msg("a page: %s", apis[i]);
	}
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (path_is_api(pages[i]))
			fail_msg("no page: %s", pages[i]);
	}
}

static void a_path_has_the_methods_of_its_row(void **)
{
	static const struct {
		const char *path, *allow;
		bool head;
	} rows[] = {
	        {"/healthz", "GET", true},
	        {"/api/handshake", "POST", false},
	        {"/rooms/a/closeRoom", "GET, POST, DELETE", false},
	        {"/a/closeRoom", "GET, POST, DELETE", false},
	        {"/a/existingPeer", "GET, POST", true},
	        {"/rooms/closePeer", "POST, GET", true}, // a room's path, too
	        {"/streaming/statistics/peers/", "GET", true},
	        {"/a/quality", "", false},
	        {"/call", "", false},
	};
	char allow[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rest_call call;
		struct http_request q = {.method = "HEAD", .raw_path = rows[i].path};
		methods_of(rows[i].path, allow, sizeof(allow));
		assert_string_equal(allow, rows[i].allow);
		assert_int_equal(route_find(&q, &call) != NULL, rows[i].head);
		q.method = "GET";
		assert_int_equal(
		        route_find(&q, &call) != NULL, strstr(rows[i].allow, "GET") != NULL
		);
		q.method = "GET,";
		assert_null(route_find(&q, &call));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_path_has_the_methods_of_its_row),
	        cmocka_unit_test(paths_below_the_apis_roots_are_not_pages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
