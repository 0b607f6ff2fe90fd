#include "room/replace.h"

#include "room/peer.h"
#include "room/subscription.h"
#include "room/track.h"

#include <stddef.h>

// 2: the transport has no path and carries nothing; 1: its path was lost; 0: it is in use, or about
// to be.
static int replaceable_rank(const struct transport *t)
{
	const struct subscription *s;
	const struct track *track;
	int lost = t->ready && t->ice == AM_ICE_EXPIRED;

	if (!t->ready || t->ice == AM_ICE_CONNECTED)
		return 0;
	LIST_FOREACH (track, &t->peer->tracks, of_owner) {
		if (track->transport == t)
			return lost;
	}
	LIST_FOREACH (s, &t->peer->subscriptions, of_viewer) {
		if (s->transport == t)
			return lost;
	}
	return 2;
}

struct transport *transport_replaceable(struct peer *p, bool consuming)
{
	struct transport *first = &p->transports[consuming ? PEER_TRANSPORT_MAX : 0], *best = NULL;

	for (struct transport *t = first; t < first + PEER_TRANSPORT_MAX; t++) {
		if (!t->id)
			return NULL;
		int rank = replaceable_rank(t), best_rank = best ? replaceable_rank(best) : 0;
		if (rank > best_rank || (rank > 0 && rank == best_rank && t->number < best->number))
			best = t;
	}
	return best;
}
