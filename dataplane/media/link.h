// How good one client's network is, from reception reports: ours about a publisher, or a viewer's
// about what it is sent. A client that lies in its reports harms only itself. Time is passed in.
// Written by the transport's worker.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LINK_PROBE_US 2000000
#define LINK_PROBE_BLOCKS                                                                          \
	4 // blocks of reports that are looked up in this time; each costs a search

struct link {
	int64_t probed_us; // since when these blocks are counted
	uint8_t blocks; // that came in the time before
	uint8_t first; // of them whose turn it is
	uint8_t seen, looked; // in this time: blocks that came, and those that were looked up
	uint16_t lost; // smoothed, in 1/256 of the fraction's units
	uint16_t rtt_ms; // 0: unknown
	uint8_t jitter_ms;
	bool lossy; // loss is so high that audio is sent twice
};

// Whether the next block of the client's reports is to be looked up. All streams have their turn,
// whether they are reported in one packet or in one each.
[[nodiscard]] bool link_has_turn(struct link *, int64_t now_us);

// fraction: fraction lost (RFC 3550 6.4.1), in 1/256.
void link_lost(struct link *, uint8_t fraction);

// jitter: interarrival jitter (RFC 3550 6.4.1), in timestamp units; rate: their frequency in Hz.
void link_jitter(struct link *, uint32_t jitter, uint32_t rate);

// The client quotes the report that we sent at sent_us, after a delay (DLSR) in 1/65536 s.
void link_rtt(struct link *, int64_t now_us, int64_t sent_us, uint32_t delay);

// The value for am_gauges.
uint32_t link_gauge(const struct link *);
