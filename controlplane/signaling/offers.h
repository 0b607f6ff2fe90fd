// newConsumer and newConsumers: offers to a page, and its answers.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct connection;
struct json;
struct subscription;

// Offers a subscription: at once or, to a client that takes lists, with the others of this turn.
void offer_send(struct connection *, const struct subscription *);

// Handles an answer. False if it belongs to no offer.
bool offer_answer(struct connection *, int64_t id, const struct json *answer);

// Forgets the offers without an answer: they will be made again, or the connection is about to be
// freed.
void offers_drop(struct connection *);
