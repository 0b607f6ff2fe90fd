#include "accounts_file.h"

#include <stdio.h>
#include <unistd.h>

static char directory[] = "/tmp/amphi-accounts-XXXXXX";

char path[64];
struct loop *loop;
struct accounts *accounts;
struct account_error error;

int accounts_file_begin(void **)
{
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/accounts.db", directory);
	return 0;
}

int accounts_file_end(void **)
{
	unlink(path);
	return rmdir(directory);
}

int setup(void **)
{
	unlink(path);
	loop = loop_create();
	accounts = accounts_open(loop, path);
	assert_non_null(accounts);
	return 0;
}

int teardown(void **)
{
	accounts_close(accounts);
	loop_destroy(loop);
	return 0;
}

void reopen(void)
{
	accounts_close(accounts);
	accounts = accounts_open(loop, path);
	assert_non_null(accounts);
}

uint64_t add(const char *name, const char *host, const char *other_host)
{
	struct account *a = account_create(name, &error);
	assert_non_null(a);
	if (host)
		assert_int_equal(account_add_host(a, host, &error), 0);
	if (other_host)
		assert_int_equal(account_add_host(a, other_host, &error), 0);
	assert_int_equal(accounts_put(accounts, a, &error), 0);
	return accounts_by_name(accounts, name)->id;
}
