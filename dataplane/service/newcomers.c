#include "service/newcomers.h"

#include <rte_common.h>

#include "path/fanout.h"
#include "path/message.h"
#include "service/fanouts.h"
#include "service/mail.h"
#include "service/records.h"
#include "service/registry.h"

#define LOOKS (FANOUT_HISTORY_MS * 1000 / NEWCOMERS_LOOK_US) // older pictures help nobody

void newcomers_add(struct registry *r, struct source *s, uint8_t encoding)
{
	if (s->params.codec == AM_CODEC_OPUS || s->paused || !s->placed)
		return;
	if (s->newcomer_looks == LOOKS) // many viewers come together and share one request
		return;
	if (!s->newcomer_looks)
		LIST_INSERT_HEAD(&r->newcomers, s, newcomers);
	s->newcomer_looks = LOOKS;
	for (uint16_t i = 0; i < r->worker_count; i++) {
		if (s->newcomer_workers >> i & 1 || fanouts_add(r, s, i) < 0)
			continue;
		s->newcomer_workers |= 1u << i;
		fanouts_hold(r, s, i);
	}
	mail_post_track(r, s, MESSAGE_TRACK_EXPECT, RTE_MIN(encoding, s->demand.active - 1));
}

void newcomers_remove(struct registry *r, struct source *s)
{
	if (!s->newcomer_looks)
		return;
	s->newcomer_looks = 0;
	LIST_REMOVE(s, newcomers);
	for (uint16_t i = 0; i < r->worker_count; i++) {
		if (s->newcomer_workers >> i & 1)
			fanouts_release(r, s, i);
	}
	s->newcomer_workers = 0;
}

void newcomers_look(struct registry *r)
{
	struct source *next = LIST_FIRST(&r->newcomers), *s;

	while ((s = next)) {
		next = LIST_NEXT(s, newcomers);
		if (s->newcomer_looks == 1)
			newcomers_remove(r, s);
		else
			s->newcomer_looks--;
	}
}
