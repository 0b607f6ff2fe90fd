// How good one client's network is, from reception reports: ours about a publisher, or a viewer's
// about what it is sent. A client that lies in its reports harms only itself. Time is passed in.
// Written by the transport's worker.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LINK_PROBE_US                                                                              \
	2000000 // between two measurements of jitter and RTT, each of which costs a search

struct link {
	int64_t probed_us;
	uint16_t lost; // smoothed, in 1/256 of the fraction's units
	uint16_t rtt_ms; // 0: unknown
	uint8_t jitter_ms;
	bool lossy; // loss is so high that audio is sent twice
};

// fraction: fraction lost (RFC 3550 6.4.1), in 1/256.
void link_lost(struct link *, uint8_t fraction);

// jitter: interarrival jitter (RFC 3550 6.4.1), in timestamp units; rate: their frequency in Hz.
void link_jitter(struct link *, uint32_t jitter, uint32_t rate);

// The client quotes the report that we sent at sent_us, after a delay (DLSR) in 1/65536 s.
void link_rtt(struct link *, int64_t now_us, int64_t sent_us, uint32_t delay);

// The value for am_gauges.
uint32_t link_gauge(const struct link *);
