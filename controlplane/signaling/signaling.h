// Browser signaling: turns protoo messages over WebSockets into domain calls, and domain events
// into messages.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNALING_TOO_MANY "too many connections from this address"

struct admissions;
struct conference_events;
struct http_request;
struct http_response;
struct http_socket;
struct loop;
struct signaling;

// client_max: WebSockets that one address may have at once. ready: called once when the rooms of
// the last control plane are back.
struct signaling *
signaling_create(struct loop *loop, uint32_t client_max, void (*ready)(void *owner), void *owner);
void signaling_destroy(struct signaling *);

// For the conference.
const struct conference_events *signaling_events(struct signaling *);

// Sets the way in, before the first connection. The caller keeps the memory.
void signaling_set_admissions(struct signaling *, const struct admissions *);

// Whether the address of this request may open one more WebSocket now. If not, *wait_s says when to
// try again.
[[nodiscard]] bool
signaling_allows(const struct signaling *, const struct http_request *, uint32_t *wait_s);

// Callbacks for struct http_handler, whose owner is the signaling.
void *signaling_upgrade(void *owner, const struct http_request *, struct http_response *);
void signaling_upgraded(
        void *owner, void *upgrade, struct http_socket *, const void *extra, size_t extra_len
);

// Closes every connection with a request to come back soon; peers and media stay.
void signaling_suspend(struct signaling *);
