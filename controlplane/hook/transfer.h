// HTTPS requests to servers of integrators, in the loop: the only user of libcurl. They go only to
// public addresses and allowed hosts, which is checked when the socket opens, whatever the name
// resolves to then. Certificates are verified; redirects, proxies and the environment's settings
// are ignored; the size of answers is capped. Connections are kept and used again.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define TRANSFER_HEADERS_MAX 5
#define TRANSFER_BODY_MAX    65536 // of an answer: a longer one is cut off
#define TRANSFER_BODY_KEPT   4096 // of that, the bytes that are used

struct am_config_strings;
struct loop;
struct transfer;
struct transfers;

// allowed: "host" or "host:port" entries (guard.h), the caller's memory. authorities: PEM file of
// certificate authorities besides the system's; empty: none. NULL after one line in the log.
[[nodiscard]] struct transfers *
transfers_create(struct loop *l, const struct am_config_strings *allowed, const char *authorities);

// All transfers must have ended.
void transfers_destroy(struct transfers *);

struct transfer_header {
	const char *name, *value; // an empty value: the header is left out
};

struct transfer_request {
	const char *url; // https
	const char *body; // JSON to post; NULL: GET
	long timeout_ms;
	struct transfer_header headers[TRANSFER_HEADERS_MAX]; // up to the first without a name
};

enum transfer_result {
	TRANSFER_ANSWERED,
	TRANSFER_UNANSWERED, // nobody there, too late, a bad certificate, …
	TRANSFER_FORBIDDEN, // every address of the host was refused
};

struct transfer_answer {
	enum transfer_result result;
	unsigned status; // of the answer
	const char *type; // its Content-Type; empty: none
	const char *body; // NUL-terminated, up to TRANSFER_BODY_KEPT bytes
	size_t body_len;
	const char *error; // for the log: why there is no answer
};

// The answer is lent. Called once, from the loop, never within transfer_start; the transfer is
// gone when it returns.
typedef void transfer_done(void *owner, const struct transfer_answer *);

// NULL with one line in *error: a URL that is not https or has credentials, a header with control
// characters.
[[nodiscard]] struct transfer *transfer_start(
        struct transfers *ts, const struct transfer_request *r, transfer_done *done, void *owner,
        const char **error
);

// done will not be called.
void transfer_cancel(struct transfer *);
