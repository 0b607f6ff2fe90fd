// The room's data channel: who may write into it, and how a sender is presented to the readers.
// What is written passes through the data plane alone. conference.h has the calls that others may
// make.
#pragma once

struct am_transport_state;
struct conference;
struct peer;
struct transport;

// The transport is about to be gone.
void conference_chat_forget(struct conference *, struct transport *);

// The peer has another name, which readers see with what it writes from now on.
void conference_chat_rename(struct conference *, struct peer *);

// What the data plane's table says of a transport's end of the channel: taken over as it is, or
// closed where it is no longer there.
void conference_chat_restore(struct transport *, const struct am_transport_state *);
void conference_chat_verify(
        struct conference *c, struct transport *t, const struct am_transport_state *state
);
