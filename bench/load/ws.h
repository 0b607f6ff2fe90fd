// Client WebSockets (RFC 6455), thousands on one epoll, with or without TLS. Nothing blocks:
// wss_poll takes what has arrived and calls the owners. One thread.
#pragma once

#include <netinet/in.h>
#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WS_HOST_MAX 63
#define WS_PATH_MAX 511

struct ws;

struct ws_events {
	void (*open)(void *owner);
	void (*message)(void *owner, const char *text, size_t len);
	void (*closed)(void *owner, const char *why); // the last event: the WebSocket is gone then
};

// All WebSockets to one server.
struct wss {
	const struct ws_events *events;
	int epoll;
	SSL_CTX *tls; // NULL: plain
	struct sockaddr_in server;
	char host[WS_HOST_MAX + 1]; // with its port
	uint64_t random; // for masks
};

// url: http://IPv4:port or https://IPv4:port, whose certificate is not verified: it is our own
// server on this machine. 0 or -errno.
[[nodiscard]] int wss_init(struct wss *, const char *url, const struct ws_events *);

// All WebSockets must be gone.
void wss_fini(struct wss *);

// Takes what has arrived on any of them.
void wss_poll(struct wss *);

// Starts to open a WebSocket; path begins with a slash. On failure, NULL and errno.
[[nodiscard]] struct ws *ws_open(struct wss *, const char *path, void *owner);

// Sends text: at once as far as the kernel accepts it, the rest later.
void ws_send(struct ws *, const char *text, size_t len);

// Closes a WebSocket without a close frame and without events. Do not call it within its own event.
void ws_close(struct ws *);
