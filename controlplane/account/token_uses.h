// Tokens with a lifetime that have been used, and the time of their first use. Each is remembered
// until it expires, or until its account has too many newer ones. If all accounts together have too
// many, the account with the most loses its oldest one.
#pragma once

#include <stdint.h>
#include <sys/queue.h>

#include "base/map.h"

struct accounts;
struct store_accounts;
struct store_token_use;

struct token_uses {
	const struct accounts *accounts;
	struct map by_key; // account and identity
	LIST_HEAD(, token_owner) owners; // accounts that have used tokens
};

// The accounts stay the caller's.
void token_uses_init(struct token_uses *, const struct accounts *);
void token_uses_fini(struct token_uses *);

// Adds a use that is in the store already.
void token_uses_add(struct token_uses *, const struct store_token_use *);

// When the token was first used. If this is its first use, remembers now; tells the store what is
// remembered and forgotten.
int64_t token_uses_first_ms(
        struct token_uses *, struct store_accounts *, const struct store_token_use *now
);

// Forget what the store forgets without being told: all uses of an account, whose number
// token_uses_clear returns; or the uses of tokens that expired before before_s.
uint32_t token_uses_clear(struct token_uses *, uint64_t account_id);
void token_uses_expire(struct token_uses *, int64_t before_s);
