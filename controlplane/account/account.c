#include "account/account.h"

#include "account/domain.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

// A Host header without its port.
static size_t host_len(const char *host)
{
	return host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
}

bool account_allows_origin(const struct account *a, const char *host, const char *origin)
{
	struct domain o;

	if (!origin || !domain_read_origin(&o, origin))
		return false;
	if (host && !o.app[0]) {
		size_t len = host_len(host);
		if (len == strlen(o.host) && strncasecmp(o.host, host, len) == 0)
			return true;
	}
	for (uint32_t i = 0; i < a->domain_count; i++) {
		struct domain d;
		if (domain_read(&d, a->domains[i], NULL) && domain_matches(&d, &o))
			return true;
	}
	return false;
}

bool account_allows_url(const struct account *a, const char *url)
{
	char origin[DOMAIN_ORIGIN_SIZE];
	size_t scheme = strlen("https://");
	size_t len = scheme + strcspn(url + scheme, "/?#");
	struct domain of_url, d;

	if (len >= sizeof(origin))
		return false;
	memcpy(origin, url, len);
	origin[len] = '\0';
	if (!domain_read_origin(&of_url, origin))
		return false;
	for (uint32_t i = 0; i < a->domain_count; i++) {
		if (!domain_read(&d, a->domains[i], NULL))
			continue;
		d.port = DOMAIN_PORT_ANY;
		if (domain_matches(&d, &of_url))
			return true;
	}
	return false;
}

size_t account_frame_ancestors(const struct account *a, char *out, size_t size)
{
	size_t len = (size_t)snprintf(out, size, "frame-ancestors 'self'");

	for (uint32_t i = 0; i < a->domain_count && len < size; i++) {
		struct domain d, loopback;
		char text[DOMAIN_ORIGIN_SIZE];
		len += (size_t)snprintf(out + len, size - len, " %s", a->domains[i]);
		if (!domain_read(&d, a->domains[i], NULL) || !domain_loopback(&d, &loopback))
			continue;
		domain_write(text, &loopback);
		len += (size_t)snprintf(out + len, size - len, " %s", text);
	}
	return len;
}
