// The chat's data consumers, as a page is told of them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct connection;
struct json;
struct peer;
struct transport;

// What the server's SCTP can do.
struct json *data_sctp_json(void);

// newDataConsumer: of everybody's on this transport, or of one sender's alone, on its stream.
void data_offer(struct connection *, const struct transport *);
void data_source_offer(struct connection *, uint8_t stream, const struct peer *sender);
void data_source_closed(struct connection *, uint8_t stream);

// The answer to a newDataConsumer with this id, if there is one.
void data_answer(struct connection *, int64_t id, bool ok);

// The connection is about to be gone.
void data_forget(struct connection *);
