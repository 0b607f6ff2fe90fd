#include "print.h"

#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX 8192

static const char *text(const struct json *j, const char *key)
{
	const char *s = json_string(j, key, TEXT_MAX);
	return s ? s : "";
}

void print_json(const struct json *j)
{
	char *s = json_print(j);
	puts(s);
	free(s);
}

void print_strings(const struct json *list)
{
	for (const struct json *e = json_first(list); e; e = json_next(e)) {
		const char *s = json_text(e, TEXT_MAX);
		puts(s ? s : "");
	}
}

void print_keys(const struct json *list)
{
	for (const struct json *k = json_first(list); k; k = json_next(k)) {
		int64_t bits = 0;
		if (json_int(k, "bits", 0, INT32_MAX, &bits))
			printf("%-34s RSA %-5d since %s\n", text(k, "kid"), (int)bits,
			       text(k, "created"));
	}
}

void print_tokens(const struct json *list)
{
	for (const struct json *t = json_first(list); t; t = json_next(t))
		printf("%-34s since %s\n", text(t, "name"), text(t, "created"));
}

// Strings with blanks between them.
static void print_joined(const struct json *list)
{
	for (const struct json *e = json_first(list); e; e = json_next(e)) {
		const char *s = json_text(e, TEXT_MAX);
		printf("%s%s", e == json_first(list) ? "" : " ", s ? s : "");
	}
	putchar('\n');
}

void print_accounts(const struct json *list)
{
	printf("%-24s %-4s %4s %6s  %s\n", "ACCOUNT", "JWT", "KEYS", "TOKENS", "HOSTS");
	for (const struct json *a = json_first(list); a; a = json_next(a)) {
		printf("%-24s %-4s %4zu %6zu  ", text(a, "name"),
		       text(json_object(a, "settings"), "jwt-required"),
		       json_count(json_array(a, "keys")), json_count(json_array(a, "tokens")));
		print_joined(json_array(a, "hosts"));
	}
}

void print_account(const struct json *a)
{
	const struct json *settings = json_object(a, "settings");

	printf("%-22s %s\n", "account", text(a, "name"));
	printf("%-22s %s\n", "since", text(a, "created"));
	printf("%-22s ", "hosts");
	print_joined(json_array(a, "hosts"));
	printf("%-22s ", "domains");
	print_joined(json_array(a, "domains"));
	for (const struct json *s = json_first(settings); s; s = json_next(s))
		printf("%-22s %s\n", json_key(s), text(settings, json_key(s)));
	for (const struct json *k = json_first(json_array(a, "keys")); k; k = json_next(k))
		printf("%-22s %s\n", "key", text(k, "kid"));
	for (const struct json *t = json_first(json_array(a, "tokens")); t; t = json_next(t))
		printf("%-22s %s\n", "token", text(t, "name"));
}
