// The subscriptions: a track on its way to one viewer.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "am_schema.h"

struct message;
struct registry;
struct session;
struct source;
struct subscription;

struct sink {
	am_id id;
	struct source *source;
	struct session *session;
	struct subscription *object; // its place in a chunk; NULL: not placed
	TAILQ_ENTRY(sink) of_source;
	TAILQ_ENTRY(sink) of_session;
	uint32_t ssrc;
	uint32_t rtx_ssrc; // 0: no retransmission
	char mid[AM_SUBSCRIPTION_MID_MAX + 1];
	bool paused;
	bool transport_cc; // the viewer gets transport-wide numbers
	uint8_t red_payload_type; // 0: the viewer takes no redundant audio
	uint8_t spatial, temporal; // preferred
	uint8_t priority;
	uint8_t spatial_now, temporal_now;
	uint8_t withheld; // enum am_limit: why nothing is sent
};
static_assert(sizeof(struct sink) <= 96); // there are many

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
