// Between the files of signaling: one WebSocket and the peer behind it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/ids.h"
#include "base/loop.h"
#include "conference/conference.h"
#include "signaling/admission.h"

#define CONNECTION_MAX      16384
#define CONNECTION_HELD_MAX 8 // messages while the admission asks other servers
#define CONNECTION_HELD_LEN 65536 // bytes of these
#define CONNECTION_PRICE    20 // in the WebSocket's credit: 50 at once, then 5 a second

struct json;
struct signaling;
struct websocket;

STAILQ_HEAD(held_list, held);

struct connection {
	uint64_t number; // never used again
	struct signaling *signaling;
	struct websocket *websocket; // NULL: closed by us
	char client[ADDRESS_TEXT_SIZE]; // its address, as limits count it
	bool asking; // counted in the signaling's
	char room[ROOM_NAME_MAX + 1]; // as the URL has them, for logs
	char peer_id[PEER_ID_SIZE];
	struct admission *admission; // NULL: decided
	struct held_list held; // messages that came before
	uint32_t held_count;
	size_t held_len;
	struct peer *peer; // NULL: not admitted, or removed
	bool is_renamed; // speaks the vocabulary of 2026, whose fields have other names
	bool resumable; // the peer was a member already, and no request came yet
	bool told; // of the request that is being handled: struct request's
	uint32_t request_id; // of the last request that we sent
	char *offers; // a newConsumers that grows until the end of the turn; NULL: none
	size_t offers_len, offers_size;
	uint32_t offers_id; // its request's
	struct loop_task offers_due;
};

struct signaling {
	struct loop *loop;
	const struct admissions *admissions;
	struct conference *conference; // the admissions'
	struct conference_events *events;
	void (*ready)(void *owner);
	void *owner;
	uint32_t client_max; // WebSockets of one address at once
	struct tally *open; // by address
	struct tally *asking; // those of them whose admission waits for other servers
	struct limit *opens; // how fast an address may open them
	struct limit *joins; // … and join a room
	uint64_t warned_ms; // when the log was told of one that has too many, 0: never
	uint32_t next; // where the search for a free place starts
	uint64_t count; // of connections ever
	struct connection *connections[CONNECTION_MAX]; // by number
};

struct connection *signaling_connection(const struct signaling *, uint64_t number);

// Answers. data is taken over; NULL: {}. id -1: a notification, which gets none.
void connection_accept(struct connection *, int64_t id, struct json *data);
void connection_reject(struct connection *, int64_t id, int code, const char *reason);

void connection_reject_refusal(struct connection *, int64_t id, enum refusal);

// The answer that fits -errno.
void connection_reject_errno(struct connection *, int64_t id, int error);

// A message as text.
void connection_send(struct connection *, const char *text, size_t len);

// data is taken over; NULL: {}.
void connection_notify(struct connection *, const char *method, struct json *data);

// The same to all members of the room who have a connection; written once.
void signaling_notify_room(
        struct signaling *s, const struct room *r, const char *method, struct json *data
);
void connection_request(struct connection *, uint32_t id, const char *method, struct json *data);

// Each request that others are told of has a price, so that nobody keeps a webinar busy. Called by
// connection_accept for those that are answered within their handler.
void connection_pay(struct connection *);

// sessionClosed, then the close code for good. The connection is gone afterwards.
void connection_kick(struct connection *, const struct refused *);

// Handles a message of an admitted peer.
void connection_handle(struct connection *, const char *text, size_t len);

// The admission's part (entrance.c). start: the connection may be gone afterwards, as
// after hold, which keeps a message until the admission has ended.
void connection_start(struct connection *, struct application *);
void connection_hold(struct connection *, const char *text, size_t len);
void connection_abandon(struct connection *);

// What the peer is told of its place: `admitted`, or `waiting`.
void connection_send_place(struct connection *);
void signaling_add_rights(struct json *, const struct rights *);
struct json *signaling_room_json(const struct signaling *, const struct room *);

// One client request or notification.
typedef void request_fn(struct connection *, int64_t id, const struct json *data);

enum grant_to {
	TO_ANYONE, // also who waits to be let in
	TO_ADMITTED,
	TO_MEMBERS, // who have joined
	TO_MODERATORS, // of them
};

struct request {
	const char *method;
	request_fn *handle;
	enum grant_to grant;
	bool told; // others hear of it: so it has a price where it is accepted
};
extern const struct request signaling_requests[]; // ends with a NULL method

// requests.c: {id, peerId, displayName, device, speaker, moderator}
struct json *signaling_peer_json(const struct peer *);

// moderation.c. waiting: to a moderator, everyone who waits.
void connection_send_waiting(struct connection *);
void connection_send_muted(struct connection *, enum track_kind);
request_fn handle_admit, handle_admit_all, handle_decline, handle_decline_all, handle_mute,
        handle_mute_all, handle_remove, handle_close_room, handle_promote, handle_demote,
        handle_lower_hand, handle_room_video, handle_room_bitrate;

// activity.c. activity: to one who comes or comes back, how things stand.
void connection_send_activity(struct connection *);
request_fn handle_raise_hand;
void signaling_activity_init(struct conference_events *);

// produce.c
request_fn handle_produce, handle_close_producer, handle_pause_producer, handle_resume_producer,
        handle_pause_consumer, handle_resume_consumer, handle_preferred_layers, handle_priority,
        handle_key_frame, handle_screen_codec;

// data.c. answer: to a newDataConsumer with this id, if there is one.
request_fn handle_produce_data, handle_close_data_producer, handle_data_producer_stats,
        handle_data_consumer_stats;
void signaling_send_data_consumer(struct connection *, struct transport *);
void signaling_send_data_source(struct connection *, uint8_t stream, const struct peer *sender);
void signaling_send_data_source_closed(struct connection *, uint8_t stream);
void connection_data_answer(struct connection *, int64_t id, bool ok);
struct json *signaling_sctp_json(void);

// quality.c
request_fn handle_report_quality;

// stats.c. send_stats: the answer to a get…Stats, in the client's vocabulary.
request_fn handle_transport_stats, handle_producer_stats, handle_consumer_stats;
void connection_send_stats(struct connection *, int64_t id, struct json *list);

// The object of the connection's peer that data names by key, or NULL.
struct transport *connection_transport(const struct connection *, const struct json *data);
struct track *connection_track(const struct connection *, const struct json *data);
struct subscription *connection_subscription(const struct connection *, const struct json *data);

// events.c
void signaling_events_init(struct conference_events *, struct signaling *);

// offers.c. send_consumer: at once, or with others at the end of the turn, but before
// anything else that is said by then. answer: false if it is to no newConsumer.
void signaling_send_consumer(struct connection *, struct subscription *);
void connection_offers_flush(struct connection *);
bool connection_offers_answer(struct connection *, int64_t id, const struct json *answer);
