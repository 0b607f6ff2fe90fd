// What this process counts, printed in Prometheus' text exposition format (version 0.0.4).
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "am_schema.h"
#include "terms/refusal.h"

#define METRICS_STATUS_CLASSES 6 // 1xx to 5xx; the index is the first digit

// name, help. Prometheus' name is amphi_controlplane_<name>_total.
#define METRICS(X)                                                                                 \
	X(websockets_opened, "WebSockets accepted")                                                \
	X(subscriptions_refused, "Subscriptions refused because a limit was reached")              \
	X(joins, "Peers that became members of a room")                                            \
	X(transports_dtls_failed, "Transports that ended because DTLS failed")                     \
	X(transports_dtls_closed, "Transports that ended by their client's close_notify")          \
	X(transports_expired, "Transports whose client sent no ICE check for 30 s")                \
	X(transports_replaced, "Transports without a path that gave way to a new one")             \
	X(rest_limited, "Requests refused because they came too fast")                             \
	X(connections_refused, "Connections refused because their address has too many")           \
	X(handshakes_refused,                                                                      \
	  "Connections refused because their address begins too many TLS handshakes")              \
	X(websockets_refused, "WebSockets refused because their address has, or opens, too many")  \
	X(quota_refused, "Rooms, peers and media refused because of their account's quota")        \
	X(hosts_refused, "Requests refused because no account has their host")                     \
	X(page_reports, "Reports from pages whose participant saw or heard something bad")

enum metric {
#define METRIC_ENUM(name, help) METRIC_##name,
	METRICS(METRIC_ENUM)
#undef METRIC_ENUM
	        METRIC_COUNT,
};

// Distributions of what viewers experience. Each viewer's link is measured every QUALITY_LOOK_MS;
// what viewers saw and heard comes from their pages' reports. name, Prometheus' name, help, bounds.
#define METRICS_BOUNDS_MAX 12
#define METRICS_HISTOGRAMS(X)                                                                      \
	X(loss, "amphi_viewer_loss_ratio", "Packets lost on the way to a viewer",                  \
	  {0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5})                                             \
	X(rtt, "amphi_viewer_round_trip_seconds", "Round trip to a viewer",                        \
	  {0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.8, 1.5})                                      \
	X(jitter, "amphi_viewer_jitter_seconds", "How much the transit time to a viewer varies",   \
	  {0.002, 0.005, 0.01, 0.02, 0.04, 0.07, 0.1, 0.2})                                        \
	X(bitrate, "amphi_viewer_bits_per_second", "Bit rate to a viewer, without headers",        \
	  {5e4, 1e5, 2.5e5, 5e5, 1e6, 2e6, 4e6, 8e6, 1.6e7, 3.2e7})                                \
	X(estimate, "amphi_viewer_estimate_bits_per_second",                                       \
	  "What a viewer's link is estimated to carry",                                            \
	  {1e5, 2.5e5, 5e5, 1e6, 2e6, 4e6, 8e6, 1.6e7, 3.2e7})                                     \
	X(retransmitted, "amphi_viewer_retransmitted_ratio",                                       \
	  "Share of packets to a viewer that are retransmissions",                                 \
	  {0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5})                                             \
	X(frozen, "amphi_viewer_frozen_seconds",                                                   \
	  "How long video was frozen, in each report that says so", {0.2, 0.5, 1, 2, 5, 10, 20})   \
	X(concealed, "amphi_viewer_concealed_ratio",                                               \
	  "Share of audio that was concealed, in each report that says so",                        \
	  {0.02, 0.05, 0.1, 0.2, 0.5})

enum histogram {
#define HISTOGRAM_ENUM(name, ...) HISTOGRAM_##name,
	METRICS_HISTOGRAMS(HISTOGRAM_ENUM)
#undef HISTOGRAM_ENUM
	        HISTOGRAM_COUNT,
};

// Only the loop's thread counts, so the counters are plain words.
void metric_count(enum metric);
void metric_count_response(unsigned status); // of HTTP
void metric_observe(enum histogram, double value);
void metric_count_refusal(enum refusal); // of a peer that tries to enter a room

// Counts a viewer's video at one look: the layer that is sent, or AM_LAYER_NONE, and why no higher
// layer is.
void metric_count_picture(uint8_t layer, enum am_limit);

// Prints all of the above.
void metrics_print(FILE *);

// metric_head prints the lines above a metric's values; metric_gauge prints a whole metric that has
// one value.
void metric_head(FILE *, const char *name, const char *type, const char *help);
void metric_gauge(FILE *, const char *name, const char *help, double value);
