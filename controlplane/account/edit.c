#include "account/edit.h"

#include "account/domain.h"
#include "account/key.h"
#include "base/base64url.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define API_TOKEN_PREFIX "amphi_" // so that secret scanners recognize it
#define SECRET_BYTES     32

static_assert(ACCOUNT_HASH_SIZE == HASH_SIZE);
static_assert(ACCOUNT_SECRET_SIZE == BASE64URL_SIZE(SECRET_BYTES));
static_assert(ACCOUNT_API_TOKEN_SIZE == sizeof(API_TOKEN_PREFIX) - 1 + ACCOUNT_SECRET_SIZE);

int account_fail(struct account_error *e, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(e->text, sizeof(e->text), format, arguments);
	va_end(arguments);
	return error;
}

static bool name_is_good(const char *name, const char *what, struct account_error *e)
{
	if (text_is_token(name, ACCOUNT_NAME_MAX))
		return true;
	account_fail(
	        e, 0, "%s \"%.80s\" must be 1 to %d characters of A-Z a-z 0-9 _ -", what, name,
	        ACCOUNT_NAME_MAX
	);
	return false;
}

struct account *account_create(const char *name, struct account_error *e)
{
	if (!name_is_good(name, "the account's name", e)) {
		errno = EINVAL;
		return NULL;
	}
	struct account *a = memory_new(1, sizeof(*a));
	strcpy(a->name, name);
	a->hook_version = 1;
	a->record_tracks = true;
#define QUOTA_SET(quota, setting, standard, help) a->quotas[QUOTA_##quota] = standard;
	QUOTAS(QUOTA_SET)
#undef QUOTA_SET
	return a;
}

static char *text_copy(const char *s)
{
	return s ? memory_copy_string(s) : NULL;
}

static char **list_copy(char **list, uint32_t count)
{
	char **copy = memory_new(count, sizeof(char *));

	for (uint32_t i = 0; i < count; i++)
		copy[i] = memory_copy_string(list[i]);
	return copy;
}

struct account *account_copy(const struct account *a)
{
	struct account *c = memory_new(1, sizeof(*c));

	*c = *a;
	c->access_url = text_copy(a->access_url);
	c->authorization_access = text_copy(a->authorization_access);
	c->api_event = text_copy(a->api_event);
	c->auth_event = text_copy(a->auth_event);
	c->hook_secret = text_copy(a->hook_secret);
	c->rest_addresses = text_copy(a->rest_addresses);
	c->hosts = list_copy(a->hosts, a->host_count);
	c->domains = list_copy(a->domains, a->domain_count);
	c->keys = memory_new(a->key_count, sizeof(*c->keys));
	for (uint32_t i = 0; i < a->key_count; i++) {
		c->keys[i] = a->keys[i];
		c->keys[i].pem = memory_copy_string(a->keys[i].pem);
		EVP_PKEY_up_ref(c->keys[i].key);
	}
	c->api_tokens = memory_new(a->api_token_count, sizeof(*c->api_tokens));
	if (a->api_token_count > 0)
		memcpy(c->api_tokens, a->api_tokens, a->api_token_count * sizeof(*c->api_tokens));
	return c;
}

static void key_fini(struct account_key *k)
{
	free(k->pem);
	EVP_PKEY_free(k->key);
}

void account_secret_free(char *s)
{
	if (s)
		OPENSSL_cleanse(s, strlen(s));
	free(s);
}

void account_free(struct account *a)
{
	free(a->access_url);
	account_secret_free(a->authorization_access);
	free(a->api_event);
	account_secret_free(a->auth_event);
	account_secret_free(a->hook_secret);
	free(a->rest_addresses);
	for (uint32_t i = 0; i < a->host_count; i++)
		free(a->hosts[i]);
	free(a->hosts);
	for (uint32_t i = 0; i < a->domain_count; i++)
		free(a->domains[i]);
	free(a->domains);
	for (uint32_t i = 0; i < a->key_count; i++)
		key_fini(&a->keys[i]);
	free(a->keys);
	free(a->api_tokens);
	free(a);
}

