// HTTP server: request in, response out, and the hand-over of a connection that becomes a
// WebSocket. The only user of libmicrohttpd, which runs inside our loop. exchange.c handles a
// request and its answer.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/request.h"
#include "http/response.h"

#include "am_config.h"

#define HTTP_BODY_MAX   65536 // of a request
#define HTTP_VALUE_SIZE 256

struct http;
struct http_socket;
struct loop;

// What the operator sets, checked.
struct http_settings {
	char listen[AM_CONFIG_STRING_MAX]; // IPv4 or IPv6 address
	int64_t port;
	char certificate[AM_CONFIG_STRING_MAX]; // empty: plain HTTP on loopback
	char private_key[AM_CONFIG_STRING_MAX];
	struct am_config_strings proxies; // networks whose X-Forwarded-For counts
	int64_t address_connections; // that one client may have open at once, WebSockets included
	int64_t address_handshakes; // TLS handshakes that one client may begin per second
};

// Defers the answer: what the handler leaves in its response is ignored. The request is gone when
// the handler returns.
struct http_later *http_defer(const struct http_request *);

// Delivers a deferred answer. To be called once for each http_defer, from the loop, and not after
// http_destroy.
void http_deliver(struct http_later *, const struct http_response *);

struct http_handler {
	void *owner;
	// Whether to read the body of this request, of which only the headers have arrived. If not,
	// the request is answered at once, as if it had no body, and the connection is closed.
	bool (*takes_body)(void *owner, const struct http_request *);
	void (*respond)(void *owner, const struct http_request *, struct http_response *);
	// Handles a request to become a WebSocket. Returns one block of memory that `upgraded`
	// takes over, and the headers of status 101 in the response; or NULL, with a refusal in the
	// response.
	void *(*upgrade)(void *owner, const struct http_request *, struct http_response *);
	// extra: bytes that arrived after the request.
	void (*upgraded
	)(void *owner, void *upgrade, struct http_socket *, const void *extra, size_t extra_len);
};

// Starts listening. The settings are lent. NULL after one line in the log that says what to do.
[[nodiscard]] struct http *
http_create(struct loop *, const struct http_settings *, const struct http_handler *);

// Upgraded connections that are not closed yet.
uint32_t http_socket_count(const struct http *);

// Cuts off the upgraded connections. Calls no handler.
void http_destroy(struct http *);

// The upgraded connection: non-blocking, and plain even if the client speaks TLS (tls.h).
int http_socket_fd(const struct http_socket *);

// Sets the socket's owner. If the socket is still open when http_destroy is called, it calls
// cut_off, which must close the socket.
void http_socket_own(struct http_socket *, void (*cut_off)(void *owner), void *owner);
void http_socket_close(struct http_socket *);
