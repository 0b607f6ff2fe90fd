// Passes a page's messages (requests, notifications and answers) to their handlers.
#pragma once

#include <stddef.h>

struct connection;

// A message of an admitted peer. The connection may be gone afterwards.
void request_read(struct connection *, const char *text, size_t len);
