#include "path/fanout.h"

#include "path/track.h"

uint32_t fanout_queue_begin(const struct fanout_queue *q, uint8_t layer, const struct history *h)
{
	uint32_t begin = (uint32_t)h->top + 1;

	for (uint16_t i = 0; i < q->count; i++) {
		const struct track_packet *p = &media_packet_of(q->packets[i].mbuf)->info;
		if (p->layer == layer && (int32_t)(p->seq - begin) < 0)
			begin = p->seq;
	}
	return begin;
}
