// A TCP download in virtual time, behind the same link as media: RFC 8867 5.6 and 5.7. CUBIC (RFC
// 9438) with slow start, fast recovery and a timeout; acknowledgements have a constant delay, and
// retransmissions are not distinguished from new data.
#pragma once

#include "model.h"

#include <stdbool.h>
#include <stdint.h>

#define TCP_FLOW_BYTES   1500 // of a packet on the wire
#define TCP_FLOW_PACKETS 4096 // under way at most, a power of two

struct tcp_flow {
	int64_t back_us; // delay of acknowledgements
	int64_t rtt_us; // the last packet's
	int64_t cut_us; // last
	int64_t acked_us; // last
	uint64_t next; // number of the next packet
	uint64_t recovered; // losses below this number belong to the last cut
	uint64_t arrived_bytes;
	uint64_t acked, wanted; // packets; UINT64_MAX: it never ends
	double window, threshold, top; // packets; top: the window before the last cut
	uint32_t inside; // packets under way
	uint32_t acks_begin, acks_end, lost_begin, lost_end;
	struct {
		int64_t us, sent_us;
		uint64_t number;
	} acks[TCP_FLOW_PACKETS];
	int64_t sent_us[TCP_FLOW_PACKETS];
	uint64_t lost[TCP_FLOW_PACKETS];
};

void tcp_flow_start(struct tcp_flow *, int64_t now_us, int64_t back_us);

// Takes this many packets more over a new connection, so the window starts over.
void tcp_flow_fetch(struct tcp_flow *, int64_t now_us, uint64_t packets);

static inline bool tcp_flow_is_done(const struct tcp_flow *t)
{
	return t->acked >= t->wanted;
}

// Reads the acknowledgements that are due, then sends what the window allows. A packet in the lane
// is `flag` and the low 16 bits of its number.
void tcp_flow_run(struct tcp_flow *, int64_t now_us, struct lane *, uint32_t flag);

// A packet came out of the lane.
void tcp_flow_arrived(struct tcp_flow *, int64_t out_us, uint16_t number);
