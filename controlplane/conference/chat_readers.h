// Who hears the chat: a reader has one data consumer, on its receiving transport. It gets all
// senders on one stream, or, if its client does not know the envelope, each on a stream of its own.
// conference.h has the calls that others may make.
#pragma once

struct conference;
struct peer;
struct transport;

// Gives the peer what it lacks of the chat, where it may, wants and can.
void conference_chat_consume(struct conference *, struct peer *);

// Offers a client that gets its senders apart those that it has not confirmed: when the data plane
// has its data consumer, and when it is back.
void conference_chat_senders_offer(struct conference *, struct transport *);

// A sender for those clients: its data producer is there, or is gone.
void conference_chat_sender_come(struct conference *, const struct transport *sender);
void conference_chat_sender_gone(struct conference *, const struct transport *sender);
