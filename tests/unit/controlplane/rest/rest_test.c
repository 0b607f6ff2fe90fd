#include "test.h"

#include "rest/rest.c" // for its statics

#include "account/edit.h"
#include "account/setting.h"
#include "base/loop.h"

#include <stdlib.h>
#include <unistd.h>

static char directory[] = "/tmp/amphi-rest-XXXXXX";
static char file[64];
static struct loop *loop;
static struct accounts *accounts;

static int group_setup(void **)
{
	if (!mkdtemp(directory))
		return -1;
	snprintf(file, sizeof(file), "%s/accounts.db", directory);
	loop = loop_create();
	accounts = accounts_open(loop, file);
	return accounts ? 0 : -1;
}

static int group_teardown(void **)
{
	accounts_close(accounts);
	loop_destroy(loop);
	unlink(file);
	return rmdir(directory);
}

static void tokens_come_in_both_schemes(void **)
{
	static const struct {
		const char *header, *token;
	} rows[] = {
	        {"APIKey abc", "abc"},
	        {"Bearer abc", "abc"},
	        {"bearer  abc", "abc"},
	        {"APIKey a b ", "a b "},
	        {"APIKey ", ""},
	        {"APIKey", NULL},
	        {"Basic abc", NULL},
	        {"abc", NULL},
	        {"", NULL},
	        {NULL, NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *token = token_of(rows[i].header);
		assert_int_equal(token != NULL, rows[i].token != NULL);
		if (token)
			assert_string_equal(token, rows[i].token);
	}
}

// The header of the request that http_header reads here.
static const char *authorization, *host = "localhost", *origin, *fetch_site;

const char *__wrap_http_header(const struct http_request *, const char *name);
const char *__wrap_http_header(const struct http_request *, const char *name)
{
	return strcmp(name, "Authorization") == 0    ? authorization
	       : strcmp(name, "Host") == 0           ? host
	       : strcmp(name, "Origin") == 0         ? origin
	       : strcmp(name, "Sec-Fetch-Site") == 0 ? fetch_site
	                                             : NULL;
}

static const char *speaks_for(const char *address, bool sure)
{
	const struct rest r = {.accounts = accounts};
	struct http_request q = {.address_is_sure = sure};

	assert_true(address_read(&q.address, address));
	const struct account *a = account_of(&r, &q);
	return a ? a->name : "";
}

static void list(const char *account, const char *addresses)
{
	struct account_error error;
	struct account *a = account_copy(accounts_by_name(accounts, account));

	assert_int_equal(account_set(a, "rest-addresses", addresses, &error), 0);
	assert_int_equal(accounts_put(accounts, a, &error), 0);
}

// proves S05
static void an_api_token_speaks_for_its_account(void **)
{
	char token[ACCOUNT_API_TOKEN_SIZE], header[80];
	struct account_error error;
	struct account *a = account_create("company", &error);

	assert_int_equal(account_add_api_token(a, "t", 1, token, &error), 0);
	assert_int_equal(account_add_host(a, "company.example", &error), 0);
	assert_int_equal(accounts_put(accounts, a, &error), 0);
	snprintf(header, sizeof(header), "APIKey %s", token);
	authorization = header;
	assert_string_equal(speaks_for("127.0.0.1", true), "company");
	assert_string_equal(speaks_for("203.0.113.1", false), "company");
	list("default", "127.0.0.1"); // a wrong token is refused there, too
	strcat(header, " ");
	assert_string_equal(speaks_for("127.0.0.1", true), "");
	authorization = NULL;
	assert_string_equal(speaks_for("127.0.0.1", true), "default");
	list("default", "none");
}

// proves S05, A16
static void without_a_token_only_listed_addresses_may_ask(void **)
{
	static const char *const own[] = {"localhost",      "LOCALHOST:8080", "127.0.0.1",
	                                  "127.0.0.1:8080", "[::1]",          "[::1]:8080"};
	static const char *const others[] = {NULL,
	                                     "",
	                                     "meet.example",
	                                     "localhost.evil.example",
	                                     "127.0.0.1.evil.example",
	                                     "::1",
	                                     "[::2]:1",
	                                     "10.0.0.1",
	                                     "evil.example:127.0.0.1"};

	authorization = NULL;
	assert_string_equal(speaks_for("127.0.0.1", true), "");
	list("default", "127.0.0.0/8,::1");
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		host = own[i];
		if (!*speaks_for("127.0.0.1", true) || !*speaks_for("::1", true) ||
		    !*speaks_for("::ffff:127.0.0.1", true))
			fail_msg("%s", host);
		assert_string_equal(speaks_for("127.0.0.1", false), "");
		assert_string_equal(speaks_for("192.0.2.1", true), "");
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		host = others[i];
		if (*speaks_for("127.0.0.1", true))
			fail_msg("%s", host ? host : "no host");
	}
	host = "localhost";
	fetch_site = "none"; // typed into a browser
	assert_string_equal(speaks_for("127.0.0.1", true), "default");
	fetch_site = "cross-site"; // an <img> of any page
	assert_string_equal(speaks_for("127.0.0.1", true), "");
	fetch_site = NULL;
	origin = "http://localhost";
	assert_string_equal(speaks_for("127.0.0.1", true), "");
	origin = NULL;
	list("company", "192.0.2.0/24");
	assert_string_equal(speaks_for("192.0.2.1", true), "");
	host = "company.example";
	assert_string_equal(speaks_for("192.0.2.1", true), "company");
	assert_string_equal(speaks_for("127.0.0.1", true), "");
	host = "localhost";
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
	        cmocka_unit_test(tokens_come_in_both_schemes),
	        cmocka_unit_test(an_api_token_speaks_for_its_account),
	        cmocka_unit_test(without_a_token_only_listed_addresses_may_ask),
	        cmocka_unit_test(paths_match_segment_by_segment),
	        cmocka_unit_test(a_long_segment_does_not_fit),
	        cmocka_unit_test(paths_below_the_apis_roots_are_not_pages),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
