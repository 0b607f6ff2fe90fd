#include "account/token_uses.h"

#include "account/account.h"
#include "account/token.h"
#include "base/memory.h"
#include "store/accounts.h"

#include "am_log.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USES_MAX    1048576 // of all accounts together
#define ACCOUNT_LEN 16 // digits before the identity in a key
#define KEY_SIZE    (ACCOUNT_LEN + TOKEN_IDENTITY_SIZE)

struct token_use {
	struct map_node node;
	TAILQ_ENTRY(token_use) of_owner;
	struct token_owner *owner;
	int64_t first_ms;
	int64_t expires_s; // 0: never
	char key[KEY_SIZE];
};

// The uses of one account's tokens, the oldest first.
struct token_owner {
	LIST_ENTRY(token_owner) of_all;
	uint64_t account_id;
	uint32_t count;
	bool told; // the log says already that the oldest are forgotten
	TAILQ_HEAD(, token_use) uses;
};

void token_uses_init(struct token_uses *t, const struct accounts *accounts)
{
	t->accounts = accounts;
	map_init(&t->by_key);
	LIST_INIT(&t->owners);
}

// NULL if the account has no uses.
static struct token_owner *owner_find(const struct token_uses *t, uint64_t account_id)
{
	struct token_owner *o;

	LIST_FOREACH (o, &t->owners, of_all) {
		if (o->account_id == account_id)
			break;
	}
	return o;
}

static struct token_owner *owner_get(struct token_uses *t, uint64_t account_id)
{
	struct token_owner *o = owner_find(t, account_id);

	if (o)
		return o;
	o = memory_new(1, sizeof(*o));
	o->account_id = account_id;
	TAILQ_INIT(&o->uses);
	LIST_INSERT_HEAD(&t->owners, o, of_all);
	return o;
}

static struct token_owner *owner_largest(const struct token_uses *t)
{
	struct token_owner *o, *largest = LIST_FIRST(&t->owners);

	LIST_FOREACH (o, &t->owners, of_all) {
		if (o->count > largest->count)
			largest = o;
	}
	return largest;
}

// With its last use, the owner is freed, too.
static void use_forget(struct token_uses *t, struct token_use *u)
{
	struct token_owner *o = u->owner;

	map_remove(&t->by_key, &u->node);
	TAILQ_REMOVE(&o->uses, u, of_owner);
	free(u);
	if (--o->count > 0)
		return;
	LIST_REMOVE(o, of_all);
	free(o);
}

uint32_t token_uses_clear(struct token_uses *t, uint64_t account_id)
{
	struct token_owner *o = owner_find(t, account_id);
	uint32_t count = o ? o->count : 0;

	for (uint32_t i = 0; i < count; i++)
		use_forget(t, TAILQ_FIRST(&o->uses));
	return count;
}

void token_uses_fini(struct token_uses *t)
{
	while (!LIST_EMPTY(&t->owners))
		token_uses_clear(t, LIST_FIRST(&t->owners)->account_id);
	map_fini(&t->by_key);
}

void token_uses_expire(struct token_uses *t, int64_t before_s)
{
	struct token_owner *o, *next_owner;

	for (o = LIST_FIRST(&t->owners); o; o = next_owner) {
		struct token_use *u = TAILQ_FIRST(&o->uses), *next;
		next_owner = LIST_NEXT(o, of_all);
		for (; u; u = next) {
			next = TAILQ_NEXT(u, of_owner);
			if (u->expires_s > 0 && u->expires_s < before_s)
				use_forget(t, u);
		}
	}
}

static void key_make(char out[KEY_SIZE], uint64_t account_id, const char *identity)
{
	snprintf(out, KEY_SIZE, "%016" PRIx64 "%s", account_id, identity);
}

void token_uses_add(struct token_uses *t, const struct store_token_use *from)
{
	struct token_use *u = memory_new(1, sizeof(*u));

	u->owner = owner_get(t, from->account_id);
	u->first_ms = from->first_ms;
	u->expires_s = from->expires_s;
	key_make(u->key, from->account_id, from->identity);
	map_add(&t->by_key, &u->node, u->key);
	TAILQ_INSERT_TAIL(&u->owner->uses, u, of_owner);
	u->owner->count++;
}

static void oldest_forget(struct token_uses *t, struct store_accounts *store, struct token_owner *o)
{
	struct token_use *u = TAILQ_FIRST(&o->uses);
	const struct account *a = accounts_by_id(t->accounts, o->account_id);

	if (!o->told)
		am_warning(
		        "accounts: too many tokens with a lifetime, the oldest are forgotten: give "
		        "them an exp, or raise max-tokens; account=%s",
		        a ? a->name : "?"
		);
	o->told = true;
	store_accounts_token_forget(store, o->account_id, u->key + ACCOUNT_LEN);
	use_forget(t, u);
}

// Makes room for one more.
static void room_make(struct token_uses *t, struct store_accounts *store, uint64_t account_id)
{
	const struct account *a = accounts_by_id(t->accounts, account_id);
	struct token_owner *o;

	while (a && (o = owner_find(t, account_id)) && o->count >= a->quotas[QUOTA_TOKENS])
		oldest_forget(t, store, o);
	if (t->by_key.count >= USES_MAX)
		oldest_forget(t, store, owner_largest(t));
}

int64_t token_uses_first_ms(
        struct token_uses *t, struct store_accounts *store, const struct store_token_use *now
)
{
	char key[KEY_SIZE];

	key_make(key, now->account_id, now->identity);
	struct map_node *n = map_find(&t->by_key, key);
	if (n)
		return container_of(n, struct token_use, node)->first_ms;
	room_make(t, store, now->account_id);
	token_uses_add(t, now);
	store_accounts_token_used(store, now);
	return now->first_ms;
}
