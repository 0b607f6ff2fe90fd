// What the operator sets for the HTTP server, checked.
#pragma once

#include <stdint.h>

#include "am_config.h"

struct http_settings {
	char listen[AM_CONFIG_STRING_MAX]; // IPv4 or IPv6 address
	int64_t port;
	char certificate[AM_CONFIG_STRING_MAX]; // empty: plain HTTP on loopback
	char private_key[AM_CONFIG_STRING_MAX];
	struct am_config_strings proxies; // networks whose X-Forwarded-For counts
	int64_t address_connections; // that one client may have open at once, WebSockets included
	int64_t address_handshakes; // TLS handshakes that one client may begin per second
};
