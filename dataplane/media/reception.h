// How well one incoming stream is received, for the report blocks towards its publisher (RFC 3550
// A.1, A.3, A.8). Fed with original packets only, never with RTX. Written by the stream's worker.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rtcp_report;

#define RECEPTION_DROPOUT_MAX  3000 // RFC 3550 A.1: a larger jump is a restart, if it repeats
#define RECEPTION_MISORDER_MAX 100 // RFC 3550 A.1

struct reception {
	int64_t sr_arrival_us;
	uint32_t rate; // Hz of the timestamps
	uint32_t base; // extended number of the first packet
	uint32_t top; // highest extended number
	uint32_t received;
	uint32_t expected_prior; // at the last report
	uint32_t received_prior;
	uint32_t bad_seq; // the number after a jump: if it comes next, the sender has restarted
	uint32_t transit; // last relative transit time, timestamp units
	uint32_t jitter; // scaled by 16, A.8
	uint32_t last_sr; // 0 = none yet
	bool started;
};

void reception_init(struct reception *, uint32_t rate);

void reception_packet(struct reception *, uint16_t seq, uint32_t timestamp, int64_t arrival_us);

// A sender report arrived: the next reports quote it, so the publisher learns the RTT.
void reception_sr(struct reception *, uint64_t ntp, int64_t arrival_us);

// Fill a report block about ssrc and begin the next interval. Returns 0, or -EAGAIN before the
// first packet.
[[nodiscard]] int
reception_report(struct reception *, uint32_t ssrc, int64_t now_us, struct rtcp_report *);
