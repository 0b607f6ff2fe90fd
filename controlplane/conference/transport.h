// Transports of peers. conference.h declares what other folders may call.
#pragma once

#include "room/transport.h"

struct conference;

// Ends a transport, also in the data plane.
void conference_transport_remove(struct conference *, struct transport *);

// Only frees the transport: the data plane has removed it, or never had it.
void conference_transport_forget(struct conference *, struct transport *);

// Ends a transport as conference_transport_close does, and tells its owner why.
void conference_transport_end(struct conference *, struct transport *, enum transport_end);
