// Routes HTTP requests to handlers: the room endpoints, a few endpoints of the server itself, and
// the pages.
#pragma once

#include <stdbool.h>

#include "rest/call.h"

// Fills in the limits; the caller fills in the other members.
void rest_init(struct rest *);
void rest_fini(struct rest *);

// Callbacks for struct http_handler, whose owner is the struct rest.
bool rest_takes_body(void *owner, const struct http_request *);
void rest_respond(void *owner, const struct http_request *, struct http_response *);
