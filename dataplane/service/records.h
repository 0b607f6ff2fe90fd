// What the service thread knows of each transport (session), track (source) and subscription
// (sink). registry.h finds them by their ids; session.h, source.h and sink.h make and change them.
//
//	session ─┬─▶ its sources, a fan-out on each worker that requires one
//	         │       └─▶ their sinks, in other sessions
//	         └─▶ its sinks: what it views
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "am_schema.h"
#include "media/demand.h"
#include "service/ice.h"
#include "service/places.h"
#include "service/ssrc_set.h"
#include "wire/packet.h"

struct data;
struct dtls;
struct fanout;
struct fanout_chunk;
struct service;
struct subscription;

// What a session sends and gets over its data channel. data.c writes it.
struct data_figures {
	uint16_t producer; // its stream, or AM_DATA_NONE
	uint16_t consumer; // its stream, or AM_DATA_NONE; idle before its start
	uint64_t messages_in, bytes_in, messages_out, bytes_out;
};

struct session {
	am_id id;
	uint64_t room_id;
	uint16_t worker; // WORKER_NONE: not placed
	struct ice ice;
	struct dtls *dtls;
	struct data *data; // its data channel; NULL: it has none
	const struct data_figures *data_figures; // NULL: it has none
	uint8_t dtls_state; // enum am_dtls_state, as published
	uint8_t dtls_role; // enum am_dtls_role
	bool keyed; // the worker has its SRTP keys
	bool receives; // the worker has a receiver for its RTP
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
	struct place place; // held by the handshake
};

// True if the client has offered no SRTP profile: the session carries only data.
static inline bool session_lacks_srtp(const struct session *s)
{
	return s->dtls_state == AM_DTLS_CONNECTED && !s->keyed;
}

// A track's fan-out on one worker (fanouts.h).
struct source_fanout {
	uint32_t count; // placed subscriptions, and one while viewers are expected; 0: no fan-out
	struct fanout *object; // the worker's; NULL: there is none
	LIST_HEAD(, fanout_chunk) roomy; // its chunks with a free place
	uint8_t wished; // encodings
};

struct source {
	struct am_cmd_track_add params;
	struct session *session;
	bool paused;
	bool tapped; // the recorder gets a copy
	bool placed; // the worker has it
	struct source_fanout fanouts[AM_WORKER_MAX];
	uint8_t newcomer_looks; // looks left during which viewers without a worker are expected
	uint32_t newcomer_workers; // workers whose fan-outs count such viewers, a bit each
	struct demand demand; // of encodings
	TAILQ_HEAD(, sink) sinks;
	TAILQ_ENTRY(source) entry; // of the session
	TAILQ_ENTRY(source) simulcast; // of the registry's list, if it has several encodings
	LIST_ENTRY(source) newcomers; // of the registry's list, while viewers are still connecting
};

// Which encodings the publisher is to send, a bit each.
static inline uint8_t source_wanted(const struct source *s)
{
	static_assert(DEMAND_ENCODINGS == AM_ENCODING_MAX);
	return (uint8_t)((1u << s->demand.active) - 1);
}

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
