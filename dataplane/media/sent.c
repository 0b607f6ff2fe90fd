#include "media/sent.h"

#include "wire/sequence.h"

#define TIME_MASK ((1u << SENT_TIME_BITS) - 1)

void sent_init(struct sent *s, int64_t now_us, uint16_t number)
{
	*s = (struct sent){.next = sequence_start(number), .mark_us = now_us};
	s->first = s->mark = s->next;
}

uint64_t sent_extend(const struct sent *s, uint16_t number)
{
	return sequence_extend(s->next - 1, number);
}

bool sent_find(const struct sent *s, uint64_t number, int64_t now_us, struct sent_packet *out)
{
	if (number >= s->next || s->next - number > SENT_COUNT || number < s->first)
		return false;
	uint32_t entry = s->entry[number % SENT_COUNT];
	uint32_t now = (uint32_t)(now_us >> SENT_TICK_SHIFT);
	uint32_t age = (now - (entry >> SENT_TIME_SHIFT)) & TIME_MASK;

	out->us = ((now_us >> SENT_TICK_SHIFT) - (int64_t)age) * (1 << SENT_TICK_SHIFT);
	out->bytes = entry >> 1 & SENT_BYTES_MAX;
	out->told_lost = (entry & SENT_LOST) != 0;
	return out->bytes > 0;
}

void sent_told_arrived(struct sent *s, uint64_t number)
{
	s->entry[number % SENT_COUNT] &= ~((uint32_t)SENT_BYTES_MAX << 1);
}

void sent_told_lost(struct sent *s, uint64_t number)
{
	s->entry[number % SENT_COUNT] |= SENT_LOST;
}

void sent_tick(struct sent *s, int64_t now_us)
{
	int64_t age_us = now_us - s->mark_us;
	if (age_us < SENT_AGE_US)
		return;
	// After too long without a tick, no time is certain.
	s->first = age_us < 2 * SENT_AGE_US ? s->mark : s->next;
	s->mark = s->next;
	s->mark_us = now_us;
}
