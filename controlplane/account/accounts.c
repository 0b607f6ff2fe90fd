#include "account/account.h"

#include "account/domain.h"
#include "account/edit.h"
#include "account/lists.h"
#include "account/setting.h"
#include "account/token.h"
#include "account/token_uses.h"
#include "base/address.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/memory.h"
#include "store/accounts.h"
#include "terms/metrics.h"

#include "am_log.h"

#include <errno.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRUNE_MS       3600000
#define REFUSED_LOG_MS 10000
#define PRUNE_MARGIN_S 86400 // in case the clock is put back

// A host or an API token's hash, and the account that has it.
struct entry {
	struct map_node node;
	const struct account *account;
	char key[DOMAIN_HOST_LEN_MAX + 1];
};

struct accounts {
	struct store_accounts *store;
	struct loop *loop;
	struct loop_timer prune;
	uint32_t count;
	struct account *list[ACCOUNT_MAX]; // in the order of their names
	struct map hosts, api_tokens; // of struct entry
	uint32_t entry_count;
	struct entry *entries;
	struct token_uses token_uses;
	uint64_t last_change;
	bool unknown_served; // the default account serves hosts that belong to no account
	uint64_t refused_ms; // when an unknown host was last logged; 0: never
};

static void entry_add(struct accounts *s, struct map *m, const struct account *a, const char *key)
{
	struct entry *e = &s->entries[s->entry_count++];

	e->account = a;
	strcpy(e->key, key);
	map_add(m, &e->node, e->key);
}

static void index_drop(struct accounts *s)
{
	map_fini(&s->hosts);
	map_fini(&s->api_tokens);
	free(s->entries);
}

// Rebuilds the index of all accounts' hosts and API tokens, since changes are rare.
static void index_make(struct accounts *s)
{
	size_t size = 0;

	for (uint32_t i = 0; i < s->count; i++)
		size += s->list[i]->host_count + s->list[i]->api_token_count;
	map_init(&s->hosts);
	map_init(&s->api_tokens);
	s->entries = memory_new(size, sizeof(*s->entries));
	s->entry_count = 0;
	for (uint32_t i = 0; i < s->count; i++) {
		const struct account *a = s->list[i];
		char hex[HASH_HEX_SIZE];
		for (uint32_t h = 0; h < a->host_count; h++)
			entry_add(s, &s->hosts, a, a->hosts[h]);
		for (uint32_t t = 0; t < a->api_token_count; t++) {
			hash_hex(hex, a->api_tokens[t].hash);
			entry_add(s, &s->api_tokens, a, hex);
		}
	}
}

static const struct account *entry_find(const struct map *m, const char *key)
{
	struct map_node *n = map_find(m, key);
	return n ? container_of(n, struct entry, node)->account : NULL;
}

// The first place in the list whose name does not sort before this one.
static uint32_t place_of(const struct accounts *s, const char *name)
{
	uint32_t i = 0;
	while (i < s->count && strcmp(s->list[i]->name, name) < 0)
		i++;
	return i;
}

static uint32_t place_of_id(const struct accounts *s, uint64_t id)
{
	uint32_t i = 0;
	while (i < s->count && s->list[i]->id != id)
		i++;
	return i;
}

const struct account *accounts_by_id(const struct accounts *s, uint64_t id)
{
	uint32_t i = place_of_id(s, id);
	return i < s->count ? s->list[i] : NULL;
}

const struct account *accounts_by_name(const struct accounts *s, const char *name)
{
	uint32_t i = place_of(s, name);
	return i < s->count && strcmp(s->list[i]->name, name) == 0 ? s->list[i] : NULL;
}

const struct account *accounts_next(const struct accounts *s, const struct account *previous)
{
	uint32_t i = previous ? place_of(s, previous->name) + 1 : 0;
	return i < s->count ? s->list[i] : NULL;
}

