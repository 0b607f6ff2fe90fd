// The wall clock of a publisher and the timestamps of its streams, tied by sender reports
// (RFC 3550 6.4.1). Written by the publisher's worker only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rtp_clock {
	uint64_t ntp; // of the last SR, 32.32 fixed-point seconds
	uint32_t rtp_timestamp; // at ntp
	uint32_t rate; // Hz
	bool known; // an SR has come
};

// The form in which reports quote a sender report: LSR of RFC 3550 6.4.1.
static inline uint32_t ntp_middle(uint64_t ntp)
{
	return (uint32_t)(ntp >> 16);
}

// An NTP time in units of the clock rate, modulo 2^32.
static inline uint32_t ntp_ticks(uint64_t ntp, uint32_t rate)
{
	uint32_t seconds = (uint32_t)(ntp >> 32);
	uint32_t fraction = (uint32_t)(((ntp & 0xFFFFFFFF) * rate) >> 32);
	return seconds * rate + fraction;
}

static inline void rtp_clock_init(struct rtp_clock *c, uint32_t rate)
{
	*c = (struct rtp_clock){.rate = rate};
}

static inline void rtp_clock_update(struct rtp_clock *c, uint64_t ntp, uint32_t rtp_timestamp)
{
	c->ntp = ntp;
	c->rtp_timestamp = rtp_timestamp;
	c->known = true;
}

// A timestamp on the time line that all layers of a track share: the publisher's NTP time in units
// of the clock rate. The clock must be known.
static inline uint32_t rtp_clock_track_timestamp(const struct rtp_clock *c, uint32_t timestamp)
{
	return ntp_ticks(c->ntp, c->rate) + (timestamp - c->rtp_timestamp);
}
