// Messages that offer the chat's data consumers to a page.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct conference_events;
struct connection;
struct json;
struct peer;
struct transport;

// The capabilities of the server's SCTP.
struct json *data_sctp_json(void);

// Send newDataConsumer: for all senders, on this transport, or for one sender, on its stream.
void data_offer(struct connection *, const struct transport *);
void data_source_offer(struct connection *, uint8_t stream, const struct peer *sender);
void data_source_closed(struct connection *, uint8_t stream);

// Handles the answer to a newDataConsumer with this id, if there is one.
void data_answer(struct connection *, int64_t id, bool ok);

// The connection is about to be freed.
void data_forget(struct connection *);

// The answers to requests whose results the conference reports.
void data_events_init(struct conference_events *);
