// Between the files of signaling: one WebSocket and the peer behind it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "conference.h"

#define CONNECTION_MAX 16384

struct json;
struct signaling;
struct websocket;

struct connection {
	uint64_t number; // never used again
	struct signaling *signaling;
	struct websocket *websocket; // NULL: closed by us
	struct admission admission;
	struct peer *peer; // NULL: refused or removed
	bool resumable; // the peer was a member already, and no request came yet
	uint32_t request_id; // of the last request that we sent
};

struct signaling {
	struct loop *loop;
	struct conference *conference;
	struct conference_events *events;
	void (*ready)(void *owner);
	void *owner;
	uint32_t next; // where the search for a free place starts
	uint64_t count; // of connections ever
	struct connection *connections[CONNECTION_MAX]; // by number
};

struct connection *signaling_connection(const struct signaling *, uint64_t number);

// Answers. data is taken over; NULL: {}. id -1: a notification, which gets none.
void connection_accept(struct connection *, int64_t id, struct json *data);
void connection_reject(struct connection *, int64_t id, int code, const char *reason);

// The answer that fits -errno.
void connection_reject_errno(struct connection *, int64_t id, int error);

// data is taken over; NULL: {}.
void connection_notify(struct connection *, const char *method, struct json *data);
void connection_request(struct connection *, uint32_t id, const char *method, struct json *data);

// sessionClosed, then the close code for good. The connection is gone afterwards.
void connection_kick(struct connection *, const char *code, const char *text);

// One client request or notification.
typedef void request_fn(struct connection *, int64_t id, const struct json *data);

struct request {
	const char *method;
	request_fn *handle;
	bool members_only; // refused before join
};
extern const struct request signaling_requests[]; // ends with a NULL method

// signaling_requests.c: {id, peerId, displayName, device, speaker}
struct json *signaling_peer_json(const struct peer *);

// signaling_produce.c
request_fn handle_produce, handle_close_producer, handle_pause_producer, handle_resume_producer,
        handle_pause_consumer, handle_resume_consumer, handle_preferred_layers, handle_priority,
        handle_key_frame;

// Ids as text.
#define ID_TEXT_SIZE 17
void id_print(am_id, char out[ID_TEXT_SIZE]);
am_id id_read(const char *text); // 0: not an id; NULL is none
void json_add_id(struct json *, const char *key, am_id);

// The object of the connection's peer that data names by key, or NULL.
struct transport *connection_transport(const struct connection *, const struct json *data);
struct track *connection_track(const struct connection *, const struct json *data);
struct subscription *connection_subscription(const struct connection *, const struct json *data);

// signaling_events.c
void signaling_events_init(struct conference_events *, struct signaling *);
void signaling_send_consumer(struct connection *, struct subscription *);
