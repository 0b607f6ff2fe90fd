#include "account/admin.h"

#include "account/edit.h"
#include "account/setting.h"
#include "base/clock.h"
#include "base/json.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TEXT_MAX 4096

struct call {
	struct accounts *accounts;
	const struct json *request;
	struct json *data; // of the answer
	struct account_error *error;
};

typedef int command_run(struct call *);

// A change to a copy of the account, which is then put in force.
typedef int command_edit(struct call *, struct account *);

static void add_time(struct json *j, const char *key, int64_t ms)
{
	time_t s = (time_t)(ms / 1000);
	char text[32];
	struct tm t;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&s, &t));
	json_add_string(j, key, text);
}

static bool is_secret(const char *setting)
{
	return strcmp(setting, "authorization-access") == 0 || strcmp(setting, "auth-event") == 0 ||
	       strcmp(setting, "hook-secret") == 0;
}

static struct json *settings_of(const struct account *a)
{
	struct json *j = json_new_object();
	char scratch[ACCOUNT_NUMBER_SIZE];

	for (const struct account_setting *s = account_settings; s->name; s++) {
		const char *value = account_get(a, s->name, scratch);
		bool shown = !is_secret(s->name) || strcmp(value, "none") == 0;
		json_add_string(j, s->name, shown ? value : "set");
	}
	return j;
}

static struct json *strings_of(char *const *list, uint32_t count)
{
	struct json *j = json_new_array();

	for (uint32_t i = 0; i < count; i++)
		json_push(j, json_new_string(list[i]));
	return j;
}

static struct json *keys_of(const struct account *a)
{
	struct json *j = json_new_array();

	for (uint32_t i = 0; i < a->key_count; i++) {
		struct json *k = json_new_object();
		json_add_string(k, "kid", a->keys[i].kid);
		json_add_int(k, "bits", EVP_PKEY_get_bits(a->keys[i].key));
		add_time(k, "created", a->keys[i].created_ms);
		json_push(j, k);
	}
	return j;
}

static struct json *api_tokens_of(const struct account *a)
{
	struct json *j = json_new_array();

	for (uint32_t i = 0; i < a->api_token_count; i++) {
		struct json *t = json_new_object();
		json_add_string(t, "name", a->api_tokens[i].name);
		add_time(t, "created", a->api_tokens[i].created_ms);
		json_push(j, t);
	}
	return j;
}

static struct json *account_json(const struct account *a)
{
	struct json *j = json_new_object();

	json_add_string(j, "name", a->name);
	add_time(j, "created", a->created_ms);
	json_add(j, "hosts", strings_of(a->hosts, a->host_count));
	json_add(j, "domains", strings_of(a->domains, a->domain_count));
	json_add(j, "settings", settings_of(a));
	json_add(j, "keys", keys_of(a));
	json_add(j, "tokens", api_tokens_of(a));
	return j;
}

// A member that the command requires.
static const char *argument(struct call *c, const char *name)
{
	const char *value = json_string(c->request, name, TEXT_MAX);

	if (!value)
		account_fail(
		        c->error, 0, "\"%s\" is missing, or not a string of up to %d bytes", name,
		        TEXT_MAX
		);
	return value;
}

static const struct account *account_of(struct call *c)
{
	const char *name = argument(c, "account");
	const struct account *a = name ? accounts_by_name(c->accounts, name) : NULL;

	if (name && !a)
		account_fail(c->error, 0, "there is no account %.80s: see account list", name);
	return a;
}

// Puts the account in force and answers with its new state.
static int put(struct call *c, struct account *a)
{
	char name[ACCOUNT_NAME_MAX + 1];

	strcpy(name, a->name);
	int ret = accounts_put(c->accounts, a, c->error);
	if (ret < 0)
		return ret;
	struct json *j = account_json(accounts_by_name(c->accounts, name));
	// Secrets that are shown only this once.
	for (const struct json *m = json_first(c->data); m; m = json_next(m))
		json_add(j, json_key(m), json_copy(m));
	json_free(c->data);
	c->data = j;
	return 0;
}

static int edit(struct call *c, command_edit *change)
{
	const struct account *a = account_of(c);

	if (!a)
		return -ENOENT;
	struct account *changed = account_copy(a);
	int ret = change(c, changed);
	if (ret == 0)
		return put(c, changed);
	account_free(changed);
	return ret;
}

