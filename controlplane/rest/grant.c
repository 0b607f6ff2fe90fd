#include "rest/grant.h"

#include "account/account.h"
#include "base/address.h"
#include "base/text.h"
#include "http/http.h"
#include "rest/links.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

// The credentials after "APIKey " or "Bearer ", or NULL.
static const char *token_of(const char *header)
{
	if (!header ||
	    (strncasecmp(header, "APIKey ", 7) != 0 && strncasecmp(header, "Bearer ", 7) != 0))
		return NULL;
	return header + 7 + strspn(header + 7, " ");
}

// "localhost:8080", "127.0.0.1", "[::1]:8080"
static bool host_is_loopback(const char *host)
{
	char name[64] = "";
	bool brackets = host && host[0] == '[';

	if (host)
		snprintf(name, sizeof(name), "%s", host + brackets);
	name[strcspn(name, brackets ? "]" : ":")] = '\0';
	return strcasecmp(name, "localhost") == 0 || address_text_is_loopback(name);
}

// Whether access may depend on the request's address: the address must be the client's own, and the
// request must not come from a page in a browser there. Such a page may be anybody's, under any
// host name that resolves to this server.
static bool speaks_by_address(const struct http_request *q)
{
	const char *site = http_header(q, "Sec-Fetch-Site");

	if (!q->address_is_sure || http_header(q, "Origin") || (site && strcmp(site, "none") != 0))
		return false;
	return !address_is_loopback(&q->address) || host_is_loopback(http_header(q, "Host"));
}

static bool is_listed(const struct am_config_strings *networks, const struct address *a)
{
	for (int i = 0; i < networks->count; i++) {
		if (address_matches(a, networks->values[i], strlen(networks->values[i])))
			return true;
	}
	return false;
}

static bool is_operator(const struct rest *r, const struct http_request *q)
{
	const char *token = token_of(http_header(q, "Authorization"));

	if (token)
		return r->settings->metrics_token[0] &&
		       text_equals_secret(token, r->settings->metrics_token);
	return is_listed(&r->settings->metrics_addresses, &q->address) && speaks_by_address(q);
}

// The account whose rooms and statistics the caller may see, or NULL: the account of the API token
// or, without a token, the account of the requested host, if it lists the caller's address.
static const struct account *account_of(const struct rest *r, const struct http_request *q)
{
	const char *token = token_of(http_header(q, "Authorization"));

	if (token)
		return accounts_by_api_token(r->accounts, token);
	const struct account *a =
	        accounts_by_host(r->accounts, http_header(q, "Host"), http_is_local(q));
	bool listed = a && a->rest_addresses && address_list_has(a->rest_addresses, &q->address);
	return listed && speaks_by_address(q) ? a : NULL;
}

bool grant_holds(struct rest_call *call, enum grant grant)
{
	if (grant == GRANT_ANYONE)
		return true;
	if (grant == GRANT_OPERATOR)
		return is_operator(call->rest, call->request);
	if (grant == GRANT_FILE && rest_link_is_given(call)) {
		call->linked = true;
		call->refusal = rest_link_check(call);
		return call->refusal == 0;
	}
	call->account = account_of(call->rest, call->request);
	return call->account != NULL;
}
