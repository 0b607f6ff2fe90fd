// What this process counts, and the text of /metrics for both processes, in Prometheus' format
// (version 0.0.4). The data plane's counters come out of the region.
#pragma once

#include <stdint.h>

#include "refusal.h"

#define METRICS_STATUS_CLASSES 6 // 1xx to 5xx; index is the first digit

struct conference;
struct history;

// name, help. Prometheus' name is amphi_controlplane_<name>_total.
#define METRICS(X)                                                                                 \
	X(websockets_opened, "WebSockets accepted")                                                \
	X(subscriptions_refused, "Tries to subscribe a viewer to a track that found no room")      \
	X(joins, "Peers that became members of a room")                                            \
	X(transports_dtls_failed, "Transports that ended because DTLS failed")                     \
	X(transports_dtls_closed, "Transports that ended by their client's close_notify")          \
	X(transports_expired, "Transports whose client sent no ICE check for 30 s")                \
	X(transports_replaced, "Transports without a path that gave way to a new one")             \
	X(rest_limited, "Requests refused because they came too fast")                             \
	X(connections_refused, "Connections refused because their address has too many")           \
	X(websockets_refused, "WebSockets refused because their address has, or opens, too many")  \
	X(quota_refused, "Rooms, peers and media refused because their account has all it may")    \
	X(hosts_refused, "Requests refused because no account has their host")

enum metric {
#define METRIC_ENUM(name, help) METRIC_##name,
	METRICS(METRIC_ENUM)
#undef METRIC_ENUM
	        METRIC_COUNT,
};

// One loop counts, so these are plain words of the process.
void metric_count(enum metric);
void metric_count_response(unsigned status); // of HTTP
void metric_count_refusal(enum refusal); // of a peer that wants in

// The whole text; freed with free().
[[nodiscard]] char *metrics_print(const struct conference *, const struct history *);
