#include "rest.h"

#include "conference.h"
#include "config.h"
#include "http.h"
#include "json.h"
#include "limit.h"
#include "loop.h"
#include "memory.h"
#include "metrics.h"
#include "openapi.h"
#include "pages.h"
#include "text.h"

#include "am_log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum grant {
	GRANT_ANYONE,
	GRANT_API, // an API token, or loopback where none is configured
	GRANT_OPERATOR, // the node's own token, or loopback where none is configured
};

static rest_handler node_config, healthz;
static rest_writer readyz, metrics, openapi;

static const struct route {
	const char *method, *path;
	enum grant grant;
	rest_handler *handle;
	rest_writer *write; // instead of handle
} routes[] = {
        {"GET", "/config.json", GRANT_ANYONE, .handle = node_config},
        {"GET", "/healthz", GRANT_ANYONE, .handle = healthz},
        {"GET", "/readyz", GRANT_ANYONE, .write = readyz},
        {"GET", "/metrics", GRANT_OPERATOR, .write = metrics},
        {"GET", "/api/openapi.json", GRANT_ANYONE, .write = openapi},
        {"POST", "/rooms/:/closePeer", GRANT_API, .handle = rest_room_close_peer},
        {"POST", "/:/closePeer", GRANT_API, .handle = rest_room_close_peer},
        {"GET", "/rooms/:/durationOfBroadcast", GRANT_API, .handle = rest_room_duration},
        {"GET", "/:/durationOfBroadcast", GRANT_API, .handle = rest_room_duration},
        {"GET", "/rooms/:/closeRoom", GRANT_API, .handle = rest_room_close},
        {"POST", "/rooms/:/closeRoom", GRANT_API, .handle = rest_room_close},
        {"DELETE", "/rooms/:/closeRoom", GRANT_API, .handle = rest_room_close},
        {"GET", "/:/closeRoom", GRANT_API, .handle = rest_room_close},
        {"POST", "/:/closeRoom", GRANT_API, .handle = rest_room_close},
        {"DELETE", "/:/closeRoom", GRANT_API, .handle = rest_room_close},
        {"GET", "/rooms/:/numberPeers", GRANT_API, .handle = rest_room_number_peers},
        {"GET", "/:/numberPeers", GRANT_API, .handle = rest_room_number_peers},
        {"GET", "/rooms/:/existingPeer", GRANT_API, .handle = rest_room_existing_peer},
        {"POST", "/rooms/:/existingPeer", GRANT_API, .handle = rest_room_existing_peer},
        {"GET", "/:/existingPeer", GRANT_API, .handle = rest_room_existing_peer},
        {"POST", "/:/existingPeer", GRANT_API, .handle = rest_room_existing_peer},
        {"GET", "/rooms/:/existingPeer/:", GRANT_API, .handle = rest_room_existing_peer_in_path},
        {"GET", "/:/existingPeer/:", GRANT_API, .handle = rest_room_existing_peer_in_path},
        {"GET", "/rooms/:/exists", GRANT_API, .handle = rest_room_exists},
        {"GET", "/rooms/:", GRANT_API, .handle = rest_room_capabilities},
};
#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

#define REST_BURST    100 // requests of one caller at once
#define GUESSES_PER_S 1 // of one address without a good token
#define GUESS_BURST   20

void rest_init(struct rest *r)
{
	r->limit = limit_create((uint32_t)r->config->rest_per_s, REST_BURST);
	r->guess_limit = limit_create(GUESSES_PER_S, GUESS_BURST);
}

void rest_fini(struct rest *r)
{
	limit_destroy(r->limit);
	limit_destroy(r->guess_limit);
}

static void answer(struct http_response *r, unsigned status, struct json *body)
{
	r->status = status;
	r->type = "application/json";
	r->body = json_print(body);
	r->body_len = strlen(r->body);
	http_add_header(r, "Cache-Control", "no-store");
	json_free(body);
}

static void answer_error(struct http_response *r, unsigned status, const char *text)
{
	struct json *body = json_new_object();
	json_add_string(body, "error", text);
	answer(r, status, body);
}

static int node_config(const struct rest_call *call, struct json **out)
{
	*out = json_new_object();
	json_add_int(*out, "node", call->rest->config->node);
	return 0;
}

static int healthz(const struct rest_call *, struct json **out)
{
	*out = json_new_object();
	json_add_bool(*out, "ok", true);
	return 0;
}

// 200 while browsers can be let in; 503 and why not.
static void readyz(const struct rest_call *call, struct http_response *r)
{
	bool ready = media_is_up(call->rest->conference->media);
	struct json *body = json_new_object();

	json_add_bool(body, "ready", ready);
	if (!ready)
		json_add_string(body, "error", "the data plane is not attached");
	answer(r, ready ? 200 : 503, body);
}

static void metrics(const struct rest_call *call, struct http_response *r)
{
	r->status = 200;
	r->type = "text/plain; version=0.0.4; charset=utf-8";
	r->body = metrics_print(call->rest->conference);
	r->body_len = strlen(r->body);
	http_add_header(r, "Cache-Control", "no-store");
}

