#include "rest/rest.h"

#include "account/account.h"
#include "base/json.h"
#include "base/limit.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/tally.h"
#include "http/http.h"
#include "rest/answer.h"
#include "rest/grant.h"
#include "rest/handlers.h"
#include "rest/pages.h"
#include "rest/path.h"
#include "terms/metrics.h"

#include "am_log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct route {
	const char *methods; // as in Allow
	const char *path;
	enum grant grant;
	rest_handler *handle;
	rest_writer *write; // instead of handle
	bool acts; // the route changes something, although GET is among its methods
	const char *alias; // another path; NULL: there is none
} routes[] = {
        {"GET", "/config.json", GRANT_ANYONE, .handle = rest_server_config},
        {"GET", "/healthz", GRANT_ANYONE, .handle = rest_server_healthz},
        {"GET", "/readyz", GRANT_ANYONE, .write = rest_server_readyz},
        {"GET", "/metrics", GRANT_OPERATOR, .write = rest_server_metrics},
        {"POST", "/api/handshake", GRANT_ANYONE, .write = rest_handshake},
        {"GET", "/api/openapi.json", GRANT_ANYONE, .write = rest_server_openapi},
        {"GET", "/api/routerRtpCapabilities", GRANT_ANYONE, .handle = rest_server_capabilities},
        {"POST", "/rooms/:/closePeer", GRANT_API, .handle = rest_room_close_peer,
         .alias = "/:/closePeer"},
        {"GET", "/rooms/:/durationOfBroadcast", GRANT_API, .handle = rest_room_duration,
         .alias = "/:/durationOfBroadcast"},
        {"GET, POST, DELETE", "/rooms/:/closeRoom", GRANT_API, .handle = rest_room_close,
         .acts = true, .alias = "/:/closeRoom"},
        {"GET", "/rooms/:/numberPeers", GRANT_API, .handle = rest_room_number_peers,
         .alias = "/:/numberPeers"},
        {"GET, POST", "/rooms/:/existingPeer", GRANT_API, .handle = rest_room_existing_peer,
         .alias = "/:/existingPeer"},
        {"GET", "/rooms/:/existingPeer/:", GRANT_API, .handle = rest_room_existing_peer_in_path,
         .alias = "/:/existingPeer/:"},
        {"GET", "/rooms/:/quality", GRANT_API, .write = rest_room_quality},
        {"GET", "/rooms/:/exists", GRANT_API, .handle = rest_room_exists},
        {"GET", "/rooms/:", GRANT_API, .handle = rest_room_capabilities},
        {"GET", "/vp/api/statistics/peers/summary", GRANT_STATISTICS,
         .write = rest_statistics_summary, .alias = "/streaming/statistics/peers/summary"},
        {"GET", "/vp/api/statistics/peers", GRANT_STATISTICS, .write = rest_statistics_peers,
         .alias = "/streaming/statistics/peers"},
        {"GET", "/vp/api/statistics/peers/", GRANT_STATISTICS, .write = rest_statistics_peers,
         .alias = "/streaming/statistics/peers/"},
        {"GET", "/api/events", GRANT_API, .write = rest_hook_events},
        {"GET", "/api/recording", GRANT_ANYONE, .handle = rest_recording_of_page},
        {"GET", "/rooms/:/recording", GRANT_API, .write = rest_recording_of_room},
        {"POST", "/rooms/:/recording/start", GRANT_API, .write = rest_recording_start},
        {"POST", "/rooms/:/recording/stop", GRANT_API, .write = rest_recording_stop},
        {"POST", "/rooms/:/recording/pause", GRANT_API, .write = rest_recording_pause},
        {"POST", "/rooms/:/recording/resume", GRANT_API, .write = rest_recording_resume},
        {"GET", "/api/recordings", GRANT_API, .write = rest_recordings},
        {"GET, DELETE", "/api/recordings/:", GRANT_API, .write = rest_recording},
        {"GET", "/api/recordings/:/files/:", GRANT_FILE, .write = rest_recording_file},
        {"GET", "/api/recordings/:/files/:/:", GRANT_FILE, .write = rest_recording_file},
        {"POST", "/api/recordings/:/links", GRANT_API, .write = rest_recording_link},
        {"POST", "/api/recordings/:/compose", GRANT_API, .write = rest_recording_compose},
};
#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

#define REST_BURST    100 // requests of one caller at once
#define GUESSES_PER_S 1 // of one address without a good token
#define GUESS_BURST   20

void rest_init(struct rest *r)
{
	r->limit = limit_create((uint32_t)r->settings->rest_per_s, REST_BURST);
	r->guess_limit = limit_create(GUESSES_PER_S, GUESS_BURST);
	r->downloads = tally_create();
}

void rest_fini(struct rest *r)
{
	limit_destroy(r->limit);
	limit_destroy(r->guess_limit);
	tally_destroy(r->downloads);
}

// True if this is not a page's path, so that errors are JSON.
static bool path_is_api(const char *path)
{
	static const char *const roots[] = {"/rooms", "/api", "/vp/api", "/streaming"};

	if (path[0] != '/')
		return false;
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		if (path_is_under(path, roots[i]))
			return true;
	}
	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		if (routes[i].alias && path_names(path, routes[i].alias))
			return true;
	}
	return false;
}

// The only place where an error becomes a status.
static unsigned status_of(int error, const char **text)
{
	switch (error) {
	case -ENOENT: *text = "room not found"; return 400;
	case -ESRCH: *text = "peer not found"; return 400;
	case -EINVAL: *text = "bad request"; return 400;
	case -EACCES: *text = "forbidden"; return 403;
	case -EKEYEXPIRED: *text = "the link has expired"; return 403;
	case -EKEYREJECTED: *text = "the link is not valid"; return 403;
	case -EAGAIN: *text = "too many requests"; return 429;
	default: *text = "server error"; return 500;
	}
}

