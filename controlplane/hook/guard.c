#include "hook/guard.h"

#include "am_config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

struct range4 {
	uint32_t address;
	uint8_t bits;
};

struct range6 {
	uint8_t address[16];
	uint8_t bits;
};

// IANA's registry of special-purpose addresses (RFC 6890), except those that are globally
// reachable.
static const struct range4 special4[] = {
        {0x00000000, 8}, // this host
        {0x0a000000, 8}, // private
        {0x64400000, 10}, // shared (CGNAT)
        {0x7f000000, 8}, // loopback
        {0xa9fe0000, 16}, // link-local
        {0xac100000, 12}, // private
        {0xc0000000, 24}, // protocol assignments
        {0xc0000200, 24}, // documentation
        {0xc0586300, 24}, // 6to4 relays
        {0xc0a80000, 16}, // private
        {0xc6120000, 15}, // benchmarks
        {0xc6336400, 24}, // documentation
        {0xcb007100, 24}, // documentation
        {0xe0000000, 4}, // multicast
        {0xf0000000, 4}, // reserved, broadcast
};

// Only global unicast is public: loopback, mapped IPv4, NAT64, ULA, link-local and multicast lie
// outside it. special6 lists what is not public within it.
static const struct range6 global6 = {{0x20}, 3};
static const struct range6 special6[] = {
        {{0x20, 0x01}, 23}, // protocol assignments, Teredo
        {{0x20, 0x01, 0x0d, 0xb8}, 32}, // documentation
        {{0x20, 0x02}, 16}, // 6to4, which holds an IPv4 address
        {{0x3f, 0xff}, 20}, // documentation
};

static bool in_range4(uint32_t address, const struct range4 *r)
{
	return (address ^ r->address) >> (32 - r->bits) == 0;
}

static bool in_range6(const uint8_t *address, const struct range6 *r)
{
	unsigned bytes = r->bits / 8, rest = r->bits % 8;

	return memcmp(address, r->address, bytes) == 0 &&
	       (rest == 0 || (address[bytes] ^ r->address[bytes]) >> (8 - rest) == 0);
}

static bool ipv4_is_public(const struct in_addr *a)
{
	for (size_t i = 0; i < sizeof(special4) / sizeof(special4[0]); i++) {
		if (in_range4(ntohl(a->s_addr), &special4[i]))
			return false;
	}
	return true;
}

static bool ipv6_is_public(const struct in6_addr *a)
{
	if (!in_range6(a->s6_addr, &global6))
		return false;
	for (size_t i = 0; i < sizeof(special6) / sizeof(special6[0]); i++) {
		if (in_range6(a->s6_addr, &special6[i]))
			return false;
	}
	return true;
}

bool guard_address_is_public(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return ipv4_is_public(&((const struct sockaddr_in *)(const void *)a)->sin_addr);
	if (a->sa_family == AF_INET6)
		return ipv6_is_public(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
	return false;
}

// Where ":port" begins, or the entry's end.
static const char *port_of(const char *entry)
{
	const char *from = entry[0] == '[' ? strchr(entry, ']') : entry;
	const char *colon = from ? strchr(from, ':') : NULL;

	return colon ? colon : entry + strlen(entry);
}

static bool port_is_good(const char *port)
{
	size_t len = strspn(port, "0123456789");

	return len >= 1 && len <= 5 && !port[len] && port[0] != '0';
}

bool guard_entry_is_good(const char *entry)
{
	const char *port = port_of(entry);
	size_t host = (size_t)(port - entry);
	const char *accepted = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";

	if (*port && !port_is_good(port + 1))
		return false;
	if (entry[0] == '[')
		return host > 2 && entry[host - 1] == ']' &&
		       strspn(entry + 1, "0123456789abcdefABCDEF:.") == host - 2;
	return host > 0 && strspn(entry, accepted) == host;
}

bool guard_host_is_allowed(
        const struct am_config_strings *entries, const char *host, const char *port
)
{
	for (int i = 0; i < entries->count; i++) {
		const char *entry = entries->values[i], *end = port_of(entry);
		size_t len = (size_t)(end - entry);

		if (strlen(host) == len && strncasecmp(host, entry, len) == 0 &&
		    (!*end || strcmp(end + 1, port) == 0))
			return true;
	}
	return false;
}
