// Whose request it is that a reverse proxy passes on: X-Forwarded-For counts only where a proxy of
// the configuration (controlplane.proxies) has written it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"

struct am_config_strings;

struct forwarded {
	const struct am_config_strings *proxies;
	struct address peer; // of the connection
	bool trusted; // the connection is a proxy's
	bool marked; // somebody speaks for others here, or says so
	bool known; // client is one
	struct address client;
};

// proxies is lent.
void forwarded_begin(
        struct forwarded *f, const struct address *peer, const struct am_config_strings *proxies
);

// Each header of the request, in its order. X-Forwarded-For, "client, proxy, proxy", says who the
// client is; that one, and others that proxies write, say that somebody speaks for others. value
// may be NULL.
void forwarded_header(struct forwarded *, const char *name, const char *value);

// The client's address: the last one in the list that is no proxy's, or the peer's own. False: it
// may be somebody else's, since an unknown proxy speaks for him, or a known one does not say for
// whom, or for its own loopback.
[[nodiscard]] bool forwarded_end(const struct forwarded *, struct address *client);

// Whether that is an address of a proxy of ours.
bool forwarded_is_proxy(const struct am_config_strings *proxies, const struct address *);