// An account has one budget, wherever its calls come from. Those who follow its links have one per
// address, so that they take nothing from it. So have callers that are not granted access, such as
// those that guess tokens.
static bool take_turn(const struct rest_call *call, bool granted, uint32_t *wait_s)
{
	uint64_t now_ms = loop_now_ms(call->rest->loop);
	char name[LIMIT_NAME_MAX];

	if (!granted)
		return limit_take(call->rest->guess_limit, call->request->client, now_ms, wait_s);
	if (call->linked) {
		snprintf(name, sizeof(name), "link %s", call->request->client);
		return limit_take(call->rest->limit, name, now_ms, wait_s);
	}
	snprintf(
	        name, sizeof(name), "account %llu",
	        call->account ? (unsigned long long)call->account->id : 0 // 0: the operator
	);
	return limit_take(call->rest->limit, name, now_ms, wait_s);
}

static void
route_refuse(enum grant grant, const struct rest_call *call, int error, struct http_response *r)
{
	const char *text;
	unsigned status = status_of(error, &text);

	if (grant == GRANT_API || grant == GRANT_FILE)
		am_info("rest: refused; path=%s error=%s", am_log_value(call->request->path),
		        am_log_value(text));
	if (grant == GRANT_STATISTICS)
		rest_statistics_error(r, status, text);
	else
		rest_answer_error(r, status, text);
}

static void route_run(const struct route *route, struct rest_call *call, struct http_response *r)
{
	struct json *body = NULL;
	char after[16];
	uint32_t wait_s;

	call->refusal = -EACCES;
	bool granted = grant_holds(call, route->grant);
	if (route->grant != GRANT_ANYONE && !take_turn(call, granted, &wait_s)) {
		metric_count(METRIC_rest_limited);
		route_refuse(route->grant, call, -EAGAIN, r);
		snprintf(after, sizeof(after), "%u", wait_s);
		http_add_header(r, "Retry-After", after);
		return;
	}
	if (granted && route->write)
		return route->write(call, r);
	int ret = granted ? route->handle(call, &body) : call->refusal;
	if (ret < 0)
		return route_refuse(route->grant, call, ret, r);
	rest_answer(r, 200, body);
}

static bool route_has_path(const struct route *route, const char *path, struct rest_call *call)
{
	return path_matches(route->path, path, call) ||
	       (route->alias && path_matches(route->alias, path, call));
}

static bool route_has_method(const struct route *route, const char *method)
{
	size_t len;

	for (const char *m = route->methods; *m; m += len + strspn(m + len, ", ")) {
		len = strcspn(m, ", ");
		if (len == strlen(method) && strncmp(m, method, len) == 0)
			return true;
	}
	return false;
}

// HEAD is answered like GET (RFC 9110 9.3.2), except if GET changes something.
static bool method_fits(const char *method, const struct route *route)
{
	if (strcmp(method, "HEAD") == 0 && !route->acts)
		method = "GET";
	return route_has_method(route, method);
}

static const struct route *route_find(const struct http_request *q, struct rest_call *call)
{
	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		if (route_has_path(&routes[i], q->raw_path, call) &&
		    method_fits(q->method, &routes[i]))
			return &routes[i];
	}
	return NULL;
}

// Writes the methods of a path as "GET, POST"; empty if no route matches.
static void methods_of(const char *path, char *out, size_t size)
{
	struct rest_call call;

	out[0] = '\0';
	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		size_t len = strlen(out);
		if (route_has_path(&routes[i], path, &call))
			snprintf(out + len, size - len, "%s%s", len ? ", " : "", routes[i].methods);
	}
}

bool rest_takes_body(void *owner, const struct http_request *q)
{
	struct rest_call call = {.rest = owner, .request = q};
	const struct route *route = route_find(q, &call);

	return route && route->grant != GRANT_ANYONE && grant_holds(&call, route->grant);
}

// Logs an unknown host with the remedy, but not for each request of a scanner.
static void host_refuse(struct rest *r, const char *host, struct http_response *response)
{
	static const char text[] = "No account on this server has this host name.\n"
	                           "Ни у одной учётной записи этого сервера нет такого адреса.\n";

	accounts_refuse_host(r->accounts, host, loop_now_ms(r->loop));
	response->status = 404;
	response->type = "text/plain; charset=utf-8";
	response->body = memory_copy_string(text);
	response->body_len = sizeof(text) - 1;
}

void rest_respond(void *owner, const struct http_request *q, struct http_response *r)
{
	struct rest_call call = {.rest = owner, .request = q};
	const struct route *route = route_find(q, &call);
	const char *host = http_header(q, "Host");
	char allow[64];

	if (route)
		return route_run(route, &call, r);
	methods_of(q->raw_path, allow, sizeof(allow));
	if (allow[0]) {
		rest_answer_error(r, 405, "method not allowed");
		return http_add_header(r, "Allow", allow);
	}
	if (path_is_api(q->raw_path))
		return rest_answer_error(r, 404, "not found");
	const struct account *a = accounts_by_host(call.rest->accounts, host, http_is_local(q));
	if (!a)
		return host_refuse(call.rest, host, r);
	char ancestors[ACCOUNT_ANCESTORS_SIZE];
	account_frame_ancestors(a, ancestors, sizeof(ancestors));
	pages_respond(call.rest->pages, ancestors, rest_page_has_player(&call, a), q, r);
}