static int settings_set(struct call *c, struct account *a)
{
	const struct json *set = json_object(c->request, "set");

	for (const struct json *m = json_first(set); m; m = json_next(m)) {
		const char *value = json_text(m, TEXT_MAX);
		if (!value)
			return account_fail(
			        c->error, -EINVAL, "the setting %.80s is not a string", json_key(m)
			);
		int ret = account_set(a, json_key(m), value, c->error);
		if (ret < 0)
			return ret;
		if (strcmp(json_key(m), "hook-secret") == 0 && strcmp(value, "new") == 0)
			json_set_string(c->data, "hook-secret", a->hook_secret);
	}
	return 0;
}

static int account_list(struct call *c)
{
	struct json *list = json_new_array();

	for (const struct account *a = NULL; (a = accounts_next(c->accounts, a));)
		json_push(list, account_json(a));
	json_add(c->data, "accounts", list);
	return 0;
}

static int account_show(struct call *c)
{
	const struct account *a = account_of(c);

	if (!a)
		return -ENOENT;
	json_free(c->data);
	c->data = account_json(a);
	return 0;
}

static int account_add(struct call *c)
{
	const char *name = argument(c, "account");
	struct account *a = name ? account_create(name, c->error) : NULL;

	if (!a)
		return -EINVAL;
	int ret = settings_set(c, a);
	if (ret == 0)
		return put(c, a);
	account_free(a);
	return ret;
}

static int account_change(struct call *c)
{
	return edit(c, settings_set);
}

static int account_remove(struct call *c)
{
	const struct account *a = account_of(c);
	return a ? accounts_remove(c->accounts, a->id, c->error) : -ENOENT;
}

static int forget_tokens(struct call *c)
{
	const struct account *a = account_of(c);

	if (!a)
		return -ENOENT;
	json_add_int(c->data, "forgotten", accounts_forget_tokens(c->accounts, a->id));
	return 0;
}

// The edits of lists: each takes one string of the request.
#define EDIT(function, member)                                                                     \
	static int function##_edit(struct call *c, struct account *a)                              \
	{                                                                                          \
		const char *value = argument(c, member);                                           \
		return value ? account_##function(a, value, c->error) : -EINVAL;                   \
	}                                                                                          \
	static int function(struct call *c)                                                        \
	{                                                                                          \
		return edit(c, function##_edit);                                                   \
	}
EDIT(add_host, "host")
EDIT(remove_host, "host")
EDIT(add_domain, "domain")
EDIT(remove_domain, "domain")
EDIT(remove_key, "kid")
EDIT(remove_api_token, "name")
#undef EDIT

static int add_key_edit(struct call *c, struct account *a)
{
	const char *pem = argument(c, "pem");

	if (!pem)
		return -EINVAL;
	int ret = account_add_key(
	        a, json_string(c->request, "kid", TEXT_MAX), pem, clock_real_ms(), c->error
	);
	if (ret == 0)
		json_add_string(c->data, "kid", a->keys[a->key_count - 1].kid);
	return ret;
}

static int add_key(struct call *c)
{
	return edit(c, add_key_edit);
}

static int add_api_token_edit(struct call *c, struct account *a)
{
	const char *name = argument(c, "name");
	char token[ACCOUNT_API_TOKEN_SIZE];

	if (!name)
		return -EINVAL;
	int ret = account_add_api_token(a, name, clock_real_ms(), token, c->error);
	if (ret == 0)
		json_add_string(c->data, "token", token);
	return ret;
}

static int add_api_token(struct call *c)
{
	return edit(c, add_api_token_edit);
}

static const struct {
	const char *name;
	command_run *run;
} commands[] = {
        {"account.list", account_list},
        {"account.show", account_show},
        {"account.add", account_add},
        {"account.set", account_change},
        {"account.remove", account_remove},
        {"host.add", add_host},
        {"account.forget-tokens", forget_tokens},
        {"host.remove", remove_host},
        {"domain.add", add_domain},
        {"domain.remove", remove_domain},
        {"key.add", add_key},
        {"key.remove", remove_key},
        {"token.add", add_api_token},
        {"token.remove", remove_api_token},
};

int admin_run(
        struct accounts *accounts, const struct json *request, struct json **data,
        struct account_error *e
)
{
	const char *name = json_string(request, "command", 32);
	struct call c = {.accounts = accounts, .request = request, .error = e};

	for (size_t i = 0; name && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(name, commands[i].name) != 0)
			continue;
		c.data = json_new_object();
		int ret = commands[i].run(&c);
		if (ret < 0)
			json_free(c.data);
		else
			*data = c.data;
		return ret;
	}
	return account_fail(e, -EINVAL, "the request has no known command");
}
