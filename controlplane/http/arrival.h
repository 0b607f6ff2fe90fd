// Who is connected, from where, and by when each connection must have sent a whole request. A
// connection that is late is cut off, even if it keeps sending slowly.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/address.h"
#include "base/loop.h"

#define ARRIVAL_MS 20000 // time for a connection's first request
#define IDLE_S     75 // between requests: longer than the 60 s of load balancers (AWS, nginx)
#define IDLE_MS    (IDLE_S * 1000 + ARRIVAL_MS) // for the next request, with the pause before it

#define HANDSHAKE_BURST_S 10 // seconds' worth of TLS handshakes that an address may begin at once

struct am_config_strings;
struct http_arrival;
struct limit;
struct sockaddr;
struct tally;

TAILQ_HEAD(http_arrival_list, http_arrival);

struct http_arrivals {
	struct loop *loop;
	const struct am_config_strings *proxies; // their connections are not counted
	uint32_t most; // connections that one address may have
	struct tally *counts;
	struct limit *handshakes;
	struct http_arrival_list first, next; // connections that owe a request, the oldest first
	struct loop_timer timer;
};

struct http_arrival {
	struct http_arrivals *owner;
	int holders;
	int fd; // of the connection that owes a request
	char *raw_path; // path of the last request, without the query; owned; NULL: none yet
	bool has_nul; // that request's query contains a NUL
	bool counted;
	char client[ADDRESS_TEXT_SIZE];
	struct http_arrival_list *list; // NULL: no request is awaited
	uint64_t since_ms;
	TAILQ_ENTRY(http_arrival) of_list;
};

// proxies is lent. most: connections that one address may have at a time; handshakes: TLS
// handshakes that it may begin per second.
void http_arrivals_init(
        struct http_arrivals *s, struct loop *, const struct am_config_strings *proxies,
        uint32_t most, uint32_t handshakes
);

// All arrivals must have ended.
void http_arrivals_fini(struct http_arrivals *);

// Whether this address may open one more connection.
[[nodiscard]] bool http_arrivals_take(const struct http_arrivals *, const struct sockaddr *);

// Whether this address may begin a TLS handshake now; if so, counts the handshake.
[[nodiscard]] bool http_arrivals_take_handshake(struct http_arrivals *, const struct sockaddr *);

// A connection has begun and owes its first request. The caller holds a reference. The connection
// counts for its address until the last reference is put back: with TLS, it has two ends, and lasts
// as long as either.
struct http_arrival *http_arrival_create(struct http_arrivals *, int fd, const struct sockaddr *);
void http_arrival_get(struct http_arrival *);
void http_arrival_put(struct http_arrival *);

// http_arrival_end: the request has arrived. http_arrival_again: it has been answered, and another
// may follow.
void http_arrival_end(struct http_arrival *);
void http_arrival_again(struct http_arrival *);
