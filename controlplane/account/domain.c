#include "account/domain.h"

#include "base/address.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LABEL_MAX 63 // RFC 1035 2.3.4

// Developers open their pages under either of these. [::1] cannot be a host source (CSP 3, 2.3.1).
#define LOCALHOST "localhost"
#define LOOPBACK  "127.0.0.1"

static bool refuse(const char **why, const char *reason)
{
	if (why)
		*why = reason;
	return false;
}

// Copies the name at text in lower case, up to a character that names do not have. Returns the
// length of the name, or 0 if there is none.
static size_t name_read(char *out, const char *text)
{
	size_t len = 0, label = 0;

	for (; isalnum((unsigned char)text[len]) || (text[len] && strchr("-_.", text[len]));
	     len++) {
		bool dot = text[len] == '.';
		if (len == DOMAIN_HOST_LEN_MAX || (dot && label == 0) ||
		    (!dot && label == LABEL_MAX))
			return 0;
		label = dot ? 0 : label + 1;
		out[len] = (char)tolower((unsigned char)text[len]);
	}
	out[len] = '\0';
	return label ? len : 0; // no dot at the end
}

// Reads ":8443", ":*" if `any` allows that, or nothing for the scheme's default port. There must be
// no text after it.
static bool port_read(struct domain *d, const char *text, bool any)
{
	d->port = d->app[0] ? 0 : d->secure ? 443 : 80;
	if (!*text || d->app[0])
		return !*text;
	if (any && strcmp(text, ":*") == 0) {
		d->port = DOMAIN_PORT_ANY;
		return true;
	}
	size_t digits = *text == ':' ? strspn(text + 1, "0123456789") : 0;
	if (digits < 1 || digits > 5 || text[1 + digits])
		return false;
	d->port = (int32_t)strtol(text + 1, NULL, 10);
	return d->port >= 1 && d->port <= 65535;
}

// Reads an app's scheme (RFC 3986 3.1), which must not have a meaning to browsers or the system.
static const char *app_read(struct domain *d, const char *text)
{
	static const char *const others[] = {"about",      "blob", "data", "file",
	                                     "filesystem", "ftp",  "http", "https",
	                                     "javascript", "ws",   "wss"};
	size_t len = 0;

	for (; isalnum((unsigned char)text[len]) ||
	       (len > 0 && text[len] && strchr("+-.", text[len]));
	     len++) {
		if (len == DOMAIN_APP_MAX)
			return NULL;
		d->app[len] = (char)tolower((unsigned char)text[len]);
	}
	d->app[len] = '\0';
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strcmp(d->app, others[i]) == 0)
			return NULL;
	}
	return isalpha((unsigned char)text[0]) && strncmp(text + len, "://", 3) == 0
	               ? text + len + 3
	               : NULL;
}

static const char *scheme_read(struct domain *d, const char *text)
{
	*d = (struct domain){.secure = strncasecmp(text, "https://", 8) == 0};
	if (d->secure)
		return text + 8;
	return strncasecmp(text, "http://", 7) == 0 ? text + 7 : app_read(d, text);
}

static const char why_star[] =
        "has a * that does not stand for the whole first label: https://*.domain";

static const char *why_no_name(const char *rest)
{
	for (const char *p = rest; *p; p++) {
		if ((unsigned char)*p >= 0x80)
			return "has non-ASCII letters: write its xn-- form";
	}
	return strchr(rest, '*') ? why_star : "has no domain name in it";
}

static const char *why_not_at_end(const char *rest)
{
	switch (*rest) {
	case ':': return "has a port that is neither 1 to 65535 nor *";
	case '/': return "has a path: leave out everything after the domain, even the last /";
	case '*': return why_star;
	default:
		return (unsigned char)*rest >= 0x80 ? "has non-ASCII letters: write its xn-- form"
		                                    : "has a character that domains cannot have";
	}
}

bool domain_read(struct domain *d, const char *text, const char **why)
{
	const char *rest = scheme_read(d, text);

	if (!rest)
		return refuse(why, "does not begin with https://");
	d->wildcard = !d->app[0] && strncmp(rest, "*.", 2) == 0;
	if (d->wildcard)
		rest += 2;
	size_t len = name_read(d->host, rest);
	if (len == 0)
		return refuse(why, why_no_name(rest));
	if (d->wildcard && !strchr(d->host, '.'))
		return refuse(why, "allows a whole top-level domain: put a name before it");
	if (!d->app[0] && !d->secure && strcmp(d->host, LOCALHOST) != 0 &&
	    strcmp(d->host, LOOPBACK) != 0)
		return refuse(
		        why, "does not begin with https:// (http:// is for localhost and 127.0.0.1)"
		);
	return port_read(d, rest + len, true) || refuse(why, why_not_at_end(rest + len));
}

