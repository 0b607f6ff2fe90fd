// The wall clock of a publisher and the timestamps of its streams, tied by sender reports
// (RFC 3550 6.4.1). Written by the publisher's worker only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define NTP_UNIX_OFFSET 2208988800u // seconds from 1900 to 1970, RFC 5905 6

struct rtp_clock {
	uint64_t ntp; // of the last SR, 32.32 fixed-point seconds
	int64_t arrival_us; // of the last SR
	uint32_t rtp_timestamp; // at ntp
	uint32_t rate; // Hz
	bool known; // an SR has come
};

static inline uint64_t ntp_from_unix_us(int64_t unix_us)
{
	uint64_t us = (uint64_t)unix_us;
	uint64_t fraction = ((us % 1000000) << 32) / 1000000;
	return (us / 1000000 + NTP_UNIX_OFFSET) << 32 | fraction;
}

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

static inline void
rtp_clock_update(struct rtp_clock *c, uint64_t ntp, uint32_t rtp_timestamp, int64_t arrival_us)
{
	c->ntp = ntp;
	c->rtp_timestamp = rtp_timestamp;
	c->arrival_us = arrival_us;
	c->known = true;
}

// A timestamp on the time line that all layers of a track share: the publisher's NTP time in units
// of the clock rate. Only on a known clock.
static inline uint32_t rtp_clock_track_timestamp(const struct rtp_clock *c, uint32_t timestamp)
{
	return ntp_ticks(c->ntp, c->rate) + (timestamp - c->rtp_timestamp);
}

// A timestamp of stream `from` in the domain of stream `to`. Both known, both of one rate.
static inline uint32_t
rtp_clock_convert(const struct rtp_clock *from, uint32_t timestamp, const struct rtp_clock *to)
{
	uint32_t track = rtp_clock_track_timestamp(from, timestamp);
	return track - ntp_ticks(to->ntp, to->rate) + to->rtp_timestamp;
}

// The publisher's NTP time now and the stream's timestamp at it: what an SR to a viewer carries,
// once the viewer's offset is added to the timestamp. Exact on the line of the last SR, so sound
// and picture of one publisher stay in step. Only on a known clock.
static inline void
rtp_clock_now(const struct rtp_clock *c, int64_t now_us, uint64_t *ntp, uint32_t *rtp_timestamp)
{
	uint64_t us = now_us > c->arrival_us ? (uint64_t)(now_us - c->arrival_us) : 0;
	uint64_t seconds = us / 1000000, rest = us % 1000000;
	*ntp = c->ntp + (seconds << 32) + (rest << 32) / 1000000;
	*rtp_timestamp = c->rtp_timestamp + (uint32_t)seconds * c->rate +
	                 (uint32_t)(rest * c->rate / 1000000);
}
