#include "media/chain.h"

void chain_packet(struct chain *c, const struct track_packet *p, uint32_t bytes)
{
	uint32_t first = p->seq - p->lead;

	if ((p->flags & TRACK_KEY_FRAME) != 0 && (!c->known || (int32_t)(first - c->first) > 0))
		*c = (struct chain){.first = first, .whole = p->seq, .known = true};
	if (!c->known || p->temporal_id != 0 || (int32_t)(p->seq - c->first) < 0)
		return;
	c->bytes += bytes;
	c->packets += c->packets < UINT16_MAX;
}

void chain_break(struct chain *c)
{
	c->known = false;
}
