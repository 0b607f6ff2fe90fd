#include "base/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NETWORK_SIZE (ADDRESS_TEXT_SIZE + 4) // "/128"
#define MAPPED_LEN   12
#define CLIENT_LEN   8 // bytes of an IPv6 address that tell clients apart

static const uint8_t mapped[MAPPED_LEN] = {[10] = 0xff, [11] = 0xff};

static bool is_v4(const struct address *a)
{
	return memcmp(a->bytes, mapped, MAPPED_LEN) == 0;
}

static void set_v4(struct address *a, const void *v4)
{
	memcpy(a->bytes, mapped, MAPPED_LEN);
	memcpy(a->bytes + MAPPED_LEN, v4, 4);
}

bool address_read(struct address *a, const char *text)
{
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) != 1)
		return inet_pton(AF_INET6, text, a->bytes) == 1;
	set_v4(a, &v4);
	return true;
}

bool address_of_socket(struct address *a, const struct sockaddr *s)
{
	if (s->sa_family == AF_INET)
		set_v4(a, &((const struct sockaddr_in *)s)->sin_addr);
	else if (s->sa_family == AF_INET6)
		memcpy(a->bytes, &((const struct sockaddr_in6 *)s)->sin6_addr, sizeof(a->bytes));
	else
		return false;
	return true;
}

void address_write(char out[ADDRESS_TEXT_SIZE], const struct address *a)
{
	bool v4 = is_v4(a);
	inet_ntop(
	        v4 ? AF_INET : AF_INET6, a->bytes + (v4 ? MAPPED_LEN : 0), out, ADDRESS_TEXT_SIZE
	);
}

void address_write_client(char out[ADDRESS_TEXT_SIZE], const struct address *a)
{
	struct address client = *a;

	if (!is_v4(a))
		memset(client.bytes + CLIENT_LEN, 0, sizeof(client.bytes) - CLIENT_LEN);
	address_write(out, &client);
}

bool address_is_loopback(const struct address *a)
{
	return is_v4(a) ? a->bytes[MAPPED_LEN] == 127
	                : IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)a->bytes);
}

bool address_text_is_loopback(const char *text)
{
	struct address a;
	return address_read(&a, text) && address_is_loopback(&a);
}

// Reads a network's address, and how many of its 128 bits count.
static bool network_read(struct address *a, unsigned *bits, const char *text, size_t len)
{
	char copy[NETWORK_SIZE];

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	char *slash = strchr(copy, '/');
	if (slash)
		*slash++ = '\0';
	if (!address_read(a, copy))
		return false;
	unsigned most = is_v4(a) && !strchr(copy, ':') ? 32 : 128;
	if (slash && (strlen(slash) < 1 || strlen(slash) > 3 || slash[strspn(slash, "0123456789")]))
		return false;
	unsigned own = slash ? (unsigned)strtoul(slash, NULL, 10) : most;
	*bits = 128 - most + own;
	return own <= most;
}

bool address_network_is_good(const char *text, size_t len)
{
	struct address a;
	unsigned bits;
	return network_read(&a, &bits, text, len);
}

bool address_matches(const struct address *a, const char *text, size_t len)
{
	struct address n;
	unsigned bits;

	if (!network_read(&n, &bits, text, len) || memcmp(a->bytes, n.bytes, bits / 8) != 0)
		return false;
	unsigned rest = bits % 8;
	return rest == 0 || ((a->bytes[bits / 8] ^ n.bytes[bits / 8]) >> (8 - rest)) == 0;
}

bool address_list_is_good(const char *list)
{
	for (;; list++) {
		size_t len = strcspn(list, ",");
		if (!address_network_is_good(list, len))
			return false;
		list += len;
		if (!*list)
			return true;
	}
}

bool address_list_has(const char *list, const struct address *a)
{
	for (;; list++) {
		size_t len = strcspn(list, ",");
		if (address_matches(a, list, len))
			return true;
		list += len;
		if (!*list)
			return false;
	}
}
