// Requests on their way in, and their answers: what libmicrohttpd calls for each of them. Nobody
// but http.c includes this.
#pragma once

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "http/http.h"

// What all requests of a server have in common.
struct http_exchanges {
	struct loop *loop;
	const struct http_settings *settings;
	const struct http_handler *handler;
	// A connection has become a WebSocket's; upgrade is what the handler gave for it.
	void (*upgraded
	)(void *owner, void *upgrade, MHD_socket, struct MHD_UpgradeResponseHandle *,
	  const char *extra, size_t extra_len);
	void *owner;
	bool secure; // all comes over TLS
	bool ending; // handlers are not asked any more
	bool turn_due; // what was given back, the library sees in its next turn
	LIST_HEAD(, http_later) later;
	uint64_t proxy_warned_ms;
};

// Gives the answers that will not come, since whoever would give them is gone, and asks handlers
// for no others.
void http_exchanges_end(struct http_exchanges *);

// Of the library: MHD_AccessHandlerCallback, MHD_OPTION_URI_LOG_CALLBACK and
// MHD_RequestCompletedCallback. The first one's owner are the exchanges.
enum MHD_Result http_exchange_request(
        void *owner, struct MHD_Connection *, const char *path, const char *method,
        const char *version, const char *data, size_t *data_len, void **context
);
void *http_exchange_target(void *owner, const char *target, struct MHD_Connection *);
void http_exchange_completed(
        void *owner, struct MHD_Connection *, void **context, enum MHD_RequestTerminationCode
);

// Whom a connection comes from, NULL: unknown.
const struct sockaddr *http_exchange_peer(struct MHD_Connection *);
