// What every handler is given: the parts of the server, and the request with its arguments.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "am_config.h"

struct account;
struct accounts;
struct archive;
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
struct tally;

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
	struct archive *archive;
	const struct history *history; // for its metrics, like the next one, and the key of links
	struct store_rooms *store;
	struct hooks *hooks;
	const struct signaling *signaling; // to see how it would answer a handshake
	struct limit *limit; // for callers with access; rest_init makes these
	struct limit *guess_limit; // for callers without access
	struct tally *downloads; // under way, by account; rest_init makes it, too
};

#define REST_ARGUMENTS    3
#define REST_ARGUMENT_MAX 600

#define REST_DOWNLOADS_MAX         512 // at once
#define REST_DOWNLOADS_ACCOUNT_MAX 64 // of one account

// A request that matches a route; arguments are the parts of the path that the route marks with
// ':'.
struct rest_call {
	struct rest *rest;
	const struct http_request *request;
	const struct account *account; // whose rooms the caller may see; NULL: not needed
	bool linked; // access is by a link to a file
	int refusal; // why access was not granted: -errno
	char arguments[REST_ARGUMENTS][REST_ARGUMENT_MAX + 1];
};

// Returns 0 with the answer's body in *out, which is taken over; or -errno, which becomes the
// status.
typedef int rest_handler(const struct rest_call *, struct json **out);

// Writes the whole response.
typedef void rest_writer(const struct rest_call *, struct http_response *);
