// The service thread's messages with the workers. Every change ends in messages to workers, in an
// order that each worker can rely on: what an object refers to comes before it and goes after it.
#pragma once

#include <stdint.h>

struct message;
struct registry;
struct source;

// Sends a message to a worker. Waits while its inbox is full, and meanwhile frees what workers hand
// back.
void mail_post(struct registry *, uint16_t worker, const struct message *);

// Sends a message about the track to the worker that has it, if one has.
void mail_post_track(struct registry *, const struct source *, uint16_t type, uint32_t value);

// Handles what workers hand back and report. Returns the number of messages.
unsigned mail_collect(struct registry *);

// Handles all that waits in the inboxes of the workers, whose threads must have ended.
void mail_drain(struct registry *);
