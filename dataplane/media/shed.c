#include "media/shed.h"

#define LOOK_US_MAX    50000 // a longer time between two looks counts as this
#define BEHIND_PERCENT 60 // of a window

static uint8_t smaller(uint8_t a, uint8_t b)
{
	return a < b ? a : b;
}

static bool window_end(struct shed *s, int64_t now_us)
{
	bool behind = s->behind_us * 100 >= (now_us - s->window_us) * BEHIND_PERCENT;

	s->window_us = now_us;
	s->behind_us = 0;
	if (!behind || s->level + 1 == SHED_LEVELS)
		return false;
	s->level++;
	return true;
}

bool shed_look(struct shed *s, int64_t now_us, bool behind)
{
	int64_t us = now_us - s->looked_us;

	s->looked_us = now_us;
	if (behind) {
		s->behind_us += us < LOOK_US_MAX ? us : LOOK_US_MAX;
		s->calm_us = now_us;
	}
	if (now_us - s->window_us >= SHED_WINDOW_US)
		return window_end(s, now_us);
	if (s->level == SHED_NOTHING || now_us - s->calm_us < SHED_CALM_US)
		return false;
	s->calm_us = now_us;
	s->level--;
	return true;
}

void shed_limit(
        enum shed_level level, uint8_t priority, uint8_t encodings, uint8_t *spatial,
        uint8_t *temporal
)
{
	uint8_t top = encodings > 0 ? encodings - 1 : 0;
	bool small = *spatial < top;

	if ((level >= SHED_SMALL && small) || level >= SHED_MIDDLE)
		*spatial = 0;
	if (level >= SHED_LARGE)
		*spatial = smaller(*spatial, top > 0 ? top - 1 : 0);
	if (priority == SHED_SHARE)
		return;
	if (level >= SHED_THIRD)
		*temporal = smaller(*temporal, 1);
	if (level >= SHED_SECOND)
		*temporal = 0;
}
