// A page's connection: a WebSocket that speaks protoo. This layer sends, answers and closes; the
// layers above decide what is said, and to whom.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/loop.h"
#include "terms/kinds.h"
#include "terms/refusal.h"

#define CONNECTION_MAX   16384
#define CONNECTION_PRICE 20 // of a request, in the WebSocket's credit: 50 at once, then 5 a second

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
	// The WebSocket has ended. left: the page closed it on purpose. silent_ms: how long the
	// page had been silent, if that is the reason. `ending` follows.
	void (*lost)(struct connection *, bool left, uint64_t silent_ms);
	// The connection is about to be freed, whoever closed it: free what belongs to it.
	void (*ending)(struct connection *);
};

struct connection {
	uint64_t number; // never used again
	struct connections *all;
	struct websocket *websocket; // NULL: closed by us
	char client[ADDRESS_TEXT_SIZE]; // its address as limits count it
	char room[ROOM_NAME_MAX + 1]; // as in the URL, for logs
	char peer_id[PEER_ID_SIZE];
	bool is_renamed; // speaks the vocabulary of 2026, in which fields have other names
	bool told; // others are told of the current request, so it has a price
	uint32_t request_id; // of the last request that we sent
	char *list; // request with a list that grows until the end of the turn; NULL: none
	size_t list_len, list_size;
	uint32_t list_id; // the id of that request
	struct loop_task list_due;
	// What the layers above keep with a connection; this layer does not use it.
	struct entrance *entrance; // NULL once the admission has ended
	struct offers *offers; // offers without an answer yet; NULL: none
	struct chat_requests *chat; // the same for the chat
	struct peer *peer; // NULL: not admitted yet, or removed
	bool resumable; // the peer was a member already, and no request has come yet
};

// All connections. client_max: how many one address may have at once.
struct connections *connections_create(
        struct loop *loop, uint32_t client_max, const struct connection_events *events, void *owner
);

// All connections must be closed.
void connections_destroy(struct connections *);
void *connections_owner(const struct connections *);
struct connection *connections_find(const struct connections *, uint64_t number);
void connections_close(struct connections *, uint16_t code, const char *reason);

// Whether this address may have one more connection.
[[nodiscard]] bool connections_allow(const struct connections *, const char *client);

// Takes over the socket. NULL if all places are taken, or if this address has all it may have.
[[nodiscard]] struct connection *connection_open(
        struct connections *all, const char *client, struct http_socket *socket, const void *extra,
        size_t extra_len
);

// Close a connection, which is gone afterwards. connection_kick sends sessionClosed first, and then
// a close code that tells the page not to come back.
void connection_close(struct connection *, uint16_t code, const char *reason);
void connection_kick(struct connection *, const struct refused *);

// connection_send sends a message as text. connection_request_id returns the id of the next
// request, for callers that write requests themselves.
void connection_send(struct connection *, const char *text, size_t len);
uint32_t connection_request_id(struct connection *);

// Messages. They take over data; NULL stands for {}. connection_request returns the request's id.
// notification_text returns text that is freed with free().
void connection_notify(struct connection *, const char *method, struct json *data);
uint32_t connection_request(struct connection *, const char *method, struct json *data);
[[nodiscard]] char *notification_text(const char *method, struct json *data);

// A request with a list, which is sent at the end of the turn, or before the next other message.
// connection_list_room returns where to write one more element of at most len_max bytes;
// connection_list_added says how many bytes it has. head is the request up to the list, the same
// for all elements of a turn; *id is the request's id.
char *connection_list_room(struct connection *, const char *head, size_t len_max, uint32_t *id);
void connection_list_added(struct connection *, size_t len);

// Answers. They take over data; NULL stands for {}. id is -1 for a notification, which gets no
// answer.
void connection_accept(struct connection *, int64_t id, struct json *data);
void connection_reject(struct connection *, int64_t id, int code, const char *reason);
void connection_reject_refusal(struct connection *, int64_t id, enum refusal);

// Answers with the code that fits -errno.
void connection_reject_errno(struct connection *, int64_t id, int error);

// Charges credit for a message that causes more work than its length suggests.
void connection_charge(struct connection *, uint32_t frames);

// Charges the price of a request that others are told of, so that nobody keeps a webinar busy.
// connection_accept calls this for requests that are answered within their handler.
void connection_pay(struct connection *);
