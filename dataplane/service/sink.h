// The subscriptions: a track on its way to one viewer.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "am_schema.h"
#include "service/records.h"

struct message;
struct registry;

// 0 or -errno: -EEXIST slot in use, -ENOENT no such transport or track, -EXDEV they are of
// different rooms, -EPROTO the transport is without SRTP, -EADDRINUSE an SSRC that it sends from or
// has sent from, -ENOSPC too many of them, -ENOMEM.
[[nodiscard]] int sink_add(struct registry *, const struct am_cmd_subscription_add *);
void sink_pause(struct registry *, struct sink *, bool paused);
void sink_prefer(
        struct registry *, struct sink *, uint8_t spatial, uint8_t temporal, uint8_t priority
);
void sink_request_key_frame(struct registry *, struct sink *);
void sink_remove(struct registry *, struct sink *);

// Gives the subscription to its session's worker, with all that it requires there. 0 or -ENOMEM.
[[nodiscard]] int sink_place(struct registry *, struct sink *);

// Handles a worker's MESSAGE_LAYERS.
void sink_layers_told(struct registry *, const struct message *);
