#include "terms/quality.h"

#include "am_lifecycle.h"

// From these values on, audio breaks up (bad) or may do so at times (fair). Loss is in 1/256 (RFC
// 3550).
#define LOST_BAD       26
#define LOST_FAIR      8
#define JITTER_MS_BAD  100
#define JITTER_MS_FAIR 40
#define RTT_MS_BAD     800
#define RTT_MS_FAIR    350

// For what people see and hear: they notice a hundredth, and a tenth is hard to bear.
#define FROZEN_BAD     100 // ‰ of the time
#define FROZEN_FAIR    20
#define CONCEALED_BAD  100 // ‰ of the sound
#define CONCEALED_FAIR 20
#define LATE_BAD       50 // ‰ of a worker's copies
#define LATE_FAIR      5

static enum quality step(uint64_t value, uint64_t fair, uint64_t bad)
{
	return value >= bad ? QUALITY_BAD : value >= fair ? QUALITY_FAIR : QUALITY_GOOD;
}

enum quality quality_of_page(const struct page_report *r)
{
	uint64_t frozen = (uint64_t)r->frozen_ms * 1000 / (r->span_ms ? r->span_ms : 1);
	enum quality picture = step(frozen, FROZEN_FAIR, FROZEN_BAD);
	enum quality sound = step(r->concealed, CONCEALED_FAIR, CONCEALED_BAD);

	return picture < sound ? picture : sound;
}

enum quality quality_of_worker(uint64_t copies, uint64_t late, uint32_t shed)
{
	enum quality q = step(copies ? late * 1000 / copies : 0, LATE_FAIR, LATE_BAD);

	return q == QUALITY_GOOD && shed >= AM_SHED_PICTURES ? QUALITY_FAIR : q;
}

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
