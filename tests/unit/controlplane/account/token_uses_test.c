// What the accounts remember of used tokens.
#include "accounts_file.h"

#include "account/setting.h"

#include <stdio.h>

#define NOW_MS 1700000000000

static int64_t first_used(uint64_t account, const char *identity, int64_t expires_s, int64_t now_ms)
{
	return accounts_token_first_used_ms(accounts, account, identity, expires_s, now_ms);
}

// proves U16
static void a_tokens_first_use_is_remembered(void **)
{
	uint64_t a = add("a", NULL, NULL), b = add("b", NULL, NULL);
	int64_t later_s = (int64_t)4102444800; // 2100
	assert_int_equal(first_used(a, "t1", later_s, NOW_MS), NOW_MS);
	assert_int_equal(first_used(a, "t1", later_s, NOW_MS + 1), NOW_MS);
	assert_int_equal(first_used(a, "t2", 0, NOW_MS + 2), NOW_MS + 2);
	assert_int_equal(first_used(b, "t1", 0, NOW_MS + 3), NOW_MS + 3);
	reopen();
	assert_int_equal(first_used(a, "t1", later_s, NOW_MS + 9), NOW_MS);
	assert_int_equal(first_used(a, "t2", 0, NOW_MS + 9), NOW_MS + 2);
	assert_int_equal(first_used(b, "t1", 0, NOW_MS + 9), NOW_MS + 3);
}

// proves U16
static void tokens_that_have_expired_are_forgotten(void **)
{
	uint64_t a = add("a", NULL, NULL);
	first_used(a, "old", 1600000000, 1);
	first_used(a, "for-ever", 0, 2);
	first_used(a, "valid", 4102444800, 3);
	reopen();
	loop_turn(loop, 0);
	loop_turn(loop, 10);
	assert_int_equal(first_used(a, "old", 0, 9), 9);
	assert_int_equal(first_used(a, "for-ever", 0, 9), 2);
	assert_int_equal(first_used(a, "valid", 0, 9), 3);
	reopen();
	assert_int_equal(first_used(a, "old", 0, 10), 9);
}

static void quota(uint64_t id, const char *tokens)
{
	struct account *a = account_copy(accounts_by_id(accounts, id));
	assert_int_equal(account_set(a, "max-tokens", tokens, &error), 0);
	assert_int_equal(accounts_put(accounts, a, &error), 0);
}

// proves U16
static void an_accounts_oldest_tokens_make_room_for_its_own(void **)
{
	uint64_t a = add("a", NULL, NULL), b = add("b", NULL, NULL);
	char name[16];
	quota(a, "3");
	first_used(b, "b0", 0, 1);
	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "a%d", i);
		assert_int_equal(first_used(a, name, 0, 100 + i), 100 + i);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(first_used(b, "b0", 0, 900), 1);
		assert_int_equal(first_used(a, "a4", 0, 900), 104);
		assert_int_equal(first_used(a, "a2", 0, 900), 102);
		reopen();
	}
	assert_int_equal(first_used(a, "a0", 0, 901), 901); // forgotten, also in the file
	assert_int_equal(first_used(a, "a2", 0, 902), 902); // it had become the oldest
	quota(a, "1");
	assert_int_equal(first_used(a, "last", 0, 903), 903);
	assert_int_equal(accounts_forget_tokens(accounts, a), 1);
	assert_int_equal(accounts_forget_tokens(accounts, a), 0);
	reopen();
	assert_int_equal(first_used(a, "last", 0, 904), 904);
	assert_int_equal(first_used(b, "b0", 0, 905), 1);
}

static void a_removed_accounts_tokens_stop_nothing(void **)
{
	uint64_t a = add("a", NULL, NULL), b = add("b", NULL, NULL);
	first_used(a, "t", 0, 1);
	assert_int_equal(accounts_remove(accounts, a, &error), 0);
	assert_int_equal(first_used(a, "t", 0, 5), 5); // in flight at the removal
	first_used(b, "t", 0, 2);
	reopen();
	assert_int_equal(first_used(b, "t", 0, 9), 2);
	assert_int_equal(first_used(a, "t", 0, 9), 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_tokens_first_use_is_remembered),
	        TEST(tokens_that_have_expired_are_forgotten),
	        TEST(a_removed_accounts_tokens_stop_nothing),
	        TEST(an_accounts_oldest_tokens_make_room_for_its_own),
	};
	return cmocka_run_group_tests(tests, accounts_file_begin, accounts_file_end);
}
