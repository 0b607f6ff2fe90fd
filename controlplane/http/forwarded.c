#include "http/forwarded.h"

#include "am_config.h"

#include <string.h>
#include <strings.h>

bool forwarded_is_proxy(const struct am_config_strings *proxies, const struct address *a)
{
	for (int i = 0; i < proxies->count; i++) {
		if (address_matches(a, proxies->values[i], strlen(proxies->values[i])))
			return true;
	}
	return false;
}

void forwarded_begin(
        struct forwarded *f, const struct address *peer, const struct am_config_strings *proxies
)
{
	*f = (struct forwarded){.proxies = proxies, .peer = *peer};
	f->trusted = forwarded_is_proxy(proxies, peer);
}

// "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]:4711"
static bool element_read(struct address *a, const char *text, size_t len)
{
	char copy[ADDRESS_TEXT_SIZE + 8];
	char *start = copy;

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (*start == '[') {
		start++;
		start[strcspn(start, "]")] = '\0';
	} else if (strchr(start, ':') == strrchr(start, ':')) {
		start[strcspn(start, ":")] = '\0';
	}
	return address_read(a, start);
}

static void element_add(struct forwarded *f, const char *text, size_t len)
{
	struct address a;

	if (!element_read(&a, text, len)) {
		f->known = false; // unreadable: the client may only be named to the right of it
		return;
	}
	if (forwarded_is_proxy(f->proxies, &a))
		return;
	f->client = a;
	f->known = true;
}

static void list_add(struct forwarded *f, const char *value)
{
	while (*value) {
		value += strspn(value, ", \t");
		size_t len = strcspn(value, ", \t");
		if (len > 0)
			element_add(f, value, len);
		value += len;
	}
}

// True for headers that proxies write: RFC 7239 4, RFC 9110 7.6.3, and those of nginx, HAProxy and
// large proxy networks.
static bool is_mark(const char *name)
{
	static const char *const names[] = {"Forwarded",      "Via",         "X-Real-IP",
	                                    "True-Client-IP", "X-Client-IP", "CF-Connecting-IP"};
	static const char prefix[] = "X-Forwarded-";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcasecmp(names[i], name) == 0)
			return true;
	}
	return strncasecmp(name, prefix, strlen(prefix)) == 0;
}

void forwarded_header(struct forwarded *f, const char *name, const char *value)
{
	f->marked |= is_mark(name);
	if (value && strcasecmp(name, "X-Forwarded-For") == 0)
		list_add(f, value);
}

bool forwarded_end(const struct forwarded *f, struct address *client)
{
	bool known = f->trusted && f->known;

	*client = known ? f->client : f->peer;
	if (known && address_is_loopback(client))
		return false; // loopback on the proxy's machine, not necessarily on ours
	return known || (!f->trusted && !f->marked);
}