// Writes an address in brackets in its canonical form.
static bool brackets_normalize(char out[DOMAIN_HOST_LEN_MAX + 1], const char *host)
{
	char text[ADDRESS_TEXT_SIZE];
	struct address a;
	size_t len = strcspn(host + 1, "]");

	if (host[len + 1] != ']' || len >= sizeof(text))
		return false;
	memcpy(text, host + 1, len);
	text[len] = '\0';
	if (!address_read(&a, text))
		return false;
	address_write(text, &a);
	sprintf(out, strchr(text, ':') ? "[%s]" : "%s", text);
	return true;
}

// Writes a host in lower case, without port and trailing dot. False if no account can have such a
// host.
static bool host_normalize(char out[DOMAIN_HOST_LEN_MAX + 1], const char *host)
{
	size_t len = strcspn(host, ":");

	if (host[0] == '[')
		return brackets_normalize(out, host);
	if (len > 0 && host[len - 1] == '.')
		len--;
	if (len == 0 || len > DOMAIN_HOST_LEN_MAX || host[0] == '*')
		return false;
	for (size_t i = 0; i < len; i++)
		out[i] = (char)tolower((unsigned char)host[i]);
	out[len] = '\0';
	return true;
}

static const struct account *wildcard_find(const struct accounts *s, char *name)
{
	const struct account *a = NULL;

	// The longest wildcard first: "*" replaces the label before a dot.
	for (char *dot = strchr(name, '.'); !a && dot; dot = strchr(dot + 1, '.')) {
		if (dot == name)
			continue;
		char before = dot[-1];
		dot[-1] = '*';
		a = entry_find(&s->hosts, dot - 1);
		dot[-1] = before;
	}
	return a;
}

static bool name_is_loopback(const char *name)
{
	return strcmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0 ||
	       address_text_is_loopback(name);
}

const struct account *accounts_by_host(const struct accounts *s, const char *host, bool local)
{
	char name[DOMAIN_HOST_LEN_MAX + 1];
	const struct account *a = NULL;
	bool known = host && host_normalize(name, host);

	if (known)
		a = entry_find(&s->hosts, name);
	if (known && !a)
		a = wildcard_find(s, name);
	if (!a && (s->unknown_served || (local && known && name_is_loopback(name))))
		a = accounts_by_name(s, ACCOUNT_DEFAULT);
	return a;
}

void accounts_serve_unknown_hosts(struct accounts *s, bool serve)
{
	s->unknown_served = serve;
}

void accounts_refuse_host(struct accounts *s, const char *host, uint64_t now_ms)
{
	char name[DOMAIN_HOST_LEN_MAX + 1];

	metric_count(METRIC_hosts_refused);
	if (s->refused_ms && now_ms - s->refused_ms < REFUSED_LOG_MS)
		return;
	s->refused_ms = now_ms;
	if (host && host_normalize(name, host) && domain_read_host(name, name, NULL))
		am_warning(
		        "accounts: no account has the host %s; if it is yours: amphictl host add "
		        "ACCOUNT %s",
		        name, name
		);
	else
		am_warning("accounts: a request has no host, or an invalid one");
}

// Looks the token up by its hash: comparison times reveal nothing, since nobody can choose the hash
// of a guess.
const struct account *accounts_by_api_token(const struct accounts *s, const char *token)
{
	uint8_t hash[HASH_SIZE];
	char hex[HASH_HEX_SIZE];

	hash_sha256(hash, token, strlen(token));
	hash_hex(hex, hash);
	return entry_find(&s->api_tokens, hex);
}

static void list_insert(struct accounts *s, struct account *a)
{
	uint32_t at = place_of(s, a->name);

	memmove(s->list + at + 1, s->list + at, (s->count - at) * sizeof(s->list[0]));
	s->list[at] = a;
	s->count++;
}

static void list_remove(struct accounts *s, uint32_t at)
{
	account_free(s->list[at]);
	s->count--;
	memmove(s->list + at, s->list + at + 1, (s->count - at) * sizeof(s->list[0]));
}

