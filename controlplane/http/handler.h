// What handles requests, and how it can defer an answer.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct http_later;
struct http_request;
struct http_response;
struct http_socket;

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

// Defers the answer: what the handler leaves in its response is ignored. The request is gone when
// the handler returns.
struct http_later *http_defer(const struct http_request *);

// Delivers a deferred answer. To be called once for each http_defer, from the loop, and not after
// http_destroy.
void http_deliver(struct http_later *, const struct http_response *);
