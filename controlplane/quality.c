#include "quality.h"

// From here on sound is cut (bad), or may be once (fair). Loss is /256, as RFC 3550 has it.
#define LOST_BAD       26
#define LOST_FAIR      8
#define JITTER_MS_BAD  100
#define JITTER_MS_FAIR 40
#define RTT_MS_BAD     800
#define RTT_MS_FAIR    350

enum quality quality_of(uint32_t gauge, uint64_t since_check_ms)
{
	uint32_t lost = gauge & 0xff, jitter_ms = gauge >> 8 & 0xff, rtt_ms = gauge >> 16;

	if (since_check_ms >= QUALITY_CHECK_MS || lost >= LOST_BAD || jitter_ms >= JITTER_MS_BAD ||
	    rtt_ms >= RTT_MS_BAD)
		return QUALITY_BAD;
	if (lost >= LOST_FAIR || jitter_ms >= JITTER_MS_FAIR || rtt_ms >= RTT_MS_FAIR)
		return QUALITY_FAIR;
	return QUALITY_GOOD;
}

bool quality_look(struct connection_quality *c, enum quality q)
{
	enum quality was = c->now;

	if (q <= c->now || c->now == QUALITY_UNKNOWN)
		c->now = q;
	else if (c->before > c->now)
		c->now = q < c->before ? q : c->before;
	c->before = q;
	return c->now != was && (was != QUALITY_UNKNOWN || c->now != QUALITY_GOOD);
}
