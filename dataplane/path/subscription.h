// What one subscription is sent, and what is told and requested because of it.
#pragma once

#include <rte_mbuf.h>

#include "path/copy.h"
#include "path/worker.h"

// Forwards the next packet to one subscriber, if its selector chooses it.
void subscription_forward(struct worker *, struct subscription *, const struct rte_mbuf *);

// Reports to the service thread which layers are sent now, or that the link carries none, if that
// has changed.
void subscription_tell_layers(struct worker *, struct subscription *);

// Asks the track's worker for a key frame of the layer that this subscription waits for, if any.
void subscription_request_key_frame(struct worker *, struct subscription *);

// The subscription gets other layers from now on, which may require a key frame.
void subscription_changed(struct worker *, struct subscription *);

// Part of a key frame goes to the viewer.
void subscription_key_frame(const struct worker *, struct subscription *, uint16_t flags);

// subscription_forward for the loop that makes nearly all copies. before: the previous packet's
// audio, for a viewer that gets it again; NULL: none.
static __rte_always_inline void subscription_forward_with(
        struct worker *w, struct subscription *s, const struct rte_mbuf *m,
        const struct red_sound *before
)
{
	uint16_t flags = media_packet_of(m)->info.flags;
	struct selector_out out;
	uint32_t roc;

	if (!selector_forward(&s->selector, &media_packet_of(m)->info, &out))
		return;
	if (flags & (TRACK_KEY_FRAME | TRACK_KEY_PICTURE))
		subscription_key_frame(w, s, flags);
	s->source = media_packet_of(m)->info.source;
	worker_count(w, AM_COUNTER_made_copies, 1);
	// No index is used twice, whatever the selector says, because a repeated nonce breaks GCM.
	if (!cipher_index_take(&s->index, out.seq, &roc)) {
		worker_count_drop(w, DROP_duplicate);
		return;
	}
	int octets = copy_queue(w, s, m, &out, roc, COPY_FIRST, before);
	if (octets >= 0) {
		s->sent_packets++;
		s->sent_octets += (uint32_t)octets;
	}
}
