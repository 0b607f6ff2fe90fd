// Allowed domains, and the origins that are compared with them, by the rules for host sources of a
// Content Security Policy, so that a browser's frame-ancestors and our Origin check agree.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DOMAIN_HOST_LEN_MAX 253 // RFC 1035 2.3.4, as text
#define DOMAIN_ORIGIN_SIZE  (DOMAIN_HOST_LEN_MAX + 24) // "https://*.", ":65535"
#define DOMAIN_APP_MAX      16
#define DOMAIN_PORT_ANY     -1

struct domain {
	char app[DOMAIN_APP_MAX + 1]; // scheme of an app's web view: "capacitor"; empty: the web
	bool secure; // https
	bool wildcard; // any host under `host`, but not itself
	char host[DOMAIN_HOST_LEN_MAX + 3]; // lower case; an origin's IPv6 address has brackets
	int32_t port;
};

// Reads "https://domain" or "https://*.domain", each optionally with ":8443" or ":*"; http only for
// localhost and 127.0.0.1; "capacitor://localhost" and the like for an app's web view. If it
// returns false, *why (unless why is NULL) is a sentence without its subject.
[[nodiscard]] bool domain_read(struct domain *, const char *text, const char **why);

// Writes the canonical spelling. out has DOMAIN_ORIGIN_SIZE bytes.
void domain_write(char *out, const struct domain *);

// Reads the value of an Origin header. Also returns false for "null".
[[nodiscard]] bool domain_read_origin(struct domain *, const char *text);

// True if d is localhost, which stands for 127.0.0.1 as well: out is then d with that address.
[[nodiscard]] bool domain_loopback(const struct domain *d, struct domain *out);

bool domain_matches(const struct domain *, const struct domain *origin);

// Reads a host of an account: a name in lower case, or "*." and a name. out has
// DOMAIN_HOST_LEN_MAX + 1 bytes.
[[nodiscard]] bool domain_read_host(char *out, const char *text, const char **why);
