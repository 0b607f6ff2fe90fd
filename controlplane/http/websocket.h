// WebSocket connections (RFC 6455), server side: the answer to the handshake, then text messages
// both ways. The only user of wslay. Nothing here blocks: what a slow reader does not take is
// queued up to a limit, beyond which the connection is closed.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEBSOCKET_MESSAGE_MAX  131072 // bytes received in one message
#define WEBSOCKET_FRAMES_MAX   256 // of one message
#define WEBSOCKET_QUEUE_MAX    (4u << 20) // bytes waiting to be sent
#define WEBSOCKET_UNSENT_MAX   16384 // messages waiting to be sent
#define WEBSOCKET_PING_MS      5000
#define WEBSOCKET_SILENCE_MS   15000 // dead if nothing is heard for this long
#define WEBSOCKET_CREDIT       1000 // frames at once; each KiB in them counts as one more
#define WEBSOCKET_CREDIT_PER_S 100 // in the long run; a client that sends more is read more slowly

#define WEBSOCKET_NORMAL      1000
#define WEBSOCKET_GOING_AWAY  1001
#define WEBSOCKET_UNSUPPORTED 1003
#define WEBSOCKET_ABNORMAL    1006 // the connection ended without a close frame
#define WEBSOCKET_TOO_BIG     1009
#define WEBSOCKET_RESTART     1012 // come back soon
#define WEBSOCKET_KICKED      4000 // protoo: do not come back

struct http_request;
struct http_response;
struct http_socket;
struct loop;
struct websocket;

struct websocket_events {
	void (*message)(void *owner, const char *text, size_t len);
	// Called once, unless websocket_close was called; the websocket is gone afterwards.
	// silent_ms: how long nothing had been heard, if that is the reason.
	void (*closed)(void *owner, uint16_t code, uint64_t silent_ms);
};

// Checks the handshake: version, key, sub-protocol. The response then has the headers that accept
// it; or, if this returns false, it is a refusal. The admission checks Origin.
[[nodiscard]] bool
websocket_accept(const struct http_request *, const char *protocol, struct http_response *);

// Takes the socket over.
struct websocket *websocket_create(
        struct loop *, struct http_socket *, const void *extra, size_t extra_len,
        const struct websocket_events *, void *owner
);

// Charges credit for a message that causes more work than its length suggests.
void websocket_charge(struct websocket *, uint32_t frames);

// Reads nothing more and closes with this code; `closed` is reported then. For use within
// `message`.
void websocket_refuse(struct websocket *, uint16_t code);

// Queues a text message. May report `closed`, but only after it has returned.
void websocket_send(struct websocket *, const char *text, size_t len);

// Sends a close frame after what is queued. No event follows; the websocket frees itself within 3
// s.
void websocket_close(struct websocket *, uint16_t code, const char *reason);
