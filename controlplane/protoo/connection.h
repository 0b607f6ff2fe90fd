// A page's connection: a WebSocket that speaks protoo. It sends, answers and closes; what is said,
// and for whom, is the business of those above.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/loop.h"
#include "base/refusal.h"
#include "terms/kinds.h"

#define CONNECTION_MAX   16384
#define CONNECTION_PRICE 20 // in the WebSocket's credit: 50 at once, then 5 a second

struct connection;
struct connections;
struct chat_requests;
struct entrance;
struct http_socket;
struct json;
struct offers;
struct peer;
struct websocket;

struct connection_events {
	// The connection may be gone afterwards.
	void (*message)(struct connection *, const char *text, size_t len);
	// Its WebSocket has ended; left: the page meant it. silent_ms: for how long it had said
	// nothing, where that is why. `ending` follows.
	void (*lost)(struct connection *, bool left, uint64_t silent_ms);
	// It is about to be gone, whoever closes it: for what hangs on it.
	void (*ending)(struct connection *);
};

struct connection {
	uint64_t number; // never used again
	struct connections *all;
	struct websocket *websocket; // NULL: closed by us
	char client[ADDRESS_TEXT_SIZE]; // its address, as limits count it
	char room[ROOM_NAME_MAX + 1]; // as the URL has them, for logs
	char peer_id[PEER_ID_SIZE];
	bool is_renamed; // speaks the vocabulary of 2026, whose fields have other names
	bool told; // others hear of the request that is being handled, so it has a price
	uint32_t request_id; // of the last request that we sent
	char *list; // a request with a list that grows until the end of the turn; NULL: none
	size_t list_len, list_size;
	uint32_t list_id; // its request's
	struct loop_task list_due;
	// What those above keep with it; here nobody looks into it.
	struct entrance *entrance; // NULL: the admission has ended
	struct offers *offers; // not answered yet; NULL: none
	struct chat_requests *chat; // the same; NULL: none yet
	struct peer *peer; // NULL: not admitted, or removed
	bool resumable; // the peer was a member already, and no request came yet
};

// All connections. client_max: of one address at once.
struct connections *connections_create(
        struct loop *loop, uint32_t client_max, const struct connection_events *events, void *owner
);

// All of them must be closed.
void connections_destroy(struct connections *);
void *connections_owner(const struct connections *);
struct connection *connections_find(const struct connections *, uint64_t number);
void connections_close(struct connections *, uint16_t code, const char *reason);

// Whether this address may have one more.
[[nodiscard]] bool connections_allow(const struct connections *, const char *client);

// Takes the socket over. NULL: all places are taken, or this address has its share by now.
[[nodiscard]] struct connection *connection_open(
        struct connections *all, const char *client, struct http_socket *socket, const void *extra,
        size_t extra_len
);

// The connection is gone afterwards. kick: sessionClosed, then the close code for good.
void connection_close(struct connection *, uint16_t code, const char *reason);
void connection_kick(struct connection *, const struct refused *);

// A message as text. request_id: of the next request, for those who write it themselves.
void connection_send(struct connection *, const char *text, size_t len);
uint32_t connection_request_id(struct connection *);

// Messages. data is taken over; NULL: {}. request: its id. text: freed with free().
void connection_notify(struct connection *, const char *method, struct json *data);
uint32_t connection_request(struct connection *, const char *method, struct json *data);
[[nodiscard]] char *notification_text(const char *method, struct json *data);

// A request with a list, which goes out at the end of the turn, but before anything else that is
// said by then. room: where to write one more element, which takes len_max bytes at most; added:
// how many it took. head: the request up to the list, the same for all of a turn; *id: the
// request's.
char *connection_list_room(struct connection *, const char *head, size_t len_max, uint32_t *id);
void connection_list_added(struct connection *, size_t len);

// Answers. data is taken over; NULL: {}. id -1: a notification, which gets none.
void connection_accept(struct connection *, int64_t id, struct json *data);
void connection_reject(struct connection *, int64_t id, int code, const char *reason);
void connection_reject_refusal(struct connection *, int64_t id, enum refusal);

// The answer that fits -errno.
void connection_reject_errno(struct connection *, int64_t id, int error);

// Takes credit for what makes more work than its length says.
void connection_charge(struct connection *, uint32_t frames);

// Each request that others are told of has a price, so that nobody keeps a webinar busy. Called by
// connection_accept for those that are answered within their handler.
void connection_pay(struct connection *);
