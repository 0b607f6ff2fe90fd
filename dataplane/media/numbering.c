#include "media/numbering.h"

#include "wire/sequence.h"

static void begin(struct numbering *n, uint64_t source_seq)
{
	uint64_t number = n->top == 0 ? source_seq : n->top + 1 + NUMBERING_ROOM;

	if (n->top != 0)
		n->source++;
	n->started = true;
	n->source_first = n->source_top = source_seq;
	n->shift = number - source_seq;
	n->top = number;
}

enum numbering_result numbering_packet(
        struct numbering *n, uint16_t seq, bool repaired, uint64_t *source_seq, uint64_t *number
)
{
	enum numbering_result result = NUMBERING_NEXT;
	uint64_t s = n->started ? sequence_extend(n->source_top, seq) : sequence_start(seq);

	if (!n->started || s > n->source_top + NUMBERING_JUMP_MAX) {
		if (repaired)
			return NUMBERING_OUTSIDE;
		begin(n, s);
		result = NUMBERING_NEW;
	} else if (s + NUMBERING_ROOM <= n->source_first) {
		return NUMBERING_OUTSIDE;
	} else if (s > n->source_top) {
		n->source_top = s;
		n->top = s + n->shift;
	}
	*source_seq = s;
	*number = s + n->shift;
	return result;
}

void numbering_end_source(struct numbering *n)
{
	n->started = false;
}
