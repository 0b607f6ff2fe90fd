#include "media/history.h"

#include "wire/sequence.h"

#include <assert.h>
#include <string.h>

static struct history_slot *slot_of(const struct history *h, uint64_t seq)
{
	return &h->slots[seq & h->mask];
}

static uint32_t now_ms(int64_t now_us)
{
	return (uint32_t)((uint64_t)now_us / 1000);
}

void history_init(struct history *h, struct history_slot *slots, uint32_t n, uint32_t age_ms_max)
{
	assert(n > 0 && (n & (n - 1)) == 0);
	memset(slots, 0, n * sizeof(*slots));
	*h = (struct history){.slots = slots, .mask = n - 1, .age_ms_max = age_ms_max};
}

// Empty one slot and return what it held.
static void *take(struct history_slot *slot)
{
	void *packet = slot->packet;
	slot->packet = NULL;
	return packet;
}

bool history_is_past(const struct history *h, uint64_t seq)
{
	return h->top > seq && h->top - seq > h->mask;
}

void *history_put(struct history *h, uint64_t seq, void *packet, int64_t now_us)
{
	if (h->top == 0)
		h->tail = seq;
	if (seq > h->top)
		h->top = seq;
	else if (history_is_past(h, seq))
		return packet;

	struct history_slot *slot = slot_of(h, seq);
	if (slot->packet != NULL && (int32_t)((uint32_t)seq - slot->seq) <= 0)
		return packet;

	void *old = take(slot);
	*slot = (struct history_slot
	){.packet = packet, .seq = (uint32_t)seq, .arrival_ms = now_ms(now_us)};
	if (seq < h->tail)
		h->tail = seq;
	return old;
}

void *history_get(const struct history *h, uint64_t seq, int64_t now_us)
{
	const struct history_slot *slot = slot_of(h, seq);
	if (slot->packet == NULL || slot->seq != (uint32_t)seq)
		return NULL;
	if (now_ms(now_us) - slot->arrival_ms > h->age_ms_max)
		return NULL;
	return slot->packet;
}

void *history_find(const struct history *h, uint16_t seq, int64_t now_us)
{
	return history_get(h, sequence_extend(h->top, seq), now_us);
}

// Step the tail over packets that are gone, including those that newer numbers displaced.
static struct history_slot *oldest(struct history *h)
{
	if (h->top - h->tail > h->mask && h->tail <= h->top)
		h->tail = h->top - h->mask;
	for (; h->tail <= h->top; h->tail++) {
		struct history_slot *slot = slot_of(h, h->tail);
		if (slot->packet != NULL)
			return slot;
	}
	return NULL;
}

void *history_expire(struct history *h, int64_t now_us)
{
	struct history_slot *slot = oldest(h);
	if (slot == NULL || now_ms(now_us) - slot->arrival_ms <= h->age_ms_max)
		return NULL;
	return take(slot);
}

void *history_drain(struct history *h)
{
	struct history_slot *slot = oldest(h);
	return slot != NULL ? take(slot) : NULL;
}
