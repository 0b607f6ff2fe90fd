// The lists of an account as JSON, as the file has them.
#pragma once

#include "account/account.h"

struct account_lists {
	char *hosts, *domains, *keys, *api_tokens; // owned
};

void account_lists_write(struct account_lists *, const struct account *);
void account_lists_free(struct account_lists *);

// Into an account that has none yet. 0, or -EINVAL: this is not what account_lists_write wrote.
[[nodiscard]] int account_lists_read(
        struct account *a, const char *hosts, const char *domains, const char *keys,
        const char *api_tokens
);