void domain_write(char *out, const struct domain *d)
{
	int n = snprintf(
	        out, DOMAIN_ORIGIN_SIZE, "%s://%s%s",
	        d->app[0]   ? d->app
	        : d->secure ? "https"
	                    : "http",
	        d->wildcard ? "*." : "", d->host
	);
	if (d->port == DOMAIN_PORT_ANY)
		strcpy(out + n, ":*");
	else if (!d->app[0] && d->port != (d->secure ? 443 : 80))
		sprintf(out + n, ":%d", d->port);
}

// Reads "[…]". The content need not be an address, since it is only compared.
static size_t brackets_read(char *out, const char *text)
{
	size_t len = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");

	if (text[len] != ']' || len > 46)
		return 0;
	for (size_t i = 0; i <= len; i++)
		out[i] = (char)tolower((unsigned char)text[i]);
	out[len + 1] = '\0';
	return len + 1;
}

bool domain_read_origin(struct domain *d, const char *text)
{
	const char *rest = scheme_read(d, text);
	size_t len = !rest          ? 0
	             : *rest == '[' ? brackets_read(d->host, rest)
	                            : name_read(d->host, rest);

	return len > 0 && port_read(d, rest + len, false);
}

bool domain_loopback(const struct domain *d, struct domain *out)
{
	if (d->app[0] || strcmp(d->host, LOCALHOST) != 0)
		return false;
	*out = *d;
	strcpy(out->host, LOOPBACK);
	return true;
}

static bool is_host(const struct domain *d, const struct domain *origin)
{
	return strcmp(d->host, origin->host) == 0 ||
	       (!d->app[0] && strcmp(d->host, LOCALHOST) == 0 && strcmp(origin->host, LOOPBACK) == 0
	       );
}

bool domain_matches(const struct domain *d, const struct domain *origin)
{
	size_t want = strlen(d->host), have = strlen(origin->host);

	if (strcmp(d->app, origin->app) != 0 || (d->secure && !origin->secure))
		return false;
	// CSP 3, 6.7.2.11: the default port follows the scheme that is matched.
	int32_t port = d->port == (d->secure ? 443 : 80) ? (origin->secure ? 443 : 80) : d->port;
	if (port != DOMAIN_PORT_ANY && port != origin->port)
		return false;
	if (!d->wildcard)
		return is_host(d, origin);
	return have > want + 1 && origin->host[have - want - 1] == '.' &&
	       strcmp(origin->host + have - want, d->host) == 0;
}

// Reads "[2001:db8::1]" into its canonical form.
static bool host_read_address(char *out, const char *text)
{
	char address[ADDRESS_TEXT_SIZE];
	struct address a;
	size_t len = strcspn(text + 1, "]");

	if (len >= sizeof(address) || strcmp(text + 1 + len, "]") != 0)
		return false;
	memcpy(address, text + 1, len);
	address[len] = '\0';
	if (!address_read(&a, address))
		return false;
	address_write(address, &a);
	sprintf(out, strchr(address, ':') ? "[%s]" : "%s", address);
	return true;
}

bool domain_read_host(char *out, const char *text, const char **why)
{
	if (text[0] == '[')
		return host_read_address(out, text) ||
		       refuse(why, "is not an IPv6 address in brackets");
	bool wildcard = strncmp(text, "*.", 2) == 0;
	char name[DOMAIN_HOST_LEN_MAX + 1];
	size_t len = name_read(name, text + (wildcard ? 2 : 0));
	const char *rest = text + (wildcard ? 2 : 0) + len;

	if (strstr(text, "://"))
		return refuse(why, "has a scheme: write only the name");
	if (len == 0)
		return refuse(why, why_no_name(text));
	if (*rest == ':')
		return refuse(why, "has a port: write only the name, which covers every port");
	if (*rest)
		return refuse(why, why_not_at_end(rest));
	if (wildcard && len + 2 > DOMAIN_HOST_LEN_MAX)
		return refuse(why, "is too long");
	strcpy(out, wildcard ? "*." : "");
	strcat(out, name);
	return true;
}
