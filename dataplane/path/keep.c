#include "path/keep.h"

#include <string.h>

#include <rte_mbuf.h>

// The place of the sequence number of the packet that is the at-th within a limit.
static uint32_t *seq_of(struct fanout *f, uint8_t layer, uint8_t limit, uint16_t at)
{
	struct fanout_stream *s = &f->streams[layer + limit_spatial(limit)];

	return &s->seq_of[limit_temporal(limit)][at % FANOUT_HISTORY];
}

static struct buffer_share *share_of(struct worker *w, const struct rte_mbuf *m)
{
	return &w->shares[m->pool == w->port->small_pool ? WORKER_SMALL : WORKER_LARGE];
}

// Releases what a history returned. NULL is allowed.
static void release(struct worker *w, const struct fanout *f, struct rte_mbuf *m)
{
	if (!m)
		return;
	struct buffer_share *share = share_of(w, m);
	share->held--;
	share->held_of[f->publisher]--;
	rte_pktmbuf_free(m);
}

// The packet as a history keeps it: a small one as a copy, since a received buffer is always large.
// A publisher that has used up its share loses the oldest packets of this history. NULL: not kept.
static struct rte_mbuf *
hold(struct worker *w, const struct fanout *f, struct history *h, struct rte_mbuf *m)
{
	bool small = m->data_len <= PORT_SMALL_PAYLOAD;
	struct buffer_share *share = &w->shares[small ? WORKER_SMALL : WORKER_LARGE];
	struct rte_mbuf *oldest;

	while (!buffer_share_is_left(share, f->publisher) && (oldest = history_drain(h)))
		release(w, f, oldest);
	if (!buffer_share_is_left(share, f->publisher))
		return NULL;
	if (small) {
		struct rte_mbuf *copy = rte_pktmbuf_alloc(w->port->small_pool);
		if (!copy)
			return NULL;
		memcpy(rte_mbuf_to_priv(copy), media_packet_of(m), sizeof(struct media_packet));
		memcpy(rte_pktmbuf_mtod(copy, void *), rte_pktmbuf_mtod(m, const void *),
		       m->data_len);
		copy->data_len = m->data_len;
		copy->pkt_len = m->data_len;
		m = copy;
	} else {
		rte_mbuf_refcnt_update(m, 1);
	}
	share->held++;
	share->held_of[f->publisher]++;
	return m;
}

bool keep_packet(struct worker *w, struct fanout *f, struct rte_mbuf *m)
{
	const struct media_packet *p = media_packet_of(m);
	struct fanout_stream *s = &f->streams[p->info.layer];

	struct rte_mbuf *kept = hold(w, f, &s->history, m);
	if (!kept)
		return true;
	struct rte_mbuf *out = history_put(&s->history, p->info.seq, kept, w->now_us);
	release(w, f, out);
	if (out == kept)
		return history_is_past(&s->history, p->info.seq);
	bool late = p->info.flags & TRACK_LATE; // then it has a number at each limit
	for (uint8_t spatial = late ? 0 : p->info.spatial_id; spatial < f->spatial_limits;
	     spatial++) {
		for (uint8_t t = late ? 0 : p->info.temporal_id; t < TEMPORAL_LIMITS; t++) {
			uint8_t limit = limit_make(spatial, t);
			*seq_of(f, p->info.layer, limit, p->info.seq_at[limit]) = p->info.seq;
		}
	}
	return true;
}

uint16_t keep_seq(struct fanout *f, const struct selector_source *source)
{
	return (uint16_t)*seq_of(f, source->layer, source->limit, source->seq_at);
}

void keep_expire(struct worker *w)
{
	struct fanout *f;
	struct rte_mbuf *m;

	TAILQ_FOREACH (f, &w->fanout_list, entry) {
		for (int i = 0; i < f->stream_count; i++) {
			while ((m = history_expire(&f->streams[i].history, w->now_us)))
				release(w, f, m);
		}
	}
}

void keep_end(struct worker *w, struct fanout *f)
{
	struct rte_mbuf *m;

	for (int i = 0; i < f->stream_count; i++) {
		while ((m = history_drain(&f->streams[i].history)))
			release(w, f, m);
	}
}
