#include "media/level.h"

#define ATTACK_SHIFT 1 // the needle is there after two packets, 40 ms
#define DECAY_SHIFT  4 // and back after some 300 ms: words are not cut into syllables
#define UNIT_SHIFT   8
#define DBOV_MASK    0x7F // RFC 6464 3: 0 is the loudest, 127 is silence

void level_packet(struct level *l, uint8_t value, int64_t now_us)
{
	uint16_t loudness = (uint16_t)((LEVEL_MAX - (value & DBOV_MASK)) << UNIT_SHIFT);

	if (now_us - l->at_us >= LEVEL_SILENCE_US)
		l->loudness = 0;
	if (loudness > l->loudness)
		l->loudness += (uint16_t)((loudness - l->loudness + 1) >> ATTACK_SHIFT);
	else
		l->loudness -= (uint16_t)((l->loudness - loudness) >> DECAY_SHIFT);
	l->at_us = now_us;
}

uint8_t level_read(const struct level *l, int64_t now_us)
{
	if (now_us - l->at_us >= LEVEL_SILENCE_US)
		return 0;
	return (uint8_t)((l->loudness + (1 << (UNIT_SHIFT - 1))) >> UNIT_SHIFT);
}
