// All transports, tracks and subscriptions as the service thread knows them, and their places on
// the workers. A transport gets its worker with its first valid ICE check; what is added before
// waits here. Every change ends in messages to workers, in an order that each worker can rely on:
// what an object refers to comes before it and goes after it.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "am_region.h"
#include "am_schema.h"
#include "media/demand.h"
#include "path/relay.h"
#include "path/worker.h"
#include "service/ice.h"
#include "service/places.h"
#include "service/rooms.h"
#include "service/ssrc_set.h"
#include "wire/packet.h"

struct data;
struct dtls;
struct registry;

// A transport: its ICE and DTLS (session.c) and what hangs on it.
struct session {
	am_id id;
	uint64_t room_id;
	uint16_t worker; // RELAY_NO_WORKER: not placed
	struct ice ice;
	struct dtls *dtls;
	struct data *data; // its data channel; NULL: it has none
	uint8_t dtls_state; // enum am_dtls_state, as published
	uint8_t dtls_role; // enum am_dtls_role
	bool keyed; // the worker has its SRTP keys
	bool receives; // and those of its incoming RTP
	bool publishes; // its worker has a table of its SSRCs
	bool twcc; // its worker has a struct twcc
	bool views; // its worker has a struct viewer
	struct packet_route route; // to the selected tuple; len 0: none
	struct am_address hop; // next hop of the route
	uint8_t mac[6]; // of the frame that selected or proved the tuple
	bool heard; // authentic data has come over DTLS since it was last asked for
	struct service *service;
	struct ssrc_set
	        ssrcs; // of its subscriptions, past ones too: its key lives as long as it does
	TAILQ_HEAD(, source) sources;
	TAILQ_HEAD(, sink) sinks;
	TAILQ_ENTRY(session) entry;
	TAILQ_ENTRY(session) consenting; // of the service's list while ICE is connected
	TAILQ_ENTRY(session) shaking; // of the service's list while a DTLS handshake is under way
	bool is_shaking; // it is in that list
	struct place place; // that the handshake holds
};

// A track's fan-out on one worker.
struct source_fanout {
	uint32_t count; // placed subscriptions, and one while viewers are expected; 0: no fan-out
	struct fanout *object; // the worker's; NULL: there is none
	LIST_HEAD(, fanout_chunk) roomy; // its chunks with a free place
	uint8_t wished; // encodings
};

// A track.
struct source {
	struct am_cmd_track_add params;
	struct session *session;
	bool paused;
	bool placed; // the worker has it
	struct source_fanout fanouts[AM_WORKER_MAX];
	uint8_t expected; // looks for which viewers are expected, who have no worker yet
	uint32_t expectant; // workers whose fan-outs count that, a bit each
	struct demand demand; // of encodings
	TAILQ_HEAD(, sink) sinks;
	TAILQ_ENTRY(source) entry; // of the session
	TAILQ_ENTRY(source) simulcast; // of the registry's list, where it has several encodings
	LIST_ENTRY(source) expecting; // of the registry's list, while `expected`
};

// A subscription.
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
	uint8_t red_payload_type; // 0: it takes no redundant sound
	uint8_t spatial, temporal; // preferred
	uint8_t priority;
	uint8_t spatial_now, temporal_now;
	uint8_t withheld; // enum am_limit: why nothing is sent
};
static_assert(sizeof(struct sink) <= 96); // there are many

// Which encodings its publisher is to send, a bit each.
static inline uint8_t source_wanted(const struct source *s)
{
	static_assert(DEMAND_ENCODINGS == AM_ENCODING_MAX);
	return (uint8_t)((1u << s->demand.active) - 1);
}

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
	int64_t looked_us; // at what viewers wish of these, the last time
	uint32_t session_count;
	uint16_t workers_stopped; // that have left the port alone since MESSAGE_PORT_STOP
	bool workers_returned; // their threads have ended: this one does their part
};

// Does the part of the workers, once they have returned: all that waits in their inboxes.
void registry_drain(struct registry *);

void registry_init(struct registry *, struct am_region *, struct worker *, uint16_t worker_count);

struct session *registry_session(const struct registry *, am_id);
bool registry_has_media(const struct session *); // tracks or subscriptions
struct source *registry_source(const struct registry *, am_id);
struct sink *registry_sink(const struct registry *, am_id);

// Each returns 0 or -errno: -EEXIST slot in use, -ENOENT no such object, -EXDEV objects of
// different rooms, -EPROTO media on a transport without SRTP, -EADDRINUSE an SSRC that the
// transport sends from or has sent from, -ENOSPC too many of them, -E2BIG its tracks would send
// from more SSRCs than AM_SSRC_MAX, -ENOMEM. A session's ICE and DTLS are session.c's to make
// before and to end after.
[[nodiscard]] int registry_add_session(struct registry *, struct session *);
void registry_remove_session(struct registry *, struct session *);
[[nodiscard]] int registry_add_track(struct registry *, const struct am_cmd_track_add *);
void registry_pause_track(struct registry *, struct source *, bool paused);
void registry_remove_track(struct registry *, struct source *);
[[nodiscard]] int
registry_add_subscription(struct registry *, const struct am_cmd_subscription_add *);
void registry_pause_subscription(struct registry *, struct sink *, bool paused);
void registry_prefer_layers(
        struct registry *, struct sink *, uint8_t spatial, uint8_t temporal, uint8_t priority
);
void registry_request_key_frame(struct registry *, struct sink *);
void registry_remove_subscription(struct registry *, struct sink *);

// Puts a session on a worker, with all that waits for it. 0 or -ENOMEM, then nothing is placed.
[[nodiscard]] int registry_place(struct registry *, struct session *, uint16_t worker);

// Tells a worker. Waits where its inbox is full, freeing meanwhile what workers hand back.
void registry_post(struct registry *, uint16_t worker, const struct message *);

// Takes what workers hand back and tell. Returns how many messages.
unsigned registry_collect(struct registry *);

// Looks ten times a second at which encodings viewers wish for; what changes is told to the control
// plane. Call it often.
void registry_look(struct registry *, int64_t now_us);

// Writes a session's states to its table entry and tells the control plane.
void registry_publish_session(struct registry *, const struct session *);
