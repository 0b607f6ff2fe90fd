#include "account/lists.h"

#include "account/edit.h"
#include "account/key.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TIME_MAX ((int64_t)1 << 53)

static char *text_of(struct json *j)
{
	char *text = json_print(j);
	json_free(j);
	return text;
}

static struct json *strings(char *const *list, uint32_t count)
{
	struct json *j = json_new_array();

	for (uint32_t i = 0; i < count; i++)
		json_push(j, json_new_string(list[i]));
	return j;
}

static struct json *keys(const struct account *a)
{
	struct json *j = json_new_array();

	for (uint32_t i = 0; i < a->key_count; i++) {
		struct json *k = json_new_object();
		json_add_string(k, "kid", a->keys[i].kid);
		json_add_string(k, "pem", a->keys[i].pem);
		json_add_int(k, "created_ms", a->keys[i].created_ms);
		json_push(j, k);
	}
	return j;
}

static struct json *api_tokens(const struct account *a)
{
	struct json *j = json_new_array();

	for (uint32_t i = 0; i < a->api_token_count; i++) {
		struct json *t = json_new_object();
		char hex[HASH_HEX_SIZE];
		hash_hex(hex, a->api_tokens[i].hash);
		json_add_string(t, "name", a->api_tokens[i].name);
		json_add_string(t, "sha256", hex);
		json_add_int(t, "created_ms", a->api_tokens[i].created_ms);
		json_push(j, t);
	}
	return j;
}

void account_lists_write(struct account_lists *l, const struct account *a)
{
	l->hosts = text_of(strings(a->hosts, a->host_count));
	l->domains = text_of(strings(a->domains, a->domain_count));
	l->keys = text_of(keys(a));
	l->api_tokens = text_of(api_tokens(a));
}

void account_lists_free(struct account_lists *l)
{
	free(l->hosts);
	free(l->domains);
	free(l->keys);
	free(l->api_tokens);
}

static int host_read(struct account *a, const struct json *j)
{
	const char *host = json_text(j, DOMAIN_HOST_LEN_MAX);
	struct account_error e;
	return host ? account_add_host(a, host, &e) : -EINVAL;
}

static int domain_read_one(struct account *a, const struct json *j)
{
	const char *domain = json_text(j, DOMAIN_ORIGIN_SIZE);
	struct account_error e;
	return domain ? account_add_domain(a, domain, &e) : -EINVAL;
}

static int key_read(struct account *a, const struct json *j)
{
	const char *kid = json_string(j, "kid", ACCOUNT_KID_MAX);
	const char *pem = json_string(j, "pem", ACCOUNT_PEM_MAX);
	struct account_key k;

	if (!kid || !pem || !json_int(j, "created_ms", 0, TIME_MAX, &k.created_ms) ||
	    a->key_count == ACCOUNT_KEY_MAX)
		return -EINVAL;
	k.key = key_reread_pem(pem);
	if (!k.key)
		return -EINVAL;
	strcpy(k.kid, kid);
	k.pem = memory_copy_string(pem);
	a->keys = memory_grow(a->keys, a->key_count + 1, sizeof(k));
	a->keys[a->key_count++] = k;
	return 0;
}

static bool hex_read(uint8_t out[HASH_SIZE], const char *hex)
{
	if (strlen(hex) != 2 * HASH_SIZE || hex[strspn(hex, "0123456789abcdef")])
		return false;
	for (int i = 0; i < HASH_SIZE; i++) {
		char byte[] = {hex[2 * i], hex[2 * i + 1], '\0'};
		out[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	return true;
}

static int api_token_read(struct account *a, const struct json *j)
{
	const char *name = json_string(j, "name", ACCOUNT_NAME_MAX);
	const char *hex = json_string(j, "sha256", 2 * HASH_SIZE);
	struct account_api_token t;

	if (!name || !hex || !hex_read(t.hash, hex) ||
	    !json_int(j, "created_ms", 0, TIME_MAX, &t.created_ms) ||
	    a->api_token_count == ACCOUNT_API_TOKEN_MAX)
		return -EINVAL;
	strcpy(t.name, name);
	a->api_tokens = memory_grow(a->api_tokens, a->api_token_count + 1, sizeof(t));
	a->api_tokens[a->api_token_count++] = t;
	return 0;
}

static int
list_read(struct account *a, const char *text, int (*read)(struct account *, const struct json *))
{
	struct json *j = text ? json_parse(text, strlen(text)) : NULL;
	int ret = json_is_array(j) ? 0 : -EINVAL;

	for (const struct json *e = ret < 0 ? NULL : json_first(j); e && ret == 0; e = json_next(e))
		ret = read(a, e);
	json_free(j);
	return ret;
}

int account_lists_read(
        struct account *a, const char *hosts, const char *domains, const char *key_list,
        const char *token_list
)
{
	int ret = list_read(a, hosts, host_read);

	if (ret == 0)
		ret = list_read(a, domains, domain_read_one);
	if (ret == 0)
		ret = list_read(a, key_list, key_read);
	if (ret == 0)
		ret = list_read(a, token_list, api_token_read);
	return ret < 0 ? -EINVAL : 0;
}
