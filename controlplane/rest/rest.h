// Routes HTTP requests to handlers: the room endpoints, a few endpoints of the server itself, and
// the pages.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "am_config.h"

struct account;
struct accounts;
struct conference;
struct history;
struct hooks;
struct http_request;
struct http_response;
struct json;
struct limit;
struct loop;
struct pages;
struct signaling;
struct statistics;
struct store_rooms;

// What the operator sets, checked.
struct rest_settings {
	int64_t node;
	int64_t rest_per_s; // requests of one caller per second in the long run
	char metrics_token[AM_CONFIG_STRING_MAX]; // empty: only metrics_addresses may read /metrics
	struct am_config_strings metrics_addresses; // networks that need no token for /metrics
};

struct rest {
	struct loop *loop;
	const struct rest_settings *settings;
	struct accounts *accounts;
	struct conference *conference;
	const struct pages *pages;
	struct statistics *statistics;
	const struct history *history; // for its metrics, like the next one
	struct store_rooms *store;
	struct hooks *hooks;
	const struct signaling *signaling; // to see how it would answer a handshake
	struct limit *limit; // for callers with access; rest_init makes both
	struct limit *guess_limit; // for callers without access
};

// Fills in the limits; the caller fills in the other members.
void rest_init(struct rest *);
void rest_fini(struct rest *);

// Callbacks for struct http_handler, whose owner is the struct rest.
bool rest_takes_body(void *owner, const struct http_request *);
void rest_respond(void *owner, const struct http_request *, struct http_response *);

#define REST_ARGUMENTS    2
#define REST_RETRY_S      "1" // Retry-After if something is full at the moment
#define REST_ARGUMENT_MAX 600

// A request that matches a route; arguments are the parts of the path that the route marks with
// ':'.
struct rest_call {
	struct rest *rest;
	const struct http_request *request;
	const struct account *account; // whose rooms the caller may see; NULL: not needed
	char arguments[REST_ARGUMENTS][REST_ARGUMENT_MAX + 1];
};

// Returns 0 with the answer's body in *out, which is taken over; or -errno, which becomes the
// status.
typedef int rest_handler(const struct rest_call *, struct json **out);

// Writes the whole response.
typedef void rest_writer(const struct rest_call *, struct http_response *);

// Answers with JSON, and takes over the body. All JSON is sent through this function.
void rest_answer(struct http_response *, unsigned status, struct json *body);

// The same for a deferred answer: a hook_replay_done and statistics_done whose owner is the struct
// http_later.
void rest_answer_later(void *later, uint64_t call, unsigned status, struct json *body);

// server.c: what the server says of itself.
rest_handler rest_server_config, rest_server_healthz, rest_server_capabilities;
rest_writer rest_server_readyz, rest_server_metrics, rest_server_openapi;

// Whether a room's page will show an external player, as far as its address, its token and its room
// say (player.c).
bool rest_page_has_player(const struct rest_call *, const struct account *);

// Tells how a WebSocket with this query and Origin would be answered (handshake.c).
rest_writer rest_handshake;

// statistics.c and hook.c; answered later.
rest_writer rest_statistics_summary, rest_statistics_peers, rest_hook_events;

// statistics.c: an error in the form of the statistics.
void rest_statistics_error(struct http_response *, unsigned status, const char *text);

// quality.c; argument 0 is the room. Answered later.
rest_writer rest_room_quality;

// room.c; argument 0 is the room.
rest_handler rest_room_close_peer, rest_room_duration, rest_room_close, rest_room_number_peers,
        rest_room_existing_peer, rest_room_existing_peer_in_path, rest_room_exists,
        rest_room_capabilities;
