#include "command.h"

#include "account/key.h"
#include "base/json.h"
#include "client.h"
#include "jwt.h"
#include "print.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct json *request_new(const struct arguments *a, const char *command)
{
	struct json *r = json_new_object();

	json_add_string(r, "command", command);
	if (a->count > 0)
		json_add_string(r, "account", a->list[0]);
	return r;
}

// Sends a request. With --json, prints the data and leaves NULL in *data.
static enum status ask(const struct arguments *a, struct json *request, struct json **data)
{
	*data = NULL;
	enum status s = client_ask(a, request, data);
	if (*data && a->json) {
		print_json(*data);
		json_free(*data);
		*data = NULL;
	}
	return s;
}

// Requests a change, and prints a sentence if it succeeds.
__attribute__((format(printf, 3, 4))) static enum status
change(const struct arguments *a, struct json *request, const char *format, ...)
{
	struct json *data;
	enum status s = ask(a, request, &data);

	if (data) {
		va_list list;
		va_start(list, format);
		vprintf(format, list);
		va_end(list);
		putchar('\n');
	}
	json_free(data);
	return s;
}

static enum status account_list(const struct arguments *a)
{
	struct json *data;
	enum status s = ask(a, request_new(a, "account.list"), &data);

	if (data)
		print_accounts(json_array(data, "accounts"));
	json_free(data);
	return s;
}

static enum status account_show(const struct arguments *a)
{
	struct json *data;
	enum status s = ask(a, request_new(a, "account.show"), &data);

	if (data)
		print_account(data);
	json_free(data);
	return s;
}

static enum status account_put(const struct arguments *a, const char *command)
{
	struct json *request = request_new(a, command), *set = json_new_object(), *data;

	for (int i = 0; i < a->option_count; i++)
		json_set_string(set, a->options[i].name, a->options[i].value);
	json_add(request, "set", set);
	enum status s = ask(a, request, &data);
	if (data)
		print_account(data);
	const char *secret = json_string(data, "hook-secret", ACCOUNT_PEM_MAX);
	if (secret)
		printf("\nhook-secret, shown only once: %s\n", secret);
	json_free(data);
	return s;
}

static enum status account_add(const struct arguments *a)
{
	return account_put(a, "account.add");
}

static enum status account_set_values(const struct arguments *a)
{
	if (a->option_count == 0)
		return fail(STATUS_USAGE, "nothing to set: see amphictl account set --help");
	return account_put(a, "account.set");
}

static enum status account_remove(const struct arguments *a)
{
	return change(a, request_new(a, "account.remove"), "removed the account %s", a->list[0]);
}

static enum status account_forget_tokens(const struct arguments *a)
{
	struct json *data;
	enum status s = ask(a, request_new(a, "account.forget-tokens"), &data);
	int64_t n;

	if (data && json_int(data, "forgotten", 0, INT64_MAX, &n))
		printf("forgot the first uses of %lld tokens of %s\n", (long long)n, a->list[0]);
	json_free(data);
	return s;
}

// Prints one list of an account.
static enum status
list(const struct arguments *a, const char *member, void (*print)(const struct json *))
{
	struct arguments asked = *a;
	struct json *data;

	asked.json = false;
	enum status s = ask(&asked, request_new(a, "account.show"), &data);
	if (data && a->json)
		print_json(json_array(data, member));
	else if (data)
		print(json_array(data, member));
	json_free(data);
	return s;
}

static enum status host_list(const struct arguments *a)
{
	return list(a, "hosts", print_strings);
}

static enum status domain_list(const struct arguments *a)
{
	return list(a, "domains", print_strings);
}

static enum status key_list(const struct arguments *a)
{
	return list(a, "keys", print_keys);
}

static enum status token_list(const struct arguments *a)
{
	return list(a, "tokens", print_tokens);
}

static struct json *request_with(const struct arguments *a, const char *command, const char *member)
{
	struct json *r = request_new(a, command);
	json_add_string(r, member, a->list[1]);
	return r;
}

static enum status host_add(const struct arguments *a)
{
	return change(
	        a, request_with(a, "host.add", "host"), "%s now has the host %s", a->list[0],
	        a->list[1]
	);
}

static enum status host_remove(const struct arguments *a)
{
	return change(
	        a, request_with(a, "host.remove", "host"), "%s no longer has the host %s",
	        a->list[0], a->list[1]
	);
}

static enum status domain_add(const struct arguments *a)
{
	return change(
	        a, request_with(a, "domain.add", "domain"), "%s may embed rooms of %s", a->list[1],
	        a->list[0]
	);
}

static enum status domain_remove(const struct arguments *a)
{
	return change(
	        a, request_with(a, "domain.remove", "domain"), "%s may no longer embed rooms of %s",
	        a->list[1], a->list[0]
	);
}

