// Whose request a reverse proxy passes on: X-Forwarded-For counts only if a proxy of the
// configuration (controlplane.proxies) has written it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"

struct am_config_strings;

struct forwarded {
	const struct am_config_strings *proxies;
	struct address peer; // of the connection
	bool trusted; // the connection is a proxy's
	bool marked; // a header says that somebody speaks for others
	bool known; // client is known
	struct address client;
};

// proxies is lent.
void forwarded_begin(
        struct forwarded *f, const struct address *peer, const struct am_config_strings *proxies
);

// To be called for each header of the request, in order. X-Forwarded-For, "client, proxy, proxy",
// says who the client is; it and other headers that proxies write say that somebody speaks for
// others. value may be NULL.
void forwarded_header(struct forwarded *, const char *name, const char *value);

// The client's address: the last one in the list that is not a proxy's, or the peer's own. False:
// it may be somebody else's, since an unknown proxy speaks for the client, or a known one does not
// say for whom, or names its own loopback.
[[nodiscard]] bool forwarded_end(const struct forwarded *, struct address *client);

// True if the address is that of one of our proxies.
bool forwarded_is_proxy(const struct am_config_strings *proxies, const struct address *);
