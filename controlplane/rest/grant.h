// Which callers have access, by token or by address.
#pragma once

#include <stdbool.h>

#include "rest/call.h"

enum grant {
	GRANT_ANYONE,
	GRANT_API, // an API token, or an address that the account lists
	GRANT_STATISTICS, // like GRANT_API, with errors in the form of the statistics
	GRANT_FILE, // GRANT_API, or a link to this file (archive/link.h)
	GRANT_OPERATOR, // the node's own token, or an address of controlplane.metrics_addresses
};

// Whether the caller has access. Sets the call's account if the grant is an account's, and its
// refusal if there is more to say than -EACCES.
[[nodiscard]] bool grant_holds(struct rest_call *, enum grant);
