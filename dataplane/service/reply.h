// What the workers hand back and report: each message goes to whom it concerns.
#pragma once

#include <stdint.h>

struct message;
struct registry;

// A registry's registry_reply.
void reply_handle(struct registry *, uint16_t worker, const struct message *);
