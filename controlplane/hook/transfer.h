// HTTPS requests to servers of integrators, in the loop; the only user of libcurl. They go only to
// public addresses and allowed hosts. That is checked when the socket opens, so it holds for
// whatever the name resolves to then. Certificates are verified; redirects, proxies and the
// environment's settings are ignored; the size of answers is limited. Connections are kept and
// reused.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define TRANSFER_HEADERS_MAX 5
#define TRANSFER_BODY_MAX    65536 // of an answer; longer ones are cut off
#define TRANSFER_BODY_KEPT   4096 // of these, the bytes that are used

struct am_config_strings;
struct loop;
struct transfer;
struct transfers;

// allowed: entries "host" or "host:port" (guard.h), lent. authorities: PEM file of certificate
// authorities besides the system's; empty: none. NULL after one line in the log.
[[nodiscard]] struct transfers *
transfers_create(struct loop *l, const struct am_config_strings *allowed, const char *authorities);

// All transfers must have ended.
void transfers_destroy(struct transfers *);

struct transfer_header {
	const char *name, *value; // a header with an empty value is left out
};

struct transfer_request {
	const char *url; // https
	const char *body; // JSON to post; NULL: GET
	long timeout_ms;
	struct transfer_header headers[TRANSFER_HEADERS_MAX]; // up to the first without a name
};

enum transfer_result {
	TRANSFER_ANSWERED,
	TRANSFER_UNANSWERED, // no connection, timeout, bad certificate, …
	TRANSFER_FORBIDDEN, // every address of the host was refused
};

struct transfer_answer {
	enum transfer_result result;
	unsigned status; // of the answer
	const char *type; // its Content-Type; empty: none
	const char *body; // NUL-terminated, up to TRANSFER_BODY_KEPT bytes
	size_t body_len;
	const char *error; // for the log: why there was no answer
};

// Receives the answer, which is lent. Called once, from the loop, never within transfer_start. The
// transfer is gone when this function returns.
typedef void transfer_done(void *owner, const struct transfer_answer *);

// NULL with one line in *error if the URL is not https or has credentials, or if a header has
// control characters.
[[nodiscard]] struct transfer *transfer_start(
        struct transfers *ts, const struct transfer_request *r, transfer_done *done, void *owner,
        const char **error
);

// Cancels a transfer: done will not be called.
void transfer_cancel(struct transfer *);
