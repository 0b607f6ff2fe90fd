// HTTP server: request in, response out, and the hand-over of a connection that becomes a
// WebSocket. The only user of libmicrohttpd, which runs inside our loop. exchange.c handles a
// request and its answer.
#pragma once

#include <stdint.h>

#include "http/handler.h"
#include "http/request.h"
#include "http/response.h"
#include "http/settings.h"

struct http;
struct loop;

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
