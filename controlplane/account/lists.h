// The lists of an account as JSON, as they are stored in the file.
#pragma once

#include "account/account.h"

struct account_lists {
	char *hosts, *domains, *keys, *api_tokens; // owned
};

void account_lists_write(struct account_lists *, const struct account *);
void account_lists_free(struct account_lists *);

// Reads the lists into an account that has none. 0, or -EINVAL if account_lists_write did not write
// them.
[[nodiscard]] int account_lists_read(
        struct account *a, const char *hosts, const char *domains, const char *keys,
        const char *api_tokens
);
