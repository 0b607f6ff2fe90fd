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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(paths_below_the_apis_roots_are_not_pages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
