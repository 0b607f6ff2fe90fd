#include "recorder/matroska_cues.h"

#include "recorder/matroska_layout.h"

#define DENSE_SLOTS 800
#define DENSE_MS    2000
#define FULL_MS     (12 * 3600 * 1000ll)
#define LATER_MS    (4 * 3600 * 1000ll)
#define LONG_AGO_MS (-FULL_MS)

static int64_t spacing_ms(const struct matroska_cues *c)
{
	int64_t full_ms = FULL_MS;

	if (c->used < DENSE_SLOTS)
		return DENSE_MS;
	while (full_ms <= c->last_ms)
		full_ms += LATER_MS;
	int64_t share_ms = (full_ms - c->last_ms) / (MATROSKA_SLOTS - c->used);
	return share_ms > DENSE_MS ? share_ms : DENSE_MS;
}

bool matroska_cues_due(const struct matroska_cues *c, int64_t time_ms)
{
	if (c->used == 0)
		return true;
	return c->used < MATROSKA_SLOTS && time_ms - c->last_ms >= spacing_ms(c);
}

void matroska_cues_add(struct matroska_cues *c, int64_t time_ms, bool key)
{
	c->used++;
	c->last_ms = key ? time_ms : LONG_AGO_MS;
}