static uint64_t stored(struct accounts *s, const struct account *a)
{
	struct account_lists lists;
	char *settings = account_settings_write(a);

	account_lists_write(&lists, a);
	uint64_t change = store_accounts_put(
	        s->store,
	        &(struct store_account){
	                .id = a->id,
	                .created_ms = a->created_ms,
	                .jwt_required = a->jwt_required,
	                .debug = a->debug,
	                .hook_fail_open = a->hook_fail_open,
	                .enforce_start_time = a->enforce_start_time,
	                .hook_version = a->hook_version,
	                .name = a->name,
	                .access_url = a->access_url,
	                .authorization_access = a->authorization_access,
	                .api_event = a->api_event,
	                .auth_event = a->auth_event,
	                .hook_secret = a->hook_secret,
	                .hosts = lists.hosts,
	                .domains = lists.domains,
	                .keys = lists.keys,
	                .api_tokens = lists.api_tokens,
	                .settings = settings,
	        }
	);
	account_lists_free(&lists);
	free(settings);
	return change;
}

// Checks an account by itself and against the others.
static int account_check(const struct accounts *s, const struct account *a, struct account_error *e)
{
	const struct account *other = accounts_by_name(s, a->name);

	if (other && other->id != a->id)
		return account_fail(e, -EEXIST, "there is already an account %s", a->name);
	if (a->id == 0 && s->count == ACCOUNT_MAX)
		return account_fail(
		        e, -ENOSPC, "there are already %d accounts, which is the limit", ACCOUNT_MAX
		);
	if (a->hook_version == 2 && !a->hook_secret)
		return account_fail(
		        e, -EINVAL, "hook-version 2 signs what it sends: set hook-secret new"
		);
	for (uint32_t i = 0; i < a->host_count; i++) {
		other = entry_find(&s->hosts, a->hosts[i]);
		if (other && other->id != a->id)
			return account_fail(
			        e, -EEXIST, "the account %s already has the host %s", other->name,
			        a->hosts[i]
			);
	}
	return 0;
}

static uint64_t id_new(const struct accounts *s)
{
	uint64_t id;

	do {
		memory_random(&id, sizeof(id));
		id >>= 1; // SQLite's integers have a sign
	} while (id == 0 || accounts_by_id(s, id));
	return id;
}

int accounts_put(struct accounts *s, struct account *a, struct account_error *e)
{
	int ret = account_check(s, a, e);

	if (ret < 0) {
		account_free(a);
		return ret;
	}
	if (a->id == 0) {
		a->id = id_new(s);
		a->created_ms = clock_real_ms();
	} else {
		list_remove(s, place_of_id(s, a->id));
	}
	list_insert(s, a);
	index_drop(s);
	index_make(s);
	s->last_change = stored(s, a);
	return 0;
}

int accounts_remove(struct accounts *s, uint64_t id, struct account_error *e)
{
	uint32_t at = place_of_id(s, id);

	if (at == s->count)
		return account_fail(e, -ENOENT, "there is no such account");
	if (strcmp(s->list[at]->name, ACCOUNT_DEFAULT) == 0)
		return account_fail(
		        e, -EPERM, "the default account cannot be removed: it serves localhost"
		);
	list_remove(s, at);
	index_drop(s);
	index_make(s);
	token_uses_clear(&s->token_uses, id);
	s->last_change = store_accounts_remove(s->store, id);
	return 0;
}

uint64_t accounts_last_change(const struct accounts *s)
{
	return s->last_change;
}

bool accounts_are_written(const struct accounts *s, uint64_t change)
{
	return store_accounts_are_written(s->store, change);
}

void accounts_count(const struct accounts *s, struct store_counts *counts)
{
	store_accounts_count(s->store, counts);
}