// The index of the text in the list, or count.
static uint32_t list_find(char *const *list, uint32_t count, const char *text)
{
	uint32_t i = 0;
	while (i < count && strcmp(list[i], text) != 0)
		i++;
	return i;
}

static void list_push(char ***list, uint32_t *count, const char *text)
{
	*list = memory_grow(*list, *count + 1, sizeof(char *));
	(*list)[(*count)++] = memory_copy_string(text);
}

static void list_drop(char **list, uint32_t *count, uint32_t at)
{
	free(list[at]);
	memmove(list + at, list + at + 1, (--*count - at) * sizeof(char *));
}

int account_add_host(struct account *a, const char *host, struct account_error *e)
{
	char name[DOMAIN_HOST_LEN_MAX + 1];
	const char *why;

	if (!domain_read_host(name, host, &why))
		return account_fail(e, -EINVAL, "the host \"%.260s\" %s", host, why);
	if (list_find(a->hosts, a->host_count, name) < a->host_count)
		return account_fail(e, -EEXIST, "%s already has the host %s", a->name, name);
	if (a->host_count == ACCOUNT_HOST_MAX)
		return account_fail(
		        e, -ENOSPC, "an account has at most %d hosts", ACCOUNT_HOST_MAX
		);
	list_push(&a->hosts, &a->host_count, name);
	return 0;
}

int account_remove_host(struct account *a, const char *host, struct account_error *e)
{
	char name[DOMAIN_HOST_LEN_MAX + 1] = "";
	uint32_t at = a->host_count;

	if (domain_read_host(name, host, NULL))
		at = list_find(a->hosts, a->host_count, name);
	if (at == a->host_count)
		return account_fail(e, -ENOENT, "%s has no host %.260s", a->name, host);
	list_drop(a->hosts, &a->host_count, at);
	return 0;
}

int account_add_domain(struct account *a, const char *text, struct account_error *e)
{
	char domain[DOMAIN_ORIGIN_SIZE];
	struct domain d;
	const char *why;

	if (!domain_read(&d, text, &why))
		return account_fail(
		        e, -EINVAL,
		        "the domain \"%.280s\" %s; accepted: https://domain, https://*.domain, "
		        "capacitor://localhost and the like",
		        text, why
		);
	domain_write(domain, &d);
	if (list_find(a->domains, a->domain_count, domain) < a->domain_count)
		return account_fail(e, -EEXIST, "%s already allows the domain %s", a->name, domain);
	if (a->domain_count == ACCOUNT_DOMAIN_MAX)
		return account_fail(
		        e, -ENOSPC, "an account allows at most %d domains", ACCOUNT_DOMAIN_MAX
		);
	list_push(&a->domains, &a->domain_count, domain);
	return 0;
}

int account_remove_domain(struct account *a, const char *text, struct account_error *e)
{
	char domain[DOMAIN_ORIGIN_SIZE];
	uint32_t at = a->domain_count;
	struct domain d;

	if (domain_read(&d, text, NULL)) {
		domain_write(domain, &d);
		at = list_find(a->domains, a->domain_count, domain);
	}
	if (at == a->domain_count)
		return account_fail(
		        e, -ENOENT, "%s does not allow the domain %.280s", a->name, text
		);
	list_drop(a->domains, &a->domain_count, at);
	return 0;
}

static uint32_t key_find(const struct account *a, const char *kid)
{
	uint32_t i = 0;
	while (i < a->key_count && strcmp(a->keys[i].kid, kid) != 0)
		i++;
	return i;
}