static enum status pem_read(const char *path, char *out, size_t size)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");

	if (!f)
		return fail(STATUS_REFUSED, "%s cannot be read: %s", path, strerror(errno));
	size_t len = fread(out, 1, size, f);
	if (f != stdin)
		fclose(f);
	if (len == size)
		return fail(STATUS_REFUSED, "%s is not a key: it is larger than 4096 bytes", path);
	out[len] = '\0';
	// The server would refuse it, too, but a private key must not even be sent there.
	if (strstr(out, "PRIVATE KEY"))
		return fail(
		        STATUS_REFUSED,
		        "%s is a private key: keep it secret, and give the public one, which "
		        "openssl rsa -in %s -pubout prints",
		        path, path
		);
	return STATUS_DONE;
}
static_assert(ACCOUNT_PEM_MAX == 4096);

static enum status key_add(const struct arguments *a)
{
	const char *kid = option_get(a, "kid", NULL);
	char pem[ACCOUNT_PEM_MAX];
	struct json *data;

	enum status s = pem_read(a->list[1], pem, sizeof(pem));
	if (s != STATUS_DONE)
		return s;
	struct json *request = request_new(a, "key.add");
	json_add_string(request, "pem", pem);
	if (kid)
		json_add_string(request, "kid", kid);
	s = ask(a, request, &data);
	if (data)
		printf("tokens that this key signs open rooms of %s; kid %s\n", a->list[0],
		       json_string(data, "kid", ACCOUNT_KID_MAX));
	json_free(data);
	return s;
}

static enum status key_remove(const struct arguments *a)
{
	return change(
	        a, request_with(a, "key.remove", "kid"), "removed the key %s of %s", a->list[1],
	        a->list[0]
	);
}

static enum status token_add(const struct arguments *a)
{
	struct json *data;
	enum status s = ask(a, request_with(a, "token.add", "name"), &data);

	if (data) {
		fprintf(stderr, "shown only once; send it as Authorization: APIKey TOKEN\n");
		puts(json_string(data, "token", ACCOUNT_PEM_MAX));
	}
	json_free(data);
	return s;
}

static enum status token_remove(const struct arguments *a)
{
	return change(
	        a, request_with(a, "token.remove", "name"), "removed the API token %s of %s",
	        a->list[1], a->list[0]
	);
}

static const struct option key_add_options[] = {
        {"--kid", "KID", "the key's id in token headers; default: derived from the key"},
        {0},
};

const struct command commands[] = {
        {"account", "list", "", "Lists the accounts", NULL, false, account_list},
        {"account", "show", "ACCOUNT", "Shows an account, without its secrets", NULL, false,
         account_show},
        {"account", "add", "ACCOUNT", "Creates an account", NULL, true, account_add},
        {"account", "set", "ACCOUNT", "Changes settings of an account", NULL, true,
         account_set_values},
        {"account", "remove", "ACCOUNT", "Removes an account; people in rooms stay", NULL, false,
         account_remove},
        {"account", "forget-tokens", "ACCOUNT",
         "Forgets when tokens with a lifetime were first used; the lifetimes start anew", NULL,
         false, account_forget_tokens},
        {"host", "list", "ACCOUNT", "Lists the host names of an account", NULL, false, host_list},
        {"host", "add", "ACCOUNT HOST", "Adds a host name, such as meet.example or *.meet.example",
         NULL, false, host_add},
        {"host", "remove", "ACCOUNT HOST", "Removes a host name", NULL, false, host_remove},
        {"domain", "list", "ACCOUNT", "Lists the domains whose pages may embed rooms", NULL, false,
         domain_list},
        {"domain", "add", "ACCOUNT DOMAIN",
         "Lets pages of https://domain or https://*.domain embed rooms", NULL, false, domain_add},
        {"domain", "remove", "ACCOUNT DOMAIN", "Removes a domain", NULL, false, domain_remove},
        {"key", "list", "ACCOUNT", "Lists the public keys that verify tokens", NULL, false,
         key_list},
        {"key", "add", "ACCOUNT FILE", "Registers a public key in PEM; - reads standard input",
         key_add_options, false, key_add},
        {"key", "remove", "ACCOUNT KID",
         "Removes a key; tokens that it signed no longer open rooms", NULL, false, key_remove},
        {"token", "list", "ACCOUNT", "Lists the names of the API tokens", NULL, false, token_list},
        {"token", "add", "ACCOUNT NAME", "Creates an API token and shows it only once", NULL, false,
         token_add},
        {"token", "remove", "ACCOUNT NAME", "Removes an API token", NULL, false, token_remove},
        {"jwt", "keygen", "FILE", "Creates a key pair: keep FILE secret, pass FILE.pub to key add",
         jwt_keygen_options, false, jwt_keygen},
        {"jwt", "sign", "FILE", "Signs a token with the private key in FILE", jwt_sign_options,
         false, jwt_sign},
        {0},
};
