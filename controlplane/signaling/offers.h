// newConsumer and newConsumers: what a page is offered, and its answers.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct connection;
struct json;
struct subscription;

// At once, or to a client that takes lists with the others of this turn.
void offer_send(struct connection *, const struct subscription *);

// False if it is the answer to none of these.
bool offer_answer(struct connection *, int64_t id, const struct json *answer);

// What was not answered so far is offered anew, or the connection is about to be gone.
void offers_drop(struct connection *);
