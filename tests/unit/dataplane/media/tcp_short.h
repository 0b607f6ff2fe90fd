// People who browse behind the same link as media: the short TCP flows of RFC 8867 5.7. Each flow
// takes a file, idles, and takes the next one. Connections are persistent: neither handshake nor
// request takes time.
#pragma once

#include "tcp_flow.h"
#include "xorshift.h"

#define TCP_SHORT_FLOWS 10
#define TCP_SHORT_BUSY  2 // flows that begin with a file; the others idle first

struct tcp_short {
	struct tcp_flow flows[TCP_SHORT_FLOWS];
	int64_t due_us[TCP_SHORT_FLOWS]; // when it takes its next file
	bool busy[TCP_SHORT_FLOWS];
	struct xorshift noise;
	int files; // taken so far
};

void tcp_short_start(struct tcp_short *, int64_t now_us, int64_t back_us, uint64_t seed);

// Like tcp_flow_run. A packet in the lane is `flag`, its number, and its flow shifted by this:
#define TCP_SHORT_SHIFT 24
void tcp_short_run(struct tcp_short *, int64_t now_us, struct lane *, uint32_t flag);

// A packet with this word came out of the lane.
void tcp_short_arrived(struct tcp_short *, int64_t out_us, uint32_t word);