static int key_check(const struct account *a, const struct account_key *k, struct account_error *e)
{
	if (key_find(a, k->kid) < a->key_count)
		return account_fail(
		        e, -EEXIST, "%s already has a key with the kid %s", a->name, k->kid
		);
	for (uint32_t i = 0; i < a->key_count; i++) {
		if (EVP_PKEY_eq(a->keys[i].key, k->key) == 1)
			return account_fail(
			        e, -EEXIST, "%s already has this key, with the kid %s", a->name,
			        a->keys[i].kid
			);
	}
	if (a->key_count == ACCOUNT_KEY_MAX)
		return account_fail(e, -ENOSPC, "an account has at most %d keys", ACCOUNT_KEY_MAX);
	return 0;
}

int account_add_key(
        struct account *a, const char *kid, const char *pem, int64_t now_ms, struct account_error *e
)
{
	struct account_key k = {.created_ms = now_ms};
	const char *why;

	if (kid && (strlen(kid) > ACCOUNT_KID_MAX || !text_is_printable(kid, 1, ACCOUNT_KID_MAX)))
		return account_fail(
		        e, -EINVAL, "a kid must be 1 to %d printable characters", ACCOUNT_KID_MAX
		);
	k.key = key_read_pem(pem, &why);
	if (!k.key)
		return account_fail(e, -EINVAL, "%s", why);
	if (kid)
		strcpy(k.kid, kid);
	else
		key_name(k.kid, k.key);
	int ret = key_check(a, &k, e);
	if (ret < 0) {
		EVP_PKEY_free(k.key);
		return ret;
	}
	k.pem = key_write_pem(k.key);
	a->keys = memory_grow(a->keys, a->key_count + 1, sizeof(k));
	a->keys[a->key_count++] = k;
	return 0;
}

int account_remove_key(struct account *a, const char *kid, struct account_error *e)
{
	uint32_t at = key_find(a, kid);

	if (at == a->key_count)
		return account_fail(e, -ENOENT, "%s has no key with the kid %.130s", a->name, kid);
	key_fini(&a->keys[at]);
	memmove(a->keys + at, a->keys + at + 1, (--a->key_count - at) * sizeof(*a->keys));
	return 0;
}

static uint32_t api_token_find(const struct account *a, const char *name)
{
	uint32_t i = 0;
	while (i < a->api_token_count && strcmp(a->api_tokens[i].name, name) != 0)
		i++;
	return i;
}

// 256 random bits as text.
static void secret_make(char out[ACCOUNT_SECRET_SIZE])
{
	uint8_t random[SECRET_BYTES];

	memory_random(random, sizeof(random));
	base64url_encode(out, random, sizeof(random));
	OPENSSL_cleanse(random, sizeof(random));
}

int account_add_api_token(
        struct account *a, const char *name, int64_t now_ms, char token[ACCOUNT_API_TOKEN_SIZE],
        struct account_error *e
)
{
	struct account_api_token t = {.created_ms = now_ms};

	if (!name_is_good(name, "the API token's name", e))
		return -EINVAL;
	if (api_token_find(a, name) < a->api_token_count)
		return account_fail(
		        e, -EEXIST, "%s already has an API token named %s", a->name, name
		);
	if (a->api_token_count == ACCOUNT_API_TOKEN_MAX)
		return account_fail(
		        e, -ENOSPC, "an account has at most %d API tokens", ACCOUNT_API_TOKEN_MAX
		);
	strcpy(token, API_TOKEN_PREFIX);
	secret_make(token + strlen(token));
	strcpy(t.name, name);
	hash_sha256(t.hash, token, strlen(token));
	a->api_tokens = memory_grow(a->api_tokens, a->api_token_count + 1, sizeof(t));
	a->api_tokens[a->api_token_count++] = t;
	return 0;
}

int account_remove_api_token(struct account *a, const char *name, struct account_error *e)
{
	uint32_t at = api_token_find(a, name);

	if (at == a->api_token_count)
		return account_fail(e, -ENOENT, "%s has no API token named %.80s", a->name, name);
	a->api_token_count--;
	memmove(a->api_tokens + at, a->api_tokens + at + 1,
	        (a->api_token_count - at) * sizeof(*a->api_tokens));
	return 0;
}
