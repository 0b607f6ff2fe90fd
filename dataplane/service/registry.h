// All transports, tracks and subscriptions as the service thread knows them. A transport gets its
// worker with its first valid ICE check; what is added before waits here.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "am_region.h"
#include "am_schema.h"
#include "service/rooms.h"

struct message;
struct registry;
struct session;
struct sink;
struct source;
struct worker;

// Handles what a worker hands back or reports.
typedef void (*registry_reply)(struct registry *, uint16_t worker, const struct message *);

struct registry {
	struct am_region *region;
	struct worker *workers;
	uint16_t worker_count;
	registry_reply reply;
	struct session *sessions[AM_TRANSPORT_MAX];
	struct source *sources[AM_TRACK_MAX];
	struct sink *sinks[AM_SUBSCRIPTION_MAX];
	struct rooms rooms; // those with voices
	TAILQ_HEAD(, session) all; // sessions
	TAILQ_HEAD(, source) simulcasts; // sources with several encodings
	LIST_HEAD(, source) newcomers; // sources with viewers who are still connecting
	uint32_t session_count;
	uint16_t workers_stopped; // number of those that have answered MESSAGE_PORT_STOP
	bool workers_returned; // their threads have ended: this one does their part
};

void registry_init(
        struct registry *, struct am_region *, struct worker *, uint16_t worker_count,
        registry_reply
);

struct session *registry_session(const struct registry *, am_id);
struct source *registry_source(const struct registry *, am_id);
struct sink *registry_sink(const struct registry *, am_id);

// 0, or -EEXIST: the slot is in use. session.c makes the session's ICE and DTLS before it adds the
// session, and ends them after it has removed it.
[[nodiscard]] int registry_add_session(struct registry *, struct session *);
void registry_remove_session(struct registry *, struct session *);