int64_t accounts_token_first_used_ms(
        struct accounts *s, uint64_t account_id, const char *identity, int64_t expires_s,
        int64_t at_ms
)
{
	return token_uses_first_ms(
	        &s->token_uses, s->store,
	        &(struct store_token_use){account_id, identity, at_ms, expires_s}
	);
}

uint32_t accounts_forget_tokens(struct accounts *s, uint64_t account_id)
{
	s->last_change = store_accounts_tokens_forget(s->store, account_id);
	return token_uses_clear(&s->token_uses, account_id);
}

static void prune(void *owner)
{
	struct accounts *s = owner;
	int64_t before_s = clock_real_ms() / 1000 - PRUNE_MARGIN_S;

	token_uses_expire(&s->token_uses, before_s);
	store_accounts_prune(s->store, before_s);
	loop_timer_set(s->loop, &s->prune, PRUNE_MS);
}

static char *text_copy(const char *text)
{
	return text ? memory_copy_string(text) : NULL;
}

// A damaged account must not turn into one with fewer requirements, so the process does not start.
static int on_account(void *owner, const struct store_account *from)
{
	struct accounts *s = owner;
	struct account_error e;
	struct account *a = from->name ? account_create(from->name, &e) : NULL;

	if (!a || s->count == ACCOUNT_MAX)
		goto fail;
	a->id = from->id;
	a->created_ms = from->created_ms;
	a->jwt_required = from->jwt_required;
	a->debug = from->debug;
	a->hook_fail_open = from->hook_fail_open;
	a->enforce_start_time = from->enforce_start_time;
	a->hook_version = from->hook_version;
	a->access_url = text_copy(from->access_url);
	a->authorization_access = text_copy(from->authorization_access);
	a->api_event = text_copy(from->api_event);
	a->auth_event = text_copy(from->auth_event);
	a->hook_secret = text_copy(from->hook_secret);
	if (account_lists_read(a, from->hosts, from->domains, from->keys, from->api_tokens) < 0 ||
	    account_settings_read(a, from->settings) < 0)
		goto fail;
	list_insert(s, a);
	return 0;

fail:
	am_error(
	        "accounts: an account is damaged, restore the file; name=%s",
	        from->name ? from->name : "?"
	);
	if (a)
		account_free(a);
	return -EINVAL;
}

static int on_token_use(void *owner, const struct store_token_use *u)
{
	struct accounts *s = owner;

	if (u->identity && strlen(u->identity) < TOKEN_IDENTITY_SIZE)
		token_uses_add(&s->token_uses, u);
	return 0;
}

// Makes a fresh server work at once, even embedded in pages on a developer's machine.
static void default_make(struct accounts *s)
{
	struct account_error e;
	struct account *a = account_create(ACCOUNT_DEFAULT, &e);

	if (account_add_domain(a, "http://localhost:*", &e) < 0 || accounts_put(s, a, &e) < 0)
		am_error("accounts: %s", e.text); // a bug
}

static void accounts_free(struct accounts *s)
{
	token_uses_fini(&s->token_uses);
	index_drop(s);
	while (s->count > 0)
		list_remove(s, s->count - 1);
	free(s);
}

struct accounts *accounts_open(struct loop *loop, const char *path)
{
	struct accounts *s = memory_new(1, sizeof(*s));
	const struct store_accounts_reader reader = {s, on_account, on_token_use};

	s->loop = loop;
	s->prune = (struct loop_timer){.expired = prune, .owner = s};
	token_uses_init(&s->token_uses, s);
	s->store = store_accounts_open(path, &reader);
	index_make(s);
	if (!s->store) {
		accounts_free(s);
		return NULL;
	}
	if (!accounts_by_name(s, ACCOUNT_DEFAULT))
		default_make(s);
	loop_timer_set(loop, &s->prune, 0);
	return s;
}

void accounts_close(struct accounts *s)
{
	loop_timer_cancel(s->loop, &s->prune);
	store_accounts_close(s->store);
	accounts_free(s);
}
