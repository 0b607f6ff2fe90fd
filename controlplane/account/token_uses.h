// Tokens with a lifetime that have been used, and when first. Each is remembered until it
// ends, or until its account has too many newer ones; where all accounts have too many together,
// whichever has most loses its oldest.
#pragma once

#include <stdint.h>
#include <sys/queue.h>

#include "base/map.h"

struct accounts;
struct store_accounts;
struct store_token_use;

struct token_uses {
	const struct accounts *accounts;
	struct store_accounts *store;
	struct map by_key; // account and identity
	LIST_HEAD(, token_owner) owners; // accounts that have some
};

// Both are lent; the store is told of what is remembered and forgotten.
void token_uses_init(struct token_uses *, const struct accounts *, struct store_accounts *);
void token_uses_fini(struct token_uses *);

// One that is in the store.
void token_uses_add(struct token_uses *, const struct store_token_use *);

// When it was first used, which is now where it was not.
int64_t token_uses_first_ms(struct token_uses *, const struct store_token_use *now);

// Forget what the store forgets without them: an account's, of which they return how many there
// were; and what had expired before that time.
uint32_t token_uses_clear(struct token_uses *, uint64_t account_id);
void token_uses_expire(struct token_uses *, int64_t before_s);
