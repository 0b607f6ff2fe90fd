// Accounts in a file of the test, opened anew for each test.
#pragma once

#include "account/edit.h"
#include "base/loop.h"
#include "test.h"

extern char path[64];
extern struct loop *loop;
extern struct accounts *accounts;
extern struct account_error error;

// For cmocka_run_group_tests, and cmocka_unit_test_setup_teardown.
int accounts_file_begin(void **);
int accounts_file_end(void **);
int setup(void **);
int teardown(void **);

void reopen(void);

// Adds a new account with these hosts; returns its id.
uint64_t add(const char *name, const char *host, const char *other_host);

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
