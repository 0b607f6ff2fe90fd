#include "service/expected.h"

#include "path/message.h"
#include <rte_common.h>

#include "path/fanout.h"
#include "service/fanouts.h"
#include "service/mail.h"
#include "service/records.h"
#include "service/registry.h"

#define LOOKS (FANOUT_HISTORY_MS * 1000 / EXPECTED_LOOK_US) // older pictures help nobody

void expected_add(struct registry *r, struct source *s, uint8_t encoding)
{
	if (s->params.codec == AM_CODEC_OPUS || s->paused || !s->placed)
		return;
	if (s->expected == LOOKS) // many viewers come together and share one request
		return;
	if (!s->expected)
		LIST_INSERT_HEAD(&r->expecting, s, expecting);
	s->expected = LOOKS;
	for (uint16_t i = 0; i < r->worker_count; i++) {
		if (s->expectant >> i & 1 || fanouts_add(r, s, i) < 0)
			continue;
		s->expectant |= 1u << i;
		fanouts_hold(r, s, i);
	}
	mail_post_track(r, s, MESSAGE_TRACK_EXPECT, RTE_MIN(encoding, s->demand.active - 1));
}

void expected_remove(struct registry *r, struct source *s)
{
	if (!s->expected)
		return;
	s->expected = 0;
	LIST_REMOVE(s, expecting);
	for (uint16_t i = 0; i < r->worker_count; i++) {
		if (s->expectant >> i & 1)
			fanouts_release(r, s, i);
	}
	s->expectant = 0;
}

void expected_look(struct registry *r)
{
	struct source *next = LIST_FIRST(&r->expecting), *s;

	while ((s = next)) {
		next = LIST_NEXT(s, expecting);
		if (s->expected == 1)
			expected_remove(r, s);
		else
			s->expected--;
	}
}
