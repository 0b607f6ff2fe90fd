// All accounts and the file behind them.
#include "accounts_file.h"

#include "account/setting.h"
#include "account/token.h"
#include "jwt.h"

#include <errno.h>
#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW_MS        1700000000000
#define SETTING_COUNT (17 + QUOTA_COUNT)

// proves S05
static void a_fresh_file_has_the_default_account(void **)
{
	for (int i = 0; i < 2; i++) {
		const struct account *a = accounts_by_host(accounts, "localhost:8080", true);
		assert_string_equal(a->name, ACCOUNT_DEFAULT);
		assert_false(a->jwt_required || a->debug || a->hook_fail_open);
		assert_int_equal(a->hook_version, 1);
		assert_true(account_allows_origin(a, "localhost:8080", "http://localhost:3000"));
		assert_false(account_allows_origin(a, "localhost:8080", "https://a.example"));
		assert_null(accounts_next(accounts, accounts_next(accounts, NULL)));
		reopen();
	}
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static const char *name_of(const char *host)
{
	const struct account *a = accounts_by_host(accounts, host, true);
	return a ? a->name : "none";
}

// proves S06
static void an_account_is_found_by_the_requested_host(void **)
{
	add("exact", "company.example", "video.other.example");
	add("wide", "*.company.example", NULL);
	add("narrow", "*.meet.company.example", NULL);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(name_of("company.example"), "exact");
		assert_string_equal(name_of("COMPANY.example:8443"), "exact");
		assert_string_equal(name_of("company.example."), "exact");
		assert_string_equal(name_of("video.other.example"), "exact");
		assert_string_equal(name_of("a.company.example"), "wide");
		assert_string_equal(name_of("meet.company.example"), "wide");
		assert_string_equal(name_of("a.meet.company.example"), "narrow");
		assert_string_equal(name_of("a.b.meet.company.example:1"), "narrow");
		assert_string_equal(name_of("other.example"), "none");
		assert_string_equal(name_of("evilcompany.example"), "none");
		assert_string_equal(name_of("company.example.evil.example"), "none");
		assert_string_equal(name_of("*.company.example"), "none");
		assert_string_equal(name_of("*"), "none");
		assert_string_equal(name_of(".company.example"), "none");
		assert_string_equal(name_of(""), "none");
		assert_string_equal(name_of("."), "none");
		assert_string_equal(name_of("[::1]:8080"), "default");
		assert_string_equal(name_of(NULL), "none");
		reopen();
	}
	char longest[600];
	memset(longest, 'a', sizeof(longest));
	longest[599] = '\0';
	assert_string_equal(name_of(longest), "none");
}

static void localhost_is_the_default_accounts_and_the_rest_is_nobodys(void **)
{
	static const char *const own[] = {"localhost",  "LOCALHOST:8080", "localhost.",
	                                  "127.0.0.1",  "127.8.0.1:1",    "[::1]",
	                                  "[::1]:8080", "[0:0::1]",       "[::ffff:127.0.0.1]"};
	static const char *const others[] = {
	        "192.168.1.5", "192.168.1.5:8080", "[fd00::5]:8080", "box.lan", "::1",
	        "[::1",        "[localhost]",      "127.1"};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		assert_string_equal(name_of(own[i]), "default");
		assert_null(accounts_by_host(accounts, own[i], false)
		); // whatever a client sends as its host
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_string_equal(name_of(others[i]), "none");
	accounts_serve_unknown_hosts(accounts, true);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_string_equal(name_of(others[i]), "default");
	accounts_serve_unknown_hosts(accounts, false);
	add("lan", "192.168.1.5", "[FD00:0::5]");
	assert_string_equal(name_of("192.168.1.5:8080"), "lan");
	assert_string_equal(name_of("[fd00::5]:8080"), "lan");
	add("loop", "localhost", NULL); // then localhost belongs to this account
	assert_string_equal(name_of("localhost"), "loop");
}

static void a_host_is_one_accounts_alone(void **)
{
	uint64_t id = add("first", "a.example", NULL);
	struct account *a = account_create("second", &error);
	assert_int_equal(account_add_host(a, "a.example", &error), 0);
	assert_int_equal(accounts_put(accounts, a, &error), -EEXIST);
	assert_non_null(strstr(error.text, "first"));
	a = account_create("first", &error);
	assert_int_equal(accounts_put(accounts, a, &error), -EEXIST);
	assert_int_equal(accounts_remove(accounts, id, &error), 0);
	add("second", "a.example", NULL);
}

