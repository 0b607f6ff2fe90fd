// The service thread: everything outside the packet path. Commands of the control plane, ICE, DTLS,
// neighbours, echo, fragments, timers, and the region's tables. One thread owns all of it; loop.h
// starts, runs and ends it.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "am_region.h"
#include "host/config.h"
#include "host/port.h"
#include "path/worker.h"
#include "service/icmp.h"
#include "service/places.h"
#include "service/port_watch.h"
#include "service/recorders.h"
#include "service/registry.h"
#include "service/room_taps.h"
#include "wire/packet.h"

struct channel;
struct data;
struct dtls_context;
struct flow_table;
struct fragment_table;
struct neighbour_table;

// The data channels of the service.
struct data_plane {
	LIST_HEAD(, channel) channels;
	TAILQ_HEAD(, data) ready; // those with messages to send
	bool is_open;
	uint64_t ticked_ns;
};

struct service {
	const struct config *config;
	struct port *port;
	struct port_watch port_watch;
	struct packet_local local;
	struct registry registry;
	TAILQ_HEAD(, session) consenting; // ICE is connected; the longest without a check is first
	TAILQ_HEAD(, session) shaking; // a DTLS handshake is in progress
	struct places places; // for those handshakes
	struct flow_table *flows; // all validated tuples, as every worker has them
	struct dtls_context *dtls;
	struct data_plane data;
	struct room_taps room_taps;
	struct recorders recorders;
	struct neighbour_table *neighbours;
	struct fragment_table *fragments;
	struct icmp icmp;
	struct am_counters *counters; // the service thread's block in the region
	int listener; // of the control plane's link
	int control; // the attached control plane, or -1
	int command_wake; // eventfd: commands are waiting
	int event_wake; // eventfd: events are waiting
	uint16_t epoch; // of the attached control plane
	uint64_t now_ns; // CLOCK_MONOTONIC, of this turn
	uint64_t ticked_ns;
	int64_t looked_us; // when the loop last checked what viewers wish for
	uint64_t log_ns; // when the log last reported what it left out
	uint64_t trimmed_ns; // when memory was last returned to the kernel
	uint32_t trim_count; // sessions whose memory was freed since then
	uint64_t refusal_ns; // when a refused command was last logged
	uint32_t refusals; // not logged since
};
