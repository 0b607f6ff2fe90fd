// Allowed domains, and the origins that are compared with them, by the rules for host sources of a
// Content Security Policy, so that a browser's frame-ancestors and our Origin check agree.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account/account.h"

#define DOMAIN_PORT_ANY -1

#define DOMAIN_APP_MAX 16

struct domain {
	char app[DOMAIN_APP_MAX + 1]; // scheme of an app's web view: "capacitor"; empty: the web
	bool secure; // https
	bool wildcard; // any host under `host`, but not itself
	char host[ACCOUNT_HOST_LEN_MAX + 3]; // lower case; an origin's IPv6 address has brackets
	int32_t port;
};

// Reads "https://domain" or "https://*.domain", each optionally with ":8443" or ":*"; http only for
// localhost and 127.0.0.1; "capacitor://localhost" and the like for an app's web view. If it
// returns false, *why (unless why is NULL) is a sentence without its subject.
[[nodiscard]] bool domain_read(struct domain *, const char *text, const char **why);

// Writes the canonical spelling. out has ACCOUNT_ORIGIN_SIZE bytes.
void domain_write(char *out, const struct domain *);

// Reads the value of an Origin header. Also returns false for "null".
[[nodiscard]] bool domain_read_origin(struct domain *, const char *text);

// True if d is localhost, which stands for 127.0.0.1 as well: out is then d with that address.
[[nodiscard]] bool domain_loopback(const struct domain *d, struct domain *out);

bool domain_matches(const struct domain *, const struct domain *origin);

// Reads a host of an account: a name in lower case, or "*." and a name. out has
// ACCOUNT_HOST_LEN_MAX + 1 bytes.
[[nodiscard]] bool domain_read_host(char *out, const char *text, const char **why);