// proves S05
static void changes_are_in_force_at_once_and_stay(void **)
{
	char token[ACCOUNT_API_TOKEN_SIZE];
	EVP_PKEY *key = jwt_key(2048);
	char *pem = jwt_public_pem(key), jwt[JWT_SIZE];
	uint64_t id = add("company", "a.example", NULL);
	struct account *a = account_copy(accounts_by_id(accounts, id));
	assert_int_equal(account_add_key(a, "k", pem, 5, &error), 0);
	assert_int_equal(account_add_domain(a, "https://*.b.example", &error), 0);
	assert_int_equal(account_add_api_token(a, "t", 6, token, &error), 0);
	static const char *const values[] = {
	        "on",
	        "on",
	        "on",
	        "https://c.example/x",
	        "Bearer a",
	        "https://d.example",
	        "Basic b",
	        "open",
	        "2",
	        "0123456789abcdef",
	        "on",
	        "on",
	        "::1,10.0.0.0/8",
	        "ask",
	        "off",
	        "30",
	        "1024",
	        "2",
	        "3",
	        "4",
	        "5",
	        "6",
	        "7"};
	char scratch[ACCOUNT_NUMBER_SIZE];
	assert_int_equal(sizeof(values) / sizeof(values[0]), SETTING_COUNT);
	for (int i = 0; account_settings[i].name; i++)
		assert_int_equal(account_set(a, account_settings[i].name, values[i], &error), 0);
	assert_int_equal(accounts_put(accounts, a, &error), 0);
	jwt_sign(jwt, key, JWT_HEADER, "{}");

	for (int i = 0; i < 2; i++) {
		struct claims claims;
		const struct account *now = accounts_by_host(accounts, "a.example", false);
		assert_int_equal(now->id, id);
		assert_true(now->created_ms > NOW_MS);
		for (int s = 0; account_settings[s].name; s++)
			assert_string_equal(
			        account_get(now, account_settings[s].name, scratch), values[s]
			);
		assert_int_equal(
		        token_verify(now, jwt, strlen(jwt), 1700000000, &claims), TOKEN_GOOD
		);
		assert_int_equal(now->keys[0].created_ms, 5);
		assert_true(account_allows_origin(now, "a.example", "https://x.b.example"));
		assert_ptr_equal(accounts_by_api_token(accounts, token), now);
		assert_string_equal(now->api_tokens[0].name, "t");
		assert_int_equal(now->api_tokens[0].created_ms, 6);
		reopen();
	}
	free(pem);
	EVP_PKEY_free(key);
}

// proves S05
static void api_tokens_open_their_account_alone(void **)
{
	char first[ACCOUNT_API_TOKEN_SIZE], second[ACCOUNT_API_TOKEN_SIZE];
	struct account *a = account_create("a", &error), *b = account_create("b", &error);
	assert_int_equal(account_add_api_token(a, "t", 6, first, &error), 0);
	assert_int_equal(account_add_api_token(b, "t", 6, second, &error), 0);
	assert_int_equal(accounts_put(accounts, a, &error), 0);
	assert_int_equal(accounts_put(accounts, b, &error), 0);
	assert_string_equal(accounts_by_api_token(accounts, first)->name, "a");
	assert_string_equal(accounts_by_api_token(accounts, second)->name, "b");
	assert_null(accounts_by_api_token(accounts, ""));
	assert_null(accounts_by_api_token(accounts, "amphi_"));
	first[10] ^= 1;
	assert_null(accounts_by_api_token(accounts, first));

	struct account *without = account_copy(accounts_by_name(accounts, "b"));
	assert_int_equal(account_remove_api_token(without, "t", &error), 0);
	assert_int_equal(accounts_put(accounts, without, &error), 0);
	assert_null(accounts_by_api_token(accounts, second));
}

static void no_secret_is_in_the_file_in_plain(void **)
{
	char token[ACCOUNT_API_TOKEN_SIZE], bytes[65536];
	struct account *a = account_create("a", &error);
	assert_int_equal(account_add_api_token(a, "t", 6, token, &error), 0);
	assert_int_equal(accounts_put(accounts, a, &error), 0);
	reopen(); // writes the write-ahead log back into the file
	FILE *f = fopen(path, "r");
	size_t len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	assert_non_null(memmem(bytes, len, "sha256", 6));
	assert_null(memmem(bytes, len, token + 6, 43));
}

