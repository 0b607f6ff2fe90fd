#include "media/level.h"

#define ATTACK_SHIFT 1 // the needle arrives after about two packets, 40 ms
#define FALL_US      10000 // each time, it falls by
#define FALL_SHIFT   5 // this part of its way: down after about 300 ms, so words are not cut apart
#define UNIT_SHIFT   8

static void fall(struct level *l, uint16_t to, int64_t until_us)
{
	for (; l->fell_us + FALL_US <= until_us; l->fell_us += FALL_US) {
		if (l->loudness > to)
			l->loudness -= (uint16_t)((l->loudness - to) >> FALL_SHIFT);
	}
}

void level_packet(struct level *l, uint8_t value, int64_t now_us)
{
	uint16_t loudness = (uint16_t)(level_loudness(value) << UNIT_SHIFT);
	int64_t pause_us = l->at_us + LEVEL_GAP_US;

	if (now_us - l->at_us >= LEVEL_SILENCE_US) {
		l->loudness = 0;
		l->fell_us = now_us;
	}
	fall(l, loudness, now_us < pause_us ? now_us : pause_us);
	fall(l, 0, now_us);
	if (loudness > l->loudness)
		l->loudness += (uint16_t)((loudness - l->loudness + 1) >> ATTACK_SHIFT);
	l->at_us = now_us;
}

uint8_t level_read(const struct level *l, int64_t now_us)
{
	struct level then = *l;
	int64_t pause_us = l->at_us + LEVEL_GAP_US;

	if (now_us - l->at_us >= LEVEL_SILENCE_US)
		return 0;
	if (then.fell_us < pause_us)
		then.fell_us = pause_us;
	fall(&then, 0, now_us);
	return (uint8_t)((then.loudness + (1 << (UNIT_SHIFT - 1))) >> UNIT_SHIFT);
}
