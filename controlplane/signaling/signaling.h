// Browser signaling: turns protoo messages over WebSockets into domain calls, and domain events
// into messages.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "terms/refusal.h"

struct admissions;
struct application;
struct conference_events;
struct http_request;
struct http_response;
struct http_socket;
struct json;
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

// Why a handshake is refused.
struct handshake_refusal {
	enum refusal refusal;
	const char *why; // in English
	uint32_t wait_s; // when to try again; 0: unknown
};

// What becomes of a handshake. NULL if its address may open no more WebSockets now, or if the
// admission's first step refuses it (admission_apply); else freed with free(). opens: the request
// opens one; else it only asks what would become of it.
[[nodiscard]] struct application *signaling_apply(
        const struct signaling *s, const struct http_request *q, bool opens,
        struct handshake_refusal *out
);

// Sets the response's status and Retry-After. Returns its body: {reason, status, message,
// messageRu}.
[[nodiscard]] struct json *
signaling_refuse(const struct handshake_refusal *, struct http_response *);

// Callbacks for struct http_handler, whose owner is the signaling.
void *signaling_upgrade(void *owner, const struct http_request *, struct http_response *);
void signaling_upgraded(
        void *owner, void *upgrade, struct http_socket *, const void *extra, size_t extra_len
);

// Closes every connection with a request to come back soon; peers and media stay.
void signaling_suspend(struct signaling *);
