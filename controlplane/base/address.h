// IP addresses of clients, in one form everywhere: an IPv4 address is the same even if it arrives
// as an IPv4-mapped IPv6 address (RFC 4291 2.5.5.2), as it does on a socket that listens on "::".
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDRESS_TEXT_SIZE 46 // with the terminator

struct sockaddr;

struct address {
	uint8_t bytes[16]; // IPv6, or IPv4-mapped; all zero: unknown
};

// "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"; without brackets, port and zone.
[[nodiscard]] bool address_read(struct address *, const char *text);

// False: neither IPv4 nor IPv6.
[[nodiscard]] bool address_of_socket(struct address *, const struct sockaddr *);

void address_write(char out[ADDRESS_TEXT_SIZE], const struct address *);

// What limits count as one client: an IPv4 address, or an IPv6 /64 network, since one subscriber
// has all of it (RFC 6177).
void address_write_client(char out[ADDRESS_TEXT_SIZE], const struct address *);

// 127.0.0.0/8 and ::1.
bool address_is_loopback(const struct address *);
bool address_text_is_loopback(const char *text); // false, too, if it is not an address

// Whether the len bytes at text are an address, or a network such as "192.0.2.0/24".
[[nodiscard]] bool address_network_is_good(const char *text, size_t len);

// True if the address is the one in text, or lies in the network there. False if text is neither.
bool address_matches(const struct address *, const char *text, size_t len);

// Lists with commas between them, such as "192.0.2.0/24,2001:db8::1".
[[nodiscard]] bool address_list_is_good(const char *list);
bool address_list_has(const char *list, const struct address *);
