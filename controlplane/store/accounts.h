// The file that stores the accounts: their values, and when their tokens were first used. It
// outlives the data plane and reboots. It holds secrets, so only its owner may read it.
//
// An account is one row, with its lists as JSON, so that a change is one statement and is never
// half written.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct store_accounts;
struct store_counts;

// Strings may be NULL: none.
struct store_account {
	uint64_t id; // up to INT64_MAX
	int64_t created_ms;
	bool jwt_required, debug, hook_fail_open, enforce_start_time;
	uint8_t hook_version;
	const char *name;
	const char *access_url, *authorization_access, *api_event, *auth_event, *hook_secret;
	const char *hosts, *domains, *keys, *api_tokens; // JSON
	const char *settings; // JSON: the settings without a column of their own
};

struct store_token_use {
	uint64_t account_id;
	const char *identity;
	int64_t first_ms;
	int64_t expires_s; // 0: never
};

// Receives what is in the file: the accounts, then the uses of tokens. Strings are lent. Reading
// ends when either returns other than 0.
struct store_accounts_reader {
	void *owner;
	int (*account)(void *owner, const struct store_account *);
	int (*token_use)(void *owner, const struct store_token_use *);
};

// Opens or creates the file, and reads it. NULL after one line in the log, or once a function of
// the reader has returned other than 0.
[[nodiscard]] struct store_accounts *
store_accounts_open(const char *path, const struct store_accounts_reader *);

// Waits until everything is written.
void store_accounts_close(struct store_accounts *);

// Numbers for metrics.
void store_accounts_count(const struct store_accounts *, struct store_counts *);

// Inserts or replaces. These functions return the write's number, or 0 if it is lost because the
// disk has been failing for long.
uint64_t store_accounts_put(struct store_accounts *, const struct store_account *);

// Also removes the uses of its tokens.
uint64_t store_accounts_remove(struct store_accounts *, uint64_t id);

void store_accounts_token_used(struct store_accounts *, const struct store_token_use *);

// Remove one use, or all uses of an account, which returns what store_accounts_put does.
void store_accounts_token_forget(
        struct store_accounts *, uint64_t account_id, const char *identity
);
uint64_t store_accounts_tokens_forget(struct store_accounts *, uint64_t account_id);

// Removes the uses of tokens that expired before before_s.
void store_accounts_prune(struct store_accounts *, int64_t before_s);

// True once the write with this number is in the file.
bool store_accounts_are_written(const struct store_accounts *, uint64_t number);
