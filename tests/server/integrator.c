#include "integrator.h"

#include "test.h"

#include "account/edit.h"
#include "account/setting.h"
#include "base/json.h"
#include "base/loop.h"
#include "jwt.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_BITS 2048

static const char *value_of(struct integrator *i, const char *value, char *url, size_t size)
{
	const char program[] = "receiver:";

	if (strncmp(value, program, sizeof(program) - 1) != 0)
		return value;
	return receiver_url(&i->receiver, value + sizeof(program) - 1, url, size);
}

static void account_make(
        struct integrator *i, struct accounts *accounts, const struct integrator_account *wanted,
        const char *pem
)
{
	char host[INTEGRATOR_HOST_SIZE], url[512];
	struct account_error e = {""};
	struct account *a = account_create(wanted->name, &e);

	assert_non_null(a);
	snprintf(host, sizeof(host), "%s.example", wanted->name);
	assert_int_equal(account_add_host(a, host, &e), 0);
	assert_int_equal(account_add_key(a, NULL, pem, 1, &e), 0);
	assert_true(i->account_count < INTEGRATOR_ACCOUNTS_MAX);
	char *token = i->accounts[i->account_count].api_token;
	assert_int_equal(account_add_api_token(a, "rest", 1, token, &e), 0);
	i->accounts[i->account_count++].name = wanted->name;
	for (int k = 0; wanted->settings[k]; k += 2) {
		const char *value = value_of(i, wanted->settings[k + 1], url, sizeof(url));
		bool domain = strcmp(wanted->settings[k], "domain") == 0;
		if (domain ? account_add_domain(a, value, &e) < 0
		           : account_set(a, wanted->settings[k], value, &e) < 0)
			fail_msg("%s", e.text);
	}
	if (accounts_put(accounts, a, &e) < 0)
		fail_msg("%s", e.text);
}

static void accounts_make(struct integrator *i, const struct integrator_account wanted[])
{
	struct loop *loop = loop_create();
	struct accounts *accounts = accounts_open(loop, i->server.accounts);
	char *pem = jwt_public_pem(i->key);

	for (; wanted->name; wanted++)
		account_make(i, accounts, wanted, pem);
	free(pem);
	accounts_close(accounts);
	loop_destroy(loop);
}

void integrator_setup(struct integrator *i, const struct integrator_account accounts[])
{
	char settings[256];

	receiver_start(&i->receiver);
	i->key = jwt_key(KEY_BITS);
	i->foreign = jwt_key(KEY_BITS);
	snprintf(
	        settings, sizeof(settings),
	        "hook_allowed = [\"localhost\"]; hook_authorities = \"%s\";", i->receiver.authority
	);
	server_make(&i->server, settings);
	accounts_make(i, accounts);
	server_start(&i->server);
}

int integrator_teardown(struct integrator *i)
{
	int ret = server_remove(&i->server);

	receiver_stop(&i->receiver);
	EVP_PKEY_free(i->key);
	EVP_PKEY_free(i->foreign);
	return ret;
}

int integrator_rest(
        struct integrator *i, const char *account, const char *method, const char *path,
        const char *body, char *answer, size_t size
)
{
	const char *token = "";
	char request[1024];

	for (int k = 0; account && k < i->account_count; k++) {
		if (strcmp(i->accounts[k].name, account) == 0)
			token = i->accounts[k].api_token;
	}
	snprintf(
	        request, sizeof(request),
	        "%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s%s"
	        "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
	        method, path, *token ? "Authorization: Bearer " : "", token, *token ? "\r\n" : "",
	        strlen(body), body
	);
	return server_ask(&i->server, request, NULL, answer, size);
}

static const char *token_of(struct evp_pkey_st *key, const char *payload)
{
	static char text[JWT_SIZE + 8] = "&token=";

	jwt_sign(text + strlen("&token="), key, JWT_HEADER, payload);
	return text;
}

const char *integrator_token(struct integrator *i, const char *payload)
{
	return token_of(i->key, payload);
}

const char *integrator_foreign_token(struct integrator *i, const char *payload)
{
	return token_of(i->foreign, payload);
}

// A request's peer: of the query, or of the body of an access check.
static bool is_about(const struct json *request, const char *peer_id)
{
	const char *id = json_string(json_object(request, "query"), "peerId", 1024);
	const char *body = json_string(request, "body", 65536);
	struct json *parsed = body ? json_parse(body, strlen(body)) : NULL;
	if (!id)
		id = json_string(parsed, "peerId", 1024);
	bool yes = !peer_id || (id && strcmp(id, peer_id) == 0);
	json_free(parsed);
	return yes;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);
	return n >= m && strcmp(s + n - m, end) == 0;
}

int integrator_count(struct integrator *i, const char *path, const char *peer_id)
{
	struct json *log = receiver_log(&i->receiver);
	int count = 0;

	for (const struct json *r = json_first(log); r; r = json_next(r)) {
		const char *p = json_string(r, "path", 4096);
		count += p && ends_with(p, path) && is_about(r, peer_id);
	}
	json_free(log);
	return count;
}

void integrator_expect(struct integrator *i, const char *path, const char *peer_id, int count)
{
	int now = -1;

	for (int n = 0; n < SERVER_WAIT_MS / 5 && now != count; n++) {
		for (int k = 0; k < 5; k++)
			server_turn(&i->server);
		now = integrator_count(i, path, peer_id);
	}
	if (now != count)
		fail_msg("%d of %s about %s, not %d", now, path, peer_id, count);
}

void integrator_events(struct integrator *i, const char *peer_id, char *out, size_t size)
{
	struct json *log = receiver_log(&i->receiver);

	out[0] = '\0';
	for (const struct json *r = json_first(log); r; r = json_next(r)) {
		const char *path = json_string(r, "path", 4096);
		const char *event = path && ends_with(path, "/joinPeer")    ? "joinPeer"
		                    : path && ends_with(path, "/closePeer") ? "closePeer"
		                                                            : NULL;
		if (event && is_about(r, peer_id))
			snprintf(
			        out + strlen(out), size - strlen(out), "%s%s", out[0] ? " " : "",
			        event
			);
	}
	json_free(log);
}

void integrator_open(
        struct integrator *i, struct page *p, const char *account, const char *where,
        const char *more
)
{
	char host[INTEGRATOR_HOST_SIZE], path[16384];

	snprintf(host, sizeof(host), "%s.example", account);
	snprintf(path, sizeof(path), "%s%s", where, more);
	page_open(p, &i->server, host, path);
}
