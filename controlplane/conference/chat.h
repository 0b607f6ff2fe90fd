// The room's data channel: who may write to it, and how a sender is presented to the readers. The
// messages themselves pass only through the data plane. conference.h declares what other folders
// may call.
#pragma once

struct am_transport_state;
struct conference;
struct peer;
struct transport;

// Ends what a transport carries of the chat, because the transport is about to be freed.
void conference_chat_forget(struct conference *, struct transport *);

// Changes the name that readers see with the peer's messages from now on.
void conference_chat_rename(struct conference *, struct peer *);

// Compares a transport with the data plane's table: restore takes over the data producer or
// consumer that the table has; verify closes the one that it no longer has.
void conference_chat_restore(struct transport *, const struct am_transport_state *);
void conference_chat_verify(
        struct conference *c, struct transport *t, const struct am_transport_state *state
);
