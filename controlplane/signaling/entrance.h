// A connection during its admission: messages of the page are held meanwhile.
#pragma once

#include <stddef.h>

struct application;
struct connection;

// Takes the application over. The connection may be gone afterwards.
void entrance_begin(struct connection *, struct application *);

// Keeps a message until the admission has ended. The connection may be gone afterwards.
void entrance_hold(struct connection *, const char *text, size_t len);

// The connection is about to be freed.
void entrance_abandon(struct connection *);
