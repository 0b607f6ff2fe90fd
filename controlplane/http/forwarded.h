// Finds the client whose request a reverse proxy passes on. X-Forwarded-For counts only if a proxy
// of the configuration (controlplane.proxies) has written it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"

struct am_config_strings;

struct forwarded {
	const struct am_config_strings *proxies;
	struct address peer; // of the connection
	bool trusted; // the connection comes from one of these proxies
	bool marked; // a header says that the request was passed on
	bool known; // `client` is known
	struct address client;
};

// proxies is lent.
void forwarded_begin(
        struct forwarded *f, const struct address *peer, const struct am_config_strings *proxies
);

// To be called for each header of the request, in order. X-Forwarded-For, "client, proxy, proxy",
// says who the client is; this and other headers that proxies write mark the request as passed on.
// value may be NULL.
void forwarded_header(struct forwarded *, const char *name, const char *value);

// The client's address: the last one in the list that is not a proxy's, or the peer's own. False if
// it may be somebody else's: an unknown proxy has passed the request on, or a known one does not
// name the client or names its own loopback address.
[[nodiscard]] bool forwarded_end(const struct forwarded *, struct address *client);

// True if the address is that of one of our proxies.
bool forwarded_is_proxy(const struct am_config_strings *proxies, const struct address *);
