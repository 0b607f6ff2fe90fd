#include "media/reception.h"

#include "wire/clock.h"
#include "wire/rtcp.h"

#include <errno.h>

#define NO_BAD_SEQ     0x10000 // no 16-bit number equals it
#define LOST_MAX       0x7FFFFF // RFC 3550 6.4.1: 24 bits, signed
#define LOST_MIN       (-0x800000)
#define JITTER_SHIFT   4 // RFC 3550 A.8: gain of 1/16
#define FRACTION_UNITS 256

void reception_init(struct reception *r, uint32_t rate)
{
	*r = (struct reception){.rate = rate, .bad_seq = NO_BAD_SEQ};
}

// The stream begins, or begins anew: RFC 3550 A.1, init_seq.
static void restart(struct reception *r, uint16_t seq)
{
	r->base = seq;
	r->top = seq;
	r->received = 0;
	r->expected_prior = 0;
	r->received_prior = 0;
	r->bad_seq = NO_BAD_SEQ;
}

// RFC 3550 A.1, update_seq without probation: the packets are authentic. False for one that must
// not be counted.
static bool accept(struct reception *r, uint16_t seq)
{
	uint16_t ahead = (uint16_t)(seq - (uint16_t)r->top);
	if (ahead < RECEPTION_DROPOUT_MAX) {
		r->top += ahead;
		r->bad_seq = NO_BAD_SEQ;
		return true;
	}
	if (ahead <= UINT16_MAX + 1 - RECEPTION_MISORDER_MAX) {
		if (seq != r->bad_seq) {
			r->bad_seq = (uint16_t)(seq + 1);
			return false;
		}
		restart(r, seq);
	}
	return true; // a duplicate or a late packet: counted, not highest
}

// RFC 3550 A.8. Unsigned differences of the wrapping clocks are correct modulo 2^32.
static void update_jitter(struct reception *r, uint32_t timestamp, int64_t arrival_us)
{
	uint64_t us = (uint64_t)arrival_us;
	uint32_t arrival = (uint32_t)(us / 1000000 * r->rate + us % 1000000 * r->rate / 1000000);
	uint32_t transit = arrival - timestamp;
	if (r->received > 0) {
		uint32_t d = transit - r->transit;
		if ((int32_t)d < 0)
			d = -d;
		r->jitter += d - ((r->jitter + (1u << (JITTER_SHIFT - 1))) >> JITTER_SHIFT);
	}
	r->transit = transit;
}

void reception_packet(struct reception *r, uint16_t seq, uint32_t timestamp, int64_t arrival_us)
{
	if (!r->started) {
		r->started = true;
		restart(r, seq);
	}
	if (!accept(r, seq))
		return;

	update_jitter(r, timestamp, arrival_us);
	r->received++;
}

void reception_sr(struct reception *r, uint64_t ntp, int64_t arrival_us)
{
	r->last_sr = ntp_middle(ntp);
	r->sr_arrival_us = arrival_us;
}

// RFC 3550 A.3: what was lost since the last report, in 1/256 of what was expected since.
static uint8_t fraction_lost(uint32_t expected, uint32_t received)
{
	if (expected == 0 || received >= expected)
		return 0;

	uint32_t lost = expected - received;
	uint64_t fraction = (uint64_t)lost * FRACTION_UNITS / expected;
	return (uint8_t)(fraction < FRACTION_UNITS ? fraction : FRACTION_UNITS - 1);
}

int reception_report(struct reception *r, uint32_t ssrc, int64_t now_us, struct rtcp_report *report)
{
	if (!r->started)
		return -EAGAIN;

	uint32_t expected = r->top - r->base + 1;
	int64_t lost = (int64_t)expected - r->received;
	if (lost > LOST_MAX)
		lost = LOST_MAX;
	if (lost < LOST_MIN)
		lost = LOST_MIN;
	*report = (struct rtcp_report){
	        .ssrc = ssrc,
	        .fraction_lost = fraction_lost(
	                expected - r->expected_prior, r->received - r->received_prior
	        ),
	        .cumulative_lost = (int32_t)lost,
	        .highest_seq = r->top,
	        .jitter = r->jitter >> JITTER_SHIFT,
	        .last_sr = r->last_sr,
	};
	if (r->last_sr != 0 && now_us > r->sr_arrival_us)
		report->delay_since_last_sr =
		        (uint32_t)((uint64_t)(now_us - r->sr_arrival_us) * 65536 / 1000000);
	r->expected_prior = expected;
	r->received_prior = r->received;
	return 0;
}
