#include "test.h"

#include "rest/grant.c" // for its statics

#include "account/edit.h"
#include "account/setting.h"
#include "base/loop.h"

#include <stdlib.h>
#include <unistd.h>

static char directory[] = "/tmp/amphi-grant-XXXXXX";
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(tokens_come_in_both_schemes),
	        cmocka_unit_test(an_api_token_speaks_for_its_account),
	        cmocka_unit_test(without_a_token_only_listed_addresses_may_ask),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