static void a_removed_account_is_gone(void **)
{
	uint64_t id = add("company", "a.example", NULL);
	assert_int_equal(accounts_remove(accounts, id, &error), 0);
	assert_int_equal(accounts_remove(accounts, id, &error), -ENOENT);
	for (int i = 0; i < 2; i++) {
		assert_null(accounts_by_id(accounts, id));
		assert_null(accounts_by_name(accounts, "company"));
		assert_string_equal(name_of("a.example"), "none");
		reopen();
	}
	id = accounts_by_name(accounts, ACCOUNT_DEFAULT)->id;
	assert_int_equal(accounts_remove(accounts, id, &error), -EPERM);
}

// proves W06
static void version_2_requires_a_secret(void **)
{
	struct account *a = account_create("a", &error);
	assert_int_equal(account_set(a, "hook-version", "2", &error), 0);
	assert_int_equal(accounts_put(accounts, a, &error), -EINVAL);
	assert_non_null(strstr(error.text, "hook-secret"));
}

static void accounts_come_in_the_order_of_their_names(void **)
{
	add("zebra", NULL, NULL);
	add("ant", NULL, NULL);
	static const char *const names[] = {"ant", "default", "zebra"};
	const struct account *a = NULL;
	for (int i = 0; i < 3; i++) {
		a = accounts_next(accounts, a);
		assert_string_equal(a->name, names[i]);
	}
	assert_null(accounts_next(accounts, a));
}

static void the_number_of_accounts_is_bounded(void **)
{
	char name[16];
	for (int i = 1; i < ACCOUNT_MAX; i++) {
		snprintf(name, sizeof(name), "a%d", i);
		add(name, NULL, NULL);
	}
	assert_int_equal(accounts_put(accounts, account_create("more", &error), &error), -ENOSPC);
	assert_int_equal(
	        accounts_put(accounts, account_copy(accounts_by_name(accounts, "a1")), &error), 0
	);
}

static void changes_reach_the_file(void **)
{
	add("company", NULL, NULL);
	uint64_t change = accounts_last_change(accounts);
	for (int i = 0; i < 5000 && !accounts_are_written(accounts, change); i++)
		usleep(1000);
	assert_true(accounts_are_written(accounts, change));
	assert_false(accounts_are_written(accounts, change + 1));
	assert_false(accounts_are_written(accounts, 0));
}

static void execute(const char *sql)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

// A misread account could lose its requirements, so the server does not start.
static void a_damaged_file_is_refused(void **)
{
	static const char *const damages[] = {
	        "UPDATE accounts SET hosts = '['",
	        "UPDATE accounts SET hosts = '[\"a b\"]'",
	        "UPDATE accounts SET domains = '{}'",
	        "UPDATE accounts SET domains = '[\"https://a/b\"]'",
	        "UPDATE accounts SET keys = '[{\"kid\":\"k\",\"pem\":\"x\",\"created_ms\":1}]'",
	        "UPDATE accounts SET keys = '[1]'",
	        "UPDATE accounts SET api_tokens = '[{\"name\":\"n\",\"sha256\":\"00\"}]'",
	        "UPDATE accounts SET name = 'a b'",
	};
	accounts_close(accounts);
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		execute(damages[i]);
		assert_null(accounts_open(loop, path));
		execute("UPDATE accounts SET name = 'default', hosts = '[]', domains = '[]',"
		        " keys = '[]', api_tokens = '[]'");
	}
	execute("PRAGMA user_version = 99"); // of a later version
	assert_null(accounts_open(loop, path));
	execute("PRAGMA user_version = 2");
	accounts = accounts_open(loop, path);
	assert_non_null(accounts);
	assert_null(accounts_open(loop, "/proc/nowhere/accounts.db"));
	assert_null(accounts_open(loop, "/tmp"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_fresh_file_has_the_default_account),
	        TEST(an_account_is_found_by_the_requested_host),
	        TEST(localhost_is_the_default_accounts_and_the_rest_is_nobodys),
	        TEST(a_host_is_one_accounts_alone),
	        TEST(changes_are_in_force_at_once_and_stay),
	        TEST(api_tokens_open_their_account_alone),
	        TEST(no_secret_is_in_the_file_in_plain),
	        TEST(a_removed_account_is_gone),
	        TEST(version_2_requires_a_secret),
	        TEST(accounts_come_in_the_order_of_their_names),
	        TEST(the_number_of_accounts_is_bounded),
	        TEST(changes_reach_the_file),
	        TEST(a_damaged_file_is_refused),
	};
	return cmocka_run_group_tests(tests, accounts_file_begin, accounts_file_end);
}
