#include "media/hold.h"

#include <assert.h>
#include <string.h>

bool hold_put(struct hold *h, uint64_t seq, void *packet, int64_t now_us)
{
	uint16_t i = h->count;

	assert(h->count < HOLD_PACKETS);
	while (i > 0 && h->entries[i - 1].seq > seq)
		i--;
	if (i > 0 && h->entries[i - 1].seq == seq)
		return false;
	memmove(&h->entries[i + 1], &h->entries[i], (h->count - i) * sizeof(h->entries[0]));
	h->entries[i] = (struct hold_entry){.seq = seq, .since_us = now_us, .packet = packet};
	h->count++;
	return true;
}

static void *first(struct hold *h)
{
	struct hold_entry e = h->entries[0];

	h->count--;
	memmove(&h->entries[0], &h->entries[1], h->count * sizeof(h->entries[0]));
	h->gaps += e.seq > h->next;
	h->next = e.seq + 1;
	return e.packet;
}

// The lowest number need not be the one that has waited longest.
static bool is_overdue(const struct hold *h, int64_t now_us, int64_t limit_us)
{
	for (uint16_t i = 0; i < h->count; i++) {
		if (now_us - h->entries[i].since_us >= limit_us)
			return true;
	}
	return false;
}

void *hold_take(struct hold *h, int64_t now_us, int64_t limit_us)
{
	if (h->count == 0)
		return NULL;
	if (h->entries[0].seq == h->next || h->count == HOLD_PACKETS ||
	    is_overdue(h, now_us, limit_us))
		return first(h);
	return NULL;
}

void *hold_drain(struct hold *h)
{
	if (h->count > 0)
		return first(h);
	h->next = 0;
	return NULL;
}