static void openapi(const struct rest_call *, struct http_response *r)
{
	r->status = 200;
	r->type = "application/json";
	r->body = memory_copy_string(openapi_text());
	r->body_len = strlen(r->body);
	http_add_header(r, "Cache-Control", "no-cache");
	http_add_header(r, "Access-Control-Allow-Origin", "*");
}

// Takes one segment of the path for each of the pattern; ':' takes any that is not empty.
static bool path_matches(const char *pattern, const char *path, struct rest_call *call)
{
	int n = 0;

	while (*pattern && *path == '/' && *pattern == '/') {
		pattern++, path++;
		size_t want = strcspn(pattern, "/"), have = strcspn(path, "/");
		if (pattern[0] == ':') {
			if (have == 0 || have > REST_ARGUMENT_MAX || n == REST_ARGUMENTS)
				return false;
			memcpy(call->arguments[n], path, have);
			call->arguments[n++][have] = '\0';
		} else if (want != have || strncmp(pattern, path, want) != 0) {
			return false;
		}
		pattern += want;
		path += have;
	}
	return !*pattern && !*path;
}

static bool token_is_known(const struct am_config_strings *tokens, const char *header)
{
	const char *token = NULL;
	bool known = false;

	if (header && strncasecmp(header, "APIKey ", 7) == 0)
		token = header + 7;
	else if (header && strncasecmp(header, "Bearer ", 7) == 0)
		token = header + 7;
	if (!token)
		return false;
	token += strspn(token, " ");
	for (int i = 0; i < tokens->count; i++) // all of them: the time tells nothing
		known |= text_equals_secret(token, tokens->values[i]);
	return known;
}

static const char *bearer(const struct http_request *q)
{
	const char *header = http_header(q, "Authorization");
	return header && strncasecmp(header, "Bearer ", 7) == 0 ? header + 7 : "";
}

static bool is_granted(const struct rest *r, enum grant grant, const struct http_request *q)
{
	if (grant == GRANT_ANYONE)
		return true;
	if (grant == GRANT_OPERATOR && r->config->metrics_token[0])
		return text_equals_secret(bearer(q), r->config->metrics_token);
	if (grant == GRANT_OPERATOR)
		return q->from_loopback;
	if (r->config->api_tokens.count == 0)
		return q->from_loopback;
	return token_is_known(&r->config->api_tokens, http_header(q, "Authorization"));
}

// The one place where an error becomes a status.
static unsigned status_of(int error, const char **text)
{
	switch (error) {
	case -ENOENT: *text = "room not found"; return 400;
	case -ESRCH: *text = "peer not found"; return 400;
	case -EINVAL: *text = "bad request"; return 400;
	case -EACCES: *text = "forbidden"; return 403;
	default: *text = "server error"; return 500;
	}
}

// Those who guess tokens and those who ask too often are told to wait.
static bool is_limited(const struct rest_call *call, bool granted, struct http_response *r)
{
	const struct http_request *q = call->request;
	struct limit *l = granted ? call->rest->limit : call->rest->guess_limit;
	char after[16];
	uint32_t wait_s;

	if (limit_take(l, q->address, loop_now_ms(call->rest->conference->loop), &wait_s))
		return false;
	metric_count(METRIC_rest_limited);
	answer_error(r, 429, "too many requests");
	snprintf(after, sizeof(after), "%u", wait_s);
	http_add_header(r, "Retry-After", after);
	return true;
}

static void route_run(const struct route *route, struct rest_call *call, struct http_response *r)
{
	struct json *body = NULL;
	const char *text;
	int ret = -EACCES;

	bool granted = is_granted(call->rest, route->grant, call->request);
	if (route->grant != GRANT_ANYONE && is_limited(call, granted, r))
		return;
	if (granted && route->write)
		return route->write(call, r);
	if (granted)
		ret = route->handle(call, &body);
	if (ret == 0)
		return answer(r, 200, body);
	if (route->grant == GRANT_API)
		am_info("rest: refused; path=%s error=%s", call->request->path, strerror(-ret));
	unsigned status = status_of(ret, &text);
	answer_error(r, status, text);
}

static bool method_fits(const char *method, const char *wanted)
{
	return strcmp(method, wanted) == 0 ||
	       (strcmp(method, "HEAD") == 0 && strcmp(wanted, "GET") == 0);
}

void rest_respond(void *owner, const struct http_request *q, struct http_response *r)
{
	struct rest_call call = {.rest = owner, .request = q};
	char allow[64] = "";

	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		if (!path_matches(routes[i].path, q->path, &call))
			continue;
		if (method_fits(q->method, routes[i].method))
			return route_run(&routes[i], &call, r);
		snprintf(
		        allow + strlen(allow), sizeof(allow) - strlen(allow), "%s%s",
		        allow[0] ? ", " : "", routes[i].method
		);
	}
	if (!allow[0])
		return pages_respond(
		        call.rest->pages, "frame-ancestors 'self' http://localhost:*", q, r
		);
	answer_error(r, 405, "method not allowed");
	http_add_header(r, "Allow", allow);
}
