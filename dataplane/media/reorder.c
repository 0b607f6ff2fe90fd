#include "media/reorder.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static_assert((REORDER_PACKETS & (REORDER_PACKETS - 1)) == 0);

static struct reorder_packet *packet_at(const struct reorder *r, uint64_t seq)
{
	struct reorder_packet *p = r->slots[seq % REORDER_PACKETS];
	return p != NULL && p->seq == seq ? p : NULL;
}

void reorder_fini(struct reorder *r)
{
	for (size_t i = 0; r->count > 0 && i < REORDER_PACKETS; i++)
		free(r->slots[i]);
	*r = (struct reorder){0};
}

bool reorder_put(struct reorder *r, const struct reorder_packet *header, const uint8_t *payload)
{
	assert(header->seq >= r->next && header->seq - r->next < REORDER_PACKETS);
	struct reorder_packet **slot = &r->slots[header->seq % REORDER_PACKETS];
	if (*slot != NULL || r->bytes + header->len > REORDER_BYTES_MAX)
		return false;
	struct reorder_packet *p = malloc(sizeof(*p) + header->len);
	if (p == NULL)
		return false;
	*p = *header;
	if (p->len > 0)
		memcpy(p->payload, payload, p->len);

	if (r->count == 0) {
		r->oldest_us = p->arrival_us;
		r->oldest_known = true;
		r->top = p->seq;
	} else if (p->arrival_us < r->oldest_us) {
		r->oldest_us = p->arrival_us;
	}
	if (p->seq > r->top)
		r->top = p->seq;
	r->count++;
	r->bytes += p->len;
	*slot = p;
	return true;
}

struct reorder_packet *reorder_take(struct reorder *r, uint64_t seq)
{
	struct reorder_packet *p = packet_at(r, seq);
	if (p == NULL)
		return NULL;
	r->slots[seq % REORDER_PACKETS] = NULL;
	r->count--;
	r->bytes -= p->len;
	if (p->arrival_us <= r->oldest_us)
		r->oldest_known = false;
	return p;
}

const struct reorder_packet *reorder_lowest(const struct reorder *r)
{
	for (uint64_t seq = r->next; r->count > 0 && seq <= r->top; seq++) {
		const struct reorder_packet *p = packet_at(r, seq);
		if (p != NULL)
			return p;
	}
	return NULL;
}

int64_t reorder_oldest_us(struct reorder *r)
{
	assert(r->count > 0);
	if (r->oldest_known)
		return r->oldest_us;
	r->oldest_us = INT64_MAX;
	for (uint64_t seq = r->next; seq <= r->top; seq++) {
		const struct reorder_packet *p = packet_at(r, seq);
		if (p != NULL && p->arrival_us < r->oldest_us)
			r->oldest_us = p->arrival_us;
	}
	r->oldest_known = true;
	return r->oldest_us;
}

uint64_t reorder_skip(struct reorder *r, uint64_t seq)
{
	assert(seq >= r->next);
	uint64_t missing = seq - r->next;
	for (uint64_t s = r->next; r->count > 0 && s < seq; s++) {
		struct reorder_packet *p = reorder_take(r, s);
		missing -= p != NULL;
		free(p);
	}
	r->next = seq;
	return missing;
}
