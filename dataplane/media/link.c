#include "media/link.h"

#include "am_schema.h"

#define UNIT_SHIFT  8
#define GAIN_SHIFT  2 // a quarter: reports come about once a second
#define LOSSY       (3 * 65536 / 100) // 3 %, in units of lost
#define LOSSLESS    (65536 / 100) // 1 %
#define JITTER_MAX  UINT8_MAX
#define RTT_MAX     UINT16_MAX
#define US_PER_S    1000000
#define DELAY_UNITS 65536 // of RFC 3550 6.4.1 in a second

bool link_has_turn(struct link *l, int64_t now_us)
{
	if (now_us - l->probed_us >= LINK_PROBE_US) {
		l->blocks = l->seen;
		l->first =
		        l->blocks > 0 ? (uint8_t)((l->first + LINK_PROBE_BLOCKS) % l->blocks) : 0;
		l->probed_us = now_us;
		l->seen = l->looked = 0;
	}
	unsigned block = l->seen;
	l->seen += l->seen < UINT8_MAX;
	if (l->looked == LINK_PROBE_BLOCKS)
		return false;
	if (l->blocks > LINK_PROBE_BLOCKS &&
	    (block % l->blocks + l->blocks - l->first) % l->blocks >= LINK_PROBE_BLOCKS)
		return false;
	l->looked++;
	return true;
}

void link_lost(struct link *l, uint8_t fraction)
{
	int32_t by = (fraction << UNIT_SHIFT) - l->lost;

	l->lost = (uint16_t)(l->lost + by / (1 << GAIN_SHIFT));
	l->lossy = l->lost > (l->lossy ? LOSSLESS : LOSSY);
}

void link_jitter(struct link *l, uint32_t jitter, uint32_t rate)
{
	uint64_t ms = (uint64_t)jitter * 1000 / rate;

	l->jitter_ms = (uint8_t)(ms < JITTER_MAX ? ms : JITTER_MAX);
}

void link_rtt(struct link *l, int64_t now_us, int64_t sent_us, uint32_t delay)
{
	int64_t us = now_us - sent_us - (int64_t)((uint64_t)delay * US_PER_S / DELAY_UNITS);
	int64_t ms = us / 1000;

	if (ms < 1)
		ms = 1;
	l->rtt_ms = (uint16_t)(ms < RTT_MAX ? ms : RTT_MAX);
}

uint32_t link_gauge(const struct link *l)
{
	return am_gauge_link((uint8_t)(l->lost >> UNIT_SHIFT), l->jitter_ms, l->rtt_ms);
}
