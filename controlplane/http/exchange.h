// Requests as they come in, and their answers: the functions that libmicrohttpd calls for each
// request. Only http.c includes this header.
#pragma once

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "http/download.h"
#include "http/handler.h"
#include "http/request.h"
#include "http/response.h"
#include "http/settings.h"

struct loop;

// What all requests of a server have in common.
struct http_exchanges {
	struct loop *loop;
	const struct http_settings *settings;
	const struct http_handler *handler;
	// A connection has become a WebSocket; upgrade is what the handler returned for it.
	void (*upgraded
	)(void *owner, void *upgrade, MHD_socket, struct MHD_UpgradeResponseHandle *,
	  const char *extra, size_t extra_len);
	void *owner;
	bool secure; // all requests come over TLS
	bool ending; // handlers are not called any more
	bool turn_due; // the library has connections to take back or resume in its next turn
	LIST_HEAD(, http_later) later;
	struct http_downloads downloads;
	uint64_t proxy_warned_ms;
};

// Answers the deferred requests with an error, since whoever would answer them is gone, and calls
// no more handlers.
void http_exchanges_end(struct http_exchanges *);

// Callbacks of the library: MHD_AccessHandlerCallback, MHD_OPTION_URI_LOG_CALLBACK and
// MHD_RequestCompletedCallback. The owner of the first is the struct http_exchanges.
enum MHD_Result http_exchange_request(
        void *owner, struct MHD_Connection *, const char *path, const char *method,
        const char *version, const char *data, size_t *data_len, void **context
);
void *http_exchange_target(void *owner, const char *target, struct MHD_Connection *);
void http_exchange_completed(
        void *owner, struct MHD_Connection *, void **context, enum MHD_RequestTerminationCode
);

// The address that a connection comes from; NULL if unknown.
const struct sockaddr *http_exchange_peer(struct MHD_Connection *);
