// Transports of peers. conference.h has the calls that others may make.
#pragma once

#include "room/transport.h"

struct conference;

// In the data plane as well.
void conference_transport_remove(struct conference *, struct transport *);

// Out of memory only: the data plane has removed it, or never had it.
void conference_transport_forget(struct conference *, struct transport *);

// Ends a transport as conference_transport_close does, and tells its owner why.
void conference_transport_end(struct conference *, struct transport *, enum transport_end);
