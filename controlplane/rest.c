#include "rest.h"

#include "account.h"
#include "config.h"
#include "http.h"
#include "json.h"
#include "pages.h"

#include "am_log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum grant {
	GRANT_ANYONE,
	GRANT_API, // an API token of an account, or loopback while no account has one
};

static rest_handler node_config, healthz;

static const struct route {
	const char *method, *path;
	enum grant grant;
	rest_handler *handle;
} routes[] = {
        {"GET", "/config.json", GRANT_ANYONE, node_config},
        {"GET", "/healthz", GRANT_ANYONE, healthz},
        {"POST", "/rooms/:/closePeer", GRANT_API, rest_room_close_peer},
        {"POST", "/:/closePeer", GRANT_API, rest_room_close_peer},
        {"GET", "/rooms/:/durationOfBroadcast", GRANT_API, rest_room_duration},
        {"GET", "/:/durationOfBroadcast", GRANT_API, rest_room_duration},
        {"GET", "/rooms/:/closeRoom", GRANT_API, rest_room_close},
        {"POST", "/rooms/:/closeRoom", GRANT_API, rest_room_close},
        {"DELETE", "/rooms/:/closeRoom", GRANT_API, rest_room_close},
        {"GET", "/:/closeRoom", GRANT_API, rest_room_close},
        {"POST", "/:/closeRoom", GRANT_API, rest_room_close},
        {"DELETE", "/:/closeRoom", GRANT_API, rest_room_close},
        {"GET", "/rooms/:/numberPeers", GRANT_API, rest_room_number_peers},
        {"GET", "/:/numberPeers", GRANT_API, rest_room_number_peers},
        {"GET", "/rooms/:/existingPeer", GRANT_API, rest_room_existing_peer},
        {"POST", "/rooms/:/existingPeer", GRANT_API, rest_room_existing_peer},
        {"GET", "/:/existingPeer", GRANT_API, rest_room_existing_peer},
        {"POST", "/:/existingPeer", GRANT_API, rest_room_existing_peer},
        {"GET", "/rooms/:/existingPeer/:", GRANT_API, rest_room_existing_peer_in_path},
        {"GET", "/:/existingPeer/:", GRANT_API, rest_room_existing_peer_in_path},
        {"GET", "/rooms/:", GRANT_API, rest_room_capabilities},
};
#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

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

// The token of an Authorization header, or NULL.
static const char *token_of(const char *header)
{
	if (!header ||
	    (strncasecmp(header, "APIKey ", 7) != 0 && strncasecmp(header, "Bearer ", 7) != 0))
		return NULL;
	return header + 7 + strspn(header + 7, " ");
}

// Whom the request speaks for, or NULL.
static const struct account *account_of(const struct rest *r, const struct http_request *q)
{
	if (!accounts_have_api_tokens(r->accounts))
		return q->from_loopback ? accounts_by_host(r->accounts, http_header(q, "Host"))
		                        : NULL;
	const char *token = token_of(http_header(q, "Authorization"));
	return token ? accounts_by_api_token(r->accounts, token) : NULL;
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

static void route_run(const struct route *route, struct rest_call *call, struct http_response *r)
{
	struct json *body = NULL;
	const char *text;
	int ret = -EACCES;

	call->account = route->grant == GRANT_API ? account_of(call->rest, call->request) : NULL;
	if (route->grant == GRANT_ANYONE || call->account)
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
		return pages_respond(call.rest->pages, q, r);
	answer_error(r, 405, "method not allowed");
	http_add_header(r, "Allow", allow);
}
