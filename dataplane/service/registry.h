// All transports, tracks and subscriptions as the service thread knows them, and its messages with
// the workers. A transport gets its worker with its first valid ICE check; what is added before
// waits here. Every change ends in messages to workers, in an order that each worker can rely on:
// what an object refers to comes before it and goes after it.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "am_region.h"
#include "am_schema.h"
#include "service/rooms.h"

#define REGISTRY_LOOK_US 100000

struct message;
struct session;
struct sink;
struct source;
struct worker;

struct registry {
	struct am_region *region;
	struct worker *workers;
	uint16_t worker_count;
	struct session *sessions[AM_TRANSPORT_MAX];
	struct source *sources[AM_TRACK_MAX];
	struct sink *sinks[AM_SUBSCRIPTION_MAX];
	struct rooms rooms; // those with voices
	TAILQ_HEAD(, session) all; // sessions
	TAILQ_HEAD(, source) simulcasts; // sources with several encodings
	LIST_HEAD(, source) expecting; // sources with `expected`
	int64_t looked_us; // when registry_look last checked what viewers wish for
	uint32_t session_count;
	uint16_t workers_stopped; // number of those that have answered MESSAGE_PORT_STOP
	bool workers_returned; // their threads have ended: this one does their part
};

void registry_init(struct registry *, struct am_region *, struct worker *, uint16_t worker_count);

struct session *registry_session(const struct registry *, am_id);
struct source *registry_source(const struct registry *, am_id);
struct sink *registry_sink(const struct registry *, am_id);

// 0, or -EEXIST: the slot is in use. session.c makes the session's ICE and DTLS before it adds the
// session, and ends them after it has removed it.
[[nodiscard]] int registry_add_session(struct registry *, struct session *);
void registry_remove_session(struct registry *, struct session *);

// Puts a session on a worker, with all that waits for it. 0 or -ENOMEM, then nothing is placed.
[[nodiscard]] int registry_place(struct registry *, struct session *, uint16_t worker);

// Sends a message to a worker. Waits while its inbox is full, and meanwhile frees what workers hand
// back.
void registry_post(struct registry *, uint16_t worker, const struct message *);

// Handles what workers hand back and report. Returns the number of messages.
unsigned registry_collect(struct registry *);

// Handles all that waits in the inboxes of the workers, whose threads must have ended.
void registry_drain(struct registry *);

// Checks every REGISTRY_LOOK_US which encodings viewers wish for, and reports changes to the
// control plane. Call it often.
void registry_look(struct registry *, int64_t now_us);

// Writes a session's states to its table entry and tells the control plane.
void registry_publish_session(struct registry *, const struct session *);
