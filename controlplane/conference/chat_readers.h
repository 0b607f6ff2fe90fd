// Who reads the chat. A reader has one data consumer, on its receiving transport, and receives all
// senders on one stream or, if its client does not know the envelope, each sender on a separate
// stream. conference.h declares what other folders may call.
#pragma once

struct conference;
struct peer;
struct transport;

// Adds the peer's data consumer and the senders that it lacks, if it may, should and can read.
void conference_chat_consume(struct conference *, struct peer *);

// Offers the senders that the client has not confirmed, if each has a separate stream. To be called
// when the data plane has the data consumer, and when the client has come back.
void conference_chat_senders_offer(struct conference *, struct transport *);

// Adds a sender for those clients, or removes it: the data plane has its data producer, or no
// longer has it.
void conference_chat_sender_come(struct conference *, const struct transport *sender);
void conference_chat_sender_gone(struct conference *, const struct transport *sender);
