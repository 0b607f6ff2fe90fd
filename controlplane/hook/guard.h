// Where calls to integrators' servers may go: to public addresses, and to hosts that the
// configuration allows. Plain rules, no I/O.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct am_config_strings;
struct sockaddr;

// False for addresses that no server on the Internet has: loopback, link-local, private, shared,
// multicast, reserved and documentation ranges, and IPv6 addresses that embed IPv4 ones.
[[nodiscard]] bool guard_address_is_public(const struct sockaddr *);

// True for an entry "host" or "host:port" of controlplane.hook_allowed, with IPv6 addresses in
// brackets.
[[nodiscard]] bool guard_entry_is_good(const char *entry);

// True if an entry names the host with this port or without a port. Case does not matter.
[[nodiscard]] bool
guard_host_is_allowed(const struct am_config_strings *, const char *host, const char *port);
