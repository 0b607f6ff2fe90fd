// IP addresses of clients, in one form everywhere. An IPv4 address is stored the same way if it
// arrives as an IPv4-mapped IPv6 address (RFC 4291 2.5.5.2), as it does on a socket that listens on
// "::".
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDRESS_TEXT_SIZE 46 // with the terminator

struct sockaddr;

struct address {
	uint8_t bytes[16]; // IPv6, or IPv4-mapped; all zero: unknown
};

// Reads "192.0.2.1", "2001:db8::1" or "::ffff:192.0.2.1", without brackets, port or zone.
[[nodiscard]] bool address_read(struct address *, const char *text);

// False if the address is neither IPv4 nor IPv6.
[[nodiscard]] bool address_of_socket(struct address *, const struct sockaddr *);

void address_write(char out[ADDRESS_TEXT_SIZE], const struct address *);

// Writes what limits count as one client: an IPv4 address, or an IPv6 /64 network, since one
// subscriber has a whole /64 (RFC 6177).
void address_write_client(char out[ADDRESS_TEXT_SIZE], const struct address *);

// True for 127.0.0.0/8 and ::1.
bool address_is_loopback(const struct address *);
bool address_text_is_loopback(const char *text); // also false if the text is not an address

// Whether the len bytes at text are an address, or a network such as "192.0.2.0/24".
[[nodiscard]] bool address_network_is_good(const char *text, size_t len);

// True if text is this address, or a network that contains it. False if text is neither an address
// nor a network.
bool address_matches(const struct address *, const char *text, size_t len);

// Comma-separated lists of addresses and networks, such as "192.0.2.0/24,2001:db8::1".
[[nodiscard]] bool address_list_is_good(const char *list);
bool address_list_has(const char *list, const struct address *);
